"""The reports an officer reads: who saw what, what is odd, what left and what ended."""

from __future__ import annotations

import datetime as dt

import pytest
from store_actions import ANNA, BEN

from pipeline.store.auditing.audit import SYSTEM, Actor
from pipeline.store.duckdb_store import DuckDBStore

NOW = dt.datetime(2026, 11, 23, 3, 0)  # noon in Japan


class Day:
    """Writes audit rows at chosen times."""

    def __init__(self, store: DuckDBStore, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.patch = store, monkeypatch

    def at(self, moment: dt.datetime, actor: Actor, action: str, times: int = 1) -> None:
        self.patch.setattr("pipeline.store.auditing.audit.utc_now", lambda: moment)
        for n in range(times):
            self.store.audit.note(actor, action, f"document:{n}")


@pytest.fixture
def day(store: DuckDBStore, monkeypatch: pytest.MonkeyPatch) -> Day:
    monkeypatch.setattr("pipeline.store.auditing.audit_reports.utc_now", lambda: NOW)
    return Day(store, monkeypatch)


def test_access_is_counted_by_person(day: Day) -> None:
    day.at(NOW, ANNA, "value.view", 3)
    day.at(NOW, ANNA, "pin.view", 1)
    day.at(NOW, ANNA, "decision.value", 2)
    day.at(NOW, BEN, "value.view", 1)
    day.at(NOW - dt.timedelta(days=40), BEN, "value.view", 9)
    found = day.store.audit_report(31)
    assert [(a.person, a.values_seen, a.pins_seen, a.decisions) for a in found.access] == [
        ("anna", 3, 1, 2),
        ("ben", 1, 0, 0),
    ]


def test_a_day_of_many_views_and_a_night_are_unusual(day: Day) -> None:
    for back in range(1, 6):
        day.at(NOW - dt.timedelta(days=back), ANNA, "value.view", 8)
        day.at(NOW - dt.timedelta(days=back), BEN, "value.view", 20)
    assert day.store.audit_report(31).unusual == ()
    day.at(NOW, ANNA, "value.view", 30)
    day.at(NOW + dt.timedelta(hours=11), BEN, "value.view", 2)  # 23 o'clock
    day.at(NOW, Actor("chiyo", "reviewer"), "session.refused", 5)
    odd = {(u.person, u.views, u.out_of_hours, u.refused_logins) for u in
           day.store.audit_report(31).unusual}  # fmt: skip
    assert odd == {("anna", 30, 0, 0), ("ben", 2, 2, 0), ("chiyo", 0, 0, 5)}


def test_exports_and_deletions_are_listed(day: Day) -> None:
    day.at(NOW, SYSTEM, "purge")
    day.at(NOW, SYSTEM, "key.destroy")
    day.at(NOW, ANNA, "export.package")
    found = day.store.audit_report(7)
    assert [a.action for a in found.deletions] == ["key.destroy", "purge"]
    assert [(a.person, a.action) for a in found.exports] == [("anna", "export.package")]
