"""No word is missing in a language, no page names a host, the figures on it are right."""

from __future__ import annotations

import ast
import datetime as dt
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pipeline.desk import access, charts, intervals
from pipeline.desk.language import LANGUAGES, words
from pipeline.domain.documents import Channel, FieldName, FormName, Route
from pipeline.domain.findings import Severity
from pipeline.domain.photos import PhotoCheckName, Verdict
from pipeline.store.arrivals.tasking import TaskKind
from pipeline.store.measuring.figures import Throughput
from pipeline.store.reviewing.decisions import Action
from pipeline.store.staff.people import Role

DESK = Path(access.__file__).parent
GROUPS = {
    "field": FieldName,
    "form": FormName,
    "channel": Channel,
    "route": Route,
    "role": Role,
    "kind": TaskKind,
    "kind_text": TaskKind,
    "severity": Severity,
    "check": PhotoCheckName,
    "verdict": Verdict,
    "option": Action,
}


def test_both_languages_have_the_same_keys_and_the_same_blanks() -> None:
    ja, en = (words(one).messages for one in LANGUAGES)
    assert ja.keys() == en.keys()
    for key, message in ja.items():
        blanks = [{name for _, name, _, _ in string.Formatter().parse(m) if name} for m in
                  (message, en[key])]  # fmt: skip
        assert blanks[0] == blanks[1], key
        assert message.strip() and en[key].strip(), key


@pytest.mark.parametrize("group", GROUPS)
def test_every_code_has_a_word(group: str) -> None:
    for language in LANGUAGES:
        for code in GROUPS[group]:
            assert f"{group}.{code}" in words(language).messages


# Where the unit stands among the arguments of what makes a check or one of its measures.
UNIT_AT = {"Measure": 1, "measured_above": 1, "measured_below": 1, "not_assessable": 1,
           "PhotoCheck": 3}  # fmt: skip
NAMED_BY_ITS_MEASURE = {"ink probability", "ink stroke"}


def _units(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        place = UNIT_AT.get(name)
        if place is not None and isinstance(unit := node.args[place], ast.Constant):
            found.add(str(unit.value))
    return found


def test_every_measure_of_a_photo_has_a_word() -> None:
    checks = DESK.parent / "photo" / "checks"
    named = set().union(*(_units(path.read_text("utf-8")) for path in checks.glob("*.py")))
    assert {"mm", "deg", "probability", "L*", "red a*", "levels/px"} <= named
    for language in LANGUAGES:
        known = words(language).messages.keys()
        assert {f"measure.{unit}" for unit in named | NAMED_BY_ITS_MEASURE} <= known


def test_every_key_that_a_template_asks_for_exists() -> None:
    messages = words("ja").messages
    asked = set()
    for template in (DESK / "templates").glob("*.html"):
        text = template.read_text(encoding="utf-8")
        asked |= set(re.findall(r"""\bt\(["']([a-z_.]+)["'][,)]""", text))
    assert len(asked) > 100
    assert asked - messages.keys() == set()
    for item in access.MENU:
        assert f"menu.{item.name}" in messages


def test_the_english_pages_hold_no_japanese_but_the_switch() -> None:
    japanese = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
    found = {k for k, v in words("en").messages.items() if japanese.search(v)}
    assert found == {"other_language"}


def test_no_page_or_script_of_ours_leads_elsewhere_or_carries_code_in_line() -> None:
    for path in [*(DESK / "templates").iterdir(), *(DESK / "static").iterdir()]:
        text = path.read_text(encoding="utf-8")
        hosts = set(re.findall(r"https?://[^\s\"'<>)]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not hosts, path.name
        if path.suffix == ".html":
            assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon[a-z]+=|<style", text), path


@given(data=st.data(), n=st.integers(1, 400))
def test_the_interval_is_that_of_clopper_and_pearson(data: st.DataObject, n: int) -> None:
    k = data.draw(st.integers(0, n))
    exact = binomtest(k, n).proportion_ci(0.95, method="exact")
    mine = intervals.share(k, n)
    assert mine.low == pytest.approx(exact.low, abs=1e-9)
    assert mine.high == pytest.approx(exact.high, abs=1e-9)


def test_a_small_sample_shows_nothing_and_a_large_one_does() -> None:
    limit = 370e-6
    enough = intervals.needed(limit)
    assert not intervals.share(0, 100).shows_at_most(limit)
    assert not intervals.share(0, 100).shows_more_than(limit)
    assert intervals.share(0, enough).shows_at_most(limit)
    assert not intervals.share(0, enough - 1).shows_at_most(limit)
    assert intervals.share(5, 500).shows_more_than(limit)
    assert not intervals.share(0, 0).shows_at_most(0.99)
    with pytest.raises(ValueError, match="expected"):
        intervals.share(2, 1)


@given(counts=st.lists(st.integers(0, 5000), min_size=24, max_size=24))
def test_bars_fill_the_chart_in_proportion_and_never_leave_it(counts: list[int]) -> None:
    start = dt.datetime(2026, 11, 23)
    figures = Throughput(
        [start + dt.timedelta(hours=n) for n in range(24)],
        {"accept": counts, "key": counts[::-1]},
        counts,
    )
    chart = charts.stacked(figures, "hour")
    assert chart.total == 2 * sum(counts)
    floor, plot = charts.HEIGHT - charts.BOTTOM, charts.HEIGHT - charts.BOTTOM - charts.TOP
    top = int(chart.y_ticks[-1].label)
    for bar in chart.bars:
        assert bar.y >= charts.TOP - 0.1 and bar.y + bar.h <= floor + 0.1
        assert bar.h == pytest.approx(plot * bar.count / top, abs=0.06)
        assert bar.x >= charts.LEFT and bar.x + bar.w <= charts.WIDTH - charts.RIGHT
    assert 2 <= len(chart.y_ticks) <= 11
