"""A fold that slipped: the sheet on one side of a line is shifted against the other side.

Smooth splines follow such a step where print stands close on both sides of it and swing beside
it where print is rare. A step that is told as one (a place, a width, a shift) does neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtrs

Points = NDArray[np.float64]

# The grid of the first search and what is tried round its best; pixels at 150 dpi.
_PITCH_PX, _MARGIN_PX = 16.0, 40.0
_WIDE_PX = 24.0
_CLOSER_PX = np.arange(-16.0, 17.0, 4.0)
_CLOSER_WIDTHS_PX = (12.0, 18.0, 25.0, 36.0, 50.0)
_RIDGE = 0.3  # trust that the shift is nothing, in patches


@dataclass(frozen=True, slots=True)
class Slip:
    """A step along a straight line across the sheet.

    Attributes:
        upright: Whether the line runs down the sheet; else across it.
        at_px: Where it is: x where upright, else y.
        wide_px: How wide the passage from one side to the other is.
        shift_px: By how much (x, y) the far side is shifted against the near one.
    """

    upright: bool
    at_px: float
    wide_px: float
    shift_px: tuple[float, float] = (0.0, 0.0)

    def share(self, along: NDArray[np.float64]) -> NDArray[np.float64]:
        """The part of the shift that places of these coordinates have: -0.5 to 0.5."""
        return np.asarray(0.5 * np.tanh(2 * (along - self.at_px) / self.wide_px), np.float64)

    def column(self, points: Points) -> NDArray[np.float64]:
        """``share`` of places: N x 1."""
        return self.share(points[:, 0 if self.upright else 1])[:, None]

    def shift(self, points: Points) -> Points:
        """How places are shifted: N x 2."""
        return np.asarray(self.column(points) * np.array(self.shift_px), np.float64)

    def scaled(self, factor: float) -> Slip:
        """The same in pixels of another size."""
        x, y = self.shift_px
        moved = (x * factor, y * factor)
        return replace(
            self, at_px=self.at_px * factor, wide_px=self.wide_px * factor, shift_px=moved
        )


@dataclass(frozen=True, slots=True)
class Found:
    """The likeliest slip and those near it.

    Attributes:
        slip: The likeliest.
        at_px: Places tried.
        wide_px: Widths tried there.
        gain: By how much each lowers the weighted sum of squares.
    """

    slip: Slip
    at_px: NDArray[np.float64]
    wide_px: NDArray[np.float64]
    gain: NDArray[np.float64]

    def others(self, slip: Slip, unsure: float) -> list[Slip]:
        """The slip at other places and of other widths that explain as much but ``unsure``.

        The first and the last place, the narrowest and the widest: print is rare between rows, so
        a fold there may be anywhere between them.
        """
        possible = np.flatnonzero(self.gain >= self.gain.max() - unsure)
        at, wide = self.at_px[possible], self.wide_px[possible]
        ends = {int(k) for v in (at, wide) for k in (np.argmin(v), np.argmax(v))}
        return [replace(slip, at_px=float(at[k]), wide_px=float(wide[k])) for k in sorted(ends)]


def columns(slips: Sequence[Slip], points: Points) -> NDArray[np.float64]:
    """``Slip.share`` of places for each slip: N x slips."""
    none = np.zeros((len(points), 0))
    return np.concatenate([none, *(slip.column(points) for slip in slips)], axis=1)


def likeliest_slip(
    places: Points,
    rest: Points,
    trust: NDArray[np.float64],
    basis: NDArray[np.float64],
    penalty: NDArray[np.float64],
    size: tuple[float, float],
) -> Found:
    """The slip that explains most of what a smooth bend leaves over.

    Every slip of a grid is tried beside the bend at once: what the bend can do instead is taken
    out of it first, so only what no bend explains counts for it.

    Args:
        places: N x 2 patches, work pixels.
        rest: N x 2 offsets to explain.
        trust: N x 2 weights.
        basis: N x K values of the bend's functions.
        penalty: K x K, what a rough bend costs.
        size: Width and height of the form, work pixels.
    """
    told = [trust[:, k] > 0 for k in (0, 1)]
    own = [trust[rows, k] for k, rows in enumerate(told)]
    halfway: list[NDArray[np.float64]] = []
    left: list[NDArray[np.float64]] = []
    for k, rows in enumerate(told):
        functions, root = basis[rows], np.sqrt(own[k])
        scaled = functions * root[:, None]
        lower = dpotrf((scaled.T @ scaled + penalty).T, lower=1, overwrite_a=1)[0]
        halfway.append(dtrtrs(lower, functions.T, lower=1)[0])
        bent = dtrtrs(lower, halfway[k] @ (own[k] * rest[rows, k]), lower=1, trans=1)[0]
        left.append(rest[rows, k] - functions @ bent)

    def best(
        upright: bool, at: NDArray[np.float64], wide: NDArray[np.float64]
    ) -> tuple[Slip, NDArray[np.float64]]:
        along = places[:, 0 if upright else 1]
        steps = 0.5 * np.tanh(2 * (along[:, None] - at[None]) / wide[None])
        gain, shift = np.zeros(len(at)), np.zeros((len(at), 2))
        for k, rows in enumerate(told):
            seen = steps[rows]
            weighted = own[k][:, None] * seen
            instead = halfway[k] @ weighted  # the part of each step that a bend makes as well
            toward = weighted.T @ left[k]
            weight = np.einsum("ij,ij->j", weighted, seen) + _RIDGE
            weight -= np.einsum("ij,ij->j", instead, instead)
            shift[:, k] = toward / weight
            gain += toward**2 / weight
        most = int(np.argmax(gain))
        moved = (float(shift[most, 0]), float(shift[most, 1]))
        return Slip(upright, float(at[most]), float(wide[most]), moved), gain

    found = []
    for upright in (False, True):
        length = size[0 if upright else 1]
        at = np.arange(_MARGIN_PX, length - _MARGIN_PX, _PITCH_PX, np.float64)
        found.append(best(upright, at, np.full_like(at, _WIDE_PX)))
    near = max(found, key=lambda f: f[1].max())[0]
    near_by = near.at_px + _CLOSER_PX
    at = np.tile(near_by, len(_CLOSER_WIDTHS_PX))
    wide = np.repeat(np.array(_CLOSER_WIDTHS_PX, np.float64), len(near_by))
    slip, gain = best(near.upright, at, wide)
    return Found(slip, at, wide, gain)
