"""When a kind of data is due for destruction."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.retention import RetentionRule, Start, Unit, fiscal_year

DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1))
RULES = st.builds(RetentionRule, st.integers(0, 60), st.sampled_from(Unit), st.sampled_from(Start))


@given(rule=RULES)
def test_a_rule_says_itself(rule: RetentionRule) -> None:
    assert RetentionRule.parse(str(rule)) == rule


@given(rule=RULES, began=DAYS, today=DAYS)
def test_what_is_due_stays_due(rule: RetentionRule, began: dt.date, today: dt.date) -> None:
    if rule.is_due(began, today):
        assert rule.is_due(began, today + dt.timedelta(days=1))
        assert rule.is_due(began - dt.timedelta(days=1), today)
        assert began < today or rule.amount == 0


@given(today=DAYS, amount=st.integers(0, 5))
def test_fiscal_years_are_counted_from_the_first_of_april_after(
    today: dt.date, amount: int
) -> None:
    rule = RetentionRule(amount, Unit.FISCAL_YEARS, Start.DECIDED)
    began = dt.date(2026, 11, 23)  # fiscal year 2026: kept until 31 March 2027 + amount years
    assert rule.is_due(began, today) == (today >= dt.date(2027 + amount, 4, 1))


@pytest.mark.parametrize(
    ("text", "began", "first_due"),
    [
        ("14 days after received", "2026-11-01", "2026-11-16"),
        ("3 months after decided", "2026-11-30", "2027-03-01"),
        ("1 months after decided", "2027-01-31", "2027-03-01"),
        ("1 fiscal_years after decided", "2026-03-31", "2027-04-01"),
        ("1 fiscal_years after decided", "2026-04-01", "2028-04-01"),
    ],
)
def test_the_first_day_that_is_due(text: str, began: str, first_due: str) -> None:
    rule = RetentionRule.parse(text)
    assert rule is not None
    first = dt.date.fromisoformat(first_due)
    assert rule.is_due(dt.date.fromisoformat(began), first)
    assert not rule.is_due(dt.date.fromisoformat(began), first - dt.timedelta(days=1))


def test_keep_is_no_rule_and_nonsense_is_refused() -> None:
    assert RetentionRule.parse("keep") is None
    for text in ("", "soon", "3 weeks after decided", "-1 days after received", "3 days"):
        with pytest.raises(ValueError, match="no rule"):
            RetentionRule.parse(text)


def test_a_fiscal_year_begins_in_april() -> None:
    assert fiscal_year(dt.date(2027, 3, 31)) == 2026
    assert fiscal_year(dt.date(2027, 4, 1)) == 2027
