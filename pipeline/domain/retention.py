"""How long a kind of data is kept: a clock with a start, an amount and a unit.

The law asks for deletion as soon as the work no longer needs the data, within the rules for
documents (番号法第20条 and the guideline's 削除・廃棄); municipal rules count in days, months or
fiscal years, which begin on 1 April. Which rule binds an office is the office's to say, so the
amounts are settings and only the arithmetic is here.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

FISCAL_YEAR_BEGINS_MONTH = 4
KEEP = "keep"
_RULE = re.compile(r"(\d{1,4}) (days|months|fiscal_years) after (received|decided)", re.ASCII)


class Start(StrEnum):
    """What sets the clock going."""

    RECEIVED = "received"
    DECIDED = "decided"


class Unit(StrEnum):
    """What the clock counts."""

    DAYS = "days"
    MONTHS = "months"
    FISCAL_YEARS = "fiscal_years"  # whole ones, after the one in which the clock was set going


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """A clock, e.g. ``3 months after decided``."""

    amount: int
    unit: Unit
    start: Start

    @classmethod
    def parse(cls, text: str) -> RetentionRule | None:
        """The rule that a setting says, or None for ``keep``.

        Raises:
            ValueError: If it says neither.
        """
        if text.strip() == KEEP:
            return None
        match = _RULE.fullmatch(text.strip())
        if match is None:
            raise ValueError(
                f"{text!r} is no rule: write “3 months after decided”, units days, months or "
                "fiscal_years, start received or decided, or “keep”"
            )
        return cls(int(match[1]), Unit(match[2]), Start(match[3]))

    def cutoff(self, today: dt.date) -> dt.date:
        """The first day that is still kept: what began before it is due today."""
        if self.unit == Unit.DAYS:
            return today - dt.timedelta(days=self.amount)
        if self.unit == Unit.MONTHS:
            return _months_before(today, self.amount)
        # Kept for whole fiscal years after the one in which it began.
        return dt.date(fiscal_year(today) - self.amount, FISCAL_YEAR_BEGINS_MONTH, 1)

    def is_due(self, began: dt.date, today: dt.date) -> bool:
        """Whether what began on a day is due today."""
        return began < self.cutoff(today)

    def __str__(self) -> str:
        return f"{self.amount} {self.unit} after {self.start}"


def fiscal_year(day: dt.date) -> int:
    """The year in which the fiscal year of a day began (1 April)."""
    return day.year if day.month >= FISCAL_YEAR_BEGINS_MONTH else day.year - 1


def _months_before(day: dt.date, months: int) -> dt.date:
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    if year < 1:
        return dt.date.min
    following = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(day.day, last))
