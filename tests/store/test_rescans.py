"""A page that could not be used, its new scan, and what becomes of the two."""

from __future__ import annotations

import dataclasses

import pytest
from examination_fixtures import (
    RECEIVED,
    accepted_application,
    arrival,
    flagged_number,
    poorly_registered_page,
    reply_form_with_pin,
    returned_application,
    unknown_page,
)
from store_actions import ANNA, BEN, decide, load, next_task, outcome_of

from pipeline.domain.documents import Channel, Route
from pipeline.domain.errors import InputError, PolicyError
from pipeline.domain.examinations import Examination
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.store.arrivals.records import Arrival, Outcome
from pipeline.store.auditing.audit import Actor
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.decisions import Action
from pipeline.vault import Vault

MAREN = Actor("maren", "operator")


def blank_page() -> Examination:
    return dataclasses.replace(
        unknown_page(), findings=(Finding(FindingCode.PAGE_BLANK, Severity.REVIEW),)
    )


def set_aside(vault: Vault, name: str, code: str = "FILE_TRUNCATED") -> Arrival:
    return Arrival(
        vault.surrogate("scan", name.encode()), Channel.MAIL, Outcome.QUARANTINED, RECEIVED, code
    )


def scan_again(
    store: DuckDBStore, vault: Vault, target: str, name: str, *examinations: Examination
) -> Arrival:
    new = arrival(vault, name, *examinations)
    store.rescans.send(MAREN, target, new.scan_id)
    load(store, f"b-{name}", new)
    return new


def test_what_could_not_be_used_is_wanted_again_and_says_why(
    store: DuckDBStore, vault: Vault
) -> None:
    pages = arrival(vault, "bundle", accepted_application(), unknown_page(), blank_page())
    poor = arrival(vault, "poor", poorly_registered_page())
    load(store, "b1", pages, set_aside(vault, "cut"), poor)
    found = store.rescans.wanted("b1")
    assert [(u.position, u.page, u.reason, u.decided_blank) for u in found] == [
        (0, 2, "FORM_UNKNOWN", False),
        (0, 3, "PAGE_BLANK", True),
        (1, None, "FILE_TRUNCATED", False),
        (2, 1, "REGISTRATION_POOR", False),
    ]
    assert store.rescans.counts() == {"b1": 3}
    assert found[2].target == "b1:1"


def test_a_better_scan_takes_the_place_and_the_old_page_keeps_its_history(
    store: DuckDBStore, vault: Vault
) -> None:
    bad = arrival(vault, "bad", poorly_registered_page())
    load(store, "b1", bad)
    old = bad.documents[0].document_id
    decide(store, ANNA, next_task(store, ANNA), Action.RESCAN)
    new = scan_again(store, vault, old, "good", flagged_number())
    replacing = new.documents[0].document_id
    assert outcome_of(store, old) == "replaced"
    assert {t.state for t in store.queue.of_document(old)} == {"closed"}
    assert [h[2] for h in store.documents.history(old)] == ["rescan"]
    assert [(k.document_id, k.is_newer) for k in store.rescans.links(old)] == [(replacing, True)]
    assert [(k.document_id, k.is_newer) for k in store.rescans.links(replacing)] == [(old, False)]
    assert store.rescans.wanted() == []
    actions = [r.action for r in store.audit.rows() if r.action.startswith("rescan")]
    assert actions == ["rescan.replaced", "rescan.send"]
    assert store.audit.first_broken() is None
    assert outcome_of(store, replacing) is None  # the new one is worked on as any other


def test_open_tasks_of_a_replaced_page_are_closed_even_in_somebodys_hands(
    store: DuckDBStore, vault: Vault
) -> None:
    bad = arrival(vault, "bad", unknown_page())
    load(store, "b1", bad)
    old = bad.documents[0].document_id
    held = next_task(store, ANNA)
    scan_again(store, vault, old, "good", flagged_number())
    with pytest.raises(PolicyError) as refused:
        decide(store, ANNA, held, Action.RETURN)
    assert refused.value.code == "TASK_STALE"
    assert outcome_of(store, old) == "replaced"


@pytest.mark.parametrize(
    ("again", "problem"),
    [(unknown_page, "FORM_UNKNOWN"), (poorly_registered_page, "REGISTRATION_POOR"),
     (blank_page, "PAGE_BLANK"), (reply_form_with_pin, "RESCAN_OTHER_FORM")],
)  # fmt: skip
def test_a_scan_that_is_no_better_replaces_nothing(
    store: DuckDBStore, vault: Vault, again: object, problem: str
) -> None:
    bad = arrival(vault, "bad", poorly_registered_page())
    load(store, "b1", bad)
    old = bad.documents[0].document_id
    new = scan_again(store, vault, old, "again", again())  # type: ignore[operator]
    assert outcome_of(store, old) is None
    (still,) = store.rescans.wanted("b1")
    assert (still.sent, still.attempts, still.problem) == (False, 1, problem)
    assert store.rescans.links(new.documents[0].document_id) == []
    scan_again(store, vault, old, "third", accepted_application())
    assert outcome_of(store, old) == "replaced"


def test_a_file_that_could_not_be_opened_is_answered_by_a_new_one(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b1", set_aside(vault, "x"), set_aside(vault, "x", "FILE_EMPTY"))
    again = set_aside(vault, "still bad")
    store.rescans.send(MAREN, "b1:1", again.scan_id)
    load(store, "b2", again)
    first, second = store.rescans.wanted("b1")
    assert (first.attempts, second.attempts, second.problem) == (0, 1, "FILE_TRUNCATED")
    new = scan_again(store, vault, "b1:1", "good", accepted_application())
    assert [u.position for u in store.rescans.wanted("b1")] == [0]
    (link,) = store.rescans.links(new.documents[0].document_id)
    assert (link.document_id, link.is_newer) == (None, False)


def test_a_reviewers_wish_comes_to_the_operator_and_cannot_be_waved_away(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b1", arrival(vault, "a", returned_application()))
    decide(store, ANNA, next_task(store, ANNA), Action.RESCAN)
    (wanted,) = store.rescans.wanted()
    assert wanted.reason == "RESCAN_DECIDED"
    with pytest.raises(PolicyError) as refused:
        store.rescans.unneeded(MAREN, wanted.target)
    assert refused.value.code == "RESCAN_ASKED"
    scan_again(store, vault, wanted.target, "good", accepted_application())
    assert outcome_of(store, wanted.target) == "replaced"


def test_a_letter_needs_no_new_scan_and_stays_with_the_reviewers(
    store: DuckDBStore, vault: Vault
) -> None:
    letter = arrival(vault, "letter", unknown_page())
    load(store, "b1", letter)
    target = letter.documents[0].document_id
    store.rescans.unneeded(MAREN, target)
    assert "rescan.unneeded" in {row.action for row in store.audit.rows()}
    assert store.rescans.wanted() == []
    assert outcome_of(store, target) is None
    assert next_task(store, BEN).document_id == target
    with pytest.raises(InputError) as gone:
        store.rescans.find(target)
    assert gone.value.code == "NOT_FOUND"


def test_the_same_bytes_are_no_new_scan(store: DuckDBStore, vault: Vault) -> None:
    bad = arrival(vault, "bad", unknown_page())
    load(store, "b1", bad)
    target = bad.documents[0].document_id
    with pytest.raises(InputError) as refused:
        store.rescans.send(MAREN, target, bad.scan_id)
    assert refused.value.code == "RESCAN_SAME_FILE"
    # Bytes that arrived by another way between the sending and the loading say so as well.
    elsewhere = dataclasses.replace(
        arrival(vault, "twice", accepted_application()), outcome=Outcome.DUPLICATE, documents=()
    )
    store.rescans.send(MAREN, target, elsewhere.scan_id)
    load(store, "b2", elsewhere)
    assert store.rescans.find(target).problem == "DUPLICATE_SCAN"


def test_what_a_person_decided_meanwhile_stands(store: DuckDBStore, vault: Vault) -> None:
    bad = arrival(vault, "bad", unknown_page())
    load(store, "b1", bad)
    old = bad.documents[0].document_id
    new = arrival(vault, "new", accepted_application())
    store.rescans.send(MAREN, old, new.scan_id)
    decide(store, ANNA, next_task(store, ANNA), Action.RETURN)
    load(store, "b2", new)
    assert outcome_of(store, old) == "return"
    assert store.rescans.links(old)[0].document_id == new.documents[0].document_id


def test_a_page_scanned_again_is_no_second_application(store: DuckDBStore, vault: Vault) -> None:
    doubted = dataclasses.replace(
        accepted_application(),
        route=Route.CONFIRM,
        findings=(Finding(FindingCode.TEXT_UNCLEAR, Severity.REVIEW),),
    )
    first = arrival(vault, "first", doubted)
    load(store, "b1", first)
    old = first.documents[0].document_id
    decide(store, ANNA, next_task(store, ANNA), Action.RESCAN)
    new = scan_again(store, vault, old, "again", accepted_application())
    replacing = new.documents[0].document_id
    assert store.documents.findings(replacing) == []
    assert outcome_of(store, replacing) == "accept"
    # Nobody said that this one is a new scan: the applicant applies twice, and not with the old.
    load(store, "b3", arrival(vault, "second", accepted_application()))
    (second,) = [d for d in store.documents.newest() if d.batch_id == "b3"]
    (finding,) = store.documents.findings(second.document_id)
    assert finding.evidence == {"document": replacing}


def test_a_page_without_a_field_is_not_accepted_by_going_on(
    store: DuckDBStore, vault: Vault
) -> None:
    bad = arrival(vault, "bad", poorly_registered_page())
    load(store, "b1", bad)
    task = next_task(store, ANNA)
    with pytest.raises(InputError) as refused:
        decide(store, ANNA, task, Action.PROCESS)
    assert refused.value.code == "ACTION_UNKNOWN"
    assert outcome_of(store, bad.documents[0].document_id) is None


def test_a_doubt_about_the_stack_names_its_place(store: DuckDBStore, vault: Vault) -> None:
    doubt = Finding(FindingCode.DOUBLE_FEED_SUSPECTED, Severity.REVIEW)
    fed = dataclasses.replace(flagged_number(), findings=(doubt, doubt))
    load(store, "b1", set_aside(vault, "x"), arrival(vault, "a", accepted_application(), fed))
    (found,) = store.rescans.stack_doubts("b1")
    assert (found.position, found.page, found.code) == (1, 2, "DOUBLE_FEED_SUSPECTED")
    assert [u.position for u in store.rescans.wanted("b1")] == [0]  # the page itself is good


@pytest.mark.parametrize("target", ["", "x", "b1:99", "0" * 32, "b1:0'; drop table rescan; --"])
def test_an_unknown_target_is_not_found(store: DuckDBStore, vault: Vault, target: str) -> None:
    load(store, "b1", arrival(vault, "a", accepted_application()))
    with pytest.raises(InputError) as refused:
        store.rescans.send(MAREN, target, "f" * 32)
    assert refused.value.code == "NOT_FOUND"


def test_a_file_in_quarantine_is_not_waved_away_by_an_operator(
    store: DuckDBStore, vault: Vault
) -> None:
    load(store, "b1", set_aside(vault, "cut"))
    with pytest.raises(PolicyError) as refused:
        store.rescans.unneeded(MAREN, "b1:0")
    assert refused.value.code == "QUARANTINE_DISCARD"
    assert [one.target for one in store.rescans.wanted()] == ["b1:0"]
