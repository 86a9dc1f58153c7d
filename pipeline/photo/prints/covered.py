"""A rough outline of a print, by how much of each line is covered by what no form printed there.

The print ends at the outermost place, side by side, where enough of a line is covered; lines fitted
to where each row crosses the edge then say the turn. This is all that a bilevel scan can tell.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.photo.prints.outlines import STANDARD_MM, Outline, SidePlace
from pipeline.photo.thresholds import Limits

Plane = NDArray[np.floating[Any]]

COARSE_PX_PER_MM = 5.0
ANGLES_DEG = np.arange(-6.0, 6.01, 1.0)  # lines fitted to the edges say the rest


def rough_outline(unexplained: Plane, centre: tuple[float, float], limits: Limits) -> Outline:
    """The outline at the rotation at which the four sides are sharpest.

    Args:
        unexplained: H x W at ``COARSE_PX_PER_MM``, levels that no printing of the form explains.
        centre: Of the photo's place, coarse pixels.
        limits: Of the artefact, part ``print``.
    """
    best: tuple[float, float, list[SidePlace]] | None = None
    for angle in ANGLES_DEG:
        turn = cv2.getRotationMatrix2D(centre, float(angle), 1.0)
        straight = cv2.warpAffine(unexplained, turn, unexplained.shape[::-1])
        sides = _sides(np.asarray(straight, np.float32), centre, limits)
        score = sum(s.sharp for s in sides)
        if best is None or score > best[0]:
            best = (score, float(angle), sides)
    assert best is not None
    return Outline(COARSE_PX_PER_MM, centre, best[1], best[2])


def refined(unexplained: Plane, rough: Outline, limits: Limits) -> Outline:
    """Rotation and sides again, from a line fitted to the edge crossings of each side."""
    centre, angle, sides = rough.centre, rough.angle, rough.sides
    for _ in range(3):
        turn = cv2.getRotationMatrix2D(centre, angle, 1.0)
        straight = np.asarray(
            cv2.warpAffine(unexplained, turn, unexplained.shape[::-1]), np.float32
        )
        lines = []
        for index, side in enumerate(sides):
            plane = straight if index < 2 else np.ascontiguousarray(straight.T)
            axis = 1 if index < 2 else 0
            half = STANDARD_MM[axis] / 2 * COARSE_PX_PER_MM * 0.85
            rows = np.arange(*_span(centre[axis], half, plane.shape[0]).indices(plane.shape[0]))
            lines.append(_line_of(plane, rows, side, outwards=index % 2 * 2 - 1, limits=limits))
        # Rows of left and right run down, columns of top and bottom run right: the slopes of an
        # upright print under a remaining turn have opposite signs.
        slopes = [(-line[0] if i < 2 else line[0], line[2]) for i, line in enumerate(lines) if line]
        if not slopes:
            break
        weight = sum(w for _, w in slopes)
        rest = math.degrees(math.atan(sum(v * w for v, w in slopes) / weight))
        # The outline of a head against a paper-white wall is no cut edge: it is not straight.
        sides = [
            SidePlace(line[1], side.sharp, True) if line else SidePlace(math.nan, side.sharp, False)
            for side, line in zip(sides, lines, strict=True)
        ]
        angle += float(np.clip(rest, -2.0, 2.0))
    return Outline(rough.px_per_mm, centre, angle, sides)


def _line_of(
    plane: Plane, rows: NDArray[np.int64], side: SidePlace, *, outwards: int, limits: Limits
) -> tuple[float, float, int] | None:
    """Slope, place at the middle row, and number of rows of an edge; None where it is too weak."""
    if not side.seen or not math.isfinite(side.place):
        return None
    reach = 9
    steps = np.arange(-reach, reach + 1)
    columns = np.round(side.place).astype(int) + outwards * steps  # from inside to outside
    if columns.min() < 0 or columns.max() >= plane.shape[1]:
        return None
    strips = plane[np.ix_(rows, columns)]
    level = np.median(strips[:, : reach - 3], axis=1)
    strong = level > 1.5 * limits["differs_levels"]
    found_rows, places = [], []
    for row, strip, inner in zip(rows[strong], strips[strong], level[strong], strict=True):
        over = np.flatnonzero(strip > inner / 2)
        if not len(over) or over[-1] >= 2 * reach:
            continue
        last = int(over[-1])
        part = (strip[last] - inner / 2) / max(strip[last] - strip[last + 1], 1e-6)
        places.append(columns[last] + outwards * float(np.clip(part, 0, 1)) + 0.5)
        found_rows.append(float(row))
    if len(places) < 12:
        return None
    r, p = np.array(found_rows), np.array(places)
    middle = float(rows.mean())
    for _ in range(3):
        slope, place = np.polyfit(r - middle, p, 1)
        off = np.abs(p - (slope * (r - middle) + place))
        keep = off <= max(0.8, 1.5 * float(np.median(off)))
        if keep.all() or keep.sum() < 12:
            break
        r, p = r[keep], p[keep]
    spread = float(np.median(np.abs(p - (slope * (r - middle) + place))))
    straight = spread <= limits["straight_px"] and len(r) >= limits["straight_share"] * len(rows)
    return (float(slope), float(place), len(r)) if straight else None


def _sides(plane: Plane, centre: tuple[float, float], limits: Limits) -> list[SidePlace]:
    """Left, right, top and bottom of an upright print."""
    half_w, half_h = (s / 2 * COARSE_PX_PER_MM for s in STANDARD_MM)
    found = []
    rows = plane[_span(centre[1], half_h * 0.85, plane.shape[0])]
    for profile, direction in ((rows, -1), (rows, 1)):
        found.append(_outermost(profile, centre[0], direction, limits))
    columns = plane[:, _span(centre[0], half_w * 0.85, plane.shape[1])].T
    for profile, direction in ((columns, -1), (columns, 1)):
        found.append(_outermost(profile, centre[1], direction, limits))
    return found


def _span(middle: float, half: float, size: int) -> slice:
    return slice(max(0, round(middle - half)), min(size, round(middle + half)))


def _outermost(lines: Plane, middle: float, direction: int, limits: Limits) -> SidePlace:
    covered = (lines > limits["differs_levels"]).mean(axis=0)
    if direction < 0:
        covered = covered[::-1]
        middle = len(covered) - 1 - middle
    start = int(middle)
    outer = covered[start:]
    level = limits["covered_share"]
    over = np.flatnonzero(outer > level)
    # Walk outwards; a gap wider than the tolerance ends the print, so that a stray mark beyond
    # it is not taken for its edge.
    edge = start
    last = -1
    for index in over:
        if last >= 0 and index - last > limits["gap_mm"] * COARSE_PX_PER_MM:
            break
        last = int(index)
    if last < 0:
        return SidePlace(float("nan"), 0.0, False)
    edge = start + last
    inside = float(covered[max(0, edge - 3) : edge + 1].max())
    beyond = float(covered[edge + 1]) if edge + 1 < len(covered) else 0.0
    # Half-level crossing between the last covered line and the next.
    half = inside / 2
    fine = edge + 0.5
    at = float(covered[edge])
    if at > half > beyond:
        fine = edge + (at - half) / max(at - beyond, 1e-6)
    sharp = inside - (float(covered[edge + 2]) if edge + 2 < len(covered) else 0.0)
    reaches_rim = edge >= len(covered) - 3
    place = fine + 0.5
    if direction < 0:
        place = len(covered) - place
    seen = not reaches_rim and inside > limits["side_share"]
    return SidePlace(place if seen else math.nan, sharp, seen)
