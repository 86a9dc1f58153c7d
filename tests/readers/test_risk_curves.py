"""The threshold that a target asks for, and what the data cannot show."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.readers.risk.risk_curves import (
    NEVER,
    RiskCurve,
    lower_bound,
    needed_without_error,
    thresholds_at,
    upper_bound,
)

EXACT = 1e-9


def curve(n: int, risk: float, seed: int = 0, relative: float = 1.0) -> RiskCurve:
    rng = np.random.default_rng(seed)
    confidence = 1 - risk * 2 * rng.random(n)
    return RiskCurve.measured(confidence, rng.random(n) < confidence, relative)


@pytest.mark.parametrize("n", [1, 59, 300, 8096])
def test_no_error_in_n_proves_about_three_over_n_and_no_better(n: int) -> None:
    assert upper_bound(0, n) == pytest.approx(1 - 0.05 ** (1 / n), rel=EXACT)
    if n >= 59:
        assert upper_bound(0, n) == pytest.approx(3 / n, rel=0.03)
    assert upper_bound(0, needed_without_error(upper_bound(0, n) * 1.0001)) <= (
        upper_bound(0, n) * 1.0001
    )


def test_the_standard_target_needs_eight_thousand_readings_without_error() -> None:
    n = needed_without_error(370e-6)
    assert n == 8096
    assert upper_bound(0, n) <= 370e-6 < upper_bound(0, n - 1)


@given(st.integers(1, 4000), st.floats(0, 1))
def test_the_bounds_enclose_what_was_seen(n: int, share: float) -> None:
    errors = round(share * n)
    assert lower_bound(errors, n) <= errors / n <= upper_bound(errors, n)


@given(
    st.integers(0, 100), st.integers(1, 5000), st.floats(1e-4, 0.05),
    st.floats(1, 1e5), st.floats(1, 1e5),
)  # fmt: skip
def test_a_stricter_target_never_accepts_more(
    seed: int, n: int, risk: float, one: float, other: float
) -> None:
    measured = curve(n, risk, seed)
    strict, lax = sorted((one, other))
    assert measured.choose(strict).threshold >= measured.choose(lax).threshold


@given(st.integers(0, 50), st.floats(1e-4, 0.02), st.floats(100, 1e5))
def test_what_is_chosen_is_proven_and_what_is_not_proven_is_never(
    seed: int, risk: float, per_million: float
) -> None:
    choice = curve(3000, risk, seed).choose(per_million)
    if choice.supported:
        assert choice.step.bound <= choice.target
        assert choice.threshold == choice.step.threshold < NEVER
    else:
        assert choice.threshold == NEVER
        assert choice.step.bound > choice.target


def test_too_little_data_supports_nothing_though_none_was_wrong() -> None:
    clean = RiskCurve.measured(np.full(400, 0.9999), np.ones(400, bool), 1.0)
    choice = clean.choose(370)
    assert not choice.supported
    assert choice.step.errors == 0
    assert choice.needed == 8096


def test_no_reading_at_all_supports_nothing() -> None:
    empty = RiskCurve.measured(np.zeros(0), np.zeros(0, bool), 1.0)
    assert empty.choose(1e6).threshold == NEVER


def test_where_steps_stand_does_not_depend_on_right_or_wrong() -> None:
    rng = np.random.default_rng(3)
    confidence = rng.random(500)
    one = RiskCurve.measured(confidence, rng.random(500) < 0.5, 1.0)
    other = RiskCurve.measured(confidence, np.ones(500, bool), 1.0)
    assert [s.threshold for s in one.steps] == [s.threshold for s in other.steps]
    assert [s.threshold for s in one.steps] == sorted(thresholds_at(confidence), reverse=True)


def test_the_chosen_bound_holds_in_all_but_one_of_twenty_draws() -> None:
    # Readings whose risk grows along the curve, and a target in the midst of it: choosing the
    # laxest step that passes by its own bound alone would break the target far more often.
    rng = np.random.default_rng(9)
    broken, draws, target = 0, 300, 0.01
    for _ in range(draws):
        confidence = rng.random(1500)
        right = rng.random(1500) >= 0.03 * (1 - confidence) ** 0.8
        choice = RiskCurve.measured(confidence, right, 1.0).choose(target * 1e6)
        if choice.supported:
            grid = np.linspace(choice.threshold, 1, 400)
            broken += float((0.03 * (1 - grid) ** 0.8).mean()) > target
    # 0.05 of 300, and three standard deviations of chance.
    assert broken <= 15 + 3 * (300 * 0.05 * 0.95) ** 0.5


def test_parts_that_disagree_widen_the_bound() -> None:
    rng = np.random.default_rng(4)
    confidence = [rng.random(4000) for _ in range(5)]
    even = [(c, rng.random(4000) >= 0.01) for c in confidence]
    # The same number of errors, all of them from one part: one bad character, drawn often.
    uneven = [(c, rng.random(4000) >= (0.05 if i == 0 else 0.0)) for i, c in enumerate(confidence)]
    flat, bumpy = (RiskCurve.measured_in_parts(p, 1.0).steps[-1] for p in (even, uneven))
    assert flat.bound == pytest.approx(upper_bound(flat.errors, flat.held), rel=0.5)
    assert bumpy.bound > 1.5 * upper_bound(bumpy.errors, bumpy.held)


def test_a_curve_survives_its_artefact() -> None:
    measured = curve(2000, 0.01, relative=2.5)
    again = RiskCurve.from_dict(json.loads(json.dumps(measured.as_dict())))
    assert again.relative == measured.relative
    for per_million in (500, 5000, 20000):
        assert again.choose(per_million).threshold == measured.choose(per_million).threshold


@pytest.mark.parametrize(
    "content",
    [
        {"relative": 0, "n": 1, "steps": []},
        {"relative": 1, "n": 1, "steps": [[2, 1, 0, 0.5]]},
        {"relative": 1, "n": 1, "steps": [[0.5, 1, 0, -1]]},
        {"relative": 1, "n": 1, "steps": [[0.5, 1]]},
    ],
)
def test_a_broken_curve_is_refused(content: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        RiskCurve.from_dict(content)
