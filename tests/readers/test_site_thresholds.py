"""What a site measured for itself: when it counts, and that luck never makes a reader laxer."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import DefectError
from pipeline.readers.calibrating.site_calibration import (
    Measured,
    Verdict,
    measure,
    reliability,
    site_artefact,
    write_site_artefact,
)
from pipeline.readers.calibrating.threshold_set import ThresholdSet
from pipeline.readers.risk.acceptance import (
    SITE_FILE,
    STANDARD_PER_MILLION,
    SiteThresholds,
    Source,
    decide,
)
from pipeline.readers.risk.risk_curves import NEVER, RiskCurve
from pipeline.settings import REPOSITORY, Settings

MODELS = REPOSITORY / "models"
NOW = dt.datetime(2026, 11, 23, 7, 5)


def pairs(n: int, errors: int, least: float = 0.999) -> tuple[np.ndarray, np.ndarray]:
    """Evenly spread confidences; the errors are the least sure ones."""
    confidence = np.linspace(least, 0.9999999, n)
    right = np.ones(n, bool)
    right[:errors] = False
    return confidence, right


def measured(kind: str, n: int, errors: int, relative: float = 1.0) -> Measured:
    confidence, right = pairs(n, errors)
    curve = RiskCurve.measured(confidence, right, relative)
    return measure(kind, confidence, right, curve, STANDARD_PER_MILLION, accepted=True)


def site(source: Source, *found: Measured, models: dict[str, str] | None = None) -> SiteThresholds:
    versions = ThresholdSet.shipped_versions(MODELS) if models is None else models
    content = site_artefact(source, found, versions, STANDARD_PER_MILLION, NOW)
    return SiteThresholds.from_dict(json.loads(json.dumps(content)))


def by_kind(home: Path, per_million: int = STANDARD_PER_MILLION) -> dict[str, float]:
    settings = Settings(home=home, models=MODELS, silent_errors_per_million=per_million)
    return {a.kind: a.threshold for a in ThresholdSet.of(settings).acceptances}


def test_at_the_standard_target_every_shipped_threshold_is_supported_by_its_data() -> None:
    for one in ThresholdSet.load(MODELS, STANDARD_PER_MILLION, None).acceptances:
        assert one.supported, one.kind
        assert one.bound <= one.target


def test_the_setting_moves_the_thresholds_and_a_stricter_one_never_accepts_more(
    tmp_path: Path,
) -> None:
    # From stricter than any data could support to laxer than anyone would ask.
    ladder = [by_kind(tmp_path, per_million) for per_million in (1, 30, 100, 370, 1000, 10_000)]
    for strict, lax in itertools.pairwise(ladder):
        assert all(strict[kind] >= lax[kind] for kind in lax)
    assert all(threshold == NEVER for threshold in ladder[0].values())
    assert ladder[0] != ladder[3]


def test_the_readers_are_given_what_the_target_picked() -> None:
    strict = ThresholdSet.load(MODELS, 1, None)
    assert strict.dates.accept_from == NEVER
    assert strict.text.classes["printed"].accept_from == NEVER
    standard = ThresholdSet.load(MODELS, STANDARD_PER_MILLION, None)
    kinds = {a.kind: a.threshold for a in standard.acceptances}
    assert standard.dates.accept_from == kinds["date"]
    assert standard.text.classes["printed"].accept_from == kinds["text_printed"]


def test_a_site_evaluation_takes_the_place_of_the_shipped_curve(tmp_path: Path) -> None:
    one = measured("date", 20_000, 0, relative=13.5)
    content = site_artefact(
        Source.EVALUATION, [one], ThresholdSet.shipped_versions(MODELS), 370, NOW
    )
    path = write_site_artefact(tmp_path, content)
    assert by_kind(tmp_path)["date"] == one.curve.choose(370).threshold
    assert path.stat().st_mode & 0o077 == 0
    settings = Settings(home=tmp_path, models=MODELS)
    assert "site/20261123T070500Z" in ThresholdSet.of(settings).dates.version
    path.unlink()
    assert by_kind(tmp_path) == by_kind(tmp_path / "nothing here")


def test_an_evaluation_too_small_to_tell_leaves_the_shipped_thresholds() -> None:
    small = site(Source.EVALUATION, measured("date", 40, 0, 13.5))
    assert "date" not in small.curves
    plain = ThresholdSet.load(MODELS, 370, None)
    assert ThresholdSet.load(MODELS, 370, small).dates.accept_from == plain.dates.accept_from


def test_of_an_evaluation_only_what_the_threshold_admits_bears_on_the_target() -> None:
    confidence, right = pairs(40_000, 300, 0.2)
    curve = RiskCurve.measured(confidence, right, 1.0)
    one = measure("date", confidence, right, curve, 370, accepted=False)
    assert one.verdict == Verdict.SHOWN
    assert measure("date", confidence, right, curve, 370, accepted=True).verdict == (
        Verdict.EXCEEDED
    )


def test_no_single_reading_less_sure_than_the_least_is_taken_however_lax_the_target() -> None:
    curve = RiskCurve.measured(np.linspace(0.5, 1.0, 10_000), np.ones(10_000, bool), 1.0)
    assert curve.choose(500_000).threshold < 0.6
    held = curve.down_to(0.9)
    assert held.choose(500_000).threshold >= 0.9
    assert held.n == curve.n


def test_an_artefact_for_other_models_is_left_alone_and_said_to_be_stale() -> None:
    other = site(Source.EVALUATION, measured("date", 20_000, 0, 13.5), models={"dates": "older"})
    plain = ThresholdSet.load(MODELS, 370, None)
    found = ThresholdSet.load(MODELS, 370, other)
    assert found.stale
    assert not plain.stale
    assert found.dates.accept_from == plain.dates.accept_from


def test_few_decisions_without_error_change_nothing_and_prove_little() -> None:
    one = measured("date", 300, 0, relative=1.0)
    assert one.verdict == Verdict.UNDECIDED
    assert one.high == pytest.approx(3 / 300, rel=0.01)
    assert one.needed == 8096
    plain = ThresholdSet.load(MODELS, 370, None)
    found = ThresholdSet.load(MODELS, 370, site(Source.DECISIONS, one))
    assert found.dates.accept_from == plain.dates.accept_from
    assert found.acceptances == plain.acceptances


def test_decisions_that_prove_too_many_errors_raise_the_threshold() -> None:
    shipped = RiskCurve.measured(*pairs(20_000, 0, 0.5), 1.0)
    one = measured("date", 2_000, 60)
    assert one.verdict == Verdict.EXCEEDED
    found = decide("date", shipped, 370, site(Source.DECISIONS, one))
    assert found.threshold > decide("date", shipped, 370).threshold
    assert found.source == Source.DECISIONS
    assert not found.supported
    hopeless = measure(
        "date",
        np.full(50, 0.9999),
        np.zeros(50, bool),
        RiskCurve.measured(np.full(50, 0.9999), np.zeros(50, bool), 1.0),
        370,
        accepted=True,
    )
    assert decide("date", shipped, 370, site(Source.DECISIONS, hopeless)).never


@given(
    st.integers(1, 3000), st.floats(0, 0.2), st.integers(0, 99),
    st.floats(1, 1e5), st.floats(1, 1e5),
)  # fmt: skip
def test_decisions_never_lower_a_threshold_and_stricter_never_accepts_more(
    n: int, risk: float, seed: int, one: float, other: float
) -> None:
    rng = np.random.default_rng(seed)
    confidence = rng.random(n)
    own = RiskCurve.measured(confidence, rng.random(n) >= risk, 1.0)
    shipped = RiskCurve.measured(*pairs(20_000, 2, 0.3), 1.0)
    said = SiteThresholds("site/x", Source.DECISIONS, {}, {"date": own})
    strict, lax = (decide("date", shipped, p, said).threshold for p in sorted((one, other)))
    assert strict >= lax
    assert lax >= decide("date", shipped, max(one, other)).threshold


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1, "source": "x"}'])
def test_a_broken_site_artefact_stops_the_start_and_names_the_way_back(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / SITE_FILE
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(DefectError) as broken:
        ThresholdSet.of(Settings(home=tmp_path, models=MODELS))
    assert broken.value.code == "SITE_THRESHOLDS_BROKEN"
    assert str(SITE_FILE) in broken.value.remedy_en


def test_the_reliability_table_tells_honest_confidence_from_boasting() -> None:
    rng = np.random.default_rng(6)
    confidence = rng.uniform(0.8, 1, 20_000)
    honest = reliability(confidence, rng.random(20_000) < confidence)
    assert sum(b.n for b in honest) == 20_000
    # A one-sided 95 % bound fails once in twenty bins by chance: two of ten at most here.
    assert sum(b.surely_below for b in honest) <= 2
    boasting = reliability(confidence, rng.random(20_000) < confidence - 0.1)
    assert all(b.surely_below for b in boasting)
