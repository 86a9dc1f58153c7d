from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.my_number import PLACEHOLDER, check_digit, passes_check_digit
from pipeline.readers.boxes.check_digit_decoding import decode

CLOSE = 1e-12


def rows_with_two_choices(seed: int) -> list[list[float]]:
    """Twelve boxes in each of which only two or three digits are possible: brute force is small."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(12):
        row = np.zeros(10)
        chosen = rng.choice(10, int(rng.integers(1, 4)), replace=False)
        row[chosen] = rng.dirichlet(np.ones(len(chosen)))
        rows.append([float(v) for v in row])
    return rows


def brute_force(rows: list[list[float]]) -> dict[str, float]:
    choices = [[d for d in range(10) if row[d] > 0] for row in rows]
    found = {}
    for digits in itertools.product(*choices):
        number = "".join(map(str, digits))
        if passes_check_digit(number):
            found[number] = math.prod(row[d] for row, d in zip(rows, digits, strict=True))
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_the_best_numbers_and_the_mass_are_those_of_brute_force(seed: int) -> None:
    rows = rows_with_two_choices(seed)
    truth = brute_force(rows)
    decoding = decode(rows, keep=4)
    best = sorted(truth.values(), reverse=True)[:4]
    found = [c.joint for c in decoding.candidates if c.joint > 0]
    assert found == pytest.approx(best[: len(found)], abs=CLOSE)
    assert len(found) == min(4, len(truth))
    assert decoding.valid_mass == pytest.approx(sum(truth.values()), abs=1e-9)
    assert all(passes_check_digit(c.number) for c in decoding.candidates)


def certain(number: str, p: float = 0.999) -> list[list[float]]:
    return [[p if d == int(c) else (1 - p) / 9 for d in range(10)] for c in number]


@given(st.lists(st.integers(0, 9), min_size=11, max_size=11))
def test_a_clear_valid_number_is_sure(digits: list[int]) -> None:
    first = "".join(map(str, digits))
    number = first + str(check_digit(first))
    if number == PLACEHOLDER:
        return
    decoding = decode(certain(number))
    assert decoding.plain == number
    assert decoding.candidates[0].number == number
    assert decoding.posterior(decoding.candidates[0], 0.01) > 0.998


@given(st.lists(st.integers(0, 9), min_size=11, max_size=11), st.integers(1, 9))
def test_a_clear_invalid_number_is_not_bent_to_a_valid_one(digits: list[int], off: int) -> None:
    first = "".join(map(str, digits))
    number = first + str((check_digit(first) + off) % 10)
    decoding = decode(certain(number, 0.9999))
    assert decoding.plain == number
    assert all(decoding.posterior(c, 0.01) < 0.5 for c in decoding.candidates)


def test_the_placeholder_of_zeros_is_no_candidate() -> None:
    decoding = decode(certain(PLACEHOLDER))
    assert PLACEHOLDER not in {c.number for c in decoding.candidates}


def test_the_weaker_digit_is_the_one_that_changes() -> None:
    number = "123456789018"
    assert passes_check_digit(number)
    rows = certain(number)
    rows[3] = [0.0] * 10
    rows[3][7], rows[3][4] = 0.6, 0.4
    decoding = decode(rows)
    assert decoding.plain == "123756789018"
    assert decoding.candidates[0].number == number


@pytest.mark.parametrize("rows", [[], [[0.1] * 10] * 11, [[0.1] * 9] * 12])
def test_anything_but_twelve_by_ten_is_refused(rows: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="twelve"):
        decode(rows)
