"""What lies on disk: the encrypted file, the audit chain, sealed crops, the masked snapshot."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from examination_fixtures import (
    NUMBER,
    accepted_application,
    arrival,
    flagged_number,
    reply_form_with_pin,
)
from store_actions import ANNA, SECRETS, decide, load, next_task

from pipeline.domain.errors import DefectError, InputError
from pipeline.store.arrivals import crops
from pipeline.store.database import Database
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.decisions import Action
from pipeline.vault import DataClass, Vault

# --- the file -------------------------------------------------------------------------------


def test_nothing_readable_lies_on_disk(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "store" / "u.duckdb"
    store = DuckDBStore(path, vault)
    load(store, "b1", arrival(vault, "a", accepted_application()), arrival(vault, "b", reply()))
    bytes_with_wal = b"".join(p.read_bytes() for p in path.parent.iterdir() if p.is_file())
    store.close()
    everything = bytes_with_wal + path.read_bytes()
    for secret in (*SECRETS, "application_handwritten", "MY_NUMBER"):
        assert secret.encode() not in everything
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(duckdb.Error):
        duckdb.connect(str(path))


def reply() -> object:
    return reply_form_with_pin()


def test_the_wrong_key_is_named_without_showing_a_key(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "u.duckdb"
    DuckDBStore(path, vault).close()
    other = Vault.create(tmp_path / "other")
    with pytest.raises(DefectError) as error:
        DuckDBStore(path, other)
    assert error.value.code == "STORE_UNREADABLE"
    assert other.database_key() not in str(error.value)


def test_sql_cannot_reach_other_files_or_unlock_itself(store: DuckDBStore, tmp_path: Path) -> None:
    database: Database = store._database
    for statement in (
        "select * from read_text('/etc/hostname')",
        f"copy batch to '{tmp_path}/out.csv'",
        "set enable_external_access = true",
        "set temp_file_encryption = false",
        "install httpfs",
    ):
        with pytest.raises(duckdb.Error):
            database.rows(statement)
    assert not (tmp_path / "out.csv").exists()


def test_a_newer_file_is_refused(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "u.duckdb"
    store = DuckDBStore(path, vault)
    with store._database.writing() as cursor:
        cursor.execute("insert into migration values (999, now()::timestamp)")
    store.close()
    with pytest.raises(DefectError) as error:
        DuckDBStore(path, vault)
    assert error.value.code == "STORE_TOO_NEW"


def test_what_was_loaded_is_there_after_reopening(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "u.duckdb"
    first = DuckDBStore(path, vault)
    load(first, "b1", arrival(vault, "a", flagged_number()))
    first.close()
    again = DuckDBStore(path, vault)
    assert again.figures.totals()["routes"] == {"confirm": 1}
    assert again.audit.first_broken() is None
    again.close()


# --- audit and crops ------------------------------------------------------------------------


def test_the_audit_chain_finds_every_kind_of_tampering(store: DuckDBStore, vault: Vault) -> None:
    load(store, "b", *(arrival(vault, str(n), flagged_number()) for n in range(3)))
    for _ in range(3):
        task = next_task(store, ANNA)
        decide(store, ANNA, task, Action.VALUE, NUMBER)
    rows = store.audit.rows()
    assert store.audit.first_broken() is None
    for row in rows:
        assert not any(secret in repr(row) for secret in SECRETS)
    for tampering, broken in (
        ("update audit set user_id = 'ben' where seq = 3", 3),
        ("delete from audit where seq = 2", 2),
        ("update audit set detail = null where seq = 5", 5),
    ):
        with pytest.raises(ZeroDivisionError), store._database.writing() as cursor:
            cursor.execute(tampering)
            assert store.audit.first_broken() == broken
            raise ZeroDivisionError  # roll the tampering back
    assert store.audit.first_broken() is None


def test_crops_are_sealed_and_bound_to_their_place(tmp_path: Path, vault: Vault) -> None:
    one, other = vault.surrogate("document", b"1"), vault.surrogate("document", b"2")
    crops.write(tmp_path, vault, one, "name", b"\x89PNG picture")
    path = crops.path_of(tmp_path, one, "name")
    assert b"PNG" not in path.read_bytes() and path.stat().st_mode & 0o077 == 0
    assert crops.read(tmp_path, vault, one, "name") == b"\x89PNG picture"
    moved = crops.path_of(tmp_path, other, "name")
    moved.parent.mkdir(parents=True)
    moved.write_bytes(path.read_bytes())
    with pytest.raises(DefectError) as error:
        crops.read(tmp_path, vault, other, "name")
    assert error.value.code == "SEAL_BROKEN"


def test_the_picture_of_a_pin_goes_with_the_pins_key(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed_as: dict[str, DataClass] = {}
    seal = vault.seal

    def remember(data_class: DataClass, context: str, plaintext: bytes) -> bytes:
        sealed_as[context.split("|")[1]] = data_class
        return seal(data_class, context, plaintext)

    monkeypatch.setattr(vault, "seal", remember)
    document = vault.surrogate("document", b"1")
    for name in ("pin_signature", "name", crops.PAGE):
        crops.write(tmp_path, vault, document, name, b"picture")
    assert sealed_as == {
        "pin_signature": DataClass.PIN,
        "name": DataClass.IMAGE,
        crops.PAGE: DataClass.IMAGE,
    }


@pytest.mark.parametrize("name", ["../x", "a/b", "", "A", "x" * 41])
def test_a_crop_name_cannot_leave_the_folder(tmp_path: Path, vault: Vault, name: str) -> None:
    with pytest.raises(InputError):
        crops.read(tmp_path, vault, "0" * 32, name)
    with pytest.raises(InputError):
        crops.read(tmp_path, vault, "../../etc", "name")


def test_the_snapshot_is_read_while_the_store_writes_and_holds_no_value(
    store: DuckDBStore, vault: Vault, tmp_path: Path
) -> None:
    load(store, "b", arrival(vault, "a", accepted_application(), reply_form_with_pin()))
    folder = tmp_path / "published"
    counts = store.publish(folder)
    assert counts["documents"] == 2
    reader = duckdb.connect(str(folder / "uketsuke_statistics.duckdb"), read_only=True)
    load(store, "b2", arrival(vault, "c", flagged_number()))
    assert store.publish(folder)["documents"] == 3
    assert reader.execute("select count(*) from documents").fetchall() == [(2,)]
    columns = {
        row[0] for row in reader.execute("select column_name from duckdb_columns()").fetchall()
    }
    assert not columns & {"value_sealed", "masked", "characters_sealed", "mark", "final_sealed"}
    parquet = folder / "parquet" / "fields.parquet"
    assert duckdb.execute(f"select count(*) from '{parquet}'").fetchall()[0][0] == 8
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in SECRETS), path.name
    assert not list(folder.glob(".building-*"))
