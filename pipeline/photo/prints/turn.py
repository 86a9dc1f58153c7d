"""The turn of a print, by where its tones begin on the way in from the paper.

Along every row and column the first tone that is not the paper's lies on the outline, or in the
shadow along it, or, where a wall is as white as the paper, somewhere inside. What lies on the
outline gathers on four straight lines at the right turn and at no other; lines of the picture
itself, which may run any way, lie behind the outline and are not met.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]
Pair = tuple[float, float]

SCALE = 0.5  # of the working scale: lines are looked for, not yet measured
ANGLES_DEG = np.arange(-8.0, 8.01, 0.5)
FINER_DEG = np.array((-0.25, 0.0, 0.25))
# Share of the paper's tone: the palest walls, shadows, the picture. On 206 development pages
# (benchmarks.photo_prints, drawn and real) 200 came within 0.5 degrees, by the steps of all tones
# near the outline 167.
BEGINS = (0.015, 0.05, 0.15)
BINS = 512  # more than a diagonal


def turn_of(ratio: Plane, plain: Plane, centre: Pair, half: Pair, reach: float) -> float:
    """Degrees clockwise by which a print is turned.

    Args:
        ratio: H x W x 3, tone over the tone of blank paper.
        plain: H x W, 1 where no printing of the form is in sight, else 0.
        centre: Where the print is expected, pixels.
        half: Half of the width and height to expect, pixels.
        reach: How far from there its sides may lie, pixels.
    """
    begins = list(_beginnings(ratio, plain, centre, half, reach))
    coarse = _straightest(begins, ANGLES_DEG)
    return _straightest(begins, coarse + FINER_DEG)


def _beginnings(
    ratio: Plane, plain: Plane, centre: Pair, half: Pair, reach: float
) -> Iterator[tuple[Plane, Plane, int]]:
    """Places along and across a side where a tone begins; how they lean under a turn."""
    small = cv2.resize(ratio, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
    differs = np.abs(cv2.GaussianBlur(small, (0, 0), 0.7) - 1).max(axis=2)
    seen = cv2.resize(plain, differs.shape[::-1], interpolation=cv2.INTER_AREA)
    clear = cv2.erode(seen, np.ones((3, 3), np.uint8)) > 0.9
    for axis, lean in ((0, 1), (1, -1)):
        tones, known = (differs, clear) if axis == 0 else (differs.T, clear.T)
        middle, side = SCALE * centre[axis], SCALE * half[axis]
        along, length = SCALE * centre[1 - axis], SCALE * half[1 - axis]
        rows = np.arange(max(0, round(along - length)), min(len(tones), round(along + length)))
        for way in (-1, 1):
            outside, inside = (middle + way * (side + s * SCALE * reach) for s in (1, -1))
            columns = np.arange(round(outside), round(inside), -way)
            columns = columns[(columns >= 0) & (columns < tones.shape[1])]
            strip, visible = tones[np.ix_(rows, columns)], known[np.ix_(rows, columns)]
            for level in BEGINS:
                over = (strip > level) & visible
                first = over.argmax(axis=1)
                # A tone that begins under printing, or outside all that is looked at, says nothing.
                told = (first > 0) & visible[np.arange(len(rows)), np.maximum(first - 1, 0)]
                yield rows[told] - along, first[told].astype(float), -way * lean


def _straightest(begins: list[tuple[Plane, Plane, int]], angles_deg: Plane) -> float:
    scores = np.zeros(len(angles_deg))
    tangents = np.tan(np.radians(angles_deg))[:, None]
    start = BINS * np.arange(len(angles_deg))[:, None]
    for along, across, lean in begins:
        lines = np.round(across + lean * tangents * along + BINS / 4).astype(np.int64)
        lines = np.clip(lines, 0, BINS - 1) + start
        met = np.bincount(lines.ravel(), minlength=BINS * len(angles_deg))
        met = met.reshape(len(angles_deg), BINS)
        scores += ((met[:, 1:] + met[:, :-1]) ** 2).sum(axis=1)
    return float(angles_deg[int(scores.argmax())])
