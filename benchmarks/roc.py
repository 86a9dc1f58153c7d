"""The area under a ROC curve, with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np


def auc(value: np.ndarray[Any, Any], bad: np.ndarray[Any, Any]) -> float:
    """The share of pairs in which the bad one has the larger value; ties count half."""
    n, m = int(bad.sum()), int((~bad).sum())
    if not n or not m:
        return float("nan")
    wins = (value[bad][:, None] > value[~bad][None]).sum()
    ties = (value[bad][:, None] == value[~bad][None]).sum()
    return float((wins + ties / 2) / (n * m))


def auc_interval(
    value: np.ndarray[Any, Any], bad: np.ndarray[Any, Any]
) -> tuple[float | None, float | None, float | None]:
    """The area under the ROC curve with its 95 % bootstrap interval; None where not measured."""
    point = auc(value, bad)
    if not np.isfinite(point):
        return None, None, None
    rng = np.random.default_rng(1)
    draws = []
    for _ in range(200):
        pick = rng.integers(0, len(bad), len(bad))
        draws.append(auc(value[pick], bad[pick]))
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return round(float(low), 4), round(point, 4), round(float(high), 4)
