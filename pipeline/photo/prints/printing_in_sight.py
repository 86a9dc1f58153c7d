"""Where the form's own printing can still be seen round a photo that was glued on it.

A frame line, a letter or a fill must not be taken for the edge of the print; where the print
covers it, there is nothing to leave out. So a line counts only where the page shows it: as dark
against its surroundings as the blank form has it, and of the same colour, or of the grey that a
scanner without colour makes of it. Shadows do not matter, since both are judged against what lies
round them. Where a line should be and none is, the print lies on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.photo.prints.greys import as_greys, is_grey

Plane = NDArray[np.floating[Any]]

THIN_PX = 11  # wider than any line or stroke of the form at the working scale
PRINTED = 0.03  # share of the surroundings' tone: fainter printing hides no edge
LIKE, LIKE_FLOOR = 0.5, 0.02  # how far a line may be from its print: share of its depth, and more
IN_SIGHT = 0.3  # share of its depth that a line keeps after scanning
DEEP, GONE = 0.1, 0.12  # printing that no scan loses; share of its depth that is none at all
FILL_LEVEL = 235  # of 255: darker plains are fills
DRIFT_PX = 4  # that registration may be off by, working pixels
EXPLAINED = 0.8  # of the darkest tone of the printing near a pixel: ringing, faint shadows
RIM_PX = 7  # a square this wide round each: blur and the compression's ringing


@dataclass(frozen=True, slots=True)
class BlankSurroundings:
    """What a blank form shows round its photo box to one kind of scanner, at the working scale.

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


@dataclass(frozen=True, slots=True)
class Blank:
    """A blank form as scanners of every kind show it."""

    in_colour: BlankSurroundings
    in_grey: tuple[BlankSurroundings, ...]


def prepared_blank(drawn: Pixels) -> Blank:
    """Prepare the blank once for all pages of its form."""
    greys = (np.asarray(np.round(grey), np.uint8) for grey in as_greys(drawn))
    return Blank(_surroundings(drawn), tuple(_surroundings(grey) for grey in greys))


def _surroundings(drawn: Pixels) -> BlankSurroundings:
    relative = _relative(drawn)
    depth = 1 - _least(relative)
    rim = DRIFT_PX + 1
    rows, columns = np.nonzero(depth[rim:-rim, rim:-rim] > 0.08)
    some = slice(None, None, max(1, len(rows) // 2500))
    points = (rows[some] + rim, columns[some] + rim)
    kernel = np.ones((THIN_PX, THIN_PX), np.uint8)
    fill = cv2.morphologyEx(_least(drawn), cv2.MORPH_CLOSE, kernel) < FILL_LEVEL
    return BlankSurroundings(drawn, relative, depth, fill, points)


@dataclass(frozen=True, slots=True)
class Printing:
    """What a page shows of the form's printing.

    Attributes:
        in_sight: H x W, 1 where it is, or its rim, else 0.
        covered: H x W, 1 where it should be and nothing of it is: something lies on it.
    """

    in_sight: NDArray[np.float32]
    covered: NDArray[np.float32]


def printing_in_sight(seen: Pixels, kinds: Blank, paper_bgr: Plane) -> Printing:
    """Where a page at the working scale shows the form's printing, and where it does not."""
    like = kinds.in_grey if is_grey(seen) else (kinds.in_colour,)
    blank, move = min(
        ((blank, _drift(seen, blank, paper_bgr)) for blank in like),
        key=lambda one: _misfit(seen, one[0], paper_bgr, one[1]),
    )
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
    marked = (lines | fill).astype(np.uint8)
    rim = np.ones((RIM_PX, RIM_PX), np.uint8)
    darkest = cv2.erode(np.roll(blank.drawn, move, (0, 1)), rim) * (EXPLAINED * paper_bgr / 255)
    # What is darker than all printing near it is more than the printing's blur.
    explained = (seen >= darkest).all(axis=2)
    in_sight = np.asarray(cv2.dilate(marked, rim) * explained, np.float32)
    covered = (depth > DEEP) & (deep < GONE * depth) & (in_sight == 0)
    return Printing(in_sight, covered.astype(np.float32))


def _drift(seen: Pixels, blank: BlankSurroundings, paper_bgr: Plane) -> tuple[int, int]:
    """Rows and columns that the page's printing lies off the blank's."""

    def misfit(move: tuple[int, int]) -> float:
        return _misfit(seen, blank, paper_bgr, move)

    steps = range(-DRIFT_PX, DRIFT_PX + 1)
    coarse = min(((dy, dx) for dy in steps[::2] for dx in steps[::2]), key=misfit)
    around = [(coarse[0] + dy, coarse[1] + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return min((m for m in around if max(map(abs, m)) <= DRIFT_PX), key=misfit)


def _misfit(
    seen: Pixels, blank: BlankSurroundings, paper_bgr: Plane, move: tuple[int, int]
) -> float:
    """By how much the page differs from the blank at its deep pixels, share of their depth."""
    rows, columns = blank.points
    if not len(rows):
        return 0.0
    wanted = blank.drawn[rows, columns] * (paper_bgr / 255)
    most = 0.8 * np.abs(wanted - paper_bgr).sum(axis=1)
    gap = np.abs(seen[rows + move[0], columns + move[1]] - wanted).sum(axis=1)
    # What the print covers differs without limit wherever one looks.
    return float(np.minimum(gap, most).sum() / most.sum())


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
