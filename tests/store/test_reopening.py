"""Opening a decided document again, and being told what changed meanwhile."""

from __future__ import annotations

import pytest
from examination_fixtures import (
    NAME,
    NUMBER,
    accepted_application,
    arrival,
    examination,
    flagged_number,
    keyed_number,
    photo_application,
    reading,
    returned_application,
)
from store_actions import ANNA, BEN, CHIYO, decide, load, next_task, outcome_of

from pipeline.domain.documents import FieldName
from pipeline.domain.errors import InputError, PolicyError
from pipeline.domain.examinations import Examination
from pipeline.store.auditing.audit import Actor
from pipeline.store.clock import utc_now
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.decisions import Action
from pipeline.store.reviewing.queue import Task
from pipeline.store.reviewing.reopening import Reason
from pipeline.store.reviewing.staleness import Change, StaleError
from pipeline.vault import Vault

SUE = Actor("sue", "supervisor")
WRONG = Reason.DECIDED_WRONGLY


def decided(store: DuckDBStore, vault: Vault, name: str, one: Examination, action: Action) -> str:
    """A document that Anna has decided."""
    load(store, name, arrival(vault, name, one))
    task = next_task(store, ANNA)
    value = "123456789018" if action == Action.VALUE else None
    decide(store, ANNA, task, action, value)
    return task.document_id


def test_a_returned_document_is_decided_anew_by_somebody_else(
    store: DuckDBStore, vault: Vault
) -> None:
    document = decided(store, vault, "a", returned_application(), Action.RETURN)
    assert outcome_of(store, document) == "return"
    task_id = store.reopening.reopen(SUE, document, WRONG)
    assert outcome_of(store, document) is None
    for barred in (ANNA, SUE):  # who decided, and who asked for it
        assert store.queue.claim_next(barred, 10) is None
        with pytest.raises(PolicyError) as error:
            store.queue.claim(barred, task_id, 10)
        assert error.value.code == "TASK_NOT_YOURS"
    task = next_task(store, BEN)
    assert task.task_id == task_id
    decide(store, BEN, task, Action.REFUSE)
    assert outcome_of(store, document) == "refuse"
    row = next(r for r in store.audit.rows() if r.action == "document.reopen")
    assert (row.user_id, row.subject, row.detail) == ("sue", f"document:{document}", WRONG)
    assert [entry[2] for entry in store.documents.history(document)] == [
        "return", "reopen", "refuse"
    ]  # fmt: skip


def test_what_was_closed_unseen_comes_back_so_that_nothing_unread_is_accepted(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "one", arrival(vault, "a", accepted_application()))
    load(store, "two", arrival(vault, "b", flagged_number_of_the_same_person()))
    tasks = []
    while (task := store.queue.claim_next(ANNA, 10)) is not None:
        tasks.append(task)
        if task.field is None:
            break
        store.queue.release(ANNA, task.task_id)
    document = tasks[-1].document_id
    decide(store, ANNA, tasks[-1], Action.RETURN)
    store.reopening.reopen(SUE, document, WRONG)
    waiting = {t.field for t in store.queue.of_document(document) if t.state == "open"}
    assert waiting == {None, "my_number"}
    whole = next_task(store, BEN)
    assert whole.field is None
    decide(store, BEN, whole, Action.ACCEPT)
    assert outcome_of(store, document) is None, "its number was not looked at"


def flagged_number_of_the_same_person() -> Examination:
    return examination(
        [
            reading(FieldName.MY_NUMBER, NUMBER, accepted=False, flagged=[11]),
            reading(FieldName.NAME, NAME),
        ]
    )


def test_one_field_of_an_accepted_document_is_settled_anew(
    store: DuckDBStore, vault: Vault
) -> None:
    document = decided(store, vault, "a", flagged_number(), Action.VALUE)
    assert outcome_of(store, document) == "accept"
    store.reopening.reopen(SUE, document, WRONG, FieldName.MY_NUMBER)
    assert store.queue.claim_next(ANNA, 10) is None
    decide(store, BEN, next_task(store, BEN), Action.VALUE, "123456789011")
    assert outcome_of(store, document) == "accept"
    value = store.documents.value(document, FieldName.MY_NUMBER, final=True)
    assert value == "123456789011"


def test_a_field_opened_on_a_returned_document_leaves_the_return_standing(
    store: DuckDBStore, vault: Vault
) -> None:
    document = decided(store, vault, "a", returned_application(), Action.RETURN)
    store.reopening.reopen(SUE, document, WRONG, FieldName.NAME)
    decide(store, BEN, next_task(store, BEN), Action.VALUE, NAME)
    assert outcome_of(store, document) == "return"


def test_a_photo_that_was_sent_back_can_be_accepted_after_all(
    store: DuckDBStore, vault: Vault
) -> None:
    document = decided(store, vault, "a", photo_application(), Action.RETURN)
    store.reopening.reopen(SUE, document, Reason.COMPLAINT)
    decide(store, BEN, next_task(store, BEN), Action.ACCEPT)
    assert outcome_of(store, document) == "accept"


def test_it_is_refused_where_it_may_not_be(store: DuckDBStore, vault: Vault) -> None:
    with pytest.raises(InputError) as missing:
        store.reopening.reopen(SUE, "0" * 32, WRONG)
    assert missing.value.code == "NOT_FOUND"
    document = decided(store, vault, "a", returned_application(), Action.RETURN)
    with pytest.raises(PolicyError) as own:
        store.reopening.reopen(ANNA, document, WRONG)
    assert own.value.code == "REOPEN_OWN"
    with pytest.raises(InputError):
        store.reopening.reopen(SUE, document, WRONG, FieldName.PIN_SIGNATURE)
    before = store.audit.newest()
    for change, back in (
        ("handed_over_at = now()::timestamp", "handed_over_at = null"),
        ("outcome = 'replaced'", "outcome = 'return'"),
    ):
        with store._database.writing() as cursor:
            cursor.execute(f"update document set {change}")
        with pytest.raises(PolicyError) as late:
            store.reopening.reopen(SUE, document, WRONG)
        assert late.value.code == "REOPEN_TOO_LATE"
        with store._database.writing() as cursor:
            cursor.execute(f"update document set {back}")
    with store._database.writing() as cursor:
        cursor.execute("insert into ended values (?, 'text', 'run')", [document])
    with pytest.raises(PolicyError) as ended:
        store.reopening.reopen(SUE, document, WRONG)
    assert ended.value.code == "REOPEN_TOO_LATE"
    assert outcome_of(store, document) == "return" and store.audit.newest() == before
    with store._database.writing() as cursor:
        cursor.execute("delete from ended")
    store.reopening.reopen(SUE, document, WRONG)
    with pytest.raises(PolicyError) as open_already:
        store.reopening.reopen(SUE, document, WRONG)
    assert open_already.value.code == "REOPEN_OPEN"


def test_nobody_undoes_past_it_and_it_is_not_undone_itself(
    store: DuckDBStore, vault: Vault
) -> None:
    begun = utc_now()
    document = decided(store, vault, "a", returned_application(), Action.RETURN)
    store.reopening.reopen(SUE, document, WRONG)
    with pytest.raises(PolicyError) as late:
        store.undoing.undo(ANNA, begun, 10)
    assert late.value.code == "UNDO_TOO_LATE"
    with pytest.raises(PolicyError) as nothing:
        store.undoing.undo(SUE, begun, 10)
    assert nothing.value.code == "UNDO_NOTHING"


def refused(store: DuckDBStore, actor: Actor, task: Task, value: str = NUMBER) -> StaleError:
    with pytest.raises(StaleError) as error:
        decide(store, actor, task, Action.VALUE, value)
    assert value not in str(error.value)
    return error.value


def test_a_stale_decision_is_told_what_changed(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b", arrival(vault, "a", keyed_number()))
    task = next_task(store, ANNA)
    with store._database.writing() as cursor:
        cursor.execute("update open_task set lease_until = lease_until - interval 1 hour")
    ended = refused(store, ANNA, task)
    assert ended.change == Change.LEASE_ENDED and "個人番号" in ended.ja
    theirs = next_task(store, BEN)
    assert refused(store, ANNA, task).change == Change.TAKEN
    store.assignments.take_back(SUE, task.task_id)
    assert refused(store, BEN, theirs).change == Change.MOVED
    again = next_task(store, BEN)
    decide(store, BEN, again, Action.VALUE, "000000000000")
    assert refused(store, ANNA, task).change == Change.DECIDED
    assert refused(store, BEN, again).change == Change.DECIDED_SELF
    settling = next_task(store, CHIYO)
    decide(store, CHIYO, settling, Action.WRONG_FORM)
    assert refused(store, ANNA, settling).change == Change.DECIDED


def test_a_field_that_went_with_the_whole_is_told_so(store: DuckDBStore, vault: Vault) -> None:
    load(store, "one", arrival(vault, "a", accepted_application()))
    load(store, "two", arrival(vault, "b", flagged_number_of_the_same_person()))
    whole = next_task(store, ANNA)
    field = next_task(store, BEN)
    assert whole.field is None and field.field == "my_number"
    decide(store, ANNA, whole, Action.RETURN)
    assert refused(store, BEN, field).change == Change.WHOLE_DECIDED
