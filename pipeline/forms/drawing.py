"""Drawing a form: a vector A4 PDF, and the raster of the blank that registration works with.

Drop-out colours: the lines that guide the hand are a light warm tone whose red channel is close to
white (at least ``DROPOUT_MIN_RED``), so that they vanish in the red channel of a colour scan and
under the threshold of a bilevel one, while labels and frames stay dark and carry registration.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import settings
from pipeline.domain.errors import DefectError, InputError
from pipeline.domain.geometry import MM_PER_INCH, REGISTERED_DPI, BoxMm
from pipeline.forms.definition import FormDefinition, Label, Ruling, Zone
from pipeline.forms.fonts import FAMILIES, find_font, register_fonts

Pixels = NDArray[np.uint8]

PT_PER_MM = 72 / MM_PER_INCH
DROPOUT_MIN_RED = 240
LINE_SPACING = 1.28
DEFAULT_COLOURS: dict[str, str] = {
    "line": "#f6b48f",
    "fill": "#fdf1e9",
    "frame": "#2b2b2b",
    "text": "#1f1f1f",
    "warn": "#b3261e",
}
# Part of the cache key: raise it when the same definition is drawn in another way.
_DRAWING_VERSION = "1"


def colour(form: FormDefinition, name: str) -> str:
    """The ``#rrggbb`` of a colour name on a form; unknown names are printed as text."""
    return form.colours.get(name) or DEFAULT_COLOURS.get(name) or DEFAULT_COLOURS["text"]


def red_channel(hex_colour: str) -> int:
    """The red value, 0-255, of ``#rrggbb``."""
    return int(hex_colour[1:3], 16)


def is_dropout(hex_colour: str) -> bool:
    """Whether a colour vanishes in the red channel of a scan."""
    return red_channel(hex_colour) >= DROPOUT_MIN_RED


def dropout_colours(form: FormDefinition) -> tuple[str, ...]:
    """The colours of a form that the red channel does not show, ``#rrggbb``."""
    names = {**DEFAULT_COLOURS, **form.colours}
    return tuple(sorted({c for c in names.values() if is_dropout(c)}))


def page_size_px(form: FormDefinition, dpi: int) -> tuple[int, int]:
    """Width and height of the page in pixels at a resolution."""
    return (
        round(form.page_w_mm * dpi / MM_PER_INCH),
        round(form.page_h_mm * dpi / MM_PER_INCH),
    )


def draw_pdf(form: FormDefinition) -> bytes:
    """The blank form as a one-page vector PDF with embedded font subsets.

    The same definition gives the same bytes.

    Raises:
        DefectError: ``FONT_MISSING``.
    """
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    # Registered anew each time: reportlab keeps the subsets of a font in the font object.
    for font in FAMILIES:
        pdfmetrics.registerFont(TTFont(font, str(find_font(font))))
    target = io.BytesIO()
    canvas = Canvas(
        target,
        pagesize=(form.page_w_mm * PT_PER_MM, form.page_h_mm * PT_PER_MM),
        invariant=1,
        pageCompression=1,
    )
    canvas.setTitle(f"{form.title} {form.version}（SAMPLE・合成様式）")
    canvas.setSubject(form.key)
    canvas.setAuthor("Uketsuke")
    pen = _Pen(canvas, form)
    for ruling in form.rulings:
        if ruling.colour == "fill":
            pen.ruling(ruling)
    for ruling in form.rulings:
        if ruling.colour != "fill":
            pen.ruling(ruling)
    for zone in form.zones:
        pen.cells(zone)
    for label in form.labels:
        pen.label(label)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


class _Pen:
    """Draws on a reportlab canvas in form millimetres (y down)."""

    def __init__(self, canvas: Any, form: FormDefinition) -> None:
        self._canvas = canvas
        self._form = form

    def _rectangle(self, box: BoxMm) -> tuple[float, float, float, float]:
        return (
            box.x * PT_PER_MM,
            (self._form.page_h_mm - box.y - box.h) * PT_PER_MM,
            box.w * PT_PER_MM,
            box.h * PT_PER_MM,
        )

    def ruling(self, ruling: Ruling) -> None:
        x, y, w, h = self._rectangle(ruling.box)
        tone = colour(self._form, ruling.colour)
        if ruling.colour == "fill":
            self._canvas.setFillColor(tone)
            self._canvas.rect(x, y, w, h, stroke=0, fill=1)
            return
        self._canvas.setStrokeColor(tone)
        self._canvas.setLineWidth(ruling.width_mm * PT_PER_MM)
        if w == 0 or h == 0:
            self._canvas.line(x, y, x + w, y + h)
        else:
            self._canvas.rect(x, y, w, h, stroke=1, fill=0)

    def cells(self, zone: Zone) -> None:
        if zone.rule_mm <= 0:
            return
        self._canvas.setStrokeColor(colour(self._form, "line"))
        self._canvas.setLineWidth(zone.rule_mm * PT_PER_MM)
        for cell in zone.cells:
            x, y, w, h = self._rectangle(cell)
            # White inside, so that a cell on a tinted row still has paper behind the ink.
            self._canvas.setFillColor("#ffffff")
            self._canvas.rect(x, y, w, h, stroke=1, fill=1)

    def label(self, label: Label) -> None:
        from reportlab.pdfbase import pdfmetrics

        self._canvas.setFillColor(colour(self._form, label.colour))
        self._canvas.setFont(label.font, label.size_pt)
        x, y, w, h = self._rectangle(label.box)
        rows = label.text.split("\n")
        leading = label.size_pt * LINE_SPACING
        # The visual middle of Japanese glyphs is 0.38 em above the baseline.
        first = y + h / 2 + leading * (len(rows) - 1) / 2 - 0.38 * label.size_pt
        for index, row in enumerate(rows):
            width = pdfmetrics.stringWidth(row, label.font, label.size_pt)
            shift = {"centre": (w - width) / 2, "right": w - width}.get(label.align, 0.0)
            self._canvas.drawString(x + shift, first - index * leading, row)


def text_width_mm(text: str, font: str, size_pt: float) -> float:
    """How wide the widest line of a label is printed, in millimetres.

    Raises:
        DefectError: ``FONT_MISSING``.
    """
    from reportlab.pdfbase import pdfmetrics

    register_fonts()
    widths = [pdfmetrics.stringWidth(row, font, size_pt) for row in text.split("\n")]
    return float(max(widths)) / PT_PER_MM


def content_key(form: FormDefinition, dpi: int) -> str:
    """A name for the raster of a form: changes when the definition, font or drawing changes."""
    stamps = [(font, find_font(font).stat().st_size) for font in sorted(FAMILIES)]
    return hashlib.sha256(f"{_DRAWING_VERSION}|{dpi}|{stamps}|{form!r}".encode()).hexdigest()[:32]


def blank_raster(form: FormDefinition, dpi: int = 300, cache_dir: Path | None = None) -> Pixels:
    """The blank form as an image, H x W x 3, BGR, uint8, ``page_mm * dpi / 25.4`` pixels.

    A form that was learned from paper has the picture of its own blank; it is given as it is.
    A drawn one is kept as a PNG below ``settings.cache / "forms"`` under its content key; a file
    there that cannot be read is drawn again.

    Args:
        form: The form to draw.
        dpi: Dots per inch.
        cache_dir: Another folder instead of the one of the settings.

    Raises:
        DefectError: ``FONT_MISSING`` or ``POPPLER_MISSING``.
        InputError: ``FORM_BLANK_UNUSABLE`` where the picture of a learned form is no PNG of the
            page's size at 300 dpi.
    """
    if form.blank is not None:
        return _learned_blank(form, form.blank, dpi)
    folder = cache_dir or settings.current().cache / "forms"
    path = folder / f"{form.name}-{form.version}-{content_key(form, dpi)}.png"
    width_px, height_px = page_size_px(form, dpi)
    if path.is_file():
        known = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
        if known is not None and known.shape == (height_px, width_px, 3):
            return np.asarray(known, dtype=np.uint8)
    pixels = _rasterise(draw_pdf(form), dpi, width_px, height_px)
    _write_whole(path, cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])[1].tobytes())
    return pixels


def _learned_blank(form: FormDefinition, path: Path, dpi: int) -> Pixels:
    held = np.fromfile(path, np.uint8) if path.is_file() else np.zeros(0, np.uint8)
    known = cv2.imdecode(held, cv2.IMREAD_COLOR) if held.size else None
    width_px, height_px = page_size_px(form, REGISTERED_DPI)
    if known is None or known.shape != (height_px, width_px, 3):
        raise InputError(
            "FORM_BLANK_UNUSABLE",
            ja=f"白紙の画像 {path.name} は使えません（{width_px}×{height_px} 画素の PNG が必要）。",
            en=f"The picture of the blank, {path.name}, cannot be used "
            f"(a PNG of {width_px} x {height_px} pixels is wanted).",
            remedy_ja="`uketsuke forms learn` で作り直してください。",
            remedy_en="Make it again with `uketsuke forms learn`.",
        )
    if dpi != REGISTERED_DPI:
        how = cv2.INTER_AREA if dpi < REGISTERED_DPI else cv2.INTER_CUBIC
        known = cv2.resize(known, page_size_px(form, dpi), interpolation=how)
    return np.asarray(known, np.uint8)


def _rasterise(pdf: bytes, dpi: int, width_px: int, height_px: int) -> Pixels:
    from pdf2image import convert_from_bytes
    from pdf2image.exceptions import PDFInfoNotInstalledError

    try:
        page = convert_from_bytes(pdf, dpi=dpi, size=(width_px, height_px), thread_count=1)[0]
    except PDFInfoNotInstalledError as error:
        raise DefectError(
            "POPPLER_MISSING",
            ja="PDF を画像にするプログラム（poppler）がありません。",
            en="Poppler, which turns PDF pages into images, is not installed.",
            remedy_ja="パッケージ poppler-utils を入れてください。",
            remedy_en="Install the package poppler-utils.",
        ) from error
    return np.ascontiguousarray(np.asarray(page.convert("RGB"), dtype=np.uint8)[:, :, ::-1])


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside and rename, since several workers may draw the same blank at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
