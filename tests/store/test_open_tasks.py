"""Open work in a table of its own: brought over from before, moved when closed and reopened."""

from __future__ import annotations

import itertools
from pathlib import Path

from examination_fixtures import (
    NUMBER,
    accepted_application,
    arrival,
    examination,
    flagged_number,
    keyed_number,
    reading,
)
from store_actions import ANNA, BEN, decide, load, next_task

from pipeline.domain import my_number
from pipeline.domain.documents import FieldName, Route
from pipeline.domain.examinations import Examination
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.store import migrations
from pipeline.store.clock import utc_now
from pipeline.store.database import Database
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.decisions import Action
from pipeline.vault import Vault


def test_work_of_an_older_store_is_brought_over(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "u.duckdb"
    old = Database(path, vault.database_key())
    now = utc_now()
    with old.writing() as cursor:
        cursor.execute("create table migration (version integer, applied_at timestamp)")
        for number, sql in migrations.steps():
            if number < 9:
                cursor.execute(sql)
                cursor.execute("insert into migration values (?, ?)", [number, now])
        for n in range(3):
            cursor.execute(
                "insert into document (document_id, scan_id, batch_id, channel, route, "
                "received_at, loaded_at) values (?, ?, 'b', 'mail', 'confirm', ?, ?)",
                [f"{n:032x}", f"{n:032x}", now, now],
            )
            cursor.execute("insert into page values (?, 1, 0.5, 400, 0)", [f"{n:032x}"])
        for task, document, state in (("t0", 0, "open"), ("t1", 1, "closed"), ("t2", 2, "open")):
            cursor.execute(
                "insert into task (task_id, document_id, field, kind, purpose, priority, ordinal, "
                "state, created_at, closed_at, ver) "
                "values (?, ?, 'name', 'confirm', 'review', 1, 1, ?, ?, ?, 4)",
                [task, f"{document:032x}", state, now, now if state == "closed" else None],
            )
    old.close()
    store = DuckDBStore(path, vault)
    held = {
        t.task_id: (t.state, t.ver) for n in range(3) for t in store.queue.of_document(f"{n:032x}")
    }
    assert held == {"t0": ("open", 4), "t1": ("closed", 4), "t2": ("open", 4)}
    assert [c.open for c in store.queue.counts()] == [2]
    assert next_task(store, ANNA).task_id == "t0" and next_task(store, BEN).task_id == "t2"
    page = store.documents.lineage(f"{1:032x}")
    assert page is not None and page.inliers == 400
    load(store, "new", arrival(vault, "a", flagged_number()))
    numbers = store._database.rows("select serial from document order by serial")
    assert numbers == [(1,), (2,), (3,), (4,)]
    store.close()


def everywhere(store: DuckDBStore) -> list[tuple[str, int]]:
    """Every task with how many times it is there."""
    return store._database.rows(
        "select task_id, count(*) from (select task_id from open_task union all "
        "select task_id from closed_task) group by all"
    )


def test_a_task_is_in_one_place_whatever_is_done_with_it(store: DuckDBStore, vault: Vault) -> None:
    begun = utc_now()
    load(store, "b", arrival(vault, "a", keyed_number()), arrival(vault, "b", flagged_number()))
    first = next_task(store, ANNA)
    assert decide(store, ANNA, first, Action.ILLEGIBLE) == "illegible"  # makes an adjudication
    store.undoing.undo(ANNA, begun, 10)
    decide(store, ANNA, next_task(store, ANNA), Action.WRONG_FORM)
    for _ in range(2):
        task = next_task(store, BEN)
        decide(store, BEN, task, Action.RETURN if task.field is None else Action.WRONG_FORM)
    places = everywhere(store)
    assert places and all(count == 1 for _, count in places)
    states = {row[0] for row in store._database.rows("select state from task")}
    assert states == {"open", "closed"}


def test_what_a_load_calls_fit_for_carpets_is_what_they_take(
    store: DuckDBStore, vault: Vault
) -> None:
    def with_finding(code: FindingCode, position: int | None) -> Examination:
        eleven = f"{next(numbers):011}"
        number = f"{eleven}{my_number.check_digit(eleven)}"
        return examination(
            [reading(FieldName.MY_NUMBER, number, accepted=False, flagged=[3])],
            findings=[Finding(code, Severity.REVIEW, FieldName.MY_NUMBER, position)],
        )

    numbers = itertools.count(10_203_040_506)  # another applicant on every page
    load(
        store,
        "b",
        arrival(vault, "fit", with_finding(FindingCode.MY_NUMBER_AMBIGUOUS, 3)),
        arrival(vault, "rule", with_finding(FindingCode.MY_NUMBER_CHECK_DIGIT, None)),
        arrival(vault, "no place", with_finding(FindingCode.MY_NUMBER_AMBIGUOUS, None)),
        arrival(
            vault, "no crop", with_finding(FindingCode.MY_NUMBER_AMBIGUOUS, 3), with_crops=False
        ),
        arrival(vault, "blind", keyed_number()),
    )
    told = store._database.rows("select document_id from open_task where for_carpet")
    with store._database.writing() as cursor:
        cursor.execute("update open_task set for_carpet = kind = 'confirm' and field is not null")
    carpet = store.carpets.claim(ANNA, 10)
    taken = [(c.document_id,) for c in carpet.cells] if carpet else []
    assert told == taken and len(taken) == 1
    left = store._database.rows("select document_id from open_task where for_carpet")
    assert left == told, "what was found unfit is not looked at again"


def test_going_on_with_the_fields_asks_for_none_twice(store: DuckDBStore, vault: Vault) -> None:
    load(store, "one", arrival(vault, "a", accepted_application()))
    load(store, "two", arrival(vault, "b", _same_applicant()))
    whole = next_task(store, ANNA)
    assert whole.field is None
    decide(store, ANNA, whole, Action.PROCESS)
    waiting = [t.field for t in store.queue.of_document(whole.document_id) if t.state == "open"]
    assert waiting == ["address"]


def _same_applicant() -> Examination:
    return examination(
        [
            reading(FieldName.MY_NUMBER, NUMBER),
            reading(FieldName.ADDRESS, "見本町", accepted=False, flagged=[0]),
        ],
        route=Route.CONFIRM,
    )
