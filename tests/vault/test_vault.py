"""What the vault seals opens again, only there, and only with the right keys."""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.documents import PIN_FIELDS, FieldName
from pipeline.domain.errors import DefectError, InputError, PolicyError, UketsukeError
from pipeline.vault import (
    DataClass,
    Vault,
    class_of,
    create_service_token,
    key_number,
    read_service_token,
)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault.create(tmp_path_factory.mktemp("home") / "keys")


def code_of(error: pytest.ExceptionInfo[UketsukeError]) -> str:
    return error.value.code


@given(
    plaintext=st.binary(max_size=200),
    context=st.text(max_size=30),
    data_class=st.sampled_from(DataClass),
)
def test_what_was_sealed_opens_again(
    vault: Vault, plaintext: bytes, context: str, data_class: DataClass
) -> None:
    blob = vault.seal(data_class, context, plaintext)
    assert vault.unseal(context, blob) == plaintext
    if len(plaintext) > 3:
        assert plaintext not in blob


@given(data=st.data())
def test_any_altered_bit_is_noticed(vault: Vault, data: st.DataObject) -> None:
    blob = bytearray(vault.seal(DataClass.PERSON, "d1|name", "山田".encode()))
    place = data.draw(st.integers(0, len(blob) - 1))
    blob[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DefectError) as error:
        vault.unseal("d1|name", bytes(blob))
    # A changed key number names a key that is not there; everything else breaks the seal.
    assert code_of(error) in {"SEAL_BROKEN", "KEY_UNKNOWN"}


@pytest.mark.parametrize("length", [0, 1, 5, 17, 32])
def test_a_truncated_blob_is_noticed(vault: Vault, length: int) -> None:
    blob = vault.seal(DataClass.NUMBER, "d|my_number", b"123456789018")
    with pytest.raises(DefectError) as error:
        vault.unseal("d|my_number", blob[:length])
    assert code_of(error) == "SEAL_BROKEN"


def test_a_blob_moved_to_another_row_does_not_open(vault: Vault) -> None:
    blob = vault.seal(DataClass.NUMBER, "d1|my_number", b"123456789018")
    with pytest.raises(DefectError) as error:
        vault.unseal("d2|my_number", blob)
    assert code_of(error) == "SEAL_BROKEN"
    assert "123456789018" not in str(error.value)


def test_the_same_text_never_seals_to_the_same_blob(vault: Vault) -> None:
    assert vault.seal(DataClass.PIN, "c", b"1234") != vault.seal(DataClass.PIN, "c", b"1234")


def test_files_are_private_and_hold_no_data_key_in_the_clear(vault: Vault) -> None:
    vault.seal(DataClass.IMAGE, "c", b"x")
    folder = vault._keys_dir
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    keyring = (folder / "keyring.json").read_text()
    assert vault.database_key() not in keyring


@pytest.mark.parametrize("target", ["", "master.key", "keyring.json"])
def test_keys_that_others_can_read_are_refused(tmp_path: Path, target: str) -> None:
    Vault.create(tmp_path / "keys")
    (tmp_path / "keys" / target).chmod(0o750)
    with pytest.raises(InputError) as error:
        Vault.open(tmp_path / "keys")
    assert code_of(error) == "KEY_PERMISSIONS"


@pytest.mark.parametrize("target", ["", "master.key", "keyring.json"])
def test_missing_keys_are_named_with_a_remedy(tmp_path: Path, target: str) -> None:
    if target:
        Vault.create(tmp_path / "keys")
        (tmp_path / "keys" / target).unlink()
    with pytest.raises(InputError) as error:
        Vault.open(tmp_path / "keys")
    assert code_of(error) == "KEY_MISSING"
    assert error.value.remedy_ja and error.value.remedy_en


def test_keys_of_another_installation_are_refused(tmp_path: Path) -> None:
    Vault.create(tmp_path / "a")
    Vault.create(tmp_path / "b")
    (tmp_path / "a" / "master.key").write_bytes((tmp_path / "b" / "master.key").read_bytes())
    with pytest.raises(DefectError) as error:
        Vault.open(tmp_path / "a")
    assert code_of(error) == "KEY_WRONG"


@pytest.mark.parametrize("name", ["master.key", "keyring.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b'{"current": 1, "keys": {}}'])
def test_damaged_key_files_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    Vault.create(tmp_path / "keys")
    (tmp_path / "keys" / name).write_bytes(content)
    with pytest.raises(DefectError) as error:
        Vault.open(tmp_path / "keys")
    assert code_of(error) == "KEY_WRONG"


def test_an_altered_wrapped_key_is_noticed(tmp_path: Path) -> None:
    Vault.create(tmp_path / "keys").seal(DataClass.PIN, "c", b"x")
    path = tmp_path / "keys" / "keyring.json"
    content = json.loads(path.read_bytes())
    content["data"]["1"]["key"] = content["roots"]["index"][:-8] + "AAAAAAA="
    path.write_text(json.dumps(content))
    with pytest.raises(DefectError) as error:
        Vault.open(tmp_path / "keys")
    assert code_of(error) == "KEY_WRONG"


def test_making_keys_twice_is_refused(tmp_path: Path) -> None:
    first = Vault.create(tmp_path / "keys")
    blob = first.seal(DataClass.PERSON, "c", b"x")
    with pytest.raises(InputError) as error:
        Vault.create(tmp_path / "keys")
    assert code_of(error) == "KEY_EXISTS"
    assert Vault.open(tmp_path / "keys").unseal("c", blob) == b"x"


def test_every_class_and_month_has_its_own_key(tmp_path: Path) -> None:
    now = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    vault = Vault.create(tmp_path / "keys", clock=lambda: now)

    def key_number(data_class: DataClass) -> bytes:
        return vault.seal(data_class, "c", b"x")[1:5]

    november = {data_class: key_number(data_class) for data_class in DataClass}
    assert len(set(november.values())) == len(DataClass)
    assert key_number(DataClass.PIN) == november[DataClass.PIN]
    now = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    december = {data_class: key_number(data_class) for data_class in DataClass}
    assert not set(december.values()) & set(november.values())


def test_rotation_changes_the_master_key_and_keeps_what_was_sealed(tmp_path: Path) -> None:
    running = Vault.create(tmp_path / "keys")
    old = (tmp_path / "keys" / "master.key").read_bytes()
    blob = running.seal(DataClass.PERSON, "c", b"before")
    Vault.open(tmp_path / "keys").rotate_master()
    assert (tmp_path / "keys" / "master.key").read_bytes() != old
    reopened = Vault.open(tmp_path / "keys")
    assert reopened.unseal("c", blob) == b"before"
    # A process that was open all the time goes on, even for a class it never used before.
    assert reopened.unseal("c", running.seal(DataClass.TEXT, "c", b"after")) == b"after"
    assert reopened.database_key() == running.database_key()
    (tmp_path / "keys" / "master.key").write_bytes(old)
    with pytest.raises(DefectError) as error:
        Vault.open(tmp_path / "keys")
    assert code_of(error) == "KEY_WRONG"


@pytest.mark.parametrize("writes_before_the_kill", [0, 1, 2])
def test_a_kill_during_rotation_leaves_keys_that_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes_before_the_kill: int
) -> None:
    from pipeline.vault import private_files

    vault = Vault.create(tmp_path / "keys")
    blob = vault.seal(DataClass.PERSON, "c", b"x")
    real, left = private_files.write_private, writes_before_the_kill

    def write_then_die(path: Path, content: bytes) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        real(path, content)

    monkeypatch.setattr(private_files, "write_private", write_then_die)
    with pytest.raises(KeyboardInterrupt):
        vault.rotate_master()
    monkeypatch.undo()
    survivor = Vault.open(tmp_path / "keys")
    assert survivor.unseal("c", blob) == b"x"
    survivor.rotate_master()
    assert Vault.open(tmp_path / "keys").unseal("c", blob) == b"x"


def _seal_in_another_process(keys_dir: str, queue: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    vault = Vault.open(Path(keys_dir))
    queue.put([vault.seal(c, "c", b"from a worker") for c in DataClass])


def test_processes_that_start_together_share_one_key_per_class(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path / "keys")
    spawn = multiprocessing.get_context("spawn")
    queue = spawn.Queue()
    workers = [
        spawn.Process(target=_seal_in_another_process, args=(str(tmp_path / "keys"), queue))
        for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    blobs = [blob for _ in workers for blob in queue.get(timeout=60)]
    for worker in workers:
        worker.join(timeout=60)
    assert {blob[1:5] for blob in blobs}.__len__() == len(DataClass)
    assert {vault.unseal("c", blob) for blob in blobs} == {b"from a worker"}


@given(value=st.text(st.characters(codec="ascii", categories=["Nd", "Lu"]), min_size=1))
def test_the_blind_index_is_equal_for_equal_values_however_written(
    vault: Vault, value: str
) -> None:
    plain = vault.blind_index(FieldName.MY_NUMBER, value)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in value)
    assert vault.blind_index(FieldName.MY_NUMBER, " ".join(value)) == plain
    assert vault.blind_index(FieldName.MY_NUMBER, wide) == plain
    assert vault.blind_index(FieldName.MY_NUMBER, value + "0") != plain
    assert vault.blind_index(FieldName.APPLICATION_ID, value) != plain


def test_the_blind_index_needs_the_keys(vault: Vault, tmp_path: Path) -> None:
    other = Vault.create(tmp_path / "keys")
    number = "123456789018"
    assert other.blind_index(FieldName.MY_NUMBER, number) != vault.blind_index(
        FieldName.MY_NUMBER, number
    )


@pytest.mark.parametrize("field", sorted(PIN_FIELDS))
def test_pins_have_no_index_and_their_own_key(vault: Vault, field: FieldName) -> None:
    assert class_of(field) is DataClass.PIN
    with pytest.raises(PolicyError) as error:
        vault.blind_index(field, "1234")
    assert code_of(error) == "PIN_NOT_INDEXED"


def test_surrogates_are_stable_keyed_and_kept_apart_by_kind(vault: Vault, tmp_path: Path) -> None:
    again = Vault.open(vault._keys_dir)
    assert vault.surrogate("scan", b"bytes") == again.surrogate("scan", b"bytes")
    assert vault.surrogate("scan", b"bytes") != vault.surrogate("document", b"bytes")
    other = Vault.create(tmp_path / "keys")
    assert vault.surrogate("scan", b"bytes") != other.surrogate("scan", b"bytes")


def test_the_service_token_is_private_and_random(tmp_path: Path) -> None:
    Vault.create(tmp_path / "keys")
    with pytest.raises(InputError):
        read_service_token(tmp_path / "keys")
    first = create_service_token(tmp_path / "keys")
    assert read_service_token(tmp_path / "keys") == first
    assert create_service_token(tmp_path / "keys") != first
    (tmp_path / "keys" / "service.token").chmod(0o640)
    with pytest.raises(InputError) as error:
        read_service_token(tmp_path / "keys")
    assert code_of(error) == "KEY_PERMISSIONS"


# --- the end of a key ----------------------------------------------------------------------------


class Clock:
    def __init__(self, day: str) -> None:
        self.day = day

    def __call__(self) -> dt.datetime:
        return dt.datetime.fromisoformat(f"{self.day}T10:00+09:00")


def test_what_a_destroyed_key_sealed_never_opens_again(tmp_path: Path) -> None:
    clock = Clock("2026-10-05")
    vault = Vault.create(tmp_path / "keys", clock)
    old = vault.seal(DataClass.PERSON, "d|name", b"old")
    clock.day = "2026-11-05"
    new = vault.seal(DataClass.PERSON, "d|name", b"new")
    gone = vault.destroy_keys([key_number(old)])
    assert [(k.data_class, k.month) for k in gone] == [(DataClass.PERSON, "2026-10")]
    for opened in (vault, Vault.open(tmp_path / "keys", clock)):
        with pytest.raises(DefectError) as error:
            opened.unseal("d|name", old)
        assert code_of(error) == "KEY_UNKNOWN"
        assert opened.unseal("d|name", new) == b"new"
    # Its number is not given to another key, so that nothing is opened by a stranger's key.
    clock.day = "2026-12-05"
    assert key_number(vault.seal(DataClass.PERSON, "d|name", b"x")) > key_number(new)


def test_a_key_that_still_seals_cannot_be_destroyed(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path / "keys", Clock("2026-10-05"))
    blob = vault.seal(DataClass.IMAGE, "d|photo", b"x")
    with pytest.raises(PolicyError) as error:
        vault.destroy_keys([key_number(blob)])
    assert code_of(error) == "KEY_IN_USE"
    assert vault.unseal("d|photo", blob) == b"x"


def test_pins_have_a_key_for_every_day(tmp_path: Path) -> None:
    clock = Clock("2026-10-05")
    vault = Vault.create(tmp_path / "keys", clock)
    first = {c: key_number(vault.seal(c, "c", b"x")) for c in DataClass}
    clock.day = "2026-10-06"
    second = {c: key_number(vault.seal(c, "c", b"x")) for c in DataClass}
    assert [c for c in DataClass if first[c] != second[c]] == [DataClass.PIN]


def test_a_clock_that_was_set_back_is_named_before_anything_is_sealed(tmp_path: Path) -> None:
    clock = Clock("2026-10-05")
    vault = Vault.create(tmp_path / "keys", clock)
    vault.seal(DataClass.TEXT, "c", b"x")
    clock.day = "2026-09-30"
    with pytest.raises(DefectError) as error:
        vault.seal(DataClass.TEXT, "c", b"y")
    assert code_of(error) == "CLOCK_SET_BACK"
