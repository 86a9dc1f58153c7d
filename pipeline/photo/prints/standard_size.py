"""What the standard size tells of a measured outline: which sides to take, what to be sure of.

Most prints are cut to 35 x 45 mm. Two sides that were found apart and come out at that length
hardly do so by chance; and where another length comes out while a step in the tones lies just
where the standard puts the side, either may be the edge. What looks too small may have a white rim,
unless the form's printing can be seen where the rim would be.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.photo.prints.outlines import STANDARD_MM, Outline, SidePlace
from pipeline.photo.thresholds import Limits

Pair = tuple[float, float]
Plane = NDArray[np.floating[Any]]

RIM_MM = 0.4  # printing in sight is marked with a rim as wide as this, and so is an edge's blur
CORNER_SHARE = 0.08  # of a side, at each end: corners may be round or lifted


def with_standard_sides(outline: Outline, limits: Limits) -> Outline:
    """Move sides that are in doubt to a step where the side opposite and the standard put them."""
    sides = list(outline.sides)
    for axis, low, high in _axes(outline):
        full = STANDARD_MM[axis] * outline.px_per_mm
        near = limits["standard_mm"] * outline.px_per_mm
        if abs(high.place - low.place - full) <= near:
            continue
        offers = [
            (size, number, at)
            for number, side, wanted in _wanted(axis, low, high, full)
            for at, size in _steps_at(side, wanted, outline, limits)
            if not side.seen and size >= limits["standard_faint"]
        ]
        if offers:
            _, number, at = max(offers)
            sides[number] = replace(sides[number], place=at, fits=False)
    return replace(outline, sides=sides)


def is_sure(outline: Outline, in_sight: Plane, limits: Limits) -> bool:
    """Whether the size is beyond doubt.

    A size near the standard is where every side is an edge beyond doubt, or fits one and both
    lengths are the standard's. Another size is where a length between two sides beyond doubt is
    another, whatever the other length is, and neither side could as well lie where the standard
    puts it.

    Args:
        outline: As measured.
        in_sight: H x W at the outline's scale, 1 where the form's printing is in sight, else 0.
        limits: Of the artefact, part ``print``.
    """
    off_mm = max(
        abs(_length_mm(outline, low, high) - STANDARD_MM[axis])
        for axis, low, high in _axes(outline)
    )
    if outline.seen < len(outline.sides):
        if all(s.fits for s in outline.sides) and off_mm <= limits["standard_mm"]:
            return True
    elif off_mm <= limits["standard_else_mm"]:
        return True
    other = [
        axis
        for axis, low, high in _axes(outline)
        if abs(_length_mm(outline, low, high) - STANDARD_MM[axis]) > limits["standard_else_mm"]
        and low.seen
        and high.seen
    ]
    turn = cv2.getRotationMatrix2D(outline.centre, outline.angle, 1.0)
    printing = np.asarray(cv2.warpAffine(in_sight, turn, in_sight.shape[::-1]), np.float32) > 0.5
    return bool(other) and not any(
        _another_offer(outline, axis, printing, limits) for axis in other
    )


def _another_offer(
    outline: Outline, axis: int, printing: NDArray[np.bool_], limits: Limits
) -> bool:
    """Whether a side of a length that is not the standard's could lie where the standard is."""
    low, high = outline.sides[2 * axis], outline.sides[2 * axis + 1]
    is_short = _length_mm(outline, low, high) < STANDARD_MM[axis]
    full = STANDARD_MM[axis] * outline.px_per_mm
    for number, side, wanted in _wanted(axis, low, high, full):
        sizes = [size for _, size in _steps_at(side, wanted, outline, limits)]
        if max(sizes, default=0.0) >= limits["standard_step"]:
            return True
        if is_short and not _is_paper(outline, number, wanted, printing, limits):
            return True
    return False


def _is_paper(
    outline: Outline, number: int, wanted: float, printing: NDArray[np.bool_], limits: Limits
) -> bool:
    """Whether the form's printing shows between a side and where the standard puts it."""
    across = 1 if number < 2 else 0
    along = outline.sides[2:] if number < 2 else outline.sides[:2]
    corner = CORNER_SHARE * (along[1].place - along[0].place)
    rim = RIM_MM * outline.px_per_mm
    near, far = sorted((outline.sides[number].place, wanted))
    rows = _between(along[0].place + corner, along[1].place - corner)
    gap = _between(near + rim, far - rim)
    part = printing[(rows, gap) if across else (gap, rows)]
    return bool(part.size) and float(part.any(axis=across).mean()) >= limits["standard_printing"]


def _between(low: float, high: float) -> slice:
    return slice(max(0, round(low)), max(0, round(high)))


def _axes(outline: Outline) -> list[tuple[int, SidePlace, SidePlace]]:
    """Width and height: their number and both of their sides."""
    return [(axis, outline.sides[2 * axis], outline.sides[2 * axis + 1]) for axis in (0, 1)]


def _wanted(
    axis: int, low: SidePlace, high: SidePlace, full: float
) -> list[tuple[int, SidePlace, float]]:
    """Both sides with their numbers and where the standard, from the other side, puts them."""
    return [(2 * axis, low, high.place - full), (2 * axis + 1, high, low.place + full)]


def _steps_at(side: SidePlace, wanted: float, outline: Outline, limits: Limits) -> list[Pair]:
    near = limits["standard_near_mm"] * outline.px_per_mm
    return [step for step in side.steps if abs(step[0] - wanted) <= near]


def _length_mm(outline: Outline, low: SidePlace, high: SidePlace) -> float:
    return (high.place - low.place) / outline.px_per_mm
