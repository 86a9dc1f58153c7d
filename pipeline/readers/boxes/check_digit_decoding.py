"""The most probable valid My Numbers given what each box looks like.

A dynamic programme over the weighted sum modulo 11 keeps, for every remainder, the best few ways
to have reached it; the last box then has to carry the check digit that the remainder demands.
Source of weights and rule: 平成26年総務省令第85号 第5条 (``pipeline.domain.my_number``).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain.my_number import LENGTH, PLACEHOLDER, WEIGHTS

_MODULUS = 11
Row = Sequence[float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A valid number and the product of its digits' probabilities."""

    number: str
    joint: float


@dataclass(frozen=True, slots=True)
class Decoding:
    """What the boxes say under the check digit.

    Attributes:
        plain: The most probable digit of every box.
        candidates: The most probable valid numbers, best first.
        valid_mass: The total probability of all valid numbers, each box by itself.
    """

    plain: str
    candidates: tuple[Candidate, ...]
    valid_mass: float

    def posterior(self, candidate: Candidate, invalid_written_share: float) -> float:
        """The probability that a candidate is what was written.

        Writers make mistakes too: a share of the numbers on paper is invalid. Without that a
        clearly written invalid number would be bent to a valid one with full confidence.

        Args:
            candidate: One of ``candidates``.
            invalid_written_share: How many of the numbers on paper are invalid.
        """
        # One in ten of all 12-digit strings is valid, so an invalid one is a ninth as probable.
        valid = (1 - invalid_written_share) * self.valid_mass
        invalid = invalid_written_share / 9 * max(0.0, 1 - self.valid_mass)
        total = valid + invalid
        return (1 - invalid_written_share) * candidate.joint / total if total > 0 else 0.0


def decode(rows: Sequence[Row], keep: int = 4) -> Decoding:
    """Decodes twelve boxes.

    Args:
        rows: For each box the probabilities of 0 to 9.
        keep: How many candidates to return.

    Raises:
        ValueError: If there are not twelve rows of ten.
    """
    if len(rows) != LENGTH or any(len(row) != 10 for row in rows):
        raise ValueError("twelve rows of ten probabilities expected")
    best: list[list[tuple[float, str]]] = [[] for _ in range(_MODULUS)]
    best[0] = [(1.0, "")]
    mass = [1.0] + [0.0] * (_MODULUS - 1)
    for row, weight in zip(rows[:-1], WEIGHTS, strict=True):
        best, mass = _step(row, weight, best, mass, keep + 1)
    finals: list[tuple[float, str]] = []
    valid_mass = 0.0
    for remainder in range(_MODULUS):
        digit = 0 if remainder <= 1 else _MODULUS - remainder
        valid_mass += mass[remainder] * rows[-1][digit]
        finals.extend((p * rows[-1][digit], text + str(digit)) for p, text in best[remainder])
    zeros = math.prod(row[0] for row in rows)
    finals = [f for f in finals if f[1] != PLACEHOLDER]
    ranked = heapq.nlargest(keep, finals)
    return Decoding(
        plain="".join(str(max(range(10), key=row.__getitem__)) for row in rows),
        candidates=tuple(Candidate(text, p) for p, text in ranked),
        valid_mass=max(0.0, valid_mass - zeros),
    )


def _step(
    row: Row, weight: int, best: list[list[tuple[float, str]]], mass: list[float], keep: int
) -> tuple[list[list[tuple[float, str]]], list[float]]:
    pools: list[list[tuple[float, str]]] = [[] for _ in range(_MODULUS)]
    sums = [0.0] * _MODULUS
    for remainder in range(_MODULUS):
        for digit in range(10):
            target = (remainder + digit * weight) % _MODULUS
            sums[target] += mass[remainder] * row[digit]
            pools[target].extend((p * row[digit], text + str(digit)) for p, text in best[remainder])
    return [heapq.nlargest(keep, pool) for pool in pools], sums
