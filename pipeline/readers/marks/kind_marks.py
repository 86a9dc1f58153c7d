"""The mark row under a PIN: letter or digit, in the writer's own word.

A mark speaks only where it is beyond doubt: one clear mark of the two, made by ink that belongs to
that cell and to no other cell or box. Both, none, faint, stray, or a scan that shows the row's own
print: nothing is said, and the PIN is read as if there were no row.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import BoxMm, BoxPx
from pipeline.domain.pin import Kind
from pipeline.forms.definition import FormDefinition, Zone
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.ink.zone_ink import ZoneInk, surely_blank, writing
from pipeline.readers.marks.mark_reader import CellMark, read_marks

KINDS = {"英": Kind.LETTER, "数": Kind.DIGIT}
"""What the characters of a mark row's alphabet mean."""
_AROUND_MM = 4.0  # a tail from the boxes above or a tick that leaves its cell
# Of the ink that makes a mark and stands in any cell or box, the share in the mark's own cell.
# Measured on composed rows: ticks 0.8 and more, tails from elsewhere 0.4 and less.
_OWN_SHARE = 0.6
_SURE = 0.97  # what the reader of marks gives a full, single mark
_BLACKENED = 0.7
_INSET_PX = 5
_PRINT_BLUE = 225  # the pale print of the row, in the channel where it is darkest
_PRINT_SHOWS = 0.15
_PRINT: dict[str, NDArray[np.bool_]] = {}  # by form and version; a worker has few


def read_kinds(page: RegisteredPage, row: Zone, boxes: Zone) -> tuple[Kind | None, ...]:
    """What the writer says of each character; None where the row says nothing clear.

    Args:
        page: The registered page.
        row: The mark row: for each box as many cells as the alphabet has characters.
        boxes: The boxes of the same field.

    Returns:
        One for each box, in the boxes' order.
    """
    silent: tuple[Kind | None, ...] = (None,) * len(boxes.cells)
    choices = len(row.alphabet)
    if surely_blank(page, row.box) or choices * len(boxes.cells) != len(row.cells):
        return silent
    ink = writing(page, row.box.inset(-_AROUND_MM).to_px())
    if _print_shows(page, row, ink):
        return silent
    count, labels = cv2.connectedComponents(ink.ink.astype(np.uint8), connectivity=8)
    parts = np.asarray(labels, np.int32)
    places = [_within(cell, ink) for cell in (*row.cells, *boxes.cells)]
    shares = np.array([np.bincount(parts[p].ravel(), minlength=count) for p in places])
    said: list[Kind | None] = []
    for first in range(0, len(row.cells), choices):
        pair = dataclasses.replace(row, cells=row.cells[first : first + choices])
        mark = read_marks(page, pair).chosen
        own = first + row.alphabet.index(mark.value) if mark is not None else -1
        clear = mark is not None and _is_clear(mark, own, parts, places, shares)
        said.append(KINDS.get(mark.value) if clear and mark is not None else None)
    return tuple(said)


_Place = tuple[slice, slice]


def _is_clear(
    mark: CellMark,
    own: int,
    parts: NDArray[np.int32],
    places: Sequence[_Place],
    shares: NDArray[np.int64],
) -> bool:
    """Whether the mark is sure, and made by ink that belongs to its cell."""
    if mark.probability < _SURE:
        return False
    if mark.filled >= _BLACKENED:
        return True  # blacked out: no tail fills a cell, though its strokes may meet the next one's
    inside = parts[places[own]]
    entering = np.bincount(inside.ravel(), minlength=shares.shape[1])
    entering[0] = 0
    largest = int(np.argmax(entering))
    everywhere = int(shares[:, largest].sum())
    return everywhere > 0 and int(shares[own, largest]) >= _OWN_SHARE * everywhere


def _within(cell: BoxMm, ink: ZoneInk) -> _Place:
    """Where a cell lies in the picture of the row."""
    return _place(cell.to_px(), ink.box_px, 0)


def _place(box: BoxPx, area: BoxPx, inset_px: int) -> _Place:
    top, left = box.y - area.y + inset_px, box.x - area.x + inset_px
    bottom, right = box.y - area.y + box.h - inset_px, box.x - area.x + box.w - inset_px
    return slice(max(0, top), max(0, bottom)), slice(max(0, left), max(0, right))


def _print_shows(page: RegisteredPage, row: Zone, ink: ZoneInk) -> bool:
    """Whether the row's own print, meant to drop out, is dark enough on this scan to be a mark.

    No PIN is all letters or all digits, so under either word some cell is unmarked; where even the
    emptiest shows its print, the scan cannot tell print from marks.
    """
    printed = _pale_print(page.form)
    area = ink.box_px
    here = printed[area.y : area.y + area.h, area.x : area.x + area.w]
    for choice in range(len(row.alphabet)):
        shown = []
        for cell in row.cells[choice :: len(row.alphabet)]:
            place = _place(cell.to_px(), area, _INSET_PX)
            expected = here[place]
            if expected.any():
                shown.append(float(ink.ink[place][expected].mean()))
        if shown and min(shown) > _PRINT_SHOWS:
            return True
    return False


def _pale_print(form: FormDefinition) -> NDArray[np.bool_]:
    """Where the blank form prints anything, pale or dark."""
    if form.key not in _PRINT:
        _PRINT[form.key] = np.asarray(blank_raster(form)[:, :, 0] < _PRINT_BLUE, bool)
    return _PRINT[form.key]
