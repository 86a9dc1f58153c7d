"""What a blind sample can show: the exact interval of a share, and when n is too small.

Clopper & Pearson (1934), from the binomial distribution itself: no approximation that is wrong
just where errors are rare.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

CONFIDENCE = 0.95
_STEPS = 60  # halvings: far below the digits shown


@dataclass(frozen=True, slots=True)
class Share:
    """k of n with its exact 95 % interval."""

    k: int
    n: int
    low: float
    high: float

    def shows_at_most(self, limit: float) -> bool:
        """Whether the sample shows that the share does not exceed the limit."""
        return self.n > 0 and self.high <= limit

    def shows_more_than(self, limit: float) -> bool:
        """Whether the sample shows that the share exceeds the limit."""
        return self.n > 0 and self.low > limit


def share(k: int, n: int) -> Share:
    """The exact interval for k of n.

    Raises:
        ValueError: Unless 0 <= k <= n.
    """
    if not 0 <= k <= n:
        raise ValueError("0 <= k <= n expected")
    if n == 0:
        return Share(0, 0, 0.0, 1.0)
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if k == 0 else _solve(lambda p: 1 - _at_most(k - 1, n, p), tail)
    high = 1.0 if k == n else _solve(lambda p: 1 - _at_most(k, n, p), 1 - tail)
    return Share(k, n, low, high)


def needed(limit: float) -> int:
    """How many samples without any error show that the share is at most the limit."""
    return math.ceil(math.log((1 - CONFIDENCE) / 2) / math.log1p(-limit))


def _at_most(k: int, n: int, p: float) -> float:
    """P(X <= k) of a binomial distribution, summed in logarithms."""
    if p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 0.0 if k < n else 1.0
    terms = (
        math.lgamma(n + 1)
        - math.lgamma(i + 1)
        - math.lgamma(n - i + 1)
        + i * math.log(p)
        + (n - i) * math.log1p(-p)
        for i in range(k + 1)
    )
    return min(1.0, sum(math.exp(t) for t in terms))


def _solve(rising: Callable[[float], float], wanted: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if rising(middle) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2
