"""What is probable about a day may confirm a date or cast doubt on it, and corrects nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.documents import DATE_FIELDS
from pipeline.domain.documents import FieldName as F
from pipeline.domain.geometry import BoxMm, BoxPx
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.readers.boxed import BoxedReading, CellReading, CellState
from pipeline.readers.dates.date_prior import prior_of
from pipeline.readers.dates.date_thresholds import DateThresholds
from pipeline.readers.dates.resolve_date import resolve_date

ARRIVED = dt.date(2026, 11, 23)
LIMITS = DateThresholds("test", 0.96, 0.95, {})
ZONE = Zone(F.APPLICATION_DATE, ReaderKind.BOXES, BoxMm(0, 0, 60, 10), part="digits")
PLACE = BoxPx(0, 0, 1, 1)
# A posterior this sure outweighs the largest weight that any prior gives.
SURE = 0.9999995


def boxed(text: str, sure: float = 0.9999, **doubts: dict[str, float]) -> BoxedReading:
    cells = []
    for i, c in enumerate(text):
        other = "1" if c != "1" else "7"
        posterior = doubts.get(f"at{i}", {c: sure, other: 1 - sure})
        cells.append(CellReading(posterior, CellState.INK, PLACE))
    return BoxedReading(ZONE, tuple(cells))


@given(st.sampled_from(sorted(DATE_FIELDS)), st.dates(dt.date(1873, 1, 1), dt.date(2060, 1, 1)))
def test_no_day_is_shut_out(field: F, day: dt.date) -> None:
    assert prior_of(field, ARRIVED)(day) > 0
    assert prior_of(field, None)(day) == 1.0


def test_an_application_of_these_days_is_probable_and_one_of_tomorrow_is_not() -> None:
    weight = prior_of(F.APPLICATION_DATE, ARRIVED)
    days = [ARRIVED - dt.timedelta(days=d) for d in (0, 10, 100, 1000)]
    assert [weight(d) for d in days] == sorted((weight(d) for d in days), reverse=True)
    assert weight(ARRIVED + dt.timedelta(days=1)) < weight(days[-1])
    ages = prior_of(F.BIRTH_DATE, ARRIVED)
    assert ages(dt.date(2020, 1, 1)) == ages(dt.date(1940, 1, 1)) > ages(dt.date(1912, 1, 1))


def test_a_mild_doubt_is_settled_by_what_is_probable() -> None:
    reading = boxed("081120", at1={"8": 0.94, "3": 0.06})
    plain = resolve_date(F.APPLICATION_DATE, None, reading, None, thresholds=LIMITS)
    assert not plain.reading.accepted
    weighed = resolve_date(
        F.APPLICATION_DATE, None, reading, None, thresholds=LIMITS, arrived=ARRIVED
    )
    assert weighed.reading.accepted
    assert weighed.reading.value == "2026-11-20"


@pytest.mark.parametrize("probable", [0.35, 0.45])
def test_what_only_the_prior_prefers_is_never_accepted(probable: float) -> None:
    reading = boxed("031120", at1={"3": 1 - probable, "8": probable})
    resolved = resolve_date(
        F.APPLICATION_DATE, None, reading, None, thresholds=LIMITS, arrived=ARRIVED
    )
    assert not resolved.reading.accepted
    assert resolved.findings


def test_an_improbable_day_needs_clearer_digits() -> None:
    reading = boxed("031120", at1={"3": 0.99, "8": 0.01})
    old = resolve_date(F.APPLICATION_DATE, None, reading, None, thresholds=LIMITS, arrived=ARRIVED)
    assert old.reading.value == "2021-11-20"
    assert not old.reading.accepted


@given(st.dates(dt.date(2019, 5, 2), dt.date(2026, 11, 23)), st.sampled_from([None, ARRIVED]))
def test_clear_digits_are_read_whatever_is_probable(day: dt.date, arrived: dt.date | None) -> None:
    text = f"{day.year - 2018:02d}{day.month:02d}{day.day:02d}"
    resolved = resolve_date(
        F.APPLICATION_DATE, None, boxed(text, SURE), None, thresholds=LIMITS, arrived=arrived
    )
    assert resolved.reading.value == day.isoformat()
    assert resolved.reading.accepted


def test_the_share_of_impossible_dates_does_not_move_with_the_prior() -> None:
    reading = boxed("080931")  # 31 September
    for arrived in (None, ARRIVED):
        resolved = resolve_date(
            F.APPLICATION_DATE, None, reading, None, thresholds=LIMITS, arrived=arrived
        )
        assert resolved.reading.value is None
