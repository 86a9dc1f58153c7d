"""The desk as a process: where it says it listens, how it stops, accounts from the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline import settings as of_the_office
from pipeline.commands.keys import keys_app
from pipeline.commands.users import users_app
from pipeline.domain.errors import InputError
from pipeline.settings import Settings
from pipeline.store.client import DeskClient
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.vault import Vault

STARTS_WITHIN_S = 60


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("UKETSUKE_HOME", str(tmp_path / "home"))
    of_the_office.current.cache_clear()
    yield of_the_office.current()
    of_the_office.current.cache_clear()


def run(app: object, *words: str) -> dict[str, object]:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)  # type: ignore[arg-type]
    assert result.exit_code == 0
    found: dict[str, object] = json.loads(result.stdout)
    return found


def start(settings: Settings, port: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.desk", "--port", str(port)],
        env={**os.environ, "UKETSUKE_HOME": str(settings.home)},
        cwd=of_the_office.REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(settings: Settings) -> DeskClient:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        try:
            client = DeskClient.of(settings)
            client.totals()
            return client
        except InputError:
            time.sleep(0.1)
    raise AssertionError("the desk did not start")


def test_it_starts_answers_and_stops_cleanly(settings: Settings) -> None:
    assert run(keys_app, "init") == {"created": True}
    before = run(users_app, "add", "anna", "--role", "reviewer")  # no desk runs: opens the store
    process = start(settings)
    try:
        desk = wait_for(settings)
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits), "a crash would write its memory"
        file = settings.home / "desk.json"
        assert file.stat().st_mode & 0o077 == 0
        with pytest.raises(InputError) as error:
            DuckDBStore(settings.database, Vault.open(settings.keys))
        assert error.value.code == "STORE_IN_USE"
        run(users_app, "add", "ben", "--role", "analyst")  # through the desk
        assert [u["name"] for u in desk.users()] == ["anna", "ben"]
        with pytest.raises(InputError) as error:
            desk.add_user("ben", "analyst")
        assert error.value.code == "USER_EXISTS"
        with pytest.raises(InputError) as error:
            desk.post_batch("b", b"nonsense")
        assert error.value.code == "BATCH_MALFORMED"
        assert desk.health()
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[0])["url"].startswith("http://127.0.0.1:")
    assert not (settings.home / "desk.json").exists()
    assert str(before["password"]) not in out + err
    assert not list(settings.database.parent.glob("*.wal"))
    assert len(run(users_app, "list")["users"]) == 2  # type: ignore[arg-type]


def test_its_process_holds_no_library_that_it_has_no_use_for() -> None:
    script = (
        "import sys, duckdb, pyarrow, pipeline.desk.__main__ as desk\n"
        "sys.meta_path.insert(0, desk._WithoutPandas())\n"
        "duckdb.connect().execute('select ?', ['x']).fetchall()\n"
        "pyarrow.table({'one': [1, None]})\n"
        "print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=of_the_office.REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"pandas", "polars", "scipy", "skimage", "onnxruntime", "dagster", "reportlab"}
    assert heavy.isdisjoint(done.stdout.split())


def test_a_killed_desk_loses_nothing_and_starts_again(settings: Settings) -> None:
    run(keys_app, "init")
    for name in ("anna", "ben"):
        process = start(settings)
        try:
            wait_for(settings).add_user(name, "reviewer")
        finally:
            process.kill()
            process.communicate(timeout=30)
    store = DuckDBStore(settings.database, Vault.open(settings.keys))
    assert [p.name for p in store.people.all()] == ["anna", "ben"]
    assert store.audit.first_broken() is None
    store.close()


def test_missing_keys_are_named(settings: Settings) -> None:
    process = start(settings)
    _, err = process.communicate(timeout=STARTS_WITHIN_S)
    assert process.returncode == InputError.exit_code
    assert "KEY_MISSING" in err and "Traceback" not in err
    assert not (settings.home / "desk.json").exists()


def test_keys_are_made_once_and_rotated(settings: Settings) -> None:
    run(keys_app, "init")
    blob = Vault.open(settings.keys).surrogate("x", b"x")
    with pytest.raises(InputError):
        run(keys_app, "init")
    assert run(keys_app, "init", "--keep") == {"created": False}
    assert run(keys_app, "rotate") == {"rotated": True}
    assert Vault.open(settings.keys).surrogate("x", b"x") == blob


def test_an_unknown_role_is_refused(settings: Settings) -> None:
    run(keys_app, "init")
    with pytest.raises(InputError) as error:
        run(users_app, "add", "anna", "--role", "boss")
    assert error.value.code == "ROLE_UNKNOWN"
