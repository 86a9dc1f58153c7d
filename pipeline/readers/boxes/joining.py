"""Two views of the same characters become one posterior."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.readers.boxes.character_thresholds import ViewWeights
from pipeline.readers.boxes.log_probabilities import normalised

Floats = NDArray[np.float64]


def joined(first: Floats, second: Floats | None, weights: ViewWeights) -> Floats:
    """The calibrated product of the views.

    Args:
        first: N x A log probabilities over the alphabet.
        second: The same from the other view, or None where there is none.
        weights: Powers of the views and the share that any character keeps.

    Returns:
        N x A probabilities, rows summing to 1.
    """
    if not len(first):
        return np.zeros(first.shape)
    if weights.before is not None:
        first = weights.before(first)
    logs = (
        weights.first_alone * first
        if second is None
        else weights.first * first + weights.second * second
    )
    product = np.exp(normalised(logs))
    # No glyph rules a character out altogether: writers and labels err, too.
    return np.asarray((1 - weights.floor) * product + weights.floor / first.shape[1])
