"""What people type is brought to one form, and old characters stay what they are."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.documents import FieldName
from pipeline.store.reviewing.keyed_values import normal_form, same

BORN = FieldName.BIRTH_DATE


@pytest.mark.parametrize(
    "typed",
    ["平成2年5月10日", "平020510", "H2.5.10", "h02-05-10", "Ｈ２．５．１０", "1990-05-10",
     "1990/5/10", "1990年5月10日", "平成 2年 5月 10日", "H020510"],
)  # fmt: skip
def test_a_date_may_be_typed_in_many_ways(typed: str) -> None:
    assert normal_form(BORN, typed) == "1990-05-10"


@pytest.mark.parametrize(
    ("typed", "date"),
    [
        ("令和元年5月1日", "2019-05-01"),
        ("昭和64年1月7日", "1989-01-07"),
        ("M45.7.30", "1912-07-30"),
    ],
)
def test_first_and_last_years(typed: str, date: str) -> None:
    assert normal_form(BORN, typed) == date


@pytest.mark.parametrize("typed", ["平成2年2月30日", "平成2年13月1日", "そのうち", "99"])
def test_what_is_no_date_stays_as_typed(typed: str) -> None:
    assert normal_form(BORN, typed) == typed


def test_dates_whose_era_is_printed_need_none() -> None:
    for typed in ("081123", "8年11月23日", "令和8年11月23日", "2026/11/23"):
        assert normal_form(FieldName.APPLICATION_DATE, typed) == "2026-11-23"
    assert normal_form(BORN, "081123") == "081123"


@given(day=st.dates(dt.date(1989, 1, 8), dt.date(2019, 4, 30)))
def test_every_heisei_day_comes_back(day: dt.date) -> None:
    assert normal_form(BORN, f"平成{day.year - 1988}年{day.month}月{day.day}日") == day.isoformat()
    packed = f"平{day.year - 1988:02}{day.month:02}{day.day:02}"
    assert normal_form(BORN, packed) == day.isoformat()


def test_numbers_and_pins_lose_what_does_not_count() -> None:
    assert normal_form(FieldName.MY_NUMBER, "１２３４ 5678-9018") == "123456789018"
    assert normal_form(FieldName.PIN_SIGNATURE, "sample 10") == "SAMPLE10"
    assert normal_form(FieldName.PHONE, "03-1234-5670") == "0312345670"


def test_names_are_compared_by_width_and_space_but_not_by_variant() -> None:
    assert same(FieldName.NAME, "見本　花子", "見本 花子")
    assert same(FieldName.NAME, "ＳＭＩＴＨ ANN", "SMITHANN")
    assert not same(FieldName.NAME, "髙橋", "高橋")
    assert not same(FieldName.NAME, "\ufa19田", "\u795e田")
    assert normal_form(FieldName.NAME, " 髙橋  一 ") == "髙橋 一"


@given(text=st.text(max_size=40), field=st.sampled_from(FieldName))
def test_the_normal_form_is_stable(text: str, field: FieldName) -> None:
    once = normal_form(field, text)
    assert normal_form(field, once) == once
