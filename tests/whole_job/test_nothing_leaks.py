"""The whole job on documents whose values are known, and then a search for every one of them.

``uketsuke run`` with Dagster, the desk, the examination's workers and the store, as an office runs
them, in a network namespace without routes where the machine allows one; a run that is killed in
the middle; a file that breaks; pages asked for by every role; snapshot, export, purge. Nothing of
what stands in the documents may lie anywhere outside what is sealed, nor inside it in the clear.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from leak_search import Leak, Searcher, files

sys.path.insert(0, str(Path(__file__).parent.parent / "desk"))

from desk_office import Office

from pipeline.desk.application import create_app
from pipeline.domain.documents import PIN_FIELDS
from pipeline.settings import REPOSITORY, Settings
from pipeline.store.staff.people import Role
from pipeline.vault import Vault, read_service_token

pytestmark = pytest.mark.slow
SAMPLES = REPOSITORY / "sample_scans"
# Short values stand in any file by chance, digits sooner than letters.
_SHORT, _SHORT_DIGITS = 6, 10
_ORDINARY = {"photo", "sex"}
_GUARD = """
import os, sys
_LOOPBACK = ("127.", "::1", "localhost")
def _watch(event, facts):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        where = facts[0] if event == "socket.getaddrinfo" else facts[1]
        host = where[0] if isinstance(where, tuple) else where
        if isinstance(host, bytes):
            host = host.decode("ascii", "replace")
        if isinstance(host, str) and host and not host.startswith(("/", *_LOOPBACK)):
            with open(os.environ["UKETSUKE_TEST_CALLS"], "a") as file:
                file.write(f"{event} {host}\\n")
sys.addaudithook(_watch)
"""
# Brings up the loopback of a new namespace: there is no other interface in it, and no route.
_IN_NAMESPACE = """
import fcntl, os, socket, struct, sys
with socket.socket() as s:
    name = struct.pack("16sh", b"lo", 0)
    flags = struct.unpack("16sh", fcntl.ioctl(s, 0x8913, name))[1]
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", flags | 1))
with open("/proc/net/route") as routes:
    assert len(routes.readlines()) <= 1, "a route out"
os.execvp(sys.argv[1], sys.argv[1:])
"""


def apart() -> list[str]:
    """What runs a command in a network namespace of its own, or nothing where none may be made."""
    for command in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        try:
            done = subprocess.run([*command, sys.executable, "-c", _IN_NAMESPACE, "true"])
        except OSError:
            return []
        if done.returncode == 0:
            return [*command, sys.executable, "-c", _IN_NAMESPACE]
    return []


class Job:
    """An installation of its own, its processes watched while they run."""

    def __init__(self, folder: Path, searcher: Searcher) -> None:
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.calls = folder / "calls.txt"
        self.searcher = searcher
        self.leaks: list[Leak] = []
        guard = folder / "guard"
        for place in (self.temporary, guard):
            place.mkdir(parents=True)
        (guard / "sitecustomize.py").write_text(_GUARD)
        self.environment = {
            **os.environ,
            "UKETSUKE_HOME": str(self.home),
            "UKETSUKE_SETTLE_SECONDS": "0",
            "UKETSUKE_WORKERS": "1",
            "UKETSUKE_TEST_CALLS": str(self.calls),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(guard),
        }
        self.apart = apart()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        script = str(Path(sys.executable).with_name("uketsuke"))
        return subprocess.Popen(
            [*self.apart, script, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: str, code: int = 0) -> None:
        """Run a command to its end; its processes, output and files are searched."""
        process = self.start(*arguments)
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(process.pid, done))
        watch.start()
        try:
            out, err = process.communicate(timeout=600)
        finally:
            done.set()
            watch.join()
        assert process.returncode == code, err.decode()[-2000:]
        self.leaks += self.searcher.in_bytes(f"output of {arguments[0]}", out + err)

    def _watch(self, session: int, done: threading.Event) -> None:
        while not done.wait(0.5):
            self.look_at_processes(session)

    def look_at_processes(self, session: int) -> None:
        """Arguments and environment of everything that was started."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if os.getsid(int(entry.name)) != session and not self._is_ours(entry):
                    continue
                content = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except (OSError, ProcessLookupError):
                continue
            self.leaks += self.searcher.in_bytes("arguments or environment", content)

    def _is_ours(self, entry: Path) -> bool:
        try:
            return str(self.home).encode() in (entry / "environ").read_bytes()
        except OSError:
            return False

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill every process of the job at once, as a power cut would."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid() and self._is_ours(entry):
                try:
                    os.kill(int(entry.name), signal.SIGKILL)
                except ProcessLookupError:
                    continue
        out, err = process.communicate(timeout=60)
        self.leaks += self.searcher.in_bytes("output of a killed run", out + err)

    def look_at_files(self) -> None:
        """Everything that lies on disk now: what is sealed must not be readable either."""
        for place in (self.home, self.temporary):
            self.leaks += self.searcher.in_files(place)


def secrets() -> tuple[list[str], dict[str, dict[str, str]]]:
    """All values of the sample documents that are used, and where they stand."""
    truth = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
    found: list[str] = []
    chosen: dict[str, dict[str, str]] = {}
    for file in truth["files"]:
        documents = file["documents"]
        forms = {d["form"] for d in documents}
        wanted = file["channel"] == "counter" or "application_handwritten" in forms
        if len(documents) != 1 or not wanted or len(chosen) >= 12:
            continue
        values = {k: v for k, v in documents[0]["fields"].items() if v and k not in _ORDINARY}
        if sum(c["form"] == documents[0]["form"] for c in chosen.values()) >= 2:
            continue
        chosen[file["file"]] = {**values, "form": documents[0]["form"]}
        found += [v for k, v in values.items() if "name" in k or len(v) >= _least(v)]
        found += [v.replace("-", "") for k, v in values.items() if "phone" in k]
    dates = {v for v in found if len(v) == 10 and v[4] == v[7] == "-"}  # any date is any date
    return [v for v in dict.fromkeys(found) if v not in dates], chosen


def _least(value: str) -> int:
    return _SHORT_DIGITS if value.replace("-", "").isdigit() else _SHORT


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    folder = tmp_path_factory.mktemp("whole")
    values, chosen = secrets()
    assert len(values) >= 15 and {"reply_form", "application_handwritten"} <= {
        c["form"] for c in chosen.values()
    }
    assert any(field in PIN_FIELDS for c in chosen.values() for field in c)
    names = [v["name"] for v in chosen.values() if "name" in v]
    job = Job(folder, Searcher(values))
    # Mailrooms name files after people; such a name is as secret as what stands in the file.
    first, second = folder / "first", folder / "second"
    for number, file in enumerate(chosen):
        place = (second if number % 3 == 2 else first) / Path(file).parent.name
        place.mkdir(parents=True, exist_ok=True)
        name = names[number % len(names)]
        shutil.copy(SAMPLES / file, place / f"{name}{number}{Path(file).suffix}")
    broken = first / "mail" / f"{names[0]}.pdf"
    broken.write_bytes(b"%PDF-1.7\n" + values[0].encode() * 40)
    job.run("keys", "init")
    job.run("run", str(first))
    job.look_at_files()

    process = job.start("run", str(second))
    killed_at = time.monotonic() + 120
    while time.monotonic() < killed_at and process.poll() is None:
        if any((job.home / "work").glob("*/manifest.jsonl")) and any(
            b'"examining"' in p.read_bytes() for p in job.home.glob("work/*/manifest.jsonl")
            if b'"finished"' not in p.read_bytes()
        ):  # fmt: skip
            break
        time.sleep(0.1)
    assert process.poll() is None, "the run ended before it could be killed"
    job.kill(process)
    job.look_at_files()
    job.run("run")
    job.look_at_files()
    job.run("stats")
    job.run("export", "--out", str(job.home / "exported"))
    job.run("purge", "--dry-run")
    job.run("audit", "verify")
    job.look_at_files()
    yield job


def test_no_value_lies_anywhere(job: Job) -> None:
    assert job.leaks == []


def test_what_was_sealed_is_there_and_temporary_files_are_gone(job: Job) -> None:
    sealed = [p for p in files(job.home) if p.suffix == ".sealed"]
    assert len(sealed) > 50, "the job did not do its work"
    assert [p for p in files(job.temporary) if p.stat().st_size] == []
    assert not list(files(job.home / "inbox"))


def test_no_call_left_the_machine(job: Job) -> None:
    calls = job.calls.read_text().splitlines() if job.calls.exists() else []
    assert calls == []


def test_no_role_without_need_is_shown_a_value(job: Job) -> None:
    settings = Settings(home=job.home)
    app = create_app(settings)
    with TestClient(app) as client:
        token = read_service_token(settings.keys)
        office = Office(app, settings, Vault.open(settings.keys), token, client)
        documents = [d.document_id for d in office.store.documents.newest(50)]
        pages = ["/", "/queue", "/documents", "/batches", "/rescans", "/throughput", "/quality",
                 "/audit", "/users", "/forms", "/review", "/nonsense"]  # fmt: skip
        pages += [f"/documents/{d}" for d in documents]
        seen = 0
        for role in Role:
            browser = office.log_in(f"{role.value}.one", role)
            for page in pages:
                if role in (Role.REVIEWER, Role.SUPERVISOR) and page in ("/review", "/"):
                    continue  # the work itself: a value each time, on record
                answer = browser.get(page)
                assert answer.status_code < 500
                seen += answer.status_code == 200
                leaks = job.searcher.in_bytes(page, answer.content + str(answer.headers).encode())
                assert leaks == [], f"{role} at {page.split('/')[1]}"
        assert seen > 40
        for path in ("/service/totals", "/service/audit/report?days=9", "/service/holds"):
            answer = client.get(path, headers=office.service)
            assert answer.status_code == 200
            assert job.searcher.in_bytes(path, answer.content) == []
