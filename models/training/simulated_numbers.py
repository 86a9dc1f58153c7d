"""Many My Numbers from the cells of few: cells that were read, put together anew.

Sheets of real rows show what rows do together; they cannot show what happens once in fifty
thousand numbers. Cells of the same harshness are drawn at random for the digits of random valid
numbers (and, for a share, of numbers with one wrong digit, as applicants write them).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.training.boxed_rows import RowEvidence
from pipeline.domain.my_number import LENGTH, WEIGHTS
from pipeline.readers.boxed import BoxedReading
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.boxes.resolve_my_number import spread

Floats = NDArray[np.float64]
_DIGITS = "0123456789"
_CHUNK = 500
KINDS = ("plain", "zero", "corrected")
PARTS = 10
LEAST_CHARACTERS = 500  # of a part
Outcomes = dict[str, tuple[Floats, NDArray[np.bool_]]]


def simulate_in_parts(
    boxed: Sequence[BoxedReading],
    rows: Sequence[RowEvidence],
    thresholds: CharacterThresholds,
    count: int,
    seed: int,
) -> list[Outcomes]:
    """``simulate`` on each of ten parts of the rows, which share none, for honest intervals."""
    return [
        simulate(boxed[part::PARTS], rows[part::PARTS], thresholds, count // PARTS, seed + part)
        for part in range(PARTS)
    ]


def simulate(
    boxed: Sequence[BoxedReading],
    rows: Sequence[RowEvidence],
    thresholds: CharacterThresholds,
    count: int,
    seed: int,
) -> Outcomes:
    """Confidence and truth of numbers that could be accepted.

    Args:
        boxed: Rows as read.
        rows: The same rows with their truth.
        thresholds: By which cells are doubtful, and how many numbers are written with one digit
            wrong. Such a number counts as right only if nothing is accepted, so any acceptance
            of it is an error.
        count: Numbers to make.
        seed: Source of chance.

    Returns:
        ``plain`` (the digits as read are valid), ``zero`` (so they are, under a check digit of 0)
        and ``corrected`` (one digit was changed).
    """
    rng = np.random.default_rng(seed)
    invalid_written_share = thresholds.invalid_written_share
    pools: dict[str, list[list[Floats]]] = {}
    for reading, row in zip(boxed, rows, strict=True):
        pool = pools.setdefault(row.preset, [[] for _ in range(10)])
        for found, true in zip(reading.cells, row.truth, strict=True):
            cell = spread(found.as_weighed(), thresholds)
            if not cell.blank and not cell.doubtful:
                pool[int(true)].append(np.array([cell.posterior[d] for d in _DIGITS]))
    names = [n for n, pool in pools.items() if all(len(digit) >= 20 for digit in pool)]
    stacks = {name: [np.stack(digit) for digit in pools[name]] for name in names}
    # As many of each harshness as there are among the rows: what an office sees.
    weights = np.array([float(sum(len(digit) for digit in stacks[name])) for name in names])
    outcomes: dict[str, tuple[list[float], list[bool]]] = {k: ([], []) for k in KINDS}
    for start in range(0, count if names else 0, _CHUNK):
        n = min(_CHUNK, count - start)
        numbers = _valid_numbers(n, rng)
        spoilt = rng.random(n) < invalid_written_share
        written = numbers.copy()
        at = rng.integers(0, LENGTH, n)
        written[spoilt, at[spoilt]] = (
            written[spoilt, at[spoilt]] + rng.integers(1, 10, int(spoilt.sum()))
        ) % 10
        stack = stacks[names[int(rng.choice(len(names), p=weights / weights.sum()))]]
        posterior = np.empty((n, LENGTH, 10))
        for digit in range(10):
            where = np.argwhere(written == digit)
            picks = rng.integers(0, len(stack[digit]), len(where))
            posterior[where[:, 0], where[:, 1]] = stack[digit][picks]
        for kind, confidence, read in _resolve(posterior, invalid_written_share):
            outcomes[kind][0].extend(confidence[0])
            outcomes[kind][1].extend((read == written[confidence[1]]).all(axis=1))
    return {k: (np.array(c), np.array(r, dtype=bool)) for k, (c, r) in outcomes.items()}


def simulate_codes(
    boxed: Sequence[BoxedReading],
    rows: Sequence[RowEvidence],
    length: int,
    count: int,
    seed: int,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Geometric mean confidence and truth of codes without a check digit.

    Args:
        boxed: Rows as read.
        rows: The same rows with their truth.
        length: Digits in a code.
        count: Codes to make.
        seed: Source of chance.

    Returns:
        Both empty where there are too few characters: however many codes are put together from
        them, they show no more than the characters do.
    """
    rng = np.random.default_rng(seed)
    pools: dict[str, list[tuple[float, bool]]] = {}
    for reading, row in zip(boxed, rows, strict=True):
        for cell, true in zip(reading.cells, row.truth, strict=True):
            if not cell.blank and not cell.doubtful:
                pools.setdefault(row.preset, []).append((cell.confidence, cell.best == true))
    if _total(pools) < LEAST_CHARACTERS:
        return np.empty(0), np.empty(0, bool)
    confidence, right = [], []
    for pool in pools.values():
        values = np.array(pool)
        picks = rng.integers(0, len(values), (round(count * len(pool) / _total(pools)), length))
        confidence.append(np.exp(np.log(values[picks, 0]).mean(axis=1)))
        right.append(values[picks, 1].all(axis=1))
    return np.concatenate(confidence), np.concatenate(right).astype(bool)


def _total(pools: dict[str, list[tuple[float, bool]]]) -> int:
    return sum(len(pool) for pool in pools.values())


def _valid_numbers(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    first = rng.integers(0, 10, (n, LENGTH - 1))
    return np.column_stack([first, _check(first)])


def _check(first: NDArray[np.int64]) -> NDArray[np.int64]:
    rest = (first @ np.array(WEIGHTS)) % 11
    return np.where(rest <= 1, 0, 11 - rest)


def _valid_mass(posterior: Floats) -> Floats:
    """The total probability of all valid numbers, for every row: N."""
    n = len(posterior)
    mass = np.zeros((n, 11))
    mass[:, 0] = 1
    for position, weight in enumerate(WEIGHTS):
        following = np.zeros((n, 11))
        for digit in range(10):
            following += np.roll(mass, digit * weight, axis=1) * posterior[:, position, digit, None]
        mass = following
    last = posterior[:, -1]
    rest = np.arange(11)
    return np.asarray((mass * last[:, np.where(rest <= 1, 0, 11 - rest)]).sum(axis=1))


def _resolve(
    posterior: Floats, share: float
) -> list[tuple[str, tuple[list[float], NDArray[np.int64]], NDArray[np.int64]]]:
    """Rows that are valid as read, and rows that one change makes valid."""
    plain = posterior.argmax(axis=2)
    joint = posterior.max(axis=2).prod(axis=1)
    mass = _valid_mass(posterior)
    valid = _check(plain[:, :-1]) == plain[:, -1]

    def confidence(of: Floats, where: NDArray[np.int64]) -> list[float]:
        good = (1 - share) * mass[where]
        bad = share / 9 * np.clip(1 - mass[where], 0, None)
        return [float(v) for v in (1 - share) * of / (good + bad)]

    results = []
    for kind, of_kind in (("plain", plain[:, -1] != 0), ("zero", plain[:, -1] == 0)):
        here = np.flatnonzero(valid & of_kind)
        results.append((kind, (confidence(joint[here], here), here), plain[here]))
    there = np.flatnonzero(~valid)
    best = np.zeros(len(there))
    chosen = plain[there].copy()
    for position in range(LENGTH):
        for digit in range(10):
            changed = plain[there].copy()
            changed[:, position] = digit
            ratio = posterior[there, position, digit] / posterior[there, position].max(axis=1)
            fits = (_check(changed[:, :-1]) == changed[:, -1]) & (ratio * joint[there] > best)
            best[fits] = (ratio * joint[there])[fits]
            chosen[fits] = changed[fits]
    found = best > 0
    results.append(
        ("corrected", (confidence(best[found], there[found]), there[found]), chosen[found])
    )
    return results
