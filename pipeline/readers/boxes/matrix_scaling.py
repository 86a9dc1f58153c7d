"""What each character is mistaken for: an affine step on log probabilities.

Powers of the views make a posterior honest on the whole, but not for each pair: a sure 4 is far
more often a 9 than a 0. ``l' = normalise(l + l W + b)`` learns that from verified characters
(matrix scaling, Guo et al. 2017; with a prior around zero as Dirichlet calibration, Kull et al.
2019). It counts where a rule leaves few other values: under a check digit, one other digit a box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.readers.boxes.log_probabilities import normalised

Floats = NDArray[np.float64]
# How improbable a network calls what it does not believe in says nothing below this (nats).
LEAST_LOG = -8.0


@dataclass(frozen=True, slots=True)
class MatrixScaling:
    """The map for an alphabet of A characters.

    Attributes:
        weights: A rows of A numbers, added to the identity.
        bias: A numbers.
    """

    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]

    @classmethod
    def of(cls, weights: Sequence[Sequence[float]], bias: Sequence[float]) -> MatrixScaling:
        """The map from plain numbers, as an artefact holds them.

        Raises:
            ValueError: Where they are not square or not finite.
        """
        square = np.array(weights, dtype=np.float64)
        added = np.array(bias, dtype=np.float64)
        if square.shape != (len(added), len(added)) or not np.isfinite([*square, added]).all():
            raise ValueError("a matrix scaling of another shape")
        return cls(tuple(map(tuple, square.tolist())), tuple(added.tolist()))

    def apply(self, logs: Floats) -> Floats:
        """N x A log probabilities, rows normalised, before and after."""
        return normalised(logs + np.maximum(logs, LEAST_LOG) @ np.array(self.weights) + self.bias)
