"""Batches load once, tasks are done by one person at a time, decisions are never overwritten."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from pathlib import Path

import pytest
from examination_fixtures import (
    ADDRESS,
    NAME,
    NUMBER,
    accepted_application,
    arrival,
    examination,
    flagged_number,
    keyed_number,
    photo_application,
    poorly_registered_page,
    reading,
    reply_form_with_pin,
    returned_application,
    unknown_page,
)
from store_actions import ANNA, BEN, CHIYO, SECRETS, decide, load, next_task, outcome_of

from pipeline.domain.documents import Channel, FieldName, Route
from pipeline.domain.errors import InputError, PolicyError
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.store import migrations
from pipeline.store.arrivals import arrow_schema, records
from pipeline.store.arrivals.records import Arrival, Outcome
from pipeline.store.arrivals.tasking import Purpose, TaskKind
from pipeline.store.auditing.audit import Actor
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.decisions import Action
from pipeline.vault import Vault

# --- loading --------------------------------------------------------------------------------


def test_arrow_round_trip_keeps_everything(vault: Vault) -> None:
    arrivals = [
        arrival(vault, "a", flagged_number(), photo_application()),
        arrival(vault, "b", unknown_page()),
        Arrival("s", Channel.COUNTER, Outcome.QUARANTINED, dt.datetime(2026, 1, 2), "FILE_BROKEN"),
    ]
    assert arrow_schema.decode(arrow_schema.encode("b", arrivals)) == ("b", arrivals)


def test_an_empty_batch_is_a_batch(store: DuckDBStore) -> None:
    result = store.load(arrow_schema.encode("empty", []))
    assert (result.arrivals, result.documents, result.repeated) == (0, 0, False)


def test_the_record_on_its_way_holds_no_value(vault: Vault) -> None:
    content = arrow_schema.encode(
        "b", [arrival(vault, "a", accepted_application(), reply_form_with_pin())]
    )
    for secret in SECRETS:
        assert secret.encode() not in content
        assert secret.encode("utf-16-le") not in content


def test_evidence_with_a_value_in_it_is_withheld(vault: Vault) -> None:
    finding = Finding(
        FindingCode.ADDRESS_UNKNOWN,
        Severity.REVIEW,
        FieldName.ADDRESS,
        evidence=(("read", ADDRESS), ("number", NUMBER), ("nearest_form", "reply_form"), ("n", 2)),
    )
    document = records.from_examination(examination([], findings=[finding]), vault, "scan")
    evidence = document.findings[0].evidence
    assert NUMBER not in evidence and ADDRESS not in evidence
    assert '"nearest_form": "reply_form"' in evidence and '"n": 2' in evidence


@pytest.mark.parametrize("content", [b"", b"nonsense", b"ARROW1" + b"\0" * 40])
def test_bytes_that_are_no_batch_are_refused(store: DuckDBStore, content: bytes) -> None:
    with pytest.raises(InputError) as error:
        store.load(content)
    assert error.value.code == "BATCH_MALFORMED"


def test_a_truncated_batch_is_refused_and_changes_nothing(store: DuckDBStore, vault: Vault) -> None:
    content = arrow_schema.encode("b", [arrival(vault, "a", flagged_number())])
    with pytest.raises(InputError):
        store.load(content[: len(content) // 2])
    assert store.figures.totals()["arrivals"] == {}


def test_a_repeated_batch_changes_nothing(store: DuckDBStore, vault: Vault) -> None:
    def batch() -> bytes:  # sealed anew each time, as a run that is repeated would
        return arrow_schema.encode("b", [arrival(vault, "a", flagged_number())])

    assert store.load(batch()).repeated is False
    before = store.figures.totals()
    again = store.load(batch())
    assert again.repeated is True and (again.arrivals, again.documents) == (1, 1)
    assert store.figures.totals() == before
    with pytest.raises(InputError) as error:
        store.load(arrow_schema.encode("b", [arrival(vault, "other", flagged_number())]))
    assert error.value.code == "BATCH_CHANGED"


def test_a_failure_in_the_middle_leaves_nothing(
    store: DuckDBStore, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(store, "b0", arrival(vault, "first", flagged_number()))
    monkeypatch.setattr(store.audit, "append", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        load(store, "b1", arrival(vault, "a", flagged_number()))
    monkeypatch.undo()
    assert store.figures.totals()["arrivals"] == {"loaded": 1}
    load(store, "b1", arrival(vault, "a", flagged_number()))
    assert store.figures.totals()["arrivals"] == {"loaded": 2}
    assert store.audit.first_broken() is None


def test_everything_that_came_in_is_accounted_for(store: DuckDBStore, vault: Vault) -> None:
    bad = Arrival("q", Channel.MAIL, Outcome.QUARANTINED, dt.datetime(2026, 1, 1), "FILE_ENCRYPTED")
    same = Arrival("d", Channel.MAIL, Outcome.DUPLICATE, dt.datetime(2026, 1, 1))
    load(store, "b", arrival(vault, "a", accepted_application()), bad, same, bad)
    (batch,) = store.figures.batches()
    assert (batch.arrivals, batch.loaded, batch.duplicate, batch.quarantined_files) == (4, 1, 1, 2)
    assert batch.reconciles
    assert batch.quarantined == {"FILE_ENCRYPTED": 2}


def test_a_new_machine_run_replaces_what_nobody_touched(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b1", arrival(vault, "a", flagged_number()))
    load(store, "b2", arrival(vault, "a", accepted_application()))
    assert store.figures.totals()["routes"] == {"accept": 1}
    assert store.figures.totals()["tasks"] == {}


def test_a_new_machine_run_never_overwrites_what_a_person_decided(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b1", arrival(vault, "a", flagged_number()))
    task = next_task(store, ANNA)
    assert decide(store, ANNA, task, Action.VALUE, NUMBER) == "corrected"
    result = store.load(arrow_schema.encode("b2", [arrival(vault, "a", keyed_number())]))
    assert result.kept == 1
    value = store.documents.value(task.document_id, FieldName.MY_NUMBER, final=True)
    assert value == NUMBER
    assert outcome_of(store, task.document_id) == "accept"


def test_the_same_applicant_is_found_again_and_only_the_later_document_waits(
    store: DuckDBStore, vault: Vault
) -> None:
    first = arrival(vault, "a", accepted_application())
    load(store, "b1", first)
    later = dataclasses.replace(
        arrival(vault, "b", accepted_application()), received_at=dt.datetime(2026, 11, 21)
    )
    load(store, "b2", later, arrival(vault, "c", accepted_application("271828182840")))
    assert outcome_of(store, first.documents[0].document_id) == "accept"
    document = later.documents[0].document_id
    (finding,) = store.documents.findings(document)
    assert finding.code == FindingCode.DUPLICATE_APPLICANT
    assert finding.evidence == {"document": first.documents[0].document_id}
    assert outcome_of(store, document) is None
    # Another number, the same name and birth date: found by the person's mark.
    found = store.figures.totals()["findings"]
    assert found == {"DUPLICATE_APPLICANT": 2}


def test_a_misread_number_finds_no_one(store: DuckDBStore, vault: Vault) -> None:
    wrong = examination([reading(FieldName.MY_NUMBER, "123456789011")], route=Route.ACCEPT)
    load(store, "b", arrival(vault, "a", wrong), arrival(vault, "b", wrong))
    assert store.figures.totals()["findings"] == {}


# --- tasks ----------------------------------------------------------------------------------


def test_only_what_needs_a_person_becomes_a_task(store: DuckDBStore, vault: Vault) -> None:
    load(
        store,
        "b",
        arrival(vault, "a", accepted_application()),
        arrival(vault, "b", flagged_number()),
        arrival(vault, "c", keyed_number("271828182840")),
        arrival(vault, "d", returned_application()),
        arrival(vault, "e", unknown_page()),
    )
    counts = {(c.kind, c.purpose): c.open for c in store.queue.counts()}
    assert counts == {
        (TaskKind.CONFIRM, Purpose.REVIEW): 3,
        (TaskKind.KEY, Purpose.REVIEW): 1,
    }


def test_a_blank_page_asks_nobody(store: DuckDBStore, vault: Vault) -> None:
    blank = examination(
        [],
        form=None,
        route=Route.QUARANTINE,
        findings=[Finding(FindingCode.PAGE_BLANK, Severity.INFO)],
    )
    load(store, "b", arrival(vault, "a", blank))
    assert store.queue.counts() == []


def test_one_task_goes_to_one_person(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b", *(arrival(vault, str(n), flagged_number()) for n in range(8)))
    claimed: list[str] = []

    def work(actor: Actor) -> None:
        while (task := store.queue.claim_next(actor, 10)) is not None:
            claimed.append(task.task_id)
            # Corrected to one number, the later documents come back as repeated applicants.
            action = Action.VALUE if task.field else Action.ACCEPT
            decide(store, actor, task, action, NUMBER)

    threads = [threading.Thread(target=work, args=(a,)) for a in (ANNA, BEN, CHIYO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 8 + 7
    assert store.queue.counts() == []


def test_a_lease_comes_back_when_it_ends(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b", arrival(vault, "a", flagged_number()))
    task = next_task(store, ANNA)
    assert next_task(store, ANNA).task_id == task.task_id  # a page loaded again
    assert store.queue.claim_next(BEN, 10) is None
    with store._database.writing() as cursor:
        cursor.execute("update open_task set lease_until = lease_until - interval 11 minutes")
    assert next_task(store, BEN).task_id == task.task_id
    with pytest.raises(PolicyError) as error:
        decide(store, ANNA, task, Action.VALUE, NUMBER)
    assert error.value.code == "TASK_STALE"
    assert store.documents.value(task.document_id, FieldName.MY_NUMBER, final=True) != NUMBER


def test_a_task_is_decided_once(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b", arrival(vault, "a", flagged_number()))
    task = next_task(store, ANNA)
    decide(store, ANNA, task, Action.VALUE, NUMBER)
    with pytest.raises(PolicyError):
        decide(store, ANNA, task, Action.BLANK)
    assert len(store.documents.history(task.document_id)) == 1


def test_confirming_keeps_the_machines_own_form(store: DuckDBStore, vault: Vault) -> None:
    shown = reading(FieldName.BIRTH_DATE, "平020510", accepted=False, flagged=[1])
    shown = dataclasses.replace(shown, value="1990-05-10", as_written="平成2年5月10日")
    load(store, "b", arrival(vault, "a", examination([shown])))
    task = next_task(store, ANNA)
    opened = store.documents.opened(task.document_id, FieldName.BIRTH_DATE)
    assert opened is not None and opened.editable_text == "平020510"
    assert "平" not in repr(opened)
    assert decide(store, ANNA, task, Action.VALUE, "平020510") == "confirmed"
    value = store.documents.value(task.document_id, FieldName.BIRTH_DATE, final=True)
    assert value == "1990-05-10"


def test_keying_that_agrees_closes_and_keying_that_differs_goes_to_a_third_person(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b1", arrival(vault, "a", keyed_number()))
    assert decide(store, ANNA, next_task(store, ANNA), Action.VALUE, "1234 5678 9018") == "agreed"
    load(store, "b2", arrival(vault, "b", keyed_number("271828182840")))
    second = next_task(store, ANNA)
    assert decide(store, ANNA, second, Action.VALUE, "314159265352") == "mismatch"
    assert outcome_of(store, second.document_id) is None
    (third,) = [t for t in store.queue.of_document(second.document_id) if t.state == "open"]
    assert third.kind == TaskKind.ADJUDICATE
    with pytest.raises(PolicyError) as error:
        store.queue.claim(ANNA, third.task_id, 10)
    assert error.value.code == "TASK_NOT_YOURS"
    third = next_task(store, BEN)
    keyed = store.documents.keyed_values(second.document_id, FieldName.MY_NUMBER)
    assert keyed == ["314159265352"]
    assert decide(store, BEN, third, Action.VALUE, "314159265352") == "machine_wrong"
    value = store.documents.value(second.document_id, FieldName.MY_NUMBER, final=True)
    assert value == "314159265352"


def test_two_people_who_cannot_read_it_send_it_back(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b", arrival(vault, "a", flagged_number()))
    task = next_task(store, ANNA)
    assert decide(store, ANNA, task, Action.ILLEGIBLE) == "illegible"
    assert store.queue.claim_next(ANNA, 10) is None
    assert decide(store, BEN, next_task(store, BEN), Action.ILLEGIBLE) == "illegible"
    assert outcome_of(store, task.document_id) == "return"


def test_what_one_cannot_read_and_another_can_is_accepted(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b", arrival(vault, "a", flagged_number()))
    task = next_task(store, ANNA)
    assert decide(store, ANNA, task, Action.ILLEGIBLE) == "illegible"
    decide(store, BEN, next_task(store, BEN), Action.VALUE, NUMBER)
    assert outcome_of(store, task.document_id) == "accept"


def test_a_wrong_form_stops_all_its_tasks_and_asks_once(store: DuckDBStore, vault: Vault) -> None:
    several = examination(
        [reading(f, "x", accepted=False) for f in (FieldName.NAME, FieldName.ADDRESS)]
    )
    load(store, "b", arrival(vault, "a", several))
    task = next_task(store, ANNA)
    assert decide(store, ANNA, task, Action.WRONG_FORM) == "wrong_form"
    (left,) = [t for t in store.queue.of_document(task.document_id) if t.state == "open"]
    assert left.field is None
    assert decide(store, BEN, next_task(store, BEN), Action.RESCAN) == "rescan"
    assert outcome_of(store, task.document_id) == "rescan"


def test_a_proposed_return_is_decided_or_processed_but_not_waved_through(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b", arrival(vault, "a", returned_application()))
    task = next_task(store, ANNA)
    with pytest.raises(InputError):
        decide(store, ANNA, task, Action.ACCEPT)
    assert decide(store, ANNA, task, Action.PROCESS) == "process"
    name = next_task(store, ANNA)
    assert name.field == FieldName.NAME
    decide(store, ANNA, name, Action.VALUE, NAME)
    assert outcome_of(store, task.document_id) == "accept"


def test_a_page_that_could_not_be_lined_up_is_not_accepted_as_a_whole(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b", arrival(vault, "a", poorly_registered_page()))
    task = next_task(store, ANNA)
    assert task.field is None
    with pytest.raises(InputError):
        decide(store, ANNA, task, Action.ACCEPT)
    decide(store, ANNA, task, Action.RESCAN)
    assert outcome_of(store, task.document_id) == "rescan"


def test_a_photo_is_taken_or_sent_back(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b", arrival(vault, "a", photo_application()))
    task = next_task(store, ANNA)
    assert task.field == FieldName.PHOTO
    with pytest.raises(InputError):
        decide(store, ANNA, task, Action.VALUE, "x")
    decide(store, ANNA, task, Action.RETURN)
    assert outcome_of(store, task.document_id) == "return"


def test_blind_samples_measure_silent_errors(tmp_path: Path, vault: Vault) -> None:
    store = DuckDBStore(tmp_path / "s.duckdb", vault, sample_rate=1.0)
    one = examination([reading(FieldName.PHONE, "0312345670")], route=Route.ACCEPT)
    load(store, "b", arrival(vault, "a", one), arrival(vault, "b", one))
    first, actor = next_task(store, ANNA), ANNA
    assert (first.kind, first.purpose) == (TaskKind.KEY, Purpose.SAMPLE)
    assert outcome_of(store, first.document_id) == "accept"  # it does not wait for its sample
    decide(store, actor, first, Action.VALUE, "03-1234-5670")
    second = next_task(store, actor)
    decide(store, actor, second, Action.VALUE, "0312345678")
    (figure,) = store.figures.silent_errors()
    assert (figure.field, figure.sampled, figure.wrong, figure.waiting) == ("phone", 1, 0, 1)
    third = next_task(store, BEN)
    decide(store, BEN, third, Action.VALUE, "0312345678")
    (figure,) = store.figures.silent_errors()
    assert (figure.sampled, figure.wrong, figure.waiting) == (2, 1, 0)
    store.close()


def test_no_two_steps_of_the_schema_have_one_number() -> None:
    numbers = [number for number, _ in migrations.steps()]
    assert numbers == list(range(1, len(numbers) + 1))
