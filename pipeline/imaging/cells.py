"""Where the printed cells of a row really are: the registered place, corrected by the lines.

Registration is good to a fraction of a pixel where the paper is flat; a row that was bent or
printed askew can be off by a few pixels. So the lines are measured to a fraction of a pixel and
correct the registered place by as much as they are worth: all together, smoothly along the row
(a bend), and each upright line by itself (a printer sets lines on whole dots). What is not seen
(drop-out colours in a bilevel scan) corrects nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, BoxMm, BoxPx
from pipeline.forms.definition import Zone
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.imaging.printed_lines import (
    Profile,
    Sighting,
    pale_profile,
    ridges,
    sightings,
    whole_shift,
    without_strokes,
)

MAX_SHIFT_PX = 7
_PAD_PX = MAX_SHIFT_PX + 6
_CAP_LEVELS = 80
_SAME_LINE_PX = 1.0
# What rows differ by from where they were registered, measured on pages of known geometry: all
# lines together, along the row (with the length over which that changes), each line by itself.
_TOGETHER_PX, _ALONG_PX, _ALONE_PX = 0.8, 0.5, 0.3
_CHANGES_OVER_PX = 500.0
_LEAST_SEEN = 2

Places = NDArray[np.float64]


def refine_cells(page: RegisteredPage, zone: Zone) -> tuple[BoxPx, ...]:
    """The cells of a zone on this page.

    Args:
        page: The registered page.
        zone: A zone with cells.

    Returns:
        One box for each cell in the zone's order, registered pixels: on the printed lines where
        they can be seen, else where the definition has them. Each side is rounded by itself, so
        cells that share a line in the definition share it here.
    """
    refined = [_box(c.x, c.y, c.x + c.w, c.y + c.h) for c in map(_in_px, zone.cells)]
    if zone.rule_mm > 0:
        for row in _rows(zone.cells):
            boxes = _refine_row(page, [zone.cells[i] for i in row], zone.rule_mm)
            for index, box in zip(row, boxes, strict=True):
                refined[index] = box
    return tuple(refined)


def _in_px(cell: BoxMm) -> BoxMm:
    """A cell in registered pixels, not rounded."""
    return BoxMm(*(PX_PER_MM * v for v in (cell.x, cell.y, cell.w, cell.h)))


def _box(left: float, top: float, right: float, bottom: float) -> BoxPx:
    x, y = round(left), round(top)
    return BoxPx(x, y, round(right) - x, round(bottom) - y)


def _rows(cells: Sequence[BoxMm]) -> list[list[int]]:
    """Indices of cells that stand in one row: equal tops and heights, within a pixel or two."""
    rows: list[list[int]] = []
    close = 2 / PX_PER_MM
    for index, cell in enumerate(cells):
        for row in rows:
            first = cells[row[0]]
            if abs(first.y - cell.y) <= close and abs(first.h - cell.h) <= close:
                row.append(index)
                break
        else:
            rows.append([index])
    return rows


def _refine_row(page: RegisteredPage, cells: Sequence[BoxMm], rule_mm: float) -> list[BoxPx]:
    sides = np.array([(c.x, c.y, c.x + c.w, c.y + c.h) for c in map(_in_px, cells)])
    left, top = (int(v) - _PAD_PX for v in sides[:, :2].min(axis=0))
    right, bottom = (int(v) + _PAD_PX for v in sides[:, 2:].max(axis=0))
    height, width = page.pixels.shape[:2]
    if left < 0 or top < 0 or right > width or bottom > height:
        return [_box(*s) for s in sides]
    darkness = _darkness(page.pixels[top:bottom, left:right], page.paper_bgr)
    rule_px = max(1, round(rule_mm * PX_PER_MM))
    corner = np.array([left, top, left, top])
    sides = sides - corner
    sides[:, 1::2] += _down(darkness, sides, rule_px)[:, None]
    edges = _edges(sides)
    moved = edges + _across(darkness, sides, edges, rule_px)
    for side in (0, 2):
        nearest = np.abs(sides[:, side, None] - edges[None, :]).argmin(axis=1)
        sides[:, side] = moved[nearest]
    return [_box(*s) for s in sides + corner]


def _edges(sides: Places) -> Places:
    """Places of the upright lines; one that two cells share once."""
    edges: list[float] = []
    for place in sorted([*sides[:, 0], *sides[:, 2]]):
        if not edges or place - edges[-1] > _SAME_LINE_PX:
            edges.append(place)
    return np.array(edges)


def _down(darkness: Pixels, sides: Places, rule_px: int) -> Places:
    """How far down from the registered place each cell of a row lies."""
    ridge: list[Profile] = []
    for x0, _, x1, _ in sides:
        gap = min(4, max(0, int(x1 - x0) // 2 - 1))
        inside = darkness[:, round(x0) + gap : max(round(x0) + gap + 1, round(x1) - gap)]
        ridge.append(ridges(pale_profile(inside, 1), rule_px))
    first = [float(sides[0, 1]), float(sides[0, 3])]
    shift = whole_shift(np.median(ridge, axis=0), first, rule_px, MAX_SHIFT_PX)
    middles = (sides[:, 0] + sides[:, 2]) / 2
    at: list[float] = []
    seen: list[Sighting] = []
    for middle, profile, (_, y0, _, y1) in zip(middles, ridge, sides, strict=True):
        own = sightings(profile, [y0 + shift, y1 + shift], rule_px)
        seen += [Sighting(len(at) + k, s.off_px, s.doubt_px, s.levels) for k, s in enumerate(own)]
        at += [float(middle)] * len(own)
    field, _ = _believed(seen, np.array(at), middles)
    return shift + field


def _across(darkness: Pixels, sides: Places, edges: Places, rule_px: int) -> Places:
    """How far to the right of its registered place each upright line stands."""
    tall = float((sides[:, 3] - sides[:, 1]).min())
    inset = max(2, round(tall / 8))
    band = darkness[round(sides[:, 1].max()) + inset : round(sides[:, 3].min()) - inset]
    if len(band) < inset:
        return np.zeros(len(edges))
    ridge = ridges(pale_profile(band, 0), rule_px)
    shift = whole_shift(ridge, list(edges), rule_px, MAX_SHIFT_PX)
    field, own = _believed(sightings(ridge, list(edges + shift), rule_px), edges, edges)
    return shift + field + own


def _believed(seen: Sequence[Sighting], places: Places, wanted: Places) -> tuple[Places, Places]:
    """What sightings say of the shift at places along a row, weighed against the registration.

    Args:
        seen: The sightings; their numbers are indices of ``places``.
        places: Where along the row the lines stand.
        wanted: Where along the row the shift is asked for.

    Returns:
        The shift at each place wanted, and what the line that stands there has besides.
    """
    kept = without_strokes(seen)
    if len(kept) < _LEAST_SEEN:
        return np.zeros(len(wanted)), np.zeros(len(wanted))
    at = places[[s.number for s in kept]]
    doubts = np.array([s.doubt_px for s in kept])
    spread = _likeness(at, at) + np.diag(doubts**2 + _ALONE_PX**2)
    solved = np.linalg.solve(spread, np.array([s.off_px for s in kept]))
    its_own = np.abs(wanted[:, None] - at[None, :]) < _SAME_LINE_PX / 2
    alone = np.asarray(_ALONE_PX**2 * (its_own @ solved), np.float64)
    return _likeness(wanted, at) @ solved, alone


def _likeness(a: Places, b: Places) -> Places:
    """How the shifts of two places of a row go together: their covariance, pixels squared."""
    apart = (a[:, None] - b[None, :]) / _CHANGES_OVER_PX
    return np.asarray(_TOGETHER_PX**2 + _ALONG_PX**2 * np.exp(-0.5 * apart**2), np.float64)


def _darkness(crop: Pixels, paper_bgr: tuple[int, int, int]) -> Pixels:
    """How much darker than paper each pixel is in its darkest channel, capped.

    The cap keeps a pen stroke, ten times darker than a drop-out line, from outweighing it.
    """
    paper = np.empty_like(crop)
    paper[:] = paper_bgr
    blue, green, red = cv2.split(cv2.subtract(paper, crop))
    darkest = cv2.max(cv2.max(blue, green), red)
    return np.minimum(darkest, _CAP_LEVELS).astype(np.uint8, copy=False)
