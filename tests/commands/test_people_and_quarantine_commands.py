"""``uketsuke users`` and ``uketsuke quarantine`` where no desk runs: on the store itself."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline import settings
from pipeline.cli import app
from pipeline.domain.documents import Channel
from pipeline.domain.errors import UketsukeError
from pipeline.intake.quarantine import Quarantine, Quarantined
from pipeline.settings import Settings
from pipeline.store.arrivals import arrow_schema
from pipeline.store.arrivals.records import Arrival, Outcome
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.vault import Vault

PNG = b"\x89PNG\r\n\x1a\n SAMPLE, and no more than its beginning"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("UKETSUKE_HOME", str(tmp_path / "home"))
    settings.current.cache_clear()
    Vault.create(settings.current().keys)
    yield settings.current()
    settings.current.cache_clear()


def said(*arguments: str) -> Any:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None:
        raise result.exception
    return json.loads(result.stdout.strip().splitlines()[-1])


def refused(*arguments: str) -> str:
    with pytest.raises(UketsukeError) as error:
        said(*arguments)
    return error.value.code


def test_accounts_say_who_proves_them(home: Settings) -> None:
    assert len(said("users", "add", "hana", "--role", "reviewer")["password"]) == 19
    added = said("users", "add", "rin", "--role", "auditor", "--directory")
    assert added == {"name": "rin", "role": "auditor", "source": "directory"}
    listed = said("users", "list")["users"]
    assert [(u["name"], u["source"], u["must_change"]) for u in listed] == [
        ("hana", "local", True),
        ("rin", "directory", False),
    ]
    assert refused("users", "add", "RIN", "--role", "auditor") == "USER_EXISTS"
    assert refused("users", "reset", "rin") == "PASSWORD_IN_DIRECTORY"
    assert refused("users", "directory", "rin") == "DIRECTORY_OFF"


@pytest.mark.parametrize("roles", ["reviewer", '{"emperor": "cn=x"}', '["reviewer"]'])
def test_roles_that_cannot_be_read_name_their_setting(
    home: Settings, monkeypatch: pytest.MonkeyPatch, roles: str
) -> None:
    monkeypatch.setenv("UKETSUKE_DIRECTORY_ROLES", roles)
    settings.current.cache_clear()
    with pytest.raises(UketsukeError) as error:
        settings.current()
    assert error.value.code == "SETTING_WRONG"
    assert "UKETSUKE_DIRECTORY_ROLES" in error.value.en


def test_files_in_quarantine_are_listed_released_and_discarded(home: Settings) -> None:
    vault = Vault.open(home.keys)
    received = dt.datetime(2026, 11, 2, 9, 0)
    scans = [vault.surrogate("scan", name) for name in (b"one", b"two")]
    held = Quarantine(home.quarantine, vault)
    for number, scan in enumerate(scans):
        entry = Quarantined(scan, "FILE_TRUNCATED", "b1", received.isoformat())
        source = home.home / f"{number}"
        source.write_bytes(PNG)
        with source.open("rb") as file:
            held.put(entry, file)
    store = DuckDBStore.of(home)
    arrivals = [
        Arrival(s, Channel.MAIL, Outcome.QUARANTINED, received, "FILE_TRUNCATED") for s in scans
    ]
    store.load(arrow_schema.encode("b1", arrivals))
    store.close()

    listed = said("quarantine", "list")["files"]
    assert [(f["file"], f["number"], f["state"]) for f in listed] == [
        ("b1:0", 1, "wanted"),
        ("b1:1", 2, "wanted"),
    ]
    assert not any(scan in json.dumps(listed) for scan in scans)
    assert said("quarantine", "release", "b1:0") == {"file": "b1:0", "done": "release"}
    (path,) = (home.inbox / "mail").iterdir()
    assert path.read_bytes() == PNG
    assert refused("quarantine", "discard", "b1:1", "--reason", "because") == "REASON_UNKNOWN"
    assert said("quarantine", "discard", "b1:1", "--reason", "test_scan")["done"] == "discard"
    assert [(f["file"], f["state"]) for f in said("quarantine", "list")["files"]] == [
        ("b1:0", "sent")
    ]
    assert refused("quarantine", "release", "b1:1") == "NOT_FOUND"
