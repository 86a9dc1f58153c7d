"""The tones across one side of a print, part by part along it, and the steps in them.

A side is cut into parts, each averaged along the side; where the form's own printing hides the
tones they are unknown.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]
Pair = tuple[float, float]

LIGHT = np.array((0.114, 0.587, 0.299))  # of blue, green, red (ITU-R BT.601)
COLOUR_SHARE = 0.25  # a scan keeps colour less sharply than light, JPEG above all
LOW_QUANTILE = 0.3  # a step of a whole side is one that most of its parts have
ENOUGH_PARTS = 4


@dataclass(frozen=True, slots=True)
class Side:
    """A side of the print in the straightened working frame.

    Attributes:
        place: Where its middle lies, working pixels; NaN where there is no step at all.
        slope: Working pixels that it leaves the frame's direction by, a pixel along it.
        step: Share of the paper's tone.
        seen: An edge beyond doubt: straight, and the tones across it are those of an edge.
        fits: The tones across it are much like those of an edge, straight or not.
        steps: Place and size of every step that most parts have, the chosen one among them.
    """

    place: float
    slope: float
    step: float
    seen: bool
    fits: bool = False
    steps: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Strip:
    """Tones across a side, from the paper inwards.

    Attributes:
        tones: Parts x columns x 3: light and two colour differences; NaN where hidden.
        rows: Middle row of each part.
        sizes: Parts x columns + 1, by how much the tone changes at each boundary of columns.
        visible: Of the same shape: no printing hides the tones beside it.
    """

    tones: Plane
    rows: Plane
    sizes: Plane
    visible: NDArray[np.bool_]

    def common(self) -> Plane:
        """The step that most parts have within a column, by the parts that show it."""
        return _common(self.sizes, self.visible)

    def shifts(self, slope: float) -> Plane:
        """Columns by which a line of that slope lies off its middle in each part."""
        return np.asarray(slope * (self.rows - self.rows.mean()))

    def profile(self, slope: float, members: NDArray[np.bool_] | None = None) -> Plane:
        """Median over the parts, or some of them, moved so that a side of that slope is upright."""
        some = slice(None) if members is None else members
        return _profile(self.tones[some], self.shifts(slope)[some])


def strip_of(pixels: Plane, clear: Plane, parts: int) -> Strip:
    """Cut a strip into parts.

    Args:
        pixels: Rows along the side x columns from the paper inwards x 3.
        clear: Rows x columns, 1 where no printing is in sight, else 0.
        parts: How many.
    """
    tones, rows = _tones(pixels, clear, parts)
    sizes = np.abs(_steps(_held(tones))).max(axis=2)
    return Strip(tones, rows, sizes, np.isfinite(_steps(tones)[..., 0]))


def _tones(strip: Plane, clear: Plane, parts: int) -> tuple[Plane, Plane]:
    """Light and two colour differences, parts x columns x 3, NaN where hidden; middle rows."""
    cuts = np.linspace(0, strip.shape[0], parts + 1).astype(int)
    count = np.add.reduceat(clear, cuts[:-1], axis=0)
    sums = np.add.reduceat(strip * clear[..., None], cuts[:-1], axis=0)
    known = count >= 0.25 * np.diff(cuts)[:, None]
    levels = np.where(known[..., None], sums / np.maximum(count, 1)[..., None], np.nan)
    light = levels @ LIGHT
    colours = (COLOUR_SHARE * (levels[..., c] - light) for c in (0, 2))
    return np.stack([light, *colours], axis=2), (cuts[:-1] + cuts[1:] - 1) / 2


def _held(tones: Plane) -> Plane:
    """Hidden tones taken from outside them."""
    out = tones.copy()
    for part in out:
        known = np.isfinite(part[:, 0])
        if not known.any():
            part[:] = (1.0, 0.0, 0.0)
            continue
        last = np.maximum.accumulate(np.where(known, np.arange(len(part)), -1))
        part[:] = part[np.where(last < 0, int(known.argmax()), last)]
    return out


def _steps(tones: Plane) -> Plane:
    """Two columns after each boundary less two before it, parts x columns + 1 x 3."""
    steps = np.zeros((tones.shape[0], tones.shape[1] + 1, tones.shape[2]))
    steps[:, 2:-2] = (tones[:, 2:-1] + tones[:, 3:] - tones[:, :-3] - tones[:, 1:-2]) / 2
    return steps


def _common(sizes: Plane, seen: NDArray[np.bool_]) -> Plane:
    near = np.maximum(sizes, np.maximum(np.roll(sizes, 1, 1), np.roll(sizes, -1, 1)))
    count = seen.sum(axis=0)
    some = count >= ENOUGH_PARTS
    ordered = np.sort(np.where(seen | ~some, near, np.inf), axis=0)
    rank = LOW_QUANTILE * (np.where(some, count, len(sizes)) - 1)
    low = np.floor(rank).astype(int)
    columns = np.arange(sizes.shape[1])
    lower, upper = ordered[low, columns], ordered[np.minimum(low + 1, len(sizes) - 1), columns]
    share = rank - low
    return np.where(share > 0, lower + share * (np.where(share > 0, upper, 0) - lower), lower)


def _profile(tones: Plane, shifts: Plane) -> Plane:
    columns = np.arange(tones.shape[1])
    moved = [
        [np.interp(columns + shift, columns, part[:, c]) for c in range(3)]
        for shift, part in zip(shifts, tones, strict=True)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns that every part has hidden
        return np.asarray(np.nanmedian(moved, axis=0).T)
