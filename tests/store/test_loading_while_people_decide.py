"""A batch loads while people decide: nobody waits for its searching, and nothing slips between."""

import threading

import pytest
from examination_fixtures import NUMBER, accepted_application, arrival, flagged_number, keyed_number
from store_actions import ANNA, decide, load, next_task

from pipeline.domain.findings import FindingCode
from pipeline.store.arrivals import arrow_schema
from pipeline.store.arrivals.repeats import sheets
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.decisions import Action
from pipeline.vault import Vault


def test_a_number_corrected_while_a_batch_is_looked_through_links_the_applicants(
    store: DuckDBStore, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(store, "b1", arrival(vault, "a", flagged_number()))
    task = next_task(store, ANNA)
    look = sheets.search

    def meanwhile(*given: object) -> sheets.Found:
        """The blind marks were looked through; now one is corrected, before the batch writes."""
        person = threading.Thread(
            target=decide, args=(store, ANNA, task, Action.VALUE, NUMBER), daemon=True
        )
        if store.queue.task(task.task_id).state == "open":
            person.start()
            person.join(10)
            assert not person.is_alive(), "a person waited for the batch to be looked through"
        return look(*given)

    monkeypatch.setattr(sheets, "search", meanwhile)
    later = arrival(vault, "b", accepted_application(NUMBER))
    load(store, "b2", later)
    codes = [f.code for f in store.documents.findings(later.documents[0].document_id)]
    assert FindingCode.DUPLICATE_APPLICANT in codes


def test_what_a_person_decides_while_its_page_is_loaded_again_is_kept(
    store: DuckDBStore, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(store, "b1", arrival(vault, "a", flagged_number()))
    task = next_task(store, ANNA)
    look = sheets.search

    def meanwhile(*given: object) -> sheets.Found:
        if store.queue.task(task.task_id).state == "open":
            decide(store, ANNA, task, Action.VALUE, NUMBER)
        return look(*given)

    monkeypatch.setattr(sheets, "search", meanwhile)
    result = store.load(arrow_schema.encode("b2", [arrival(vault, "a", keyed_number())]))
    assert result.kept == 1
    assert store.documents.value(task.document_id, "my_number", final=True) == NUMBER
