"""Where the printed cells of a row really are: the definition's place, moved onto the lines.

Registration is good to a pixel or so; a row of cells that was bent or printed askew can be off by
a few more. The row is moved as a whole (handwriting touches some lines but not most), then each
vertical line is moved on its own within a hair. Where no lines can be seen (drop-out colours in a
bilevel scan) the definition's place stands.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, BoxPx
from pipeline.forms.definition import Zone
from pipeline.imaging.pages import Pixels, RegisteredPage

MAX_SHIFT_PX = 7
_OWN_SHIFT_PX = 2
_PAD_PX = MAX_SHIFT_PX + _OWN_SHIFT_PX + 4
_MIN_LINE_LEVELS = 5.0  # a line must be this much darker than the paper beside it
_MIN_ADVANTAGE = 1.25  # and the best place this much better than the middling one
_CAP_LEVELS = 80
_SMOOTH = np.array([0.25, 0.5, 0.25])

Profile = NDArray[np.float64]


def refine_cells(page: RegisteredPage, zone: Zone) -> tuple[BoxPx, ...]:
    """The cells of a zone on this page.

    Args:
        page: The registered page.
        zone: A zone with cells.

    Returns:
        One box for each cell in the zone's order, registered pixels: on the printed lines where
        they can be seen, else where the definition has them.
    """
    expected = tuple(cell.to_px() for cell in zone.cells)
    if not expected:
        return ()
    refined = list(expected)
    for row in _rows(expected):
        boxes = [expected[i] for i in row]
        for index, box in zip(row, _refine_row(page, boxes, zone.rule_mm), strict=True):
            refined[index] = box
    return tuple(refined)


def _rows(boxes: tuple[BoxPx, ...]) -> list[list[int]]:
    """Indices of cells that stand in one row: equal tops and heights, within a pixel or two."""
    rows: list[list[int]] = []
    for index, box in enumerate(boxes):
        for row in rows:
            first = boxes[row[0]]
            if abs(first.y - box.y) <= 2 and abs(first.h - box.h) <= 2:
                row.append(index)
                break
        else:
            rows.append([index])
    return rows


def _refine_row(page: RegisteredPage, boxes: list[BoxPx], rule_mm: float) -> list[BoxPx]:
    left, top = min(b.x for b in boxes) - _PAD_PX, min(b.y for b in boxes) - _PAD_PX
    right = max(b.x + b.w for b in boxes) + _PAD_PX
    bottom = max(b.y + b.h for b in boxes) + _PAD_PX
    height, width = page.pixels.shape[:2]
    if left < 0 or top < 0 or right > width or bottom > height:
        return boxes
    darkness = _darkness(page.pixels[top:bottom, left:right], page.paper_bgr)
    rule_px = max(1, round(rule_mm * PX_PER_MM))
    local = [BoxPx(b.x - left, b.y - top, b.w, b.h) for b in boxes]
    down = _row_shift(
        _level_profile(darkness, local, rule_px), [local[0].y, local[0].y + local[0].h]
    )
    shift_y = down or 0
    moved = [BoxPx(b.x, b.y + shift_y, b.w, b.h) for b in local]
    upright = _upright_profile(darkness, moved, rule_px)
    edges = sorted({b.x for b in moved} | {b.x + b.w for b in moved})
    across = _row_shift(upright, edges)
    if across is None:
        return [BoxPx(b.x, b.y + shift_y, b.w, b.h) for b in boxes]
    place = {edge: edge + across + _own_shift(upright, edge + across) for edge in edges}
    return [
        BoxPx(
            left + place[m.x],
            top + m.y,
            place[m.x + m.w] - place[m.x],
            m.h,
        )
        for m in moved
    ]


def _darkness(crop: Pixels, paper_bgr: tuple[int, int, int]) -> Pixels:
    """How much darker than paper each pixel is in its darkest channel, capped.

    The cap keeps a pen stroke, ten times darker than a drop-out line, from outweighing it.
    """
    paper = np.empty_like(crop)
    paper[:] = paper_bgr
    blue, green, red = cv2.split(cv2.subtract(paper, crop))
    darkest = cv2.max(cv2.max(blue, green), red)
    return np.minimum(darkest, _CAP_LEVELS).astype(np.uint8, copy=False)


def _low(values: Pixels, axis: int) -> Profile:
    """The level that 70 % of the values along an axis reach."""
    rank = int(0.3 * (values.shape[axis] - 1))
    ordered = np.partition(values, rank, axis=axis)
    return np.asarray(np.take(ordered, rank, axis=axis), np.float64)


def _upright_profile(darkness: Pixels, boxes: list[BoxPx], rule_px: int) -> Profile:
    """For every column the darkness that 70 % of the row's height have at least."""
    inset = max(2, boxes[0].h // 8)
    band = darkness[boxes[0].y + inset : boxes[0].y + boxes[0].h - inset]
    return _lines(_low(band, 0), rule_px)


def _level_profile(darkness: Pixels, boxes: list[BoxPx], rule_px: int) -> Profile:
    """For every line of pixels the darkness along the insides of the cells."""
    columns = np.concatenate([np.arange(b.x + 3, b.x + b.w - 3) for b in boxes])
    return _lines(_low(darkness[:, columns], 1), rule_px)


def _lines(profile: Profile, rule_px: int) -> Profile:
    """A profile with its broad background taken away, smoothed to the rule's width."""
    row = profile.astype(np.float32)[None]
    reach = 2 * rule_px + 5
    kernel = np.ones((1, reach), np.uint8)
    ridge = row - cv2.morphologyEx(row, cv2.MORPH_OPEN, kernel)
    smooth = np.convolve(ridge[0].astype(np.float64), np.ones(rule_px) / rule_px, mode="same")
    return np.asarray(np.convolve(smooth, _SMOOTH, mode="same"), np.float64)


def _row_shift(profile: Profile, edges: list[int]) -> int | None:
    """The shift that puts the expected edges on lines, or None where no lines are seen."""
    shifts = np.arange(-MAX_SHIFT_PX, MAX_SHIFT_PX + 1)
    places = np.clip(np.array(edges)[None, :] + shifts[:, None], 0, len(profile) - 1)
    levels = profile[places]
    # The lower quartile over edges: a shift is right when nearly every edge finds its line.
    score = np.percentile(levels, 35, axis=1)
    best = int(np.argmax(score))
    strongest = float(score[best])
    others = float(np.median(score))
    if strongest < _MIN_LINE_LEVELS * 0.4 or strongest < _MIN_ADVANTAGE * others + 0.5:
        return None
    return int(shifts[best])


def _own_shift(profile: Profile, place: int) -> int:
    """A line's own small shift about the row's, where one stands out."""
    around = profile[max(0, place - _OWN_SHIFT_PX) : place + _OWN_SHIFT_PX + 1]
    if len(around) < 2 * _OWN_SHIFT_PX + 1:
        return 0
    best = int(np.argmax(around))
    if around[best] < _MIN_LINE_LEVELS * 0.4 or around[best] < 1.3 * around[_OWN_SHIFT_PX]:
        return 0
    return best - _OWN_SHIFT_PX
