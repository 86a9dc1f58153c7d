"""The master key kept by a program of the office: nothing of it lies in the key folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pipeline.domain.errors import DefectError
from pipeline.vault import DataClass, Vault, master_keys

KEEPER = """
import pathlib, sys
place = pathlib.Path(sys.argv[1])
if sys.argv[2] == "get":
    sys.stdout.write(place.read_text())
else:
    place.write_text(sys.stdin.read())
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "keeper.py"
    script.write_text(KEEPER)
    return [sys.executable, str(script), str(tmp_path / "token")]


def everything_in(folder: Path) -> str:
    return "".join(p.read_text() for p in folder.iterdir() if p.is_file())


def test_sealed_things_open_through_the_program_and_the_file_is_gone(
    tmp_path: Path, command: list[str]
) -> None:
    keys = tmp_path / "keys"
    blob = Vault.create(keys).seal(DataClass.NUMBER, "d|my_number", b"secret")
    master = json.loads((keys / "master.key").read_text())["keys"]
    master_keys.hand_over(keys, command)
    assert not (keys / "master.key").exists()
    assert not any(key in everything_in(keys) for key in master.values())
    assert Vault.open(keys).unseal("d|my_number", blob) == b"secret"


def test_the_master_key_rotates_in_the_program(tmp_path: Path, command: list[str]) -> None:
    keys = tmp_path / "keys"
    vault = Vault.create(keys)
    blob = vault.seal(DataClass.NUMBER, "d|my_number", b"secret")
    master_keys.hand_over(keys, command)
    before = (tmp_path / "token").read_text()
    Vault.open(keys).rotate_master()
    assert (tmp_path / "token").read_text() != before
    assert not (keys / "master.key").exists()
    assert Vault.open(keys).unseal("d|my_number", blob) == b"secret"


@pytest.mark.parametrize("broken", ["exit", "lies", "absent"])
def test_a_program_that_fails_leaves_the_file_where_it_was(tmp_path: Path, broken: str) -> None:
    keys = tmp_path / "keys"
    Vault.create(keys)
    script = tmp_path / "keeper.py"
    script.write_text({"exit": "raise SystemExit(3)", "lies": "print('{}')", "absent": ""}[broken])
    command = ["/nowhere/keeper"] if broken == "absent" else [sys.executable, str(script)]
    with pytest.raises(DefectError) as error:
        master_keys.hand_over(keys, command)
    assert error.value.code in {"KEY_PROVIDER_FAILED", "KEY_WRONG"}
    assert (keys / "master.key").exists() and not (keys / "provider.json").exists()
    Vault.open(keys)


def test_a_program_that_stops_answering_is_named(tmp_path: Path, command: list[str]) -> None:
    keys = tmp_path / "keys"
    Vault.create(keys)
    master_keys.hand_over(keys, command)
    (tmp_path / "token").unlink()
    with pytest.raises(DefectError) as error:
        Vault.open(keys)
    assert error.value.code == "KEY_PROVIDER_FAILED"
