"""Undo: what comes back, what stays on record, and when it is too late."""

from __future__ import annotations

import datetime as dt

import pytest
from examination_fixtures import (
    NUMBER,
    accepted_application,
    arrival,
    flagged_number,
    keyed_number,
    returned_application,
)
from store_actions import ANNA, BEN, CHIYO, decide, load, next_task
from test_carpets import load_numbers, seen

from pipeline.domain.documents import FieldName
from pipeline.domain.errors import PolicyError
from pipeline.domain.findings import FindingCode
from pipeline.store.auditing.audit import Actor
from pipeline.store.clock import utc_now
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.decisions import Action
from pipeline.store.reviewing.undoing import Undone
from pipeline.vault import Vault

LONG_AGO = dt.datetime(2026, 1, 1)


def undo(store: DuckDBStore, actor: Actor = ANNA) -> Undone:
    return store.undoing.undo(actor, LONG_AGO, 10)


def refused(store: DuckDBStore, actor: Actor = ANNA, since: dt.datetime = LONG_AGO) -> str:
    with pytest.raises(PolicyError) as error:
        store.undoing.undo(actor, since, 10)
    return error.value.code


def marks(store: DuckDBStore) -> list[tuple[object, ...]]:
    return sorted(store._database.rows("select document_id, field, mark from blind_mark"))


def test_a_value_comes_back_as_the_machine_read_it_and_the_record_stays(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b", arrival(vault, "one", flagged_number()))
    before = marks(store)
    task = next_task(store, ANNA)
    field = store.documents.field(task.document_id, FieldName.MY_NUMBER)
    assert decide(store, ANNA, task, Action.VALUE, NUMBER) == "corrected"
    assert marks(store) != before
    assert undo(store) == Undone(task.task_id, None)
    assert store.documents.field(task.document_id, FieldName.MY_NUMBER) == field
    assert store.documents.value(task.document_id, FieldName.MY_NUMBER, final=True) == (
        store.documents.value(task.document_id, FieldName.MY_NUMBER)
    )
    assert marks(store) == before
    document = store.documents.document(task.document_id)
    assert document is not None and (document.outcome, document.decided_at) == (None, None)
    again = store.queue.task(task.task_id)
    assert again is not None and (again.state, again.lease_user) == ("open", "anna")
    assert again.ver > task.ver
    actions = [action for _, _, action, _, _ in store.documents.history(task.document_id)]
    assert actions == ["value", "undo"]
    assert store.documents.keyed_values(task.document_id, FieldName.MY_NUMBER) == []
    assert store.figures.people_today() == []
    assert refused(store) == "UNDO_NOTHING"
    assert decide(store, ANNA, again, Action.VALUE, NUMBER) == "corrected"
    assert store.audit.first_broken() is None


def test_a_decision_of_an_earlier_session_or_of_somebody_else_stays(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b", arrival(vault, "one", flagged_number()))
    decide(store, ANNA, next_task(store, ANNA), Action.BLANK)
    assert refused(store, BEN) == "UNDO_NOTHING"
    assert refused(store, ANNA, utc_now()) == "UNDO_NOTHING"


def test_the_tasks_that_a_return_closed_are_open_again(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b", arrival(vault, "one", returned_application()))
    whole = next_task(store, ANNA)
    decide(store, ANNA, whole, Action.PROCESS)
    made = [t for t in store.queue.of_document(whole.document_id) if t.task_id != whole.task_id]
    assert made and all(t.state == "open" for t in made)
    undo(store)
    states = {t.task_id: (t.state, t.result) for t in store.queue.of_document(whole.document_id)}
    assert states.pop(whole.task_id) == ("open", None)
    assert set(states.values()) == {("closed", "undone")}
    task = next_task(store, ANNA)
    decide(store, ANNA, task, Action.RETURN)
    store.audit.note(BEN, "letter.view", f"document:{task.document_id}", detail="pdf")
    assert refused(store) == "UNDO_TOO_LATE"


def test_a_mismatch_comes_back_until_the_third_person_has_opened_it(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b", arrival(vault, "one", keyed_number()))
    task = next_task(store, ANNA)
    assert decide(store, ANNA, task, Action.VALUE, "271828182840") == "mismatch"
    undo(store)
    assert store.queue.claim_next(BEN, 10) is None  # nothing is left to settle
    again = store.queue.task(task.task_id)
    assert again is not None
    decide(store, ANNA, again, Action.VALUE, "271828182840")
    third = next_task(store, BEN)
    assert refused(store) == "UNDO_TOO_LATE"
    decide(store, BEN, third, Action.VALUE, NUMBER)
    assert refused(store) == "UNDO_TOO_LATE"
    undo(store, BEN)  # who settled it may settle it again
    reopened = next_task(store, BEN)
    assert reopened.task_id == third.task_id
    assert store.documents.keyed_values(task.document_id, FieldName.MY_NUMBER) == ["271828182840"]
    decide(store, BEN, reopened, Action.VALUE, NUMBER)


def test_a_correction_that_found_the_applicant_again_takes_the_finding_back(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b", arrival(vault, "other", accepted_application()))
    load(store, "c", arrival(vault, "one", flagged_number()))
    task = next_task(store, CHIYO)
    decide(store, CHIYO, task, Action.VALUE, NUMBER)
    found = [f.code for f in store.documents.findings(task.document_id)]
    assert FindingCode.DUPLICATE_APPLICANT in found
    undo(store, CHIYO)
    found = [f.code for f in store.documents.findings(task.document_id)]
    assert FindingCode.DUPLICATE_APPLICANT not in found
    open_now = [t for t in store.queue.of_document(task.document_id) if t.state == "open"]
    assert [t.task_id for t in open_now] == [task.task_id]


def test_a_carpet_comes_back_whole_with_the_one_handed_out_since_given_back(
    store: DuckDBStore, vault: Vault
) -> None:
    load_numbers(store, vault, 43)
    first = seen(store, ANNA)
    store.carpets.decide(ANNA, first.carpet_id, [0])
    second = seen(store, ANNA)
    assert second.carpet_id != first.carpet_id
    assert undo(store) == Undone(None, first.carpet_id)
    back = store.carpets.claim(ANNA, 10)
    assert back is not None and back.carpet_id == first.carpet_id
    assert [c.task_id for c in back.cells] == [c.task_id for c in first.cells]
    assert store.carpets.doubted(first.cells[0].task_id) == frozenset()
    assert {t.state for c in first.cells if (t := store.queue.task(c.task_id))} == {"open"}
    result = store.carpets.decide(ANNA, back.carpet_id, ())
    assert (result.right, result.closed) == (40, 40)


def test_who_keys_another_value_after_undo_does_not_settle_it(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b", arrival(vault, "one", keyed_number()))
    task = next_task(store, ANNA)
    assert decide(store, ANNA, task, Action.VALUE, "271828182840") == "mismatch"
    undo(store)
    # Trying until the machine agrees would not be blind: a third person looks.
    assert decide(store, ANNA, next_task(store, ANNA), Action.VALUE, NUMBER) == "mismatch"
    assert store.queue.claim_next(ANNA, 10) is None
    undo(store)
    assert decide(store, ANNA, next_task(store, ANNA), Action.VALUE, NUMBER) == "mismatch"
    third = next_task(store, BEN)
    assert decide(store, BEN, third, Action.VALUE, NUMBER) == "machine_right"


def test_the_same_value_keyed_again_after_undo_settles_it(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b", arrival(vault, "one", keyed_number()))
    assert decide(store, ANNA, next_task(store, ANNA), Action.VALUE, NUMBER) == "agreed"
    undo(store)
    assert decide(store, ANNA, next_task(store, ANNA), Action.VALUE, NUMBER) == "agreed"
