"""Fits how two views are joined, measures how honest the probabilities are, and sets thresholds.

Pure arithmetic on what was read and what is true; where the readings come from (composed forms,
or a site's own verified decisions) is the caller's business.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from pipeline.readers.boxes.character_thresholds import ViewWeights
from pipeline.readers.boxes.joining import joined
from pipeline.readers.boxes.log_probabilities import normalised
from pipeline.readers.boxes.matrix_scaling import LEAST_LOG, MatrixScaling

Floats = NDArray[np.float64]
# How far beyond the worst error seen a threshold is put, in log-odds: e.g. 0.99 becomes 0.996.
MARGIN_LOG_ODDS = 1.0
# Standard deviation of the prior on every number of a scaling; digits of images left out in turn
# were no more likely with half or twice of it.
SCALING_PRIOR = 0.1
_NEVER = 1.01
_BINS = 15


def fit_views(first: Floats, second: Floats, truth: NDArray[np.int64]) -> ViewWeights:
    """The weights that make the joined posterior most honest (least negative log likelihood).

    Args:
        first: N x A log probabilities of the network.
        second: N x A log probabilities of the line model.
        truth: N columns of the true characters.
    """
    rows = np.arange(len(truth))

    def both(x: Floats) -> float:
        weights = ViewWeights(math.exp(x[0]), math.exp(x[1]), 1.0, _sigmoid(x[2]))
        return -float(np.log(joined(first, second, weights)[rows, truth]).mean())

    def alone(x: Floats) -> float:
        weights = ViewWeights(1.0, 0.0, math.exp(x[0]), _sigmoid(x[1]))
        return -float(np.log(joined(first, None, weights)[rows, truth]).mean())

    two = optimize.minimize(both, np.array([-0.2, -0.7, -7.0]), method="Nelder-Mead").x
    one = optimize.minimize(alone, np.array([-0.1, -7.0]), method="Nelder-Mead").x
    return ViewWeights(
        first=math.exp(float(two[0])),
        second=math.exp(float(two[1])),
        first_alone=math.exp(float(one[0])),
        floor=float(np.clip(_sigmoid(float(two[2])), 1e-7, 0.01)),
    )


def fit_scaling(logs: Floats, truth: NDArray[np.int64]) -> MatrixScaling:
    """The most probable matrix scaling under a Gaussian prior around none.

    Args:
        logs: N x A log probabilities of the views as they are joined.
        truth: N columns of the true characters.
    """
    size, rows = logs.shape[1], np.arange(len(truth))
    inputs = np.maximum(logs, LEAST_LOG)

    def loss(x: Floats) -> tuple[float, Floats]:
        weights, bias = x[: size**2].reshape(size, size), x[size**2 :]
        scaled = normalised(logs + inputs @ weights + bias)
        error = np.exp(scaled)
        error[rows, truth] -= 1
        slope = np.concatenate([(inputs.T @ error).ravel(), error.sum(axis=0)])
        value = -scaled[rows, truth].sum() + (x**2).sum() / (2 * SCALING_PRIOR**2)
        return float(value), slope + x / SCALING_PRIOR**2

    start = np.zeros(size**2 + size)
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B").x.round(6)
    return MatrixScaling.of(
        found[: size**2].reshape(size, size).tolist(), found[size**2 :].tolist()
    )


def calibration_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Expected calibration error over equally filled bins.

    Args:
        confidence: N stated probabilities.
        right: Whether each was right.
    """
    order = np.argsort(confidence)
    total = 0.0
    for part in np.array_split(order, _BINS):
        if len(part):
            total += len(part) * abs(float(confidence[part].mean()) - float(right[part].mean()))
    return total / max(1, len(order))


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold and what the data says about it.

    Attributes:
        value: Least confidence that is accepted; above 1 where nothing may be.
        accepted: How many of the readings are at or above it.
        errors: How many of those are wrong.
        n: Readings in all.
        risk_bound: Upper end of the exact one-sided 95 % interval of the share of errors.
        supports_target: Whether the bound lies within the target: what the data can prove.
    """

    value: float
    accepted: int
    errors: int
    n: int
    risk_bound: float
    supports_target: bool


def threshold_for(
    confidence: Floats, right: NDArray[np.bool_], target: float, *, margin: bool = True
) -> Threshold:
    """The least confidence at which errors are as rare as the target asks.

    Two demands, the harsher holds: the mean stated risk of what is accepted is within the target,
    and the share of errors seen is; where ``margin`` is set, the threshold lies beyond the most
    confident errors that had to be shut out, by a margin in log-odds.

    Args:
        confidence: N calibrated probabilities of whole values.
        right: Whether each value was right.
        target: Largest share of errors among accepted values.
        margin: Keep a distance from the errors shut out.
    """
    n = len(confidence)
    order = np.argsort(-confidence, kind="stable")
    ranked, wrong = confidence[order], ~right[order]
    count = np.arange(1, n + 1)
    seen = np.cumsum(wrong) / count
    stated = np.cumsum(1 - ranked) / count
    good = np.flatnonzero((seen <= target) & (stated <= target))
    value = float(ranked[good[-1]]) if len(good) else _NEVER
    shut_out = ranked[wrong & (ranked < value)]
    if margin and len(shut_out) and value <= 1:
        beyond = _sigmoid(_logit(float(shut_out.max())) + MARGIN_LOG_ODDS)
        value = max(value, beyond)
    accepted = confidence >= value
    errors = int(np.count_nonzero(accepted & ~right))
    held = int(np.count_nonzero(accepted))
    bound = float(stats.beta.ppf(0.95, errors + 1, held - errors)) if held > errors else 1.0
    return Threshold(value, held, errors, n, bound, bound <= target)


def risk_coverage(
    confidence: Floats, right: NDArray[np.bool_], shares: tuple[float, ...]
) -> list[tuple[float, float]]:
    """For shares of the most confident readings, the share of errors among them."""
    order = np.argsort(-confidence, kind="stable")
    points = []
    for share in shares:
        held = order[: max(1, round(share * len(order)))]
        points.append((share, float(1 - right[held].mean()) if len(held) else 0.0))
    return points


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _logit(p: float) -> float:
    p = min(max(p, 1e-12), 1 - 1e-12)
    return math.log(p / (1 - p))
