"""Carpets: who gets which character, what a confirmation closes, what is never on one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from examination_fixtures import arrival, examination, reading
from store_actions import ANNA, BEN, CHIYO, decide, load, next_task

from pipeline.domain import my_number
from pipeline.domain.documents import Channel, FieldName, FormName, Route
from pipeline.domain.errors import PolicyError
from pipeline.domain.examinations import Examination
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.store.auditing.audit import Actor
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.carpets import COLUMNS, ROWS, Carpet
from pipeline.store.reviewing.decisions import Action
from pipeline.vault import Vault

MOST = COLUMNS * ROWS


def number(n: int) -> str:
    """A valid number whose fifth digit is a 4 and whose sixth is a 7."""
    body = f"{1000 + n}47{n:05d}"
    return f"{body}{my_number.check_digit(body)}"


def doubtful(value: str, flagged: Sequence[int], *more: Finding) -> Examination:
    ambiguous = [
        Finding(FindingCode.MY_NUMBER_AMBIGUOUS, Severity.REVIEW, FieldName.MY_NUMBER, n)
        for n in flagged
    ]
    one = reading(FieldName.MY_NUMBER, value, accepted=False, flagged=flagged)
    return examination([one], findings=[*ambiguous, *more])


def load_numbers(
    store: DuckDBStore, vault: Vault, count: int, flagged: Sequence[int] = (4,)
) -> None:
    shown = [arrival(vault, f"n{n}", doubtful(number(n), flagged)) for n in range(count)]
    load(store, "b", *shown)


def seen(store: DuckDBStore, actor: Actor) -> Carpet:
    carpet = store.carpets.claim(actor, 10)
    assert carpet is not None
    store.carpets.note_shown(actor, carpet, [c.place for c in carpet.cells])
    return carpet


def end_leases(store: DuckDBStore) -> None:
    with store._database.writing() as cursor:
        cursor.execute("update open_task set lease_until = lease_until - interval 1 hour")


def test_a_carpet_has_one_character_of_a_document_and_two_people_never_the_same(
    store: DuckDBStore, vault: Vault
) -> None:
    load_numbers(store, vault, MOST + 3, flagged=(4, 5))
    anna, ben = seen(store, ANNA), seen(store, BEN)
    assert (len(anna.cells), len(ben.cells)) == (MOST, 3)
    assert anna.character == ben.character and anna.character in "47"
    for carpet in (anna, ben):
        assert len({c.document_id for c in carpet.cells}) == len(carpet.cells)
    assert not {c.task_id for c in anna.cells} & {c.task_id for c in ben.cells}
    assert (store.carpets.waiting(ANNA), store.carpets.waiting(CHIYO)) == (MOST, 0)
    again = store.carpets.claim(ANNA, 10)
    assert again is not None and again.carpet_id == anna.carpet_id
    # What lies on a carpet is not handed out as a task, not even to who holds the carpet.
    assert store.queue.claim_next(ANNA, 10) is None


def test_a_task_closes_with_its_last_character_and_keeps_the_value(
    store: DuckDBStore, vault: Vault
) -> None:
    load_numbers(store, vault, 2, flagged=(4, 5))
    first = seen(store, ANNA)
    result = store.carpets.decide(ANNA, first.carpet_id, ())
    assert (result.right, result.closed) == (2, 0)
    second = seen(store, BEN)
    assert {first.character, second.character} == {"4", "7"}
    result = store.carpets.decide(BEN, second.carpet_id, ())
    assert (result.right, result.closed) == (2, 2)
    assert store.carpets.claim(ANNA, 10) is None
    for cell in first.cells:
        document = store.documents.document(cell.document_id)
        assert document is not None and document.outcome == "accept"
        machine = store.documents.value(cell.document_id, cell.field)
        assert store.documents.value(cell.document_id, cell.field, final=True) == machine
        field = store.documents.field(cell.document_id, cell.field)
        assert field is not None and field.reviewed == "confirmed"
        assert [(a, s) for _, _, a, _, s in store.documents.history(cell.document_id)] == [
            ("character_right", "carpet")
        ] * 2
    assert store.audit.first_broken() is None


def test_a_character_picked_out_leaves_its_task_open_and_marked(
    store: DuckDBStore, vault: Vault
) -> None:
    load_numbers(store, vault, 3)
    carpet = seen(store, ANNA)
    result = store.carpets.decide(ANNA, carpet.carpet_id, [1])
    assert (result.right, result.doubted, result.closed) == (2, 1, 2)
    picked = carpet.cells[1]
    assert store.carpets.doubted(picked.task_id) == {4}
    assert store.carpets.claim(BEN, 10) is None  # it does not come again
    task = next_task(store, BEN)
    assert task.task_id == picked.task_id
    assert decide(store, BEN, task, Action.VALUE, number(0)) in ("confirmed", "corrected")


def test_what_was_decided_meanwhile_or_never_shown_is_left_alone(
    store: DuckDBStore, vault: Vault
) -> None:
    load_numbers(store, vault, 4)
    carpet = store.carpets.claim(ANNA, 10)
    assert carpet is not None
    with pytest.raises(PolicyError) as refused:  # nothing was looked at yet
        store.carpets.decide(ANNA, carpet.carpet_id, ())
    assert refused.value.code == "TASK_STALE"
    store.carpets.note_shown(ANNA, carpet, [0, 1, 2])
    taken, unseen = carpet.cells[0], carpet.cells[3]
    task = store.queue.claim(ANNA, taken.task_id, 10)
    decide(store, ANNA, task, Action.ILLEGIBLE)
    result = store.carpets.decide(ANNA, carpet.carpet_id, ())
    assert (result.right, result.closed, result.left) == (2, 2, 2)
    closed = store.queue.task(taken.task_id)
    assert closed is not None and closed.result == "illegible"
    waiting = store.queue.task(unseen.task_id)
    assert waiting is not None and (waiting.state, waiting.lease_user) == ("open", None)
    with pytest.raises(PolicyError):
        store.carpets.decide(ANNA, carpet.carpet_id, ())


def test_an_ended_lease_gives_the_characters_to_somebody_else(
    store: DuckDBStore, vault: Vault
) -> None:
    load_numbers(store, vault, 3)
    late = seen(store, ANNA)
    end_leases(store)
    now = seen(store, BEN)
    assert {c.task_id for c in now.cells} == {c.task_id for c in late.cells}
    with pytest.raises(PolicyError) as refused:
        store.carpets.decide(ANNA, late.carpet_id, [0])
    assert refused.value.code == "TASK_STALE"
    store.carpets.release(BEN)
    assert store.carpets.waiting(ANNA) == 3
    assert all(store.carpets.doubted(c.task_id) == frozenset() for c in now.cells)


def test_only_values_that_hang_on_single_characters_come_into_carpets(
    store: DuckDBStore, vault: Vault
) -> None:
    checked = Finding(FindingCode.MY_NUMBER_CHECK_DIGIT, Severity.REVIEW, FieldName.MY_NUMBER, 4)
    pin = reading(FieldName.PIN_SIGNATURE, "SAMPLE10", accepted=False, flagged=[6])
    blind = examination(
        [reading(FieldName.MY_NUMBER, number(3), accepted=False, flagged=[4])], route=Route.KEY
    )
    load(
        store,
        "b",
        arrival(vault, "rule", doubtful(number(0), [4], checked)),
        arrival(vault, "digit", doubtful("123456789011", [4])),  # the check digit says no
        arrival(vault, "blind", blind),
        arrival(vault, "no-crop", doubtful(number(1), [4]), with_crops=False),
        arrival(
            vault,
            "pin",
            examination([pin], form=FormName.REPLY_FORM, channel=Channel.COUNTER),
        ),
    )
    assert store.carpets.claim(ANNA, 10) is None
    assert next_task(store, ANNA).field is not None
