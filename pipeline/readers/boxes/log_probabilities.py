"""Probabilities as their logarithms, as networks give them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def normalised(logs: Floats) -> Floats:
    """Log probabilities whose rows sum to 1."""
    if not len(logs):
        return logs
    logs = logs - logs.max(axis=1, keepdims=True)
    return np.asarray(logs - np.log(np.exp(logs).sum(axis=1, keepdims=True)))
