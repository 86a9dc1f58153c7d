"""What the boxes of a sheet are: rows of character cells, boxes to tick, captions, answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.domain.geometry import BoxMm
from pipeline.imaging.pages import Pixels
from pipeline.learning.printed_text import PrintedLine
from pipeline.learning.rulings import Rulings, contains

_CELL_W_MM = (3.8, 16.0)
_CELL_H_MM = (5.2, 18.0)
_TICK_MM = (2.6, 6.6)
_ALIKE_MM = 0.45
_WIDTHS_ALIKE = 0.6  # a row may be stretched more on one side than on the other
_ROW_GAP_MM = 9.0
_INKED_SHARE = 0.012
_INK_LEVELS = 40
_LABEL_REACH_MM = 3.2
_LEAST_LETTERED = 4
_RIM_MM = 3.0
_FACE_MM = (9.0, 4.6)
_PHOTO_MM = (35.0, 45.0)
_PHOTO_TOLERANCE = 0.075
_PHOTO_SAID_TOLERANCE = 0.3
_TINT_LEVELS = 5.0
_CHOICES = ("男女", "有無", "要否", "英数")
_NO_WORD = re.compile(r"[・･.,、。\-ー一/|\s]")


@dataclass(frozen=True, slots=True)
class CellRow:
    """Equal cells side by side.

    Attributes:
        ticks: Boxes to tick, each with its words on its right; else character cells.
        labels: For boxes to tick, the words of each.
        inside: The words stand in the boxes, one letter each, and not on their right.
    """

    cells: tuple[BoxMm, ...]
    ticks: bool = False
    labels: tuple[str, ...] = ()
    inside: bool = False

    @property
    def box(self) -> BoxMm:
        """What the cells cover together."""
        return union(self.cells)

    @property
    def groups(self) -> tuple[int, ...]:
        """How many cells stand in each group, by the wider gaps between them."""
        gaps = [b.x - (a.x + a.w) for a, b in zip(self.cells, self.cells[1:], strict=False)]
        if not gaps:
            return (len(self.cells),)
        limit = min(gaps) + max(0.8, 0.25 * self.cells[0].w)
        sizes = [1]
        for gap in gaps:
            if gap > limit:
                sizes.append(1)
            else:
                sizes[-1] += 1
        return tuple(sizes)


@dataclass(frozen=True, slots=True)
class Choice:
    """Printed words of which one is circled.

    Attributes:
        values: One character each.
        glyphs: Where each is printed.
    """

    values: str
    glyphs: tuple[BoxMm, ...]


@dataclass(frozen=True, slots=True)
class Face:
    """A box of a table with what is printed in it.

    Attributes:
        tinted: It has a ground of its own.
        heavy: A thick frame goes round the block that it stands in.
    """

    box: BoxMm
    lines: tuple[PrintedLine, ...]
    rows: tuple[CellRow, ...]
    choice: Choice | None
    tinted: bool

    @property
    def words(self) -> str:
        """All that is printed in it, row by row."""
        return reading_order(self.lines)


@dataclass(frozen=True, slots=True)
class Layout:
    """The sheet by its parts.

    Attributes:
        faces: Boxes that hold a caption or an answer.
        photo: The box of a photo's size.
        free_lines: Words that stand in no box of a table.
        free_rows: Cells that stand in no such box.
        blocks: Tables.
    """

    faces: tuple[Face, ...]
    photo: BoxMm | None
    free_lines: tuple[PrintedLine, ...]
    free_rows: tuple[CellRow, ...]
    blocks: tuple[BoxMm, ...]


def union(boxes: Sequence[BoxMm]) -> BoxMm:
    """The smallest box round some boxes."""
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    right, bottom = max(b.x + b.w for b in boxes), max(b.y + b.h for b in boxes)
    return BoxMm(x, y, right - x, bottom - y)


def reading_order(lines: Sequence[PrintedLine]) -> str:
    """Words of several lines, rows from the top, each from the left."""
    rest = sorted(lines, key=lambda line: line.box.y)
    text = ""
    while rest:
        first = rest[0].box
        row = [r for r in rest if r.box.y < first.y + 0.6 * first.h]
        text += "".join(r.text for r in sorted(row, key=lambda r: r.box.x))
        rest = [r for r in rest if r not in row]
    return text


def lay_out(sheet: Pixels, ink: Pixels, rulings: Rulings, lines: Sequence[PrintedLine]) -> Layout:
    """Tell the boxes of a sheet apart.

    Args:
        sheet: H x W x 3 BGR at 300 dpi.
        ink: Its darkness without lines.
        rulings: Its lines and boxes.
        lines: Its printed words.
    """
    boxes = list(rulings.boxes)
    photo = _photo(boxes, lines)
    if photo is not None:
        boxes = [b for b in boxes if not (contains(photo, b, 1.5) or _same(photo, b))]
    rows = _cell_rows(boxes, ink, lines)
    cells = {cell for row in rows for cell in row.cells}
    large = [b for b in boxes if b not in cells and b.w >= _FACE_MM[0] and b.h >= _FACE_MM[1]]
    large = [b for b in large if not _is_rim(b, cells, large)]
    # A box that only holds other large boxes is a frame round a table.
    faces_at = [b for b in large if not any(contains(b, o) for o in large if o is not b)]
    paper = np.median(sheet[::16, ::16].reshape(-1, 3), axis=0)
    faces = []
    housed_lines: set[int] = set()
    housed_rows: set[int] = set()
    for box in faces_at:
        if photo is not None and box.overlaps(photo, 1.0):
            continue
        inside = [n for n, line in enumerate(lines) if contains(box, line.box)]
        held = [n for n, row in enumerate(rows) if contains(box, row.box, 1.2)]
        housed_lines |= set(inside)
        housed_rows |= set(held)
        own = tuple(lines[n] for n in inside)
        tint = (
            np.median(_crop(sheet, box.inset(0.8)).reshape(-1, 3), axis=0) if box.w > 2 else paper
        )
        faces.append(
            Face(
                box,
                own,
                tuple(rows[n] for n in held),
                _choice(own, box),
                bool(np.max(paper - tint) >= _TINT_LEVELS),
            )
        )
    return Layout(
        tuple(faces),
        photo,
        tuple(
            line
            for n, line in enumerate(lines)
            if n not in housed_lines and not (photo is not None and contains(photo, line.box))
        ),
        tuple(row for n, row in enumerate(rows) if n not in housed_rows),
        rulings.blocks,
    )


def _is_rim(box: BoxMm, cells: set[BoxMm], large: Sequence[BoxMm]) -> bool:
    """Whether a box is but the rim left of a group of cells that stands in an answer's box."""
    held = [c for c in cells if contains(box, c, 0.3)]
    if not held:
        return False
    whole = union(held)
    close = box.w <= whole.w + _RIM_MM and box.h <= whole.h + _RIM_MM
    return close and any(contains(o, box) and o.h <= 3.0 * box.h for o in large if o is not box)


def _same(one: BoxMm, other: BoxMm) -> bool:
    return contains(one, other, 1.0) or contains(other, one, 1.0) or one == other


def _photo(boxes: Sequence[BoxMm], lines: Sequence[PrintedLine]) -> BoxMm | None:
    """The box that a 35 x 45 mm print fits into, or one near that size that says 写真."""
    off = {b: max(abs(b.w / _PHOTO_MM[0] - 1), abs(b.h / _PHOTO_MM[1] - 1)) for b in boxes}
    near = [b for b in boxes if off[b] <= _PHOTO_TOLERANCE]
    if not near:
        said = [n.box for n in lines if "写真" in n.text]
        near = [
            b
            for b in boxes
            if off[b] <= _PHOTO_SAID_TOLERANCE and any(contains(b, place) for place in said)
        ]
    return min(near, key=lambda b: off[b], default=None)


def inked_share(ink: Pixels, box: BoxMm) -> float:
    """How much of a box, less its edge, is printed on."""
    part = _crop(ink, box.inset(min(0.7, 0.15 * min(box.w, box.h))))
    return float((part > _INK_LEVELS).mean()) if part.size else 0.0


def _crop(image: Pixels, box: BoxMm) -> Pixels:
    area = box.to_px()
    return image[max(0, area.y) : area.y + area.h, max(0, area.x) : area.x + area.w]


def _cell_rows(boxes: Sequence[BoxMm], ink: Pixels, lines: Sequence[PrintedLine]) -> list[CellRow]:
    small = [
        b
        for b in boxes
        if min(b.w, b.h) >= _TICK_MM[0]
        and b.w <= _CELL_W_MM[1]
        and b.h <= _CELL_H_MM[1]
        and inked_share(ink, b) < _INKED_SHARE
    ]
    rows = _lettered_rows(boxes, lines)
    lettered = {cell for row in rows for cell in row.cells}
    for group in _equal_runs([b for b in small if b not in lettered]):
        followed = [_label_of(cell, group, lines) for cell in group]
        squarish = all(abs(c.w - c.h) <= 0.34 * max(c.w, c.h) for c in group)
        fits_tick = squarish and max(max(c.w, c.h) for c in group) <= _TICK_MM[1]
        if fits_tick and sum(bool(f) for f in followed) >= 0.8 * len(group):
            rows.append(CellRow(tuple(group), True, tuple(followed)))
        elif (
            len(group) >= 2
            and min(c.w for c in group) >= _CELL_W_MM[0]
            and min(c.h for c in group) >= _CELL_H_MM[0]
        ):
            rows.append(CellRow(tuple(group)))
    return rows


def _lettered_rows(boxes: Sequence[BoxMm], lines: Sequence[PrintedLine]) -> list[CellRow]:
    """Rows of small boxes with one letter printed in each."""
    letters: dict[BoxMm, str] = {}
    for box in boxes:
        if max(box.w, box.h) > _TICK_MM[1] or min(box.w, box.h) < _TICK_MM[0]:
            continue
        inside = [line for line in lines if contains(box, line.box, 0.3)]
        if len(inside) == 1 and len(inside[0].text) == 1:
            letters[box] = inside[0].text
    return [
        CellRow(tuple(run), True, tuple(letters[b] for b in run), inside=True)
        for run in _equal_runs(list(letters))
        if len(run) >= _LEAST_LETTERED
    ]


def _equal_runs(boxes: Sequence[BoxMm]) -> list[list[BoxMm]]:
    """Boxes of one size on one height, parted where the gap is wide."""
    rest = sorted(boxes, key=lambda b: b.x)
    runs = []
    while rest:
        first = rest[0]
        run = [first]
        for box in rest[1:]:
            last = run[-1]
            alike = (
                abs(box.y - first.y) <= _ALIKE_MM
                and abs(box.h - first.h) <= _ALIKE_MM
                and min(box.w, last.w) >= _WIDTHS_ALIKE * max(box.w, last.w)
            )
            if alike and -0.6 <= box.x - (last.x + last.w) <= _ROW_GAP_MM:
                run.append(box)
        rest = [b for b in rest if b not in run]
        runs.append(run)
    return runs


def _label_of(cell: BoxMm, group: Sequence[BoxMm], lines: Sequence[PrintedLine]) -> str:
    """The words that begin just right of a box, before the next box of its row."""
    middle = cell.y + cell.h / 2
    right = cell.x + cell.w
    near = [
        line
        for line in lines
        if line.box.y <= middle <= line.box.y + line.box.h
        and -0.3 <= line.box.x - right <= _LABEL_REACH_MM
        and line.text
    ]
    if not near:
        return ""
    return min(near, key=lambda line: line.box.x).text


def _choice(lines: Sequence[PrintedLine], face: BoxMm) -> Choice | None:
    """Two words to circle, where a box holds nothing else."""
    found: list[tuple[str, BoxMm]] = []
    for line in lines:
        for character, place in zip(line.text, line.places, strict=True):
            if _NO_WORD.match(character):
                continue
            side = line.box.h
            found.append((character, BoxMm(place - side / 2, line.box.y, side, side)))
    found.sort(key=lambda f: f[1].x)
    values = "".join(c for c, _ in found)
    if values in _CHOICES:
        return Choice(values, tuple(_centred(box, lines) for _, box in found))
    return None


def _centred(glyph: BoxMm, lines: Sequence[PrintedLine]) -> BoxMm:
    """A glyph that is a line by itself is where the line is; frames of the reader are coarser."""
    for line in lines:
        if len(_NO_WORD.sub("", line.text)) == 1 and line.box.w < 2 * line.box.h:
            middle = glyph.x + glyph.w / 2
            if line.box.x - 1 <= middle <= line.box.x + line.box.w + 1:
                return line.box
    return glyph
