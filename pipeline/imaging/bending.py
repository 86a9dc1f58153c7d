"""The bend of a sheet: what a homography leaves over, followed smoothly, and a fold that slipped.

A bend is believed only where patches that were left out of it say so. Several explanations can be
about as good where print is rare; the gate is told of them, for they may place a zone apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from pipeline.imaging.mapping import BEND_SIZE, Points, bend_basis, bend_roughness, project
from pipeline.imaging.refinement import (
    Fit,
    Rival,
    cost_of,
    mean_trust,
    noise_of,
    robust_trust,
    summarised,
    usable_of,
)
from pipeline.imaging.slips import Slip, likeliest_slip

_STIFFNESS = (1.0, 0.1, 0.01, 0.001)
_BEND_NEEDS = 24
_FLAT_ENOUGH_PX = 0.1
_BEND_WORTH_PX2 = 0.002  # and by 0.1 px at 300 dpi, or it only follows noise
_BEND_GAIN = 0.88  # a bend must lower the held-out residual by this much to be believed
# A slip is looked for beside a stiff bend, which cannot swallow it, in patches that are off by this
# much too; then it is tried with bends of each of these.
_SEARCH_STIFFNESS = 1.0
_SEARCH_SPREAD_PX = 1.0
_SLIP_STIFFNESS = (1.0, 0.1, 0.01)
_SLIP_SHOWS = 8.0  # of the noise's variance: what a slip has to explain before it is tried
_SLIP_NO_WORSE = 1.05  # the stiffest explanation whose cost is this near to the least is taken
_RIVAL_WITHIN = 2.0  # and those with a cost up to this much of the least are possible
_SLIP_RIDGE = 0.02


@dataclass(frozen=True, slots=True)
class _Tried:
    """One explanation of what is left over."""

    cost: float
    bend: NDArray[np.float64]
    slip: Slip | None
    spread: NDArray[np.float64]
    leftover: Points


def bent(flat: Fit, width: float, height: float) -> Fit:
    """The fit with a smooth bend or a slip, where left-out patches say that the paper has one."""
    usable = usable_of(flat.measured)
    places, weights = flat.measured.places[usable], flat.measured.weights[usable]
    cost = cost_of(np.nan_to_num(flat.leftover[usable]), weights)
    if usable.sum() < _BEND_NEEDS or cost <= _FLAT_ENOUGH_PX**2:
        return flat
    # What is left, seen in the form's own frame, after the homography has done its part.
    found = places + flat.measured.offsets[usable]
    rest = project(np.asarray(np.linalg.inv(flat.step), np.float64), found) - places
    basis = bend_basis(places, width, height)
    best: _Tried | None = None
    looked_at = rest
    trust = robust_trust(rest, weights)
    for stiffness in _STIFFNESS:
        bend, spread, leftover = fit_bend(basis, rest, weights, trust, stiffness)
        trust = robust_trust(leftover, weights)
        tried = cost_of(leftover, weights)
        if stiffness == _SEARCH_STIFFNESS:
            looked_at = leftover
        if tried < _BEND_GAIN * cost and cost - tried > _BEND_WORTH_PX2:
            cost = tried
            best = _Tried(tried, bend, None, spread, leftover)
    slipped = _slipped(places, rest, weights, looked_at, basis, (width, height), cost)
    explained = slipped if best is None else [*slipped, best]
    if not explained:
        return flat
    least = min(cost, *(t.cost for t in explained))
    taken = next((t for t in explained if t.cost <= _SLIP_NO_WORSE * least), best)
    if taken is None:
        return flat
    rivals = tuple(
        Rival(t.bend, t.slip)
        for t in explained
        if t is not taken and t.cost <= _RIVAL_WITHIN * least
    )
    fitted = summarised(
        flat.measured, usable, flat.before, flat.step, taken.bend, taken.leftover, taken.spread
    )
    return replace(fitted, slip=taken.slip, rivals=rivals)


def _slipped(
    places: Points,
    rest: Points,
    weights: NDArray[np.float64],
    looked_at: Points,
    basis: NDArray[np.float64],
    size: tuple[float, float],
    cost: float,
) -> list[_Tried]:
    """Explanations with the likeliest slip, the stiffest first; none where no slip shows."""
    told = weights > 0
    wide = max(_SEARCH_SPREAD_PX, noise_of(looked_at, told))
    trust = np.asarray(weights / (1 + (looked_at / (2 * wide)) ** 2) ** 2, np.float64)
    penalty = _penalty(BEND_SIZE, _SEARCH_STIFFNESS)
    slip, gain = likeliest_slip(places, rest, trust, basis, penalty, size)
    if gain < _SLIP_SHOWS * mean_trust(weights) * noise_of(looked_at, told) ** 2:
        return []
    design = np.concatenate([basis, slip.column(places)], axis=1)
    explained = []
    for stiffness in _SLIP_STIFFNESS:
        fitted, spread, leftover = fit_bend(design, rest, weights, trust, stiffness)
        trust = robust_trust(leftover, weights)
        tried = cost_of(leftover, weights)
        moved = (float(fitted[-1, 0]), float(fitted[-1, 1]))
        own = replace(slip, shift_px=moved)
        explained.append(_Tried(tried, fitted[:-1], own, spread, leftover))
    return explained


def _penalty(columns: int, stiffness: float) -> NDArray[np.float64]:
    """What roughness costs, for the bend's functions and a slip's column where there is one."""
    rough = 1e-6 * np.eye(columns)
    rough[:BEND_SIZE, :BEND_SIZE] += stiffness * bend_roughness()
    rough[BEND_SIZE:, BEND_SIZE:] = _SLIP_RIDGE
    return rough


def fit_bend(
    basis: NDArray[np.float64],
    rest: Points,
    weights: NDArray[np.float64],
    trust: NDArray[np.float64],
    stiffness: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], Points]:
    """A smooth bend through weighted offsets, robust by reweighting.

    Args:
        basis: N x K spline values at the patches, perhaps with a slip's column.
        rest: N x 2 offsets to explain.
        weights: N x 2 trust in the measurements.
        trust: N x 2 weights to begin with (those of a neighbouring stiffness).
        stiffness: Weight of the roughness penalty.

    Returns:
        K x 2 coefficients, their K x K covariance (sum of both axes), and N x 2 what is left
        over, each measurement left out of its own prediction.
    """
    rough = _penalty(basis.shape[1], stiffness)
    coefficients = np.zeros((basis.shape[1], 2))
    spread = np.zeros_like(rough)
    leftover = np.zeros_like(rest)
    for axis in (0, 1):
        held_trust, told = trust[:, axis], weights[:, axis : axis + 1]
        for _ in range(2):
            # One triangular factor gives the solution and every measurement's share in its own
            # prediction; the inverse would cost twice as much and is needed once only.
            weighted = basis * held_trust[:, None]
            lower = np.linalg.cholesky(basis.T @ weighted + rough)
            halfway = solve_triangular(lower, basis.T, lower=True, check_finite=False)
            own = held_trust * np.einsum("ji,ji->i", halfway, halfway)
            coefficients[:, axis] = solve_triangular(
                lower.T, halfway @ (held_trust * rest[:, axis]), check_finite=False
            )
            left = rest[:, axis] - basis @ coefficients[:, axis]
            left = left / (1 - np.minimum(own, 0.95))
            held_trust = robust_trust(left[:, None], told)[:, 0]
        leftover[:, axis] = left
        inverse = cho_solve((lower, True), np.eye(len(rough)), check_finite=False)
        spread += inverse * noise_of(left[:, None], told > 0) ** 2 * mean_trust(told)
    return coefficients, spread, leftover
