"""Files that cannot be taken in, and pages that are no form: what a mail room also gets."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

from pipeline.domain.geometry import PX_PER_MM
from pipeline.samples import fonts

Pixels = NDArray[np.uint8]

_LETTER = (
    "SAMPLE（合成データ）",
    "",
    "お問い合わせについて",
    "",
    "拝啓　時下ますますご清栄のこととお喜び申し上げます。",
    "先日お送りした書類について、届いているかどうかを",
    "教えていただきたく、お手紙を差し上げました。",
    "日中は仕事のため電話に出られないことが多いので、",
    "封書でお返事をいただければ幸いです。",
    "お手数をおかけしますが、よろしくお願いいたします。",
    "　　　　　　　　　　　　　　　　　　　　　　敬具",
)


def _plain_pdf(pages: int = 3, encrypt: StandardEncryption | None = None) -> bytes:
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4, invariant=1, encrypt=encrypt)
    for number in range(pages):
        for line in range(60):
            sheet.drawString(60, 780 - line * 12, f"SAMPLE page {number + 1} line {line + 1}")
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def truncated_pdf() -> bytes:
    """A PDF whose copying was broken off."""
    whole = _plain_pdf()
    return whole[: len(whole) * 6 // 10]


def encrypted_pdf() -> bytes:
    """A PDF that asks for a password."""
    return _plain_pdf(1, StandardEncryption("sample", canPrint=0))


def zip_in_disguise() -> bytes:
    """An archive named like a PDF."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("sample.txt", (2026, 11, 20, 9, 0, 0)), "SAMPLE\n" * 40)
    return out.getvalue()


def text_in_disguise() -> bytes:
    """A text named like a picture."""
    return ("SAMPLE（合成データ） これは画像ではありません。\n" * 20).encode()


def empty_file() -> bytes:
    """Nothing at all."""
    return b""


def oversized_png() -> bytes:
    """A small file that unpacks to 400 megapixels."""
    out = io.BytesIO()
    Image.new("1", (20000, 20000), 1).save(out, "PNG")
    return out.getvalue()


BAD_FILES: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "truncated": (".pdf", "FILE_TRUNCATED", truncated_pdf),
    "encrypted": (".pdf", "FILE_ENCRYPTED", encrypted_pdf),
    "archive": (".pdf", "FILE_TYPE_UNKNOWN", zip_in_disguise),
    "text": (".jpg", "FILE_TYPE_UNKNOWN", text_in_disguise),
    "empty": (".pdf", "FILE_EMPTY", empty_file),
    "oversized": (".png", "FILE_TOO_LARGE", oversized_png),
}
"""By name: suffix of the file, the error it must give, how to make it."""


def letter_page(rng: np.random.Generator) -> Pixels:
    """A printed letter: a page that is no form.

    Args:
        rng: Moves the text about.

    Returns:
        A4 at 300 dpi, BGR.
    """
    image = Image.new("L", (round(210 * PX_PER_MM), round(297 * PX_PER_MM)), 255)
    pen = ImageDraw.Draw(image)
    font = fonts.face(fonts.MINCHO, round(4.6 * PX_PER_MM))
    left, top = rng.uniform(24, 32) * PX_PER_MM, rng.uniform(30, 50) * PX_PER_MM
    for number, line in enumerate(_LETTER):
        pen.text((left, top + number * 9.0 * PX_PER_MM), line, font=font, fill=28)
    grey = np.asarray(image)
    return np.ascontiguousarray(np.dstack([grey, grey, grey]))


def blank_page() -> Pixels:
    """A sheet with nothing on it: A4 at 300 dpi, BGR."""
    return np.full((round(297 * PX_PER_MM), round(210 * PX_PER_MM), 3), 255, np.uint8)
