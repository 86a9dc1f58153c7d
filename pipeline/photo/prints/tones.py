"""Measures the four sides of a print in the tones across them, to a fraction of a millimetre.

Tones are shares of the same sheet's blank paper, and what the form itself prints is left out
where it is in sight. The frame is straightened by the print's turn (``turn``), then each side
looked for in a strip across it (``side_choice``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM
from pipeline.imaging.pages import Pixels
from pipeline.photo.prints.printing_in_sight import Blank, printing_in_sight
from pipeline.photo.prints.side_choice import side_in
from pipeline.photo.prints.strips import Pair, Side
from pipeline.photo.prints.turn import turn_of
from pipeline.photo.thresholds import Limits

Plane = NDArray[np.floating[Any]]

WORK_PX_PER_MM = 8.0
SIDE_SHARE = 0.84  # of a side: corners may be round or lifted
REACH_MM = 4.5  # to both sides of where an edge is looked for
TURN_REACH_MM = 6.0  # a corner of a turned print lies further off
ROUNDS = 3
SMALL_TURN_DEG = 0.1  # moves the middle of a side by nothing, its ends by 0.04 mm


@dataclass(frozen=True, slots=True)
class Sheet:
    """The surroundings of the photo's place at the working scale.

    Attributes:
        ratio: H x W x 3, tone over the tone of blank paper.
        plain: H x W, 1 where no printing of the form is in sight, else 0.
        covered: H x W, 1 where printing of the form should be and is not.
    """

    ratio: NDArray[np.float32]
    plain: NDArray[np.float32]
    covered: NDArray[np.float32]


def working_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height at the working scale of registered pixels H x W."""
    factor = WORK_PX_PER_MM / PX_PER_MM
    return round(shape[1] * factor), round(shape[0] * factor)


def sheet_of(crop: Pixels, blank: Blank, paper_bgr: tuple[int, int, int]) -> Sheet:
    """Scale a crop of a registered page for measuring."""
    seen = cv2.resize(crop, working_size(crop.shape), interpolation=cv2.INTER_AREA)
    tone = np.maximum(np.array(paper_bgr, np.float32), 1.0)
    printing = printing_in_sight(np.asarray(seen, np.uint8), blank, tone)
    plain = np.asarray(1 - printing.in_sight, np.float32)
    return Sheet(np.asarray(seen, np.float32) / tone, plain, printing.covered)


def measure(sheet: Sheet, centre: Pair, half: Pair, limits: Limits) -> tuple[float, list[Side]]:
    """Turn, degrees clockwise, and the left, right, top and bottom side of a print.

    Args:
        sheet: Surroundings.
        centre: Where the print is expected, working pixels; the frame turns about it.
        half: Half of the width and height to expect, working pixels.
        limits: Of the artefact, part ``print``.
    """
    reach = TURN_REACH_MM * WORK_PX_PER_MM
    angle = turn_of(sheet.ratio, sheet.plain, centre, half, reach)
    sides: list[Side] = []
    for more in reversed(range(ROUNDS)):
        sides = _sides(sheet, centre, half, angle, limits)
        seen = [(n, side) for n, side in enumerate(sides) if side.seen]
        if not seen:
            break
        # Sides that run down lean the other way than those that run right.
        leans = np.array([-side.slope if n < 2 else side.slope for n, side in seen])
        lengths = np.array([half[1] if n < 2 else half[0] for n, _ in seen])
        rest = math.degrees(math.atan(_weighted_median(leans, lengths)))
        if abs(rest) < SMALL_TURN_DEG or not more:
            break
        angle += rest
    return angle, sides


def _weighted_median(values: Plane, weights: Plane) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(np.interp(total[-1] / 2, total - weights[order] / 2, values[order]))


def _sides(sheet: Sheet, centre: Pair, half: Pair, angle: float, limits: Limits) -> list[Side]:
    turn = cv2.getRotationMatrix2D(centre, angle, 1.0)
    size = (sheet.plain.shape[1], sheet.plain.shape[0])
    turned = cv2.warpAffine(sheet.ratio, turn, size, borderMode=cv2.BORDER_REPLICATE)
    ratio = np.asarray(turned, np.float32)
    plain = np.asarray(cv2.warpAffine(sheet.plain, turn, size) > 0.95, np.float32)
    gone = np.asarray(cv2.warpAffine(sheet.covered, turn, size) > 0.5, np.float32)
    found = []
    for number in range(4):
        axis, far = (0 if number < 2 else 1), number % 2 == 1
        tones = ratio if axis == 0 else ratio.transpose(1, 0, 2)
        clear = plain if axis == 0 else plain.T
        covered = gone if axis == 0 else gone.T
        along = SIDE_SHARE * half[1 - axis]
        middle = centre[1 - axis]
        rows = slice(max(0, round(middle - along)), max(0, round(middle + along)))
        guess = centre[axis] + (half[axis] if far else -half[axis])
        reach = REACH_MM * WORK_PX_PER_MM
        low, high = max(0, round(guess - reach)), min(tones.shape[1], round(guess + reach))
        inwards = slice(None, None, -1 if far else 1)
        across = (rows, slice(low, high))
        strips = [plane[across][:, inwards] for plane in (tones, clear, covered)]
        side = side_in(strips[0], strips[1], strips[2], limits)
        start, way = (high, -1) if far else (low, 1)
        steps = tuple((start + way * at, size) for at, size in side.steps)
        place = start + way * side.place
        found.append(replace(side, place=place, slope=way * side.slope, steps=steps))
    return found
