"""Synthetic applicants keep the rules that real ones have to keep."""

import datetime as dt

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import addresses, application_id, era, my_number, person_names, phone, pin
from pipeline.domain.documents import FieldName
from pipeline.samples.people import (
    Kind,
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


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from(Kind))
def test_values_are_in_the_normal_form_that_readers_give(seed: int, kind: Kind) -> None:
    person = make_applicant(np.random.default_rng(seed), kind)
    for someone in (person, person.representative):
        assert person_names.normalise(someone.name) == someone.name
        assert addresses.normalise(someone.address) == someone.address
        assert phone.normalise(someone.phone) == someone.phone
        assert phone.is_plausible(someone.phone)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_kind_decides_the_age(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ages = {
        kind: era.age_at(p.birth_date, p.application_date)
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


def test_boundary_days_are_born_in_either_era() -> None:
    rng = np.random.default_rng(2)
    people = [make_applicant(rng, Kind.ERA_BOUNDARY) for _ in range(120)]
    marks = {(p.birth_date, p.birth_era) for p in people}
    for day, eras in ((dt.date(1912, 7, 30), "明大"), (dt.date(1926, 12, 25), "大昭")):
        assert {mark for born, mark in marks if born == day} == set(eras)
    assert (dt.date(1989, 1, 7), "平") not in marks


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_look_alike_pin_is_legal_and_full_of_look_alikes(seed: int) -> None:
    value = make_pin(FieldName.PIN_SIGNATURE, np.random.default_rng(seed), look_alike=True)
    assert pin.is_legal(FieldName.PIN_SIGNATURE, value)
    assert set(value) <= set("OISZBGDQ0152869")
