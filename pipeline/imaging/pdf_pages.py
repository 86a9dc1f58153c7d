"""PDF to page images: the embedded scan itself where a page is one image, else poppler at 300 dpi.

Taking the scan out directly is exact (no resampling) and about ten times faster than rendering.
It is done only where nothing else is visible on the page; anything unusual is rendered.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pdf2image
from pdf2image.exceptions import PDFPopplerTimeoutError
from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError
from pypdf.generic import StreamObject

from pipeline.domain.errors import DefectError, InputError
from pipeline.imaging.faults import file_fault
from pipeline.imaging.pages import PageImage
from pipeline.imaging.pdf_scans import embedded_scan
from pipeline.imaging.raster_pages import check_size, to_bgr
from pipeline.imaging.sequence import pdf_numbers

RENDER_DPI = 300
RENDER_TIMEOUT_S = 60
_POINTS_PER_INCH = 72.0

# pypdf reports every oddity of a file it reads; the oddities of a citizen's scan are nobody's log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def pdf_pages(data: bytes, *, max_pages: int, max_megapixels: int) -> Iterator[PageImage]:
    """The pages of a PDF.

    Raises:
        InputError: ``FILE_UNREADABLE``, ``FILE_TRUNCATED``, ``FILE_ENCRYPTED``,
            ``FILE_TOO_LARGE``.
        DefectError: ``POPPLER_MISSING``.
    """
    reader, count = _opened(data, max_pages)
    numbers = pdf_numbers(reader, count)
    known = len(reader.resolved_objects)
    with _descriptor_path(data) as path:
        for index in range(count):
            page = _page(reader, index, path, data, max_megapixels)
            known = _let_go(reader, known)
            yield dataclasses.replace(page, sequence=numbers[index])


def _let_go(reader: PdfReader, known: int) -> int:
    """Forgets the streams that a page brought in: pypdf keeps every one it has read, unpacked.

    Args:
        reader: The open file.
        known: How many objects it held before the page.

    Returns:
        How many it holds now.
    """
    held = reader.resolved_objects
    for key in list(itertools.islice(held, known, None)):
        one = held[key]
        # A stream of objects serves many pages and is small.
        if isinstance(one, StreamObject) and one.get("/Type") != "/ObjStm":
            del held[key]
    return len(held)


def pdf_page_count(data: bytes, max_pages: int) -> int:
    """The number of pages of a PDF that can be opened.

    Raises:
        InputError: As ``pdf_pages``.
    """
    return _opened(data, max_pages)[1]


def _opened(data: bytes, max_pages: int) -> tuple[PdfReader, int]:
    reader = _open(data, max_pages)
    try:
        count = len(reader.pages)
    except Exception as error:  # pypdf raises anything on broken bytes
        raise _fault(error, data) from None
    if count == 0:
        raise file_fault("FILE_TRUNCATED" if not _has_end(data) else "FILE_UNREADABLE")
    if count > max_pages:
        raise file_fault("FILE_TOO_LARGE", f"{count} > {max_pages} pages")
    return reader, count


def _open(data: bytes, max_pages: int) -> PdfReader:
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise file_fault("FILE_ENCRYPTED")
        declared = _declared_pages(reader)
    except InputError:
        raise
    except (FileNotDecryptedError, DependencyError):
        raise file_fault("FILE_ENCRYPTED") from None
    except Exception as error:  # pypdf raises anything on broken bytes
        raise _fault(error, data) from None
    if declared > max_pages:
        raise file_fault("FILE_TOO_LARGE", f"{declared} > {max_pages} pages")
    return reader


def _declared_pages(reader: PdfReader) -> int:
    # Walking a tree of thousands of pages takes seconds; its root says how many there are.
    root: Any = reader.trailer["/Root"]
    count = root["/Pages"].get("/Count", 0)
    return int(count) if isinstance(count, int) else 0


def _page(reader: PdfReader, index: int, path: str, data: bytes, max_megapixels: int) -> PageImage:
    try:
        page = reader.pages[index]
        width_pt, height_pt = _size_pt(page)
    except Exception as error:  # pypdf raises anything on broken bytes
        raise _fault(error, data) from None
    scan = embedded_scan(page, max_megapixels)
    if scan is not None:
        return PageImage(pixels=scan.pixels, number=index + 1, dpi=scan.dpi, bilevel=scan.bilevel)
    check_size(
        round(width_pt / _POINTS_PER_INCH * RENDER_DPI),
        round(height_pt / _POINTS_PER_INCH * RENDER_DPI),
        max_megapixels,
    )
    return _render(path, index, data)


def _render(path: str, index: int, data: bytes) -> PageImage:
    try:
        images = pdf2image.convert_from_path(
            path,
            dpi=RENDER_DPI,
            first_page=index + 1,
            last_page=index + 1,
            timeout=RENDER_TIMEOUT_S,
        )
    except PDFPopplerTimeoutError:
        raise file_fault("FILE_UNREADABLE", f"> {RENDER_TIMEOUT_S} s") from None
    except pdf2image.exceptions.PDFInfoNotInstalledError:
        raise DefectError(
            "POPPLER_MISSING",
            ja="poppler（pdftoppm）が見つかりません。",
            en="poppler (pdftoppm) is not installed.",
            remedy_ja="apt-get install poppler-utils を実行してください。",
            remedy_en="Run apt-get install poppler-utils.",
        ) from None
    except Exception as error:  # poppler's output does not parse
        raise _fault(error, data) from None
    if len(images) != 1:
        raise file_fault("FILE_TRUNCATED" if not _has_end(data) else "FILE_UNREADABLE")
    return PageImage(
        pixels=np.ascontiguousarray(to_bgr(images[0])), number=index + 1, dpi=float(RENDER_DPI)
    )


def _size_pt(page: PageObject) -> tuple[float, float]:
    box = page.mediabox
    unit = float(page.get("/UserUnit", 1.0))
    return abs(float(box.width)) * unit, abs(float(box.height)) * unit


def _has_end(data: bytes) -> bool:
    return b"%%EOF" in data[-65536:]


def _fault(error: Exception, data: bytes) -> InputError:
    if isinstance(error, InputError):
        return error
    if isinstance(error, MemoryError):
        return file_fault("FILE_TOO_LARGE")
    return file_fault("FILE_UNREADABLE" if _has_end(data) else "FILE_TRUNCATED")


@contextmanager
def _descriptor_path(data: bytes) -> Iterator[str]:
    # poppler needs a path; an anonymous memory file has one and never touches a disk.
    descriptor = os.memfd_create("page", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as sink:
            sink.write(data)
        yield f"/proc/{os.getpid()}/fd/{descriptor}"
    finally:
        os.close(descriptor)
