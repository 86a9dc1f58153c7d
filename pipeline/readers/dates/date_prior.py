"""How probable a day is before the ink is looked at, for each date of a form.

A date of application lies most often days before the paper comes in, a birth within a lifetime.
That is known whatever the ink looks like, and is put in as a prior over days: a weight that a
clear digit outweighs, never a rule that shuts a day out. A reading that only the prior prefers is
never accepted (``dates``), so the prior can confirm what was written or cast doubt on it, and
cannot correct it.

The shapes are assumptions, stated here and in the artefact of the dates, and no measurement of
any office: a delay falls off as one over the days passed (an application a year old is a tenth as
probable as one a month old), ages are even up to 90 and fall to a thousandth at 115, a share of
``STRAY`` goes to every day of the calendar alike.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable

from pipeline.domain.documents import FieldName as F

Weight = Callable[[dt.date], float]
"""Relative probability of a day, up to a factor; above 0 for every day."""

SHAPES = {
    "recent": "1 / (30 + days passed); after the day of arrival a thousandth of that of the day",
    "lifetime": "even to the age of 90, down to a thousandth at 115 and beyond",
    "ahead": "even over the six years after and the year before the day of arrival, a hundredth "
    "elsewhere",
    "stray": "a thousandth of the highest weight goes to every day",
}
STRAY = 1e-3
_DELAY_DAYS = 30.0
_FUTURE = 1e-3
_EVEN_TO_YEARS, _LEAST_FROM_YEARS = 90.0, 115.0
_OLD = 1e-3
_AHEAD_YEARS, _BEHIND_YEARS = 6.0, 1.0
_ELSEWHERE = 1e-2
_YEAR_DAYS = 365.2425
_RECENT = frozenset({F.APPLICATION_DATE, F.REPLY_DATE, F.MANDATE_DATE})
_AHEAD = frozenset({F.STAY_LIMIT_DATE, F.EXPIRY_DATE})


def prior_of(field: F, arrived: dt.date | None) -> Weight:
    """The weight of days for a date field.

    Args:
        field: Which date.
        arrived: The day on which the paper came in; None where it is not known, and every day
            is as probable as any other.
    """
    if arrived is None:
        return _even
    if field in _RECENT:
        return lambda day: max(_recent((arrived - day).days), STRAY)
    if field == F.BIRTH_DATE:
        return lambda day: max(_lifetime((arrived - day).days / _YEAR_DAYS), STRAY)
    if field in _AHEAD:
        return lambda day: _ahead((day - arrived).days / _YEAR_DAYS)
    return _even


def _even(_: dt.date) -> float:
    return 1.0


def _recent(days: int) -> float:
    return _FUTURE if days < 0 else _DELAY_DAYS / (_DELAY_DAYS + days)


def _lifetime(years: float) -> float:
    if years < 0:
        return _FUTURE
    share = (years - _EVEN_TO_YEARS) / (_LEAST_FROM_YEARS - _EVEN_TO_YEARS)
    return math.exp(math.log(_OLD) * min(1.0, max(0.0, share)))


def _ahead(years: float) -> float:
    return 1.0 if -_BEHIND_YEARS <= years <= _AHEAD_YEARS else _ELSEWHERE
