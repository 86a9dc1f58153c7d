"""Which decisions count for calibration: values keyed blind, none that was only confirmed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import examination_fixtures as fixtures
import pytest
from store_actions import ANNA, BEN, CHIYO, decide, load, next_task

from pipeline.domain.documents import FieldName
from pipeline.forms.catalogue import Catalogue
from pipeline.store.arrivals.tasking import TaskKind
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.measuring.verified import Verified, form_finder, kind_of
from pipeline.store.reviewing.decisions import Action
from pipeline.vault import Vault

FORMS = Catalogue.load()
VERSION = FORMS.get("application_handwritten").version
VALUES = {
    FieldName.MY_NUMBER: fixtures.NUMBER,
    FieldName.NAME: fixtures.NAME,
    FieldName.BIRTH_DATE: "1990-05-10",
    FieldName.ADDRESS: fixtures.ADDRESS,
}


@pytest.fixture
def sampling(tmp_path: Path, vault: Vault) -> DuckDBStore:
    """A store that draws every accepted field."""
    return DuckDBStore(tmp_path / "s" / "u.duckdb", vault, sample_rate=1.0)


def accepted() -> fixtures.Examination:
    one = fixtures.accepted_application()
    return fixtures.examination(one.readings, route=one.route, form_version=VERSION)


def key_all_right(store: DuckDBStore) -> None:
    while (task := store.queue.claim_next(ANNA, 10)) is not None:
        if task.field is None:  # the same applicant twice: about the document as a whole
            decide(store, ANNA, task, Action.ACCEPT)
        else:
            decide(store, ANNA, task, Action.VALUE, VALUES[FieldName(task.field)])


def verified(store: DuckDBStore) -> dict[str, Verified]:
    return {one.kind: one for one in store.verified_readings(form_finder(FORMS))}


def test_a_blind_sample_counts_as_right_wrong_or_not_at_all(
    sampling: DuckDBStore, vault: Vault
) -> None:
    load(sampling, "b1", fixtures.arrival(vault, "one", accepted()))
    while (task := sampling.queue.claim_next(ANNA, 10)) is not None:
        assert task.kind == TaskKind.KEY
        field = FieldName(task.field or "")
        if field == FieldName.BIRTH_DATE:
            decide(sampling, ANNA, task, Action.VALUE, "1991-05-10")
        elif field == FieldName.ADDRESS:
            decide(sampling, ANNA, task, Action.ILLEGIBLE)
        else:
            decide(sampling, ANNA, task, Action.VALUE, VALUES[field])
    before = verified(sampling)
    # A keying that differs counts only as the third person decides; one unread counts not at all.
    assert {k: [r for _, r in v.sampled] for k, v in before.items()} == {
        "my_number": [True],
        "text_name": [True],
    }
    while (task := sampling.queue.claim_next(BEN, 10)) is not None:
        field = FieldName(task.field or "")
        if field == FieldName.BIRTH_DATE:
            decide(sampling, BEN, task, Action.VALUE, "1991-05-10")
        else:
            decide(sampling, BEN, task, Action.ILLEGIBLE)
    after = verified(sampling)
    assert [r for _, r in after["date"].sampled] == [False]
    assert "text_address" not in after
    assert after["my_number"].sampled == [(0.9997, True)]
    sampling.close()


def test_a_value_confirmed_on_the_screen_never_counts(store: DuckDBStore, vault: Vault) -> None:
    one = fixtures.flagged_number()
    shown = fixtures.examination(one.readings, findings=one.findings, form_version=VERSION)
    load(store, "b1", fixtures.arrival(vault, "one", shown))
    task = next_task(store, ANNA)
    assert task.kind == TaskKind.CONFIRM
    decide(store, ANNA, task, Action.VALUE, fixtures.NUMBER)
    assert verified(store) == {}


def test_what_was_not_accepted_is_kept_apart_from_the_sample(
    store: DuckDBStore, vault: Vault
) -> None:
    one = fixtures.keyed_number()
    keyed = fixtures.examination(one.readings, route=one.route, form_version=VERSION)
    load(store, "b1", fixtures.arrival(vault, "one", keyed))
    task = next_task(store, CHIYO)
    assert task.kind == TaskKind.KEY
    decide(store, CHIYO, task, Action.VALUE, fixtures.NUMBER)
    found = verified(store)["my_number"]
    assert (found.sampled, found.keyed) == ([], [(0.3, True)])


def test_nothing_but_numbers_leaves_and_no_order_tells_the_document(
    sampling: DuckDBStore, vault: Vault
) -> None:
    for name in ("one", "two"):
        load(sampling, name, fixtures.arrival(vault, name, accepted()))
    key_all_right(sampling)
    for one in sampling.verified_readings(form_finder(FORMS)):
        content = one.as_dict()
        assert set(content) == {"kind", "model", "sampled", "keyed"}
        assert content["sampled"] == sorted(content["sampled"])
        assert all(isinstance(c, float) and r in (True, False) for c, r in content["sampled"])
    sampling.close()


def test_pins_and_unknown_forms_have_no_kind() -> None:
    assert kind_of(FORMS.get("reply_form"), FieldName.PIN_SIGNATURE) is None
    assert kind_of(None, FieldName.MY_NUMBER) is None
    form = FORMS.get("application_handwritten")
    assert kind_of(form, FieldName.MY_NUMBER, corrected=True) == "my_number_corrected"
    assert kind_of(form, FieldName.SIGNATURE) is None


def test_thresholds_that_the_site_made_do_not_part_the_readings(
    sampling: DuckDBStore, vault: Vault
) -> None:
    for name, lineage in (("one", "cnn-1"), ("two", "cnn-1 site/20261123T070500Z")):
        one = accepted()
        readings = [dataclasses.replace(r, model_version=lineage) for r in one.readings]
        shown = fixtures.examination(readings, route=one.route, form_version=VERSION)
        load(sampling, name, fixtures.arrival(vault, name, shown))
    key_all_right(sampling)
    assert len(verified(sampling)["my_number"].sampled) == 2
    sampling.close()
