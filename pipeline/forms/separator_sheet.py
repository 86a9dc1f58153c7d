"""Drawing a separator sheet: an A4 page that people and machines recognise from afar.

Black on white only, so that it survives any printer and a black-and-white scanner. The same code
stands twice, at the top and at the bottom, so that a torn corner or a clip hides one at most; its
modules are 2 mm wide, which a scan at 50 dpi still shows.
"""

from __future__ import annotations

import io
import secrets
from typing import Any

import segno

from pipeline.domain.documents import Channel
from pipeline.domain.geometry import MM_PER_INCH
from pipeline.domain.separators import Counted, Separator
from pipeline.forms.fonts import register_fonts

PAGE_MM = (210.0, 297.0)
MODULE_MM = 2.0
_QUIET_MODULES = 4
_PT_PER_MM = 72 / MM_PER_INCH
_CHANNELS = {
    Channel.MAIL: ("郵送", "MAIL"),
    Channel.COUNTER: ("窓口", "COUNTER"),
    None: ("経路の指定なし", "ANY CHANNEL"),
}
_COUNTED = {Counted.DOCUMENTS: ("件", "documents"), Counted.PAGES: ("ページ", "pages")}


def new_separator(
    channel: Channel | None = None,
    count: int | None = None,
    unit: Counted = Counted.DOCUMENTS,
    operator: str = "",
) -> Separator:
    """A separator with an identifier of its own.

    Raises:
        ValueError: As ``Separator``.
    """
    return Separator(secrets.token_hex(8), channel, count, unit, operator)


def draw_separator(separator: Separator) -> bytes:
    """The sheet as a PDF of one page.

    Raises:
        DefectError: ``FONT_MISSING``.
    """
    from reportlab.pdfgen import canvas

    register_fonts()
    out = io.BytesIO()
    width, height = (side * _PT_PER_MM for side in PAGE_MM)
    sheet = canvas.Canvas(out, pagesize=(width, height), invariant=1)
    sheet.setTitle("separator")
    code = [list(row) for row in segno.make(separator.payload(), error="h", micro=False).matrix]
    side = (len(code) + 2 * _QUIET_MODULES) * MODULE_MM
    middle = (PAGE_MM[0] - side) / 2
    for top in (4.0, PAGE_MM[1] - side - 4.0):
        _code(sheet, code, middle, top)
    _words(sheet, separator, side)
    sheet.showPage()
    sheet.save()
    return out.getvalue()


def _code(sheet: Any, code: list[list[int]], left: float, top: float) -> None:
    for row, modules in enumerate(code):
        for column, dark in enumerate(modules):
            if dark:
                x = left + (_QUIET_MODULES + column) * MODULE_MM
                y = PAGE_MM[1] - top - (_QUIET_MODULES + row + 1) * MODULE_MM
                # A hair over, so that no renderer leaves white seams between modules.
                grown = MODULE_MM * _PT_PER_MM + 0.05
                sheet.rect(x * _PT_PER_MM, y * _PT_PER_MM, grown, grown, stroke=0, fill=1)


def _words(sheet: Any, separator: Separator, side: float) -> None:
    channel = _CHANNELS[separator.channel]
    unit = _COUNTED[separator.unit]
    count = (
        ("件数の指定なし", "not counted")
        if separator.count is None
        else (f"このあと {separator.count} {unit[0]}", f"{separator.count} {unit[1]} follow")
    )
    told = f"番号 / id  {separator.identifier}"
    if separator.operator:
        told += f"   担当 / operator  {separator.operator}"
    rows = (
        ("仕切り紙", 54.0),
        ("SEPARATOR SHEET", 20.0),
        (f"{channel[0]}  {channel[1]}", 30.0),
        (f"{count[0]}  {count[1]}", 20.0),
        ("書類の束の先頭に置いてください。裏には何も印刷しないでください。", 12.0),
        ("Lay it before the documents it is about. Leave its back blank.", 11.0),
        (told, 10.0),
    )
    free = PAGE_MM[1] - 2 * (side + 4.0)
    leading = [size * 1.35 / _PT_PER_MM for _, size in rows]
    y = PAGE_MM[1] - 4.0 - side - max(0.0, (free - sum(leading)) / 2)
    for (text, size), step in zip(rows, leading, strict=True):
        y -= step
        sheet.setFont("gothic", size)
        sheet.drawCentredString(PAGE_MM[0] / 2 * _PT_PER_MM, (y + step * 0.25) * _PT_PER_MM, text)
