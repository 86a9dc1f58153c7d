"""What was learned, as a definition: zones, and the sheet's own lines, words and colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.domain.documents import FormName
from pipeline.domain.geometry import BoxMm
from pipeline.forms.definition import FormDefinition, Label, ReaderKind, Ruling
from pipeline.forms.drawing import is_dropout, text_width_mm
from pipeline.learning.layout import Layout, reading_order
from pipeline.learning.printed_text import PrintedLine
from pipeline.learning.proposal import ProposedZone
from pipeline.learning.rulings import Ruled, Rulings
from pipeline.learning.sheet import Sheet

_MM_TO_PT = 72 / 25.4
_GLYPH_OF_EM = 0.90
_LEAST_LINE_MM = 5.0
_LEAST_READ = 0.5
_TITLE_PART = 0.16
_TITLE_SIZE = 0.8  # of the tallest: half of a title whose letters have no long strokes
_FAINT_MM = 0.02


def definition_of(
    form: FormName,
    version: str,
    sheet: Sheet,
    rulings: Rulings,
    lines: Sequence[PrintedLine],
    layout: Layout,
    zones: Sequence[ProposedZone],
) -> FormDefinition:
    """The definition of a learned form, without its blank (which ``write_definition`` adds)."""
    cells = [c for z in zones if z.zone.reader == ReaderKind.BOXES for c in z.zone.cells]
    kept = [line for line in rulings.lines if _is_form_line(line)]
    colours = _colours(kept)
    return FormDefinition(
        name=form,
        version=version,
        title=title_of(lines, sheet.page_mm[1]),
        page_w_mm=sheet.page_mm[0],
        page_h_mm=sheet.page_mm[1],
        zones=tuple(z.zone for z in zones),
        labels=tuple(
            label
            for line in lines
            if (label := _label(line, sheet)) is not None
            and not any(label.box.overlaps(c, 0.05) for c in cells)
        ),
        rulings=tuple(Ruling(face.box, 0.0, "fill") for face in layout.faces if face.tinted)
        + tuple(_ruling(line) for line in kept),
        colours=colours,
    )


def _is_form_line(line: Ruled) -> bool:
    return line.stop - line.start >= _LEAST_LINE_MM and line.width >= _FAINT_MM


def _ruling(line: Ruled) -> Ruling:
    at, start, long = (round(v, 2) for v in (line.at, line.start, line.stop - line.start))
    box = BoxMm(at, start, 0.0, long) if line.upright else BoxMm(start, at, long, 0.0)
    return Ruling(box, round(line.width, 2), "line" if is_dropout(_hex(line.colour)) else "frame")


def _hex(bgr: tuple[int, int, int]) -> str:
    blue, green, red = bgr
    return f"#{red:02x}{green:02x}{blue:02x}"


def _colours(lines: Sequence[Ruled]) -> dict[str, str]:
    """The commonest tone of the pale lines, and of the dark ones."""
    pale = [n for n in lines if is_dropout(_hex(n.colour))]
    dark = [n for n in lines if not is_dropout(_hex(n.colour))]
    found = {}
    for name, group in (("line", pale or dark), ("frame", dark or pale)):
        if group:
            long = np.array([n.stop - n.start for n in group])
            tones = np.array([n.colour for n in group])
            order = np.argsort(tones.sum(axis=1))
            middle = order[int(np.searchsorted(np.cumsum(long[order]), long.sum() / 2))]
            found[name] = _hex(tuple(int(v) for v in tones[middle]))  # type: ignore[arg-type]
    return found


def title_of(lines: Sequence[PrintedLine], page_height_mm: float) -> str:
    """The largest words near the top of a sheet, with all that stands in their row and size.

    A long dash looks like a piece of a printed line and parts the title where it stands.
    """
    top = [n for n in lines if n.box.y < _TITLE_PART * page_height_mm and n.text]
    if not top:
        return ""
    tallest = max(top, key=lambda n: n.box.h).box
    middle = tallest.y + tallest.h / 2
    row = [
        n for n in top if n.box.y < middle < n.box.y + n.box.h and n.box.h > _TITLE_SIZE * tallest.h
    ]
    return reading_order(row)


def _label(line: PrintedLine, sheet: Sheet) -> Label | None:
    if not line.text or line.probability < _LEAST_READ:
        return None
    size = line.box.h / _GLYPH_OF_EM * _MM_TO_PT
    wide = text_width_mm(line.text, "gothic", 10.0) / 10.0
    size = min(size, line.box.w / wide if wide > 0 else size)
    if size < 2.0:
        return None
    return Label(line.text, line.box, round(size - 0.005, 2))
