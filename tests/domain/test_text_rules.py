"""Eras, names, telephone numbers and addresses."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import addresses, era, person_names, phone

DAYS = st.dates(dt.date(1873, 1, 1), dt.date(2099, 12, 31))


@given(DAYS)
def test_every_spelling_of_a_day_reads_back(day: dt.date) -> None:
    spellings = era.spellings(day)
    assert spellings
    for legal, year in spellings:
        assert era.to_date(legal, year, day.month, day.day) == day
        assert era.parse(era.write(day, legal)) == day
        assert era.to_date(legal.short, year, day.month, day.day) == day
        assert era.to_date(legal.latin, year, day.month, day.day) == day


@pytest.mark.parametrize("day", [dt.date(1912, 7, 30), dt.date(1926, 12, 25)])
def test_boundary_days_are_legal_in_both_eras(day: dt.date) -> None:
    assert len(era.spellings(day)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "昭和64年1月8日",
        "平成31年5月1日",
        "令和元年4月30日",
        "平成2年2月30日",
        "令和7年2月29日",
        "令和0年5月1日",
        "明治5年1月1日",
        "令和7年13月1日",
        "令和7年1月",
        "名前",
    ],
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert era.parse(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("令和元年5月1日", dt.date(2019, 5, 1)),
        ("令和１年５月１日", dt.date(2019, 5, 1)),
        ("昭和六十四年一月七日", dt.date(1989, 1, 7)),
        ("H31.4.30", dt.date(2019, 4, 30)),
        ("平成 十年 十二月 二十三日", dt.date(1998, 12, 23)),
        ("2026年11月23日", dt.date(2026, 11, 23)),
    ],
)
def test_ways_to_write_a_day(text: str, day: dt.date) -> None:
    assert era.parse(text) == day


def test_a_printed_era_completes_a_date() -> None:
    assert era.parse("8年11月3日", "令和") == dt.date(2026, 11, 3)
    assert era.parse("8年11月3日") is None


@given(DAYS, DAYS)
def test_age_grows_by_one_on_the_birthday(born: dt.date, when: dt.date) -> None:
    if when < born:
        with pytest.raises(ValueError, match="born"):
            era.age_at(born, when)
        return
    age = era.age_at(born, when)
    assert -2 < (when - born).days - age * 365.2425 < 367
    assert era.age_at(born, when + dt.timedelta(days=1)) - age in (0, 1)


def test_born_on_the_29th_of_february() -> None:
    born = dt.date(2024, 2, 29)
    assert era.age_at(born, dt.date(2025, 2, 28)) == 0
    assert era.age_at(born, dt.date(2025, 3, 1)) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("髙橋", "高橋"),
        ("山﨑", "山崎"),
        ("渡邉", "渡辺"),
        ("齋藤", "斎藤"),
        ("齊藤", "斉藤"),
        ("𠮷田", "吉田"),
        ("濵田", "浜田"),
        ("ＺＨＡＮＧ Ｙｕ", "ZHANG YU"),
        ("山田　太郎", "山田太郎"),
    ],
)
def test_variants_are_one_name(first: str, second: str) -> None:
    assert person_names.same(first, second)


def test_different_names_stay_different() -> None:
    assert not person_names.same("大田", "太田")
    assert person_names.distance("大田", "太田") == 1


@given(st.text(max_size=20))
def test_folding_twice_changes_nothing(text: str) -> None:
    once = person_names.fold(text)
    assert person_names.fold(once) == person_names.fold(person_names.fold(once))
    assert person_names.normalise(person_names.normalise(text)) == person_names.normalise(text)


def test_storage_keeps_what_was_written() -> None:
    assert person_names.normalise("髙﨑　Ｔａｒｏ") == "髙﨑 Taro"
    assert "﨑" in person_names.variants_of("崎")


@given(st.sampled_from(["090", "080", "070", "060"]), st.integers(0, 99_999_999))
def test_mobile_numbers_in_any_dress(head: str, rest: int) -> None:
    digits = f"{head}{rest:08d}"
    dressed = f"（{digits[:3]}）{digits[3:7]}－{digits[7:]}"
    assert phone.normalise(dressed) == digits
    assert phone.normalise(f"+81-{digits[1:]}") == digits
    assert phone.is_plausible(digits)
    assert not phone.is_plausible(digits[:-1])


def test_addresses_fall_into_place_and_number() -> None:
    parts = addresses.split("〒100-0005 東京都千代田区丸の内１ー２－３ サンプル１０１")
    assert parts == addresses.AddressParts("1000005", "東京都千代田区丸の内", "1-2-3 サンプル101")
    assert addresses.split("京都市北区小山三丁目四番").rest == "3丁目4番"
    assert addresses.fold_place("龍ヶ崎市") == addresses.fold_place("竜ケ崎市")


def test_a_dash_in_a_building_is_its_long_mark() -> None:
    assert addresses.normalise("1-2-3 コ-ポ502") == "1-2-3 コーポ502"
    assert addresses.normalise("1ー2 タワ-3") == "1-2 タワー3"
