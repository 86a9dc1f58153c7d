"""Scans as files: JPEG, PNG, TIFF and PDF, the same bytes for the same pixels."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from pipeline.domain.geometry import MM_PER_INCH
from pipeline.samples.paper import Scan

Pixels = NDArray[np.uint8]

# A fixed date in the files, so that a seed gives the same bytes for ever.
_DATED = time.struct_time((2026, 11, 20, 9, 0, 0, 4, 324, 0))
_PT_PER_MM = 72 / MM_PER_INCH


def _picture(scan: Scan) -> Image.Image:
    """One bit, one channel or three, whatever the scan needs."""
    blue, green, red = (scan.pixels[..., i] for i in range(3))
    if scan.bilevel:
        return Image.fromarray(green).point(lambda level: 255 if level > 127 else 0).convert("1")
    if np.array_equal(blue, green) and np.array_equal(green, red):
        return Image.fromarray(np.ascontiguousarray(green))
    return Image.fromarray(np.ascontiguousarray(scan.pixels[..., ::-1]))


def write_scans(path: Path, scans: Sequence[Scan], quality: int = 80) -> None:
    """Writes pages to one file; the suffix says which kind.

    A JPEG or PNG takes one page. A TIFF of bilevel pages is compressed by CCITT Group 4, any
    other by JPEG; a PDF page is one embedded image.

    Args:
        path: Ends in ``.jpg``, ``.png``, ``.tif`` or ``.pdf``.
        scans: The pages.
        quality: Of JPEG compression.

    Raises:
        ValueError: If the suffix is none of these, or a one-page kind gets several pages.
    """
    first, *others = (_picture(s) for s in scans)
    dpi = scans[0].dpi
    if others and path.suffix in (".jpg", ".png"):
        raise ValueError("one page to a file of this kind")
    match path.suffix:
        case ".jpg":
            grey = first.convert("L") if first.mode == "1" else first
            grey.save(path, quality=quality, dpi=(dpi, dpi), optimize=True, progressive=True)
        case ".png":
            first.save(path, dpi=(dpi, dpi), optimize=scans[0].bilevel)
        case ".tif":
            how = "group4" if all(s.bilevel for s in scans) else "jpeg"
            pages = [p.convert("L") if p.mode == "1" and how == "jpeg" else p for p in others]
            extra: dict[str, Any] = {} if how == "group4" else {"quality": quality}
            first.save(
                path, save_all=True, append_images=pages, compression=how, dpi=(dpi, dpi), **extra
            )
        case ".pdf":
            # Bilevel pages are stored by CCITT Group 4, which takes no quality.
            grade: dict[str, Any] = {} if all(s.bilevel for s in scans) else {"quality": quality}
            first.save(
                path,
                save_all=True,
                append_images=others,
                resolution=float(dpi),
                title=None,
                creationDate=_DATED,
                modDate=_DATED,
                **grade,
            )
        case _:
            raise ValueError(f"no such kind of scan: {path.suffix}")


def vector_pdf(blank_pdf: bytes, blank: Pixels, filled: Pixels) -> bytes:
    """A page that stays print: the form as vectors, what was filled in as a picture over it.

    Args:
        blank_pdf: The blank form, one page.
        blank: The same as pixels, H x W x 3.
        filled: The filled form, the same size.

    Returns:
        A PDF of one page.
    """
    changed = (blank != filled).any(axis=2)
    alpha = np.where(changed, 255, 0).astype(np.uint8)
    # White where nothing was filled in: it is not seen, and it packs well.
    shown = np.where(changed[..., None], filled[..., ::-1], 255).astype(np.uint8)
    layer = Image.fromarray(np.dstack([shown, alpha]))
    writer = PdfWriter()
    page = writer.add_page(PdfReader(io.BytesIO(blank_pdf)).pages[0])
    width, height = float(page.mediabox.width), float(page.mediabox.height)
    over = io.BytesIO()
    sheet = canvas.Canvas(over, pagesize=(width, height), invariant=1)
    sheet.drawImage(ImageReader(layer), 0, 0, width, height, mask="auto")
    sheet.save()
    page.merge_page(PdfReader(over).pages[0])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
