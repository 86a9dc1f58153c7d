"""Japanese eras (和暦): conversion, dates that cannot be, age at a date.

Boundaries: 明治 1868-10-23 to 1912-07-30, 大正 to 1926-12-25, 昭和 to 1989-01-07, 平成 to
2019-04-30, then 令和. The days 1912-07-30 and 1926-12-25 belong to both eras, so both spellings
are legal. The Gregorian calendar counts from 明治6年1月1日 (1873-01-01): earlier days would need
the old calendar, and nobody who applies was born then.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

GREGORIAN_FROM = dt.date(1873, 1, 1)


@dataclass(frozen=True, slots=True)
class Era:
    """One era: its names and its first and last day (None while it lasts)."""

    name: str
    short: str
    latin: str
    first: dt.date
    last: dt.date | None

    def holds(self, day: dt.date) -> bool:
        """Whether a day may be written in this era."""
        return self.first <= day and (self.last is None or day <= self.last)


ERAS: tuple[Era, ...] = (
    Era("明治", "明", "M", dt.date(1868, 10, 23), dt.date(1912, 7, 30)),
    Era("大正", "大", "T", dt.date(1912, 7, 30), dt.date(1926, 12, 25)),
    Era("昭和", "昭", "S", dt.date(1926, 12, 25), dt.date(1989, 1, 7)),
    Era("平成", "平", "H", dt.date(1989, 1, 8), dt.date(2019, 4, 30)),
    Era("令和", "令", "R", dt.date(2019, 5, 1), None),
)
_BY_NAME = {key: era for era in ERAS for key in (era.name, era.short, era.latin)}
_KANJI_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_ERA_DATE = re.compile(
    r"(?P<era>明治|大正|昭和|平成|令和|[明大昭平令MTSHR])?\s*"
    r"(?P<year>元|\d{1,4})\s*(?:年|[./-])\s*(?P<month>\d{1,2})\s*(?:月|[./-])\s*"
    r"(?P<day>\d{1,2})\s*日?(?:\s*(?:時点|まで|生))?"
)


def find_era(name: str) -> Era | None:
    """The era of a name (令和), its first character (令) or letter (R), or None."""
    return _BY_NAME.get(unicodedata.normalize("NFKC", name).upper())


def to_date(era: Era | str, year: int, month: int, day: int) -> dt.date | None:
    """The day that an era date names, or None where there is no such day in that era.

    Args:
        era: An era or its name; 西暦 counts as the western calendar.
        year: Year of the era, 1 for 元年.
        month: From 1.
        day: Of the month, from 1.
    """
    if isinstance(era, str):
        if era in ("西暦", "西"):
            return _western(year, month, day)
        found = find_era(era)
        if found is None:
            return None
        era = found
    if year < 1:
        return None
    result = _western(era.first.year + year - 1, month, day)
    return result if result is not None and era.holds(result) else None


def spellings(day: dt.date) -> list[tuple[Era, int]]:
    """Every legal (era, year) of a day, later era first; two on a boundary day."""
    return [(e, day.year - e.first.year + 1) for e in reversed(ERAS) if e.holds(day)]


def write(day: dt.date, era: Era | None = None) -> str:
    """A day as 令和元年5月1日, in the given era or the latest legal one.

    Raises:
        ValueError: If the day is before 明治 or not in that era.
    """
    for legal, year in spellings(day):
        if era is None or legal == era:
            return f"{legal.name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    raise ValueError("no such era spelling for this day")


def parse(text: str, printed_era: str = "") -> dt.date | None:
    """The day that a written date names, or None where it names none.

    Reads 昭和64年1月7日, S64.1.7, 令和元年五月一日, 2026年1月2日; years of four digits are western.

    Args:
        text: The whole text of a field.
        printed_era: The era that the form prints, where the writer leaves it out.
    """
    folded = unicodedata.normalize("NFKC", text)
    folded = fold_kanji_numbers(re.sub(r"\s+", "", folded))
    match = _ERA_DATE.fullmatch(folded)
    if match is None:
        return None
    year = 1 if match["year"] == "元" else int(match["year"])
    month, day = int(match["month"]), int(match["day"])
    if len(match["year"]) == 4 and match["era"] is None:
        return _western(year, month, day)
    name = match["era"] or printed_era
    return to_date(name, year, month, day) if name else None


def fold_kanji_numbers(text: str) -> str:
    """Kanji numerals below one hundred as ASCII digits: 二十三 -> 23, 五 -> 5."""

    def ten(match: re.Match[str]) -> str:
        tens = match[1].translate(_KANJI_DIGITS) or "1"
        ones = match[2].translate(_KANJI_DIGITS) or "0"
        return str(int(tens) * 10 + int(ones))

    return re.sub(r"([二三四五六七八九]?)十([一二三四五六七八九]?)", ten, text).translate(
        _KANJI_DIGITS
    )


def age_at(born: dt.date, when: dt.date) -> int:
    """Completed years of age on a day.

    年齢計算ニ関スル法律: a year of age is complete at the end of the day before the birthday, so
    throughout the birthday itself the new age counts; one born on 29 February completes a year at
    the end of 28 February.

    Raises:
        ValueError: If ``when`` is before the birth.
    """
    if when < born:
        raise ValueError("not born yet")
    return when.year - born.year - ((when.month, when.day) < (born.month, born.day))


def _western(year: int, month: int, day: int) -> dt.date | None:
    try:
        result = dt.date(year, month, day)
    except ValueError:
        return None
    return result if result >= GREGORIAN_FROM else None
