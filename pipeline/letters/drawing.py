"""A letter as a PDF, made in memory: A4, folded twice, the address in an envelope's window.

The window is that of a common 長形3号 envelope, 90 mm by 45 mm, 20 mm from the left and 12 mm from
the top of the sheet as folded; this place is our choice, no standard of the office is known. What
is not known, and a character that the font lacks, is left blank with a line for writing by hand.
"""

from __future__ import annotations

import io
from typing import Any
from xml.sax.saxutils import escape

from pipeline.domain.geometry import MM_PER_INCH
from pipeline.forms.fonts import register_fonts
from pipeline.letters.letter import Letter

PAGE_MM = (210.0, 297.0)
WINDOW_MM = (20.0, 12.0, 90.0, 45.0)
MARGIN_MM = 22.0
_FIRST_BODY_TOP_MM = 88.0
_FOLDS_MM = (99.0, 198.0)
_PT = 72 / MM_PER_INCH
_BODY_PT = 10.5
_FONT = "gothic"
_ADDRESS_SIZES_PT = (10.5, 9.0, 8.0)
_NAME_SIZES_PT = (13.0, 11.0, 9.5)


def draw(letter: Letter) -> bytes:
    """The letter as a PDF; what does not fit goes on on a further page.

    Raises:
        DefectError: ``FONT_MISSING``.
    """
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

    register_fonts()
    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=(PAGE_MM[0] * _PT, PAGE_MM[1] * _PT),
        title=letter.title,
        author=letter.office.name,
        lang="ja",
        invariant=1,
    )
    width = (PAGE_MM[0] - 2 * MARGIN_MM) * _PT
    frames = [
        Frame(MARGIN_MM * _PT, MARGIN_MM * _PT, width, (PAGE_MM[1] - top - MARGIN_MM) * _PT, 0, 0,
              0, 0)
        for top in (_FIRST_BODY_TOP_MM, MARGIN_MM)
    ]  # fmt: skip
    document.addPageTemplates(
        [
            PageTemplate(
                "first",
                [frames[0]],
                onPage=lambda sheet, _: _head(sheet, letter),
                autoNextPageTemplate="next",
            ),
            PageTemplate("next", [frames[1]], onPage=lambda sheet, _: _foot(sheet, letter)),
        ]
    )
    document.build(_body(letter))
    return out.getvalue()


def _body(letter: Letter) -> list[Any]:
    from reportlab.lib.enums import TA_CENTER
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import KeepTogether, Paragraph, Spacer

    def style(name: str, size_pt: float, **more: Any) -> Any:
        return ParagraphStyle(
            name, fontName=_FONT, fontSize=size_pt, leading=size_pt * 1.6, wordWrap="CJK", **more
        )

    body = style("body", _BODY_PT)
    title = style("title", 15, alignment=TA_CENTER, spaceAfter=5 * _PT)
    part = style("part", 11.5, spaceBefore=3 * _PT, spaceAfter=1.5 * _PT)
    wrong = style("wrong", 11, leftIndent=6 * _PT, firstLineIndent=-6 * _PT)
    todo = style("todo", _BODY_PT, leftIndent=6 * _PT, spaceAfter=2.6 * _PT)
    listed = style("listed", _BODY_PT, leftIndent=6 * _PT, firstLineIndent=-6 * _PT)
    flow: list[Any] = [
        Paragraph(escape(letter.title), title),
        Paragraph(escape(letter.opening), body),
        Spacer(0, 3 * _PT),
    ]
    for n, (what, how) in enumerate(letter.reasons, start=1):
        flow.append(
            KeepTogether([Paragraph(f"{n}．{escape(what)}", wrong), Paragraph(escape(how), todo)])
        )
    if letter.enclosures:
        rows = [Paragraph(f"□　{escape(one)}", listed) for one in letter.enclosures]
        flow.append(
            KeepTogether([Paragraph(f"【{escape(letter.enclosures_title)}】", part), *rows])
        )
    flow += [Spacer(0, 4 * _PT), Paragraph(escape(letter.closing), body)]
    return flow


def _head(sheet: Any, letter: Letter) -> None:
    left, top, width, _ = WINDOW_MM
    _text(sheet, "〒", left + 4, top + 6, 10.5)
    y = top + 12
    lines, size_pt = _fitted(letter.addressee.address, width - 8, _ADDRESS_SIZES_PT, 3)
    for line in _or_rule(lines):
        y = _line(sheet, line, left + 4, y, width - 8, size_pt)
    # The name keeps its place in the window however long the address is.
    y = max(y + 2, top + 31)
    names, size_pt = _fitted(letter.addressee.name, width - 20, _NAME_SIZES_PT, 2)
    for line in names[:-1]:
        y = _line(sheet, line, left + 4, y, width - 20, size_pt)
    last = names[-1] if names else None
    _line(sheet, last, left + 4, y, width - 20, size_pt)
    after = width - 14 if last is None else 6 + _width_mm(last, size_pt)
    _text(sheet, "様", left + 4 + after, y, size_pt)
    _text(sheet, letter.day, 188, 20, _BODY_PT, right=True)
    _text(sheet, f"整理番号　{letter.reference}", 188, 26.5, _BODY_PT, right=True)
    office = letter.office
    y = 40.0
    for text in _or_rule(_wrapped(office.name, 66, 11)):
        y = _line(sheet, text, 122, y, 66, 11)
    for text in _or_rule(_wrapped(office.address, 66, 9)):
        y = _line(sheet, text, 122, y, 66, 9)
    _text(sheet, "電話", 122, y, _BODY_PT)
    _line(sheet, office.phone or None, 132, y, 56, _BODY_PT)
    _foot(sheet, letter)


def _foot(sheet: Any, letter: Letter) -> None:
    sheet.setStrokeGray(0.6)
    sheet.setLineWidth(0.4)
    for fold in _FOLDS_MM:
        y = (PAGE_MM[1] - fold) * _PT
        sheet.line(0, y, 5 * _PT, y)
    page = sheet.getPageNumber()
    _text(sheet, f"{letter.reference}　{page}", 188, 286, 8, right=True)


def _line(sheet: Any, text: str | None, x: float, y: float, width: float, size_pt: float) -> float:
    """A line of text, or a rule to write on; returns where the next one stands, in mm."""
    if text is None:
        sheet.setStrokeGray(0.45)
        sheet.setLineWidth(0.5)
        sheet.line(x * _PT, (PAGE_MM[1] - y - 1) * _PT, (x + width) * _PT,
                   (PAGE_MM[1] - y - 1) * _PT)  # fmt: skip
    else:
        _text(sheet, text, x, y, size_pt)
    return y + size_pt * 1.5 / _PT


def _text(
    sheet: Any, text: str, x: float, y: float, size_pt: float, *, right: bool = False
) -> None:
    sheet.setFillGray(0)
    sheet.setFont(_FONT, size_pt)
    place = sheet.drawRightString if right else sheet.drawString
    place(x * _PT, (PAGE_MM[1] - y) * _PT, text)


def _or_rule(lines: list[str]) -> list[str | None]:
    return [*lines] or [None]


def _fitted(
    text: str | None, width_mm: float, sizes_pt: tuple[float, ...], most_lines: int
) -> tuple[list[str], float]:
    """The lines of a value in the largest size in which it takes few enough of them.

    None where it is unknown, has a character that the font lacks, or is too long for the window:
    what stuck out of it would not reach anybody.
    """
    for size_pt in sizes_pt:
        lines = _wrapped(text, width_mm, size_pt)
        if len(lines) <= most_lines:
            return lines, size_pt
    return [], sizes_pt[0]


def _wrapped(text: str | None, width_mm: float, size_pt: float) -> list[str]:
    from reportlab.pdfbase import pdfmetrics

    glyphs = pdfmetrics.getFont(_FONT).face.charToGlyph
    if not text or any(ord(c) not in glyphs for c in text):
        return []
    lines: list[str] = []
    current = ""
    for character in text:
        if current and _width_mm(current + character, size_pt) > width_mm:
            # Latin names break between words where they have any.
            head, space, rest = current.rpartition(" ")
            if space and head and rest.isascii():
                lines.append(head)
                current = rest
            else:
                lines.append(current)
                current = ""
        current += character
    return [*lines, current]


def _width_mm(text: str, size_pt: float) -> float:
    from reportlab.pdfbase import pdfmetrics

    return float(pdfmetrics.stringWidth(text, _FONT, size_pt)) / _PT
