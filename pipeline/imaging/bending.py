"""The bend of a sheet: what a homography leaves over, followed smoothly, and a fold that slipped.

A bend is believed only where patches that were left out of it say so. Several explanations can be
about as good where print is rare; the gate is told of them, for they may place a zone apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dtrsm
from scipy.linalg.lapack import dpotrf, dpotri, dtrtrs

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
from pipeline.imaging.slips import Found, Slip, columns, likeliest_slip

_STIFFNESS = (1.0, 0.1, 0.01, 0.001)
_BEND_NEEDS = 24
_FLAT_ENOUGH_PX = 0.1
_BEND_WORTH_PX2 = 0.002  # and by 0.1 px at 300 dpi, or it only follows noise
_BEND_GAIN = 0.88  # a bend must lower the held-out residual by this much to be believed
# Where even a soft bend leaves this share of what none leaves, there is nothing to explain.
_NOTHING_GAINED = 0.95
_SOFTEST_WORTH = 0.98  # a softer bend is tried while each gains this much over the last
_STIFF_ENOUGH = 2  # and so many are always tried
# A slip is looked for beside a stiff bend, which cannot swallow it, in patches that are off by this
# much too; then it is tried with bends of each of these.
_SEARCH_STIFFNESS = 1.0
_SEARCH_SPREAD_PX = 1.0
_SLIP_STIFFNESS = (1.0, 0.1, 0.01)
_SLIP_SHOWS = 4.0  # of the noise's variance: what a slip has to explain before it is tried
_PLACE_UNSURE = 4.0  # and by how much two places of it may differ, of the noise that it leaves
_LEAST_NOISE_PX = 0.05
_SLIP_NO_WORSE = 1.05  # the stiffest explanation whose cost is this near to the least is taken
_RIVAL_WITHIN = 2.0  # and those with a cost up to this much of the least are possible
_SLIP_RIDGE = 0.02
_MOST_SLIPS = 2


@dataclass(frozen=True, slots=True)
class Bending:
    """Functions of a bend fitted to offsets.

    Attributes:
        coefficients: K x 2.
        leftover: N x 2, each measurement left out of its own prediction.
        factors: For each axis the lower triangular factor of the normal equations.
        noise: For each axis the variance of a measurement of usual trust.
    """

    coefficients: NDArray[np.float64]
    leftover: Points
    factors: tuple[NDArray[np.float64], ...]
    noise: tuple[float, ...]

    def spread(self) -> NDArray[np.float64]:
        """K x K covariance of the coefficients, both axes together."""
        whole = np.zeros_like(self.factors[0])
        for lower, noise in zip(self.factors, self.noise, strict=True):
            half = np.tril(dpotri(lower, lower=1)[0])
            whole += noise * (half + np.tril(half, -1).T)
        return whole


@dataclass(frozen=True, slots=True)
class _Tried:
    """One explanation of what is left over."""

    cost: float
    fitted: Bending
    slips: tuple[Slip, ...]
    stiffness: float

    @property
    def bend(self) -> NDArray[np.float64]:
        """Its coefficients without those of the slips."""
        return self.fitted.coefficients[:BEND_SIZE]


def bent(flat: Fit, width: float, height: float) -> Fit:
    """The fit with a smooth bend or a slip, where left-out patches say that the paper has one."""
    usable = usable_of(flat.measured)
    places, weights = flat.measured.places[usable], flat.measured.weights[usable]
    cost = cost_of(np.nan_to_num(flat.leftover[usable]), weights)
    if usable.sum() < _BEND_NEEDS or cost <= _FLAT_ENOUGH_PX**2:
        return flat
    # What is left, seen in the form's own frame, after the homography has done its part.
    seen = places + flat.measured.offsets[usable]
    rest = project(np.asarray(np.linalg.inv(flat.step), np.float64), seen) - places
    basis = bend_basis(places, width, height)
    best: _Tried | None = None
    trust = robust_trust(rest, weights)
    tried: list[_Tried] = []
    for stiffness in _STIFFNESS:
        fitted = fit_bend(basis, rest, weights, trust, stiffness)
        trust = robust_trust(fitted.leftover, weights)
        tried.append(_explained(fitted, weights, (), stiffness))
        if tried[-1].cost < _BEND_GAIN * cost and cost - tried[-1].cost > _BEND_WORTH_PX2:
            cost = tried[-1].cost
            best = tried[-1]
        if len(tried) >= _STIFF_ENOUGH and tried[-1].cost > _SOFTEST_WORTH * tried[-2].cost:
            break
    least = min(t.cost for t in tried)
    if best is None and least > _NOTHING_GAINED * cost:
        return flat
    stiff = tried[_STIFFNESS.index(_SEARCH_STIFFNESS)].fitted.leftover
    slipped, elsewhere = _slipped(places, rest, weights, stiff, basis, (width, height))
    explained = slipped if best is None else [*slipped, best]
    if not explained:
        return flat
    least = min(cost, *(t.cost for t in explained))
    taken = next((t for t in explained if t.cost <= _SLIP_NO_WORSE * least), best)
    if taken is None:
        return flat
    others = [(t, Rival(t.bend, t.slips)) for t in explained if t is not taken]
    rivals = [r for t, r in (*others, *elsewhere) if t.cost <= _RIVAL_WITHIN * least]
    settled = _settled(taken, basis, places, rest, weights)
    leftover, spread = settled.fitted.leftover, settled.fitted.spread()
    found = summarised(
        flat.measured, usable, flat.before, flat.step, settled.bend, leftover, spread
    )
    return replace(found, slips=settled.slips, rivals=tuple(rivals))


def _settled(
    taken: _Tried,
    basis: NDArray[np.float64],
    places: Points,
    rest: Points,
    weights: NDArray[np.float64],
) -> _Tried:
    """The explanation taken, fitted once more with the trust that it left itself."""
    design = np.concatenate([basis, columns(taken.slips, places)], axis=1)
    trust = robust_trust(taken.fitted.leftover, weights)
    fitted = fit_bend(design, rest, weights, trust, taken.stiffness)
    return _explained(fitted, weights, taken.slips, taken.stiffness)


def _slipped(
    places: Points,
    rest: Points,
    weights: NDArray[np.float64],
    looked_at: Points,
    basis: NDArray[np.float64],
    size: tuple[float, float],
) -> tuple[list[_Tried], list[tuple[_Tried, Rival]]]:
    """Explanations with the likeliest slips, the stiffest first, and each at other places near by.

    Nothing of either where no slip shows. Sheets are folded in two or in three: two slips at most.
    """
    explained: list[_Tried] = []
    elsewhere: list[tuple[_Tried, Rival]] = []
    slips: tuple[Slip, ...] = ()
    design = basis
    while len(slips) < _MOST_SLIPS:
        found = _shown(places, rest, weights, looked_at, design, size)
        if found is None:
            break
        slips = (*slips, found.slip)
        design = np.concatenate([basis, columns(slips, places)], axis=1)
        trust = _patient_trust(looked_at, weights)
        own: list[_Tried] = []
        for stiffness in _SLIP_STIFFNESS:
            fitted = fit_bend(design, rest, weights, trust, stiffness)
            trust = robust_trust(fitted.leftover, weights)
            own.append(_explained(fitted, weights, slips, stiffness))
        first, looked_at = own[0], own[0].fitted.leftover
        slips = first.slips
        noise = noise_of(looked_at, weights > 0, _LEAST_NOISE_PX)
        unsure = _PLACE_UNSURE * mean_trust(weights) * noise**2
        elsewhere += [
            (first, Rival(first.bend, (*slips[:-1], other)))
            for other in found.others(slips[-1], unsure)
        ]
        explained += own
    explained.sort(key=lambda t: (-t.stiffness, len(t.slips)))
    return explained, elsewhere


def _shown(
    places: Points,
    rest: Points,
    weights: NDArray[np.float64],
    looked_at: Points,
    design: NDArray[np.float64],
    size: tuple[float, float],
) -> Found | None:
    """A slip beside the functions of a design, where one shows in what they leave over."""
    shows = _SLIP_SHOWS * mean_trust(weights) * noise_of(looked_at, weights > 0) ** 2
    penalty = _penalty(design.shape[1], _SEARCH_STIFFNESS)
    trust = _patient_trust(looked_at, weights)
    found = likeliest_slip(places, rest, trust, design, penalty, size)
    return found if found.gain.max() >= shows else None


def _patient_trust(leftover: Points, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trust that lasts where patches are off by as much as a slip moves them."""
    wide = max(_SEARCH_SPREAD_PX, noise_of(leftover, weights > 0))
    return np.asarray(weights / (1 + (leftover / (2 * wide)) ** 2) ** 2, np.float64)


def _explained(
    fitted: Bending, weights: NDArray[np.float64], slips: Sequence[Slip], stiffness: float
) -> _Tried:
    moved = fitted.coefficients[BEND_SIZE:]
    own = tuple(
        replace(slip, shift_px=(float(x), float(y)))
        for slip, (x, y) in zip(slips, moved, strict=True)
    )
    return _Tried(cost_of(fitted.leftover, weights), fitted, own, stiffness)


@lru_cache(maxsize=16)
def _penalty(columns_of_all: int, stiffness: float) -> NDArray[np.float64]:
    """What roughness costs, for the bend's functions and the columns of slips."""
    rough = 1e-6 * np.eye(columns_of_all)
    rough[:BEND_SIZE, :BEND_SIZE] += stiffness * bend_roughness()
    rough[BEND_SIZE:, BEND_SIZE:] += _SLIP_RIDGE * np.eye(columns_of_all - BEND_SIZE)
    rough.flags.writeable = False  # one array for all who ask
    return rough


def fit_bend(
    basis: NDArray[np.float64],
    rest: Points,
    weights: NDArray[np.float64],
    trust: NDArray[np.float64],
    stiffness: float,
) -> Bending:
    """A smooth bend through weighted offsets.

    Args:
        basis: N x K spline values at the patches, perhaps with a slip's column.
        rest: N x 2 offsets to explain.
        weights: N x 2 trust in the measurements.
        trust: N x 2, the same made robust by what a neighbouring stiffness left over.
        stiffness: Weight of the roughness penalty.
    """
    rough = _penalty(basis.shape[1], stiffness)
    coefficients = np.zeros((basis.shape[1], 2))
    leftover = np.zeros_like(rest)
    factors, noise = [], []
    for axis in (0, 1):
        # A third of the patches, pieces of a line, tell nothing along it and have no part in this.
        told = weights[:, axis] > 0
        root, wanted = np.sqrt(trust[told, axis]), rest[told, axis]
        # One triangular factor gives the solution and every measurement's share in its own
        # prediction. The product of an array with itself costs half of another product.
        scaled = basis[told]
        scaled *= root[:, None]
        lower = dpotrf((scaled.T @ scaled + rough).T, lower=1, overwrite_a=1)[0]
        halfway = dtrsm(1.0, lower, scaled.T, lower=1, overwrite_b=1)
        own = np.einsum("ji,ji->i", halfway, halfway)
        coefficients[:, axis] = dtrtrs(lower, halfway @ (root * wanted), lower=1, trans=1)[0]
        leftover[:, axis] = rest[:, axis] - basis @ coefficients[:, axis]
        leftover[told, axis] /= 1 - np.minimum(own, 0.95)
        factors.append(lower)
        spread = noise_of(leftover[:, axis], told)
        noise.append(spread**2 * mean_trust(weights[:, axis]))
    return Bending(coefficients, leftover, tuple(factors), tuple(noise))
