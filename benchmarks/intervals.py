"""Intervals for what is measured: no figure without its n."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta


@dataclass(frozen=True, slots=True)
class Rate:
    """k of n, with the exact 95 % interval (Clopper & Pearson 1934)."""

    k: int
    n: int

    @property
    def value(self) -> float:
        """The share; NaN where nothing was measured."""
        return self.k / self.n if self.n else float("nan")

    @property
    def low(self) -> float:
        """Lower bound."""
        if not self.n:
            return 0.0
        return 0.0 if self.k == 0 else float(beta.ppf(0.025, self.k, self.n - self.k + 1))

    @property
    def high(self) -> float:
        """Upper bound; with k = 0 it is the honest limit of what n can show."""
        if not self.n:
            return 1.0
        return 1.0 if self.k == self.n else float(beta.ppf(0.975, self.k + 1, self.n - self.k))

    def as_dict(self) -> dict[str, float | int | None]:
        """For the JSON file."""
        value = None if not self.n else round(self.value, 6)
        return {
            "k": self.k,
            "n": self.n,
            "value": value,
            "low": round(self.low, 6),
            "high": round(self.high, 6),
        }

    def __str__(self) -> str:
        if not self.n:
            return "not measured (n = 0)"
        return (
            f"{100 * self.value:.2f} % ({self.k}/{self.n}, 95 % "
            f"{100 * self.low:.2f}-{100 * self.high:.2f} %)"
        )


def expected_calibration_error(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 15
) -> float:
    """Mean gap between confidence and accuracy over bins of equal count.

    Bins of equal count rather than equal width: most confidences lie near 1, and equal widths
    would put nearly all of them in one bin.
    """
    if confidence.size == 0:
        return float("nan")
    order = np.argsort(confidence)
    gaps = [
        len(part) * abs(float(confidence[part].mean()) - float(right[part].mean()))
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return float(sum(gaps) / confidence.size)
