"""The audit's seals find what the chain alone cannot: rows cut off its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from examination_fixtures import arrival, flagged_number
from store_actions import ANNA, load

from pipeline.domain.errors import InputError
from pipeline.store.auditing.audit_seals import AuditSeal, SealFault, read_seal
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.vault import Vault


@pytest.fixture
def busy(store: DuckDBStore, vault: Vault) -> DuckDBStore:
    load(store, "b", *(arrival(vault, str(n), flagged_number()) for n in range(3)))
    for n in range(6):
        store.audit.note(ANNA, "value.view", f"document:{n}", field="my_number")
    return store


def faults(store: DuckDBStore, *exported: AuditSeal) -> set[SealFault]:
    return {kind for kind, _ in store.audit_seals.verify(exported).faults}


def tamper(store: DuckDBStore, sql: str) -> None:
    store.audit_seals._renewed_at = float("inf")  # the thief does not ask for a new seal
    with store._database.writing() as cursor:
        cursor.execute(sql)
    store.audit._forget()


def test_an_audit_that_nobody_touched_is_sound(busy: DuckDBStore) -> None:
    seal = busy.audit_seals.renew()
    found = busy.audit_seals.verify((seal,))
    assert found.faults == () and found.rows == seal.seq == busy.audit.head()[0]
    busy.audit.note(ANNA, "value.view", "document:9")
    assert faults(busy, seal) == set()


@pytest.mark.parametrize("rows", [1, 4])
def test_rows_cut_off_the_end_are_missed(busy: DuckDBStore, rows: int) -> None:
    seal = busy.audit_seals.renew()
    tamper(busy, f"delete from audit where seq > {seal.seq - rows}")
    assert busy.audit.first_broken() is None  # the chain alone shows nothing
    assert faults(busy) == {SealFault.TAIL_CUT}
    # Going on as if nothing had happened does not hide it: the seal is not replaced by a lower
    # one, and once there are as many rows again, they are others.
    busy.audit_seals.renew()
    assert faults(busy) == {SealFault.TAIL_CUT}
    for n in range(rows):
        busy.audit.note(ANNA, "value.view", f"document:forged{n}")
    assert faults(busy) == {SealFault.ROW_REPLACED}


def test_an_exported_seal_finds_a_cut_after_the_seals_here_were_removed(
    busy: DuckDBStore, tmp_path: Path
) -> None:
    exported = busy.audit_seals.renew()
    tamper(busy, f"delete from audit where seq > {exported.seq - 2}")
    for path in (tmp_path / "store" / "seals").glob("*.json"):
        path.unlink()
    assert faults(busy) == set()
    assert faults(busy, exported) == {SealFault.TAIL_CUT}


def test_a_seal_that_was_altered_or_taken_away_is_named(
    busy: DuckDBStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datetime as dt

    folder = tmp_path / "store" / "seals"
    for day in (1, 2, 3):
        moment = dt.datetime(2026, 12, day, 3, 0)
        monkeypatch.setattr("pipeline.store.auditing.audit_seals.utc_now", lambda m=moment: m)
        busy.audit.note(ANNA, "value.view", f"document:{day}")
        busy.audit_seals.renew()
    assert faults(busy) == set()
    second = folder / "2026-12-02.json"
    content = second.read_bytes()
    second.unlink()
    assert faults(busy) == {SealFault.SEAL_REMOVED}
    second.write_text(json.dumps({**json.loads(content), "seq": 1}))
    assert SealFault.SEAL_ALTERED in faults(busy)


def test_a_changed_row_breaks_chain_or_seal(busy: DuckDBStore) -> None:
    seal = busy.audit_seals.renew()
    tamper(busy, f"update audit set user_id = 'ben' where seq = {seal.seq}")
    assert SealFault.CHAIN_BROKEN in faults(busy)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"day": "x"}', "not json"])
def test_what_is_no_seal_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "seal.json"
    path.write_text(content)
    for wrong in (path, tmp_path / "missing.json"):
        with pytest.raises(InputError) as error:
            read_seal(wrong)
        assert error.value.code == "SEAL_FILE"


def test_seals_are_made_by_themselves(tmp_path: Path, vault: Vault) -> None:
    store = DuckDBStore(tmp_path / "a" / "u.duckdb", vault)
    store.audit.note(ANNA, "value.view", "document:1")
    assert (sealed := store.audit_seals.newest()) is not None and sealed.seq == 1
    store.audit.note(ANNA, "value.view", "document:2")
    store.close()
    again = DuckDBStore(tmp_path / "a" / "u.duckdb", vault)
    assert (sealed := again.audit_seals.newest()) is not None and sealed.seq == 2
    again.close()
