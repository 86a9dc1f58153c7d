"""Whether a form definition can be used: what a forms engineer would send back, in plain words.

Smallest cells: 5 x 6 mm for a character is what the boxed postal codes of Japanese forms come down
to; below it hands leave the cell. These are our own limits, no rule of an office.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from pipeline.domain.documents import DATE_FIELDS, FieldName
from pipeline.domain.geometry import BoxMm
from pipeline.forms.definition import KINDS_PART, FormDefinition, ReaderKind, Zone
from pipeline.forms.drawing import DEFAULT_COLOURS, DROPOUT_MIN_RED, colour, is_dropout
from pipeline.forms.drawing import text_width_mm as _text_width_mm

TOUCH_MM = 0.05  # rounding in a definition; less than half a pixel at 200 dpi
SMALLEST_CHARACTER_MM = (5.0, 6.0)
SMALLEST_MARK_MM = 3.0
PHOTO_MM = (35.0, 45.0)
CELL_COUNTS: dict[FieldName, int] = {
    FieldName.MY_NUMBER: 12,
    FieldName.APPLICATION_ID: 23,
    FieldName.PIN_SIGNATURE: 16,
    FieldName.PIN_AUTHENTICATION: 4,
    FieldName.PIN_RESIDENT_RECORD: 4,
    FieldName.REPRESENTATIVE_POSTAL_CODE: 7,
}
DATE_CELLS = 6


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a definition.

    Attributes:
        code: A stable name in capitals.
        field: The field and part it is about, ``field`` or ``field/part``; empty for the sheet.
        ja: What is wrong, in Japanese.
        en: What is wrong, in English.
        bars: Whether the definition cannot be used with it; else it is good to know.
    """

    code: str
    field: str
    ja: str
    en: str
    bars: bool = True


def check(form: FormDefinition) -> list[Problem]:
    """Everything that is wrong with a definition; it can be used where nothing of it ``bars``.

    Raises:
        DefectError: ``FONT_MISSING``, since the width of labels is measured.
    """
    return [problem for rule in _RULES for problem in rule(form)]


def _called(zone: Zone) -> str:
    return f"{zone.field}/{zone.part}" if zone.part else str(zone.field)


def _inside(inner: BoxMm, outer: BoxMm) -> bool:
    return (
        inner.x >= outer.x - TOUCH_MM
        and inner.y >= outer.y - TOUCH_MM
        and inner.x + inner.w <= outer.x + outer.w + TOUCH_MM
        and inner.y + inner.h <= outer.y + outer.h + TOUCH_MM
    )


def _page(form: FormDefinition) -> BoxMm:
    return BoxMm(0, 0, form.page_w_mm, form.page_h_mm)


def _about(zone: Zone, code: str, ja: str, en: str) -> Problem:
    name = _called(zone)
    return Problem(code, name, f"{name}: {ja}", f"{name}: {en}")


def _sheet(form: FormDefinition) -> Iterator[Problem]:
    if not form.zones:
        yield Problem("NO_ZONES", "", "読み取る欄が一つもありません。", "There is no zone to read.")
    line = colour(form, "line")
    if not is_dropout(line):
        yield Problem(
            "LINE_NOT_DROPOUT",
            "",
            f"枠線の色 {line} は赤チャンネルで消えません（赤は {DROPOUT_MIN_RED} 以上）。"
            "使えますが、線に触れた字は読みにくくなります。",
            f"The line colour {line} does not vanish in the red channel "
            f"(red must be {DROPOUT_MIN_RED} or more). The form can be used, but characters that "
            "touch a line are harder to read.",
            # An office does not choose the colour of forms that reach it. On 30 filled sheets the
            # readers accepted 511 values through lines of #222222 and 513 through ours, none wrong.
            bars=False,
        )
    known = {*DEFAULT_COLOURS, *form.colours}
    used = {r.colour for r in form.rulings} | {t.colour for t in form.labels}
    for name in sorted(used - known):
        yield Problem(
            "COLOUR_UNKNOWN",
            "",
            f"色「{name}」が colours にありません。",
            f"The colour “{name}” is not among the colours.",
        )


def _places(form: FormDefinition) -> Iterator[Problem]:
    for zone in form.zones:
        if zone.box.w <= 0 or zone.box.h <= 0:
            yield _about(zone, "ZONE_EMPTY", "欄の大きさがありません。", "the zone has no size.")
        if not _inside(zone.box, _page(form)):
            yield _about(
                zone, "ZONE_OUTSIDE_PAGE", "欄が用紙の外に出ています。", "it leaves the page."
            )
    for one, other in combinations(form.zones, 2):
        if one.box.overlaps(other.box, TOUCH_MM):
            yield _about(
                one,
                "ZONES_OVERLAP",
                f"{_called(other)} の欄と重なっています。",
                f"it overlaps the zone of {_called(other)}.",
            )
    counts = Counter((zone.field, zone.part) for zone in form.zones)
    for (field, part), count in counts.items():
        if count > 1:
            zone = next(z for z in form.zones if (z.field, z.part) == (field, part))
            yield _about(
                zone,
                "FIELD_TWICE",
                f"同じ項目（part も同じ）の欄が {count} 個あります。",
                f"there are {count} zones of this field and part.",
            )


def _cells(form: FormDefinition) -> Iterator[Problem]:
    for zone in form.zones:
        wants_cells = zone.reader in (ReaderKind.BOXES, ReaderKind.MARKS)
        if wants_cells and not zone.cells:
            yield _about(zone, "CELLS_MISSING", "マスがありません。", "it has no cells.")
        if zone.cells and not wants_cells:
            yield _about(
                zone,
                "CELLS_UNUSED",
                f"{zone.reader} の欄にはマスを使いません。",
                f"a {zone.reader} zone uses no cells.",
            )
        yield from _cell_places(zone)
        written = form.zone(zone.field)
        yield from _cell_numbers(zone, len(written.cells) if written is not None else 0)


def _cell_places(zone: Zone) -> Iterator[Problem]:
    smallest = (
        SMALLEST_CHARACTER_MM
        if zone.reader == ReaderKind.BOXES
        else (SMALLEST_MARK_MM, SMALLEST_MARK_MM)
    )
    for number, cell in enumerate(zone.cells, start=1):
        if not _inside(cell, zone.box):
            yield _about(
                zone,
                "CELL_OUTSIDE_ZONE",
                f"{number} 番目のマスが欄の外に出ています。",
                f"cell {number} leaves its zone.",
            )
        if cell.w < smallest[0] - TOUCH_MM or cell.h < smallest[1] - TOUCH_MM:
            yield _about(
                zone,
                "CELL_TOO_SMALL",
                f"{number} 番目のマスが小さすぎます（{smallest[0]:g}×{smallest[1]:g} mm 以上）。",
                f"cell {number} is too small ({smallest[0]:g} x {smallest[1]:g} mm at least).",
            )
    for (i, one), (j, other) in combinations(enumerate(zone.cells, start=1), 2):
        if one.overlaps(other, TOUCH_MM):
            yield _about(
                zone,
                "CELLS_OVERLAP",
                f"{i} 番目と {j} 番目のマスが重なっています。",
                f"cells {i} and {j} overlap.",
            )


def _cell_numbers(zone: Zone, boxes: int) -> Iterator[Problem]:
    if zone.reader in (ReaderKind.BOXES, ReaderKind.MARKS):
        if not zone.alphabet:
            yield _about(zone, "ALPHABET_MISSING", "alphabet がありません。", "it has no alphabet.")
        if len(set(zone.alphabet)) != len(zone.alphabet):
            yield _about(
                zone,
                "ALPHABET_REPEATED",
                "alphabet に同じ文字が二度あります。",
                "a character stands twice in the alphabet.",
            )
    if zone.reader == ReaderKind.MARKS:
        # A mark row repeats its alphabet under every box of the field.
        choices = boxes if zone.part == KINDS_PART else 1
        if len(zone.cells) != choices * len(zone.alphabet):
            yield _about(
                zone,
                "MARKS_COUNT",
                f"マスは {len(zone.cells)} 個、alphabet は {len(zone.alphabet)} 文字"
                f"×{choices} です。",
                f"{len(zone.cells)} cells, but {len(zone.alphabet)} characters in the alphabet, "
                f"{choices} times.",
            )
        if not zone.mark_style:
            yield _about(
                zone,
                "MARK_STYLE_MISSING",
                "mark_style（circle・tick・black）がありません。",
                "it has no mark_style (circle, tick or black).",
            )
    if zone.reader == ReaderKind.BOXES and zone.cells:
        is_date = zone.field in DATE_FIELDS
        wanted = DATE_CELLS if is_date else CELL_COUNTS.get(zone.field)
        if wanted is not None and len(zone.cells) != wanted:
            yield _about(
                zone,
                "CELL_COUNT",
                f"マスは {wanted} 個のはずですが {len(zone.cells)} 個です。",
                f"{wanted} cells are wanted, there are {len(zone.cells)}.",
            )


def _photo(form: FormDefinition) -> Iterator[Problem]:
    for zone in form.zones:
        if zone.reader != ReaderKind.PHOTO:
            continue
        size = (zone.box.w, zone.box.h)
        if any(abs(a - b) > TOUCH_MM for a, b in zip(size, PHOTO_MM, strict=True)):
            yield _about(
                zone,
                "PHOTO_SIZE",
                "写真欄は横 35 mm・縦 45 mm でなければなりません。",
                "the photo zone must be 35 mm wide and 45 mm high.",
            )


def _printing(form: FormDefinition) -> Iterator[Problem]:
    character_cells = [
        (zone, cell)
        for zone in form.zones
        if zone.reader == ReaderKind.BOXES
        for cell in zone.cells
    ]
    for label in form.labels:
        shown = label.text.split("\n")[0][:12]
        if not _inside(label.box, _page(form)):
            yield Problem(
                "LABEL_OUTSIDE_PAGE",
                "",
                f"見出し「{shown}」が用紙の外に出ています。",
                f"The label “{shown}” leaves the page.",
            )
        if _text_width_mm(label.text, label.font, label.size_pt) > label.box.w + TOUCH_MM:
            yield Problem(
                "LABEL_TOO_WIDE",
                "",
                f"見出し「{shown}」が枠に収まりません。",
                f"The label “{shown}” is wider than its box.",
            )
        for zone, cell in character_cells:
            if label.box.overlaps(cell, TOUCH_MM):
                yield _about(
                    zone,
                    "PRINT_IN_CELL",
                    f"見出し「{shown}」がマスに重なっています。",
                    f"the label “{shown}” reaches into a cell.",
                )
                break


_RULES: tuple[Callable[[FormDefinition], Iterator[Problem]], ...] = (
    _sheet,
    _places,
    _cells,
    _photo,
    _printing,
)
