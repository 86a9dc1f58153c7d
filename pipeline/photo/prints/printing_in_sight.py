"""Where the form's own printing can still be seen round a photo that was glued on it.

A frame line, a letter or a fill must not be taken for the edge of the print; where the print
covers it, there is nothing to leave out. So a line counts only where the page shows it: as dark
against its surroundings as the blank form has it, and of the same colour. Shadows do not matter,
since both are judged against what lies round them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels

Plane = NDArray[np.floating[Any]]

THIN_PX = 11  # wider than any line or stroke of the form at the working scale
PRINTED = 0.03  # share of the surroundings' tone: fainter printing hides no edge
LIKE, LIKE_FLOOR = 0.5, 0.02  # how far a line may be from its print: share of its depth, and more
IN_SIGHT = 0.3  # share of its depth that a line keeps after scanning
FILL_LEVEL = 235  # of 255: darker plains are fills
DRIFT_PX = 4  # that registration may be off by, working pixels
RIM_PX = 7  # a square this wide round each: blur and the compression's ringing


@dataclass(frozen=True, slots=True)
class BlankSurroundings:
    """What a blank form shows round its photo box, at the working scale.

    Attributes:
        drawn: H x W x 3, BGR.
        relative: H x W x 3, each channel over that of its surroundings.
        depth: H x W, how much darker than its surroundings, 0 to 1.
        fill: H x W, true on coloured plains.
        points: Rows and columns of some deep pixels, to line up by.
    """

    drawn: Pixels
    relative: Plane
    depth: Plane
    fill: NDArray[np.bool_]
    points: tuple[NDArray[np.int64], NDArray[np.int64]]


def blank_surroundings(drawn: Pixels) -> BlankSurroundings:
    """Prepare the blank once for all pages of its form."""
    relative = _relative(drawn)
    depth = 1 - _least(relative)
    rim = DRIFT_PX + 1
    rows, columns = np.nonzero(depth[rim:-rim, rim:-rim] > 0.08)
    some = slice(None, None, max(1, len(rows) // 2500))
    points = (rows[some] + rim, columns[some] + rim)
    kernel = np.ones((THIN_PX, THIN_PX), np.uint8)
    fill = cv2.morphologyEx(_least(drawn), cv2.MORPH_CLOSE, kernel) < FILL_LEVEL
    return BlankSurroundings(drawn, relative, depth, fill, points)


def printing_in_sight(
    seen: Pixels, blank: BlankSurroundings, paper_bgr: Plane
) -> NDArray[np.float32]:
    """1 where the page shows the form's printing or its rim, else 0; H x W."""
    down, right = _drift(seen, blank, paper_bgr)
    move = (down, right)
    wanted = np.roll(blank.relative, move, (0, 1))
    depth, fill = np.roll(blank.depth, move, (0, 1)), np.roll(blank.fill, move, (0, 1))
    shown = _relative(seen)
    unlike = np.full(depth.shape, np.inf, np.float32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            gap = cv2.absdiff(np.roll(wanted, (dy, dx), (0, 1)), shown)
            unlike = np.minimum(unlike, _greatest(gap))
    deep = cv2.dilate(1 - _least(shown), np.ones((3, 3), np.uint8))
    lines = (depth > PRINTED) & (unlike < LIKE * depth + LIKE_FLOOR) & (deep > IN_SIGHT * depth)
    marked = (lines | fill).astype(np.float32)
    return np.asarray(cv2.dilate(marked, np.ones((RIM_PX, RIM_PX), np.uint8)), np.float32)


def _drift(seen: Pixels, blank: BlankSurroundings, paper_bgr: Plane) -> tuple[int, int]:
    """Rows and columns that the page's printing lies off the blank's."""
    rows, columns = blank.points
    if not len(rows):
        return 0, 0
    wanted = blank.drawn[rows, columns] * (paper_bgr / 255)
    most = 0.8 * np.abs(wanted - paper_bgr).sum(axis=1)
    page = seen.astype(np.float32)

    def misfit(move: tuple[int, int]) -> float:
        gap = np.abs(page[rows + move[0], columns + move[1]] - wanted).sum(axis=1)
        # What the print covers differs without limit wherever one looks.
        return float(np.minimum(gap, most).mean())

    steps = range(-DRIFT_PX, DRIFT_PX + 1)
    coarse = min(((dy, dx) for dy in steps[::2] for dx in steps[::2]), key=misfit)
    around = [(coarse[0] + dy, coarse[1] + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return min((m for m in around if max(map(abs, m)) <= DRIFT_PX), key=misfit)


def _relative(pixels: Pixels) -> NDArray[np.float32]:
    around = cv2.morphologyEx(pixels, cv2.MORPH_CLOSE, np.ones((THIN_PX, THIN_PX), np.uint8))
    return np.asarray(cv2.divide(pixels, cv2.max(around, np.array(1.0)), dtype=cv2.CV_32F))


def _least(planes: Any) -> Any:
    """The darkest channel, of the same type as the planes."""
    first, second, third = cv2.split(planes)
    return cv2.min(cv2.min(first, second), third)


def _greatest(planes: Any) -> NDArray[np.float32]:
    first, second, third = cv2.split(planes)
    return np.asarray(cv2.max(cv2.max(first, second), third), np.float32)
