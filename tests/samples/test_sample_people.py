"""Synthetic applicants keep the rules that real ones have to keep."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import application_id, my_number, pin
from pipeline.domain.documents import FieldName
from pipeline.samples.people import (
    ERA_STARTS,
    Kind,
    age_on,
    era_of,
    era_year,
    make_applicant,
    make_pin,
)

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from(Kind))
def test_every_value_is_legal(seed: int, kind: Kind) -> None:
    person = make_applicant(np.random.default_rng(seed), kind)
    assert my_number.passes_check_digit(person.my_number)
    assert application_id.is_legal(person.application_id)
    assert pin.is_legal(FieldName.PIN_SIGNATURE, person.pin_signature)
    assert pin.is_legal(FieldName.PIN_AUTHENTICATION, person.pin_authentication)
    assert person.sex in "男女"
    assert len(person.postal_code) == 7 and person.postal_code.isdigit()
    assert person.phone.isdigit() and len(person.phone) in (10, 11)
    assert person.birth_date < person.application_date
    assert 1 <= era_year(person.birth_date, person.birth_era) <= 64


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_kind_decides_the_age(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ages = {
        kind: age_on(p.birth_date, p.application_date)
        for kind in (Kind.INFANT, Kind.CHILD, Kind.ADULT, Kind.ELDER)
        for p in [make_applicant(rng, kind)]
    }
    assert ages[Kind.INFANT] == 0
    assert 1 <= ages[Kind.CHILD] <= 14
    assert 15 <= ages[Kind.ADULT] < 76
    assert ages[Kind.ELDER] >= 74


def test_foreign_residents_have_a_category_and_mostly_a_limit() -> None:
    rng = np.random.default_rng(4)
    people = [make_applicant(rng, Kind.FOREIGN) for _ in range(40)]
    assert all(p.foreign_resident_category for p in people)
    assert all(p.name.isascii() and p.name.isupper() for p in people)
    for p in people:
        assert (p.stay_limit_date is None) == (p.foreign_resident_category == "特別永住者")


def test_the_same_seed_gives_the_same_person() -> None:
    first = make_applicant(np.random.default_rng(11))
    assert first == make_applicant(np.random.default_rng(11))
    assert first != make_applicant(np.random.default_rng(12))


@pytest.mark.parametrize(("mark", "start"), ERA_STARTS)
def test_an_era_begins_on_its_first_day(mark: str, start: dt.date) -> None:
    assert era_of(start) == (mark, 1)
    if mark != "明":
        assert era_of(start - dt.timedelta(days=1))[0] != mark


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_look_alike_pin_is_legal_and_full_of_look_alikes(seed: int) -> None:
    value = make_pin(FieldName.PIN_SIGNATURE, np.random.default_rng(seed), look_alike=True)
    assert pin.is_legal(FieldName.PIN_SIGNATURE, value)
    assert set(value) <= set("OISZBGDQ0152869")
