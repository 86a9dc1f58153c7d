"""What the desk asks of a big store: milliseconds a question, and the memory of its process.

An encrypted store is filled through its real schema (``office_filling``); every question is the
call that a page makes, by people who have work to do, under the desk's own DuckDB limits. CPU time
is that of the whole process, all threads; wall time is what a person waits. The memory is the
real desk's, started as ``uketsuke serve`` starts it and used for a while over HTTP.
"""

from __future__ import annotations

import math
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.arriving_batches import arrival
from benchmarks.desk_process import PASSWORD, add_people, serving
from benchmarks.office_filling import Office, fill
from pipeline.settings import Settings
from pipeline.store.arrivals import arrow_schema
from pipeline.store.auditing.audit import SYSTEM, Actor
from pipeline.store.clock import utc_now
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.decisions import Action, Decision
from pipeline.store.staff.people import Role
from pipeline.vault import Vault, create_service_token

DOCUMENTS, FULL_DOCUMENTS = 20_000, 1_000_000
OPEN_TASKS, FULL_OPEN_TASKS = 5_000, 100_000
MEMORY_TASKS = 100_000
ROUNDS, FULL_ROUNDS = 40, 100
LEASE_MINUTES, SLA_HOURS, PACE_HOURS = 15, 72.0, 3
GOAL_MS, GOAL_MIB = 20.0, 300.0
USED_TASKS = 40
BATCHES, BATCH_DOCUMENTS = 10, 100
_PEOPLE = "select user_id from person where role = 'reviewer' and not must_change"
_SOME = "select document_id from document using sample reservoir(400 rows) repeatable (7)"
_PEOPLE_OF_MEMORY = {"bench-reviewer": Role.REVIEWER, "bench-supervisor": Role.SUPERVISOR}


def run(full: bool) -> dict[str, Any]:
    """Measure the questions, then the process; ``full`` at the size of the goals."""
    office = Office(FULL_DOCUMENTS if full else DOCUMENTS, FULL_OPEN_TASKS if full else OPEN_TASKS)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "office")
        filled = _fill(settings, office)
        result: dict[str, Any] = {"documents": office.documents, "open_tasks": office.open_tasks}
        result["filling_seconds"] = filled
        result["file_mib"] = round(settings.database.stat().st_size / 2**20)
        result |= questions(settings, FULL_ROUNDS if full else ROUNDS)
        result["loading"] = loading(settings)
        many = settings
        if not full:
            many = Settings(home=Path(folder) / "waiting")
            _fill(many, Office(MEMORY_TASKS, MEMORY_TASKS))
        result["memory"] = {"open_tasks": MEMORY_TASKS, **memory(many)}
    return result


def _fill(settings: Settings, office: Office) -> float:
    vault = Vault.create(settings.keys)
    create_service_token(settings.keys)
    begin = time.perf_counter()
    store = DuckDBStore(settings.database, vault, seals=settings.audit_seals)
    fill(store, office)
    store.close()
    return round(time.perf_counter() - begin, 1)


def questions(settings: Settings, rounds: int) -> dict[str, Any]:
    """Every question so many times; the slowest queue question names the figure for the goal."""
    begin, cpu = time.perf_counter(), time.process_time()
    store = DuckDBStore.of(settings)
    opened = {"wall_ms": _ms(time.perf_counter() - begin), "cpu_ms": _ms(time.process_time() - cpu)}
    asked: dict[str, dict[str, Any]] = {}
    try:
        for name, ask in _questions(store).items():
            asked[name] = _timed(ask, rounds)
    finally:
        store.close()
    queue = {name: figures for name, figures in asked.items() if name.startswith("queue: ")}
    slowest = max(queue, key=lambda name: queue[name]["cpu_p95_ms"])
    return {
        "opening": opened,
        "questions": asked,
        "slowest_queue_question": {"name": slowest, "goal_ms": GOAL_MS, **queue[slowest]},
    }


def loading(settings: Settings) -> dict[str, Any]:
    """Batches into the big store, and the longest that somebody who writes waits meanwhile."""
    store = DuckDBStore.of(settings)
    whole, waited = [], []
    try:
        for batch in range(BATCHES + 1):
            name = f"bench-{batch}"
            arrivals = [arrival(store.vault, name, n) for n in range(BATCH_DOCUMENTS)]
            content = arrow_schema.encode(name, arrivals)
            with _somebody_writing(store) as waits:
                begin = time.perf_counter()
                store.load(content)
                whole.append(time.perf_counter() - begin)
            waited.append(max(waits))
    finally:
        store.close()
    return {
        "n": BATCHES,
        "documents_a_batch": BATCH_DOCUMENTS,
        "wall_p50_ms": _ms(_quantile(whole[1:], 0.5)),
        "longest_wait_p50_ms": _ms(_quantile(waited[1:], 0.5)),
        "longest_wait_p95_ms": _ms(_quantile(waited[1:], 0.95)),
    }


@contextmanager
def _somebody_writing(store: DuckDBStore) -> Iterator[list[float]]:
    """Somebody whose small transactions follow one another until the block ends; their seconds."""
    waits: list[float] = []
    enough = threading.Event()

    def write() -> None:
        while not enough.wait(0.002):
            begin = time.perf_counter()
            store.audit.note(SYSTEM, "bench.write", "bench:0")
            waits.append(time.perf_counter() - begin)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield waits
    finally:
        enough.set()
        thread.join()


def _questions(store: DuckDBStore) -> dict[str, Callable[[int], object]]:
    """Each takes the number of the round; what the queue is asked begins with its name."""
    database = store._database
    people = [Actor(row[0], "reviewer") for row in database.rows(_PEOPLE)]
    documents = [row[0] for row in database.rows(_SOME)]
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    carpets = {"n": 0}

    def person(n: int) -> Actor:
        return people[n % len(people)]

    def decide(n: int) -> None:
        task = store.queue.claim_next(person(n), LEASE_MINUTES)
        assert task is not None
        store.decide(person(n), task.task_id, Decision(Action.ILLEGIBLE, task.ver))

    def hand_out(n: int) -> None:
        store.queue.claim_next(person(n), LEASE_MINUTES)

    def release(n: int) -> None:
        store.queue.release_all(person(n))

    def carpet(n: int) -> None:
        carpets["n"] += 1
        store.carpets.claim(Actor(f"carpet-{carpets['n']}", "reviewer"), LEASE_MINUTES)

    def document(n: int) -> None:
        key, found = documents[n % len(documents)], store.documents
        found.document(key)
        found.fields(key)
        found.findings(key)
        found.lineage(key)
        found.photo_checks(key)
        found.history(key)
        store.rescans.links(key)
        store.notes.of_document(key)
        store.queue.of_document(key)

    def supervisor(_: int) -> None:
        store.assignments.waiting(SLA_HOURS)
        store.assignments.forecast(PACE_HOURS)
        store.assignments.workers(midnight)
        store.assignments.tasks()

    def queue_page(_: int) -> None:
        store.queue.counts()
        store.figures.people_today()
        store.figures.totals("outcomes")

    return {
        "queue: next task handed out": hand_out,
        "queue: what a person holds given back": release,
        "review: task handed out and decided": decide,
        "queue: counts": lambda _: store.queue.counts(),
        "queue: ages against the promise": lambda _: store.assignments.waiting(SLA_HOURS),
        "queue: forecast": lambda _: store.assignments.forecast(PACE_HOURS),
        "queue: who works on what": lambda _: store.assignments.workers(midnight),
        "queue: the longest waiting": lambda _: store.assignments.tasks(),
        "queue: carpet handed out": carpet,
        "queue: carpets waiting": lambda n: store.carpets.waiting(person(n)),
        "page: queue": queue_page,
        "page: supervisor": supervisor,
        "page: document": document,
        "page: newest documents": lambda _: store.documents.newest(),
        "page: batches": lambda _: store.figures.batches(20),
        "page: to scan again": lambda _: store.rescans.counts(),
        "page: throughput": lambda _: store.figures.throughput("hour", 24),
        "page: blind sample": lambda _: store.figures.silent_errors(),
        "audit: newest rows": lambda _: store.audit.rows(limit=200),
        "audit: one row noted": lambda n: store.audit.note(person(n), "value.view", "document:0"),
    }


def _timed(ask: Callable[[int], object], rounds: int) -> dict[str, Any]:
    walls, cpus = [], []
    for n in range(rounds + 2):
        wall, cpu = time.perf_counter(), time.process_time()
        ask(n)
        if n >= 2:  # the first ones fetch from disk
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
    return {
        "n": rounds,
        "cpu_p50_ms": _ms(_quantile(cpus, 0.5)),
        "cpu_p95_ms": _ms(_quantile(cpus, 0.95)),
        "wall_p50_ms": _ms(_quantile(walls, 0.5)),
        "wall_p95_ms": _ms(_quantile(walls, 0.95)),
    }


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 2)


def memory(settings: Settings) -> dict[str, Any]:
    """Memory of the desk's process, just started and after people have worked with it."""
    add_people(settings, _PEOPLE_OF_MEMORY)
    begin = time.perf_counter()
    with serving(settings) as desk:
        started = time.perf_counter() - begin
        fresh = _status_mib(desk.pid)
        _use(desk.url)
        used = _status_mib(desk.pid)
    return {
        "start_seconds": round(started, 2),
        "started_mib": fresh["VmRSS"],
        "used_mib": used["VmRSS"],
        "peak_mib": used["VmHWM"],
        "goal_mib": GOAL_MIB,
    }


def _use(url: str) -> None:
    """Decide some tasks, open documents, a carpet and the pages of the queue."""
    for name, role in _PEOPLE_OF_MEMORY.items():
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as browser:
            given = {"name": name, "password": PASSWORD}
            assert browser.post("/login", data=given).status_code == httpx.codes.SEE_OTHER
            csrf = _found(r'name="csrf" value="([^"]+)"', browser.get("/password").text)
            for _ in range(USED_TASKS):
                text = browser.get("/review").text
                task = _found(r'data-id="([0-9a-f]+)"', text)
                ver = _found(r'name="ver" value="(\d+)"', text)
                given = {"csrf": csrf, "ver": ver, "action": "illegible"}
                answer = browser.post(f"/review/{task}", data=given)
                assert answer.status_code == httpx.codes.SEE_OTHER, answer.status_code
            pages = ["/queue", "/carpet", "/documents"]
            for page in pages + ["/assignments"] * (role == Role.SUPERVISOR):
                assert browser.get(page).status_code == httpx.codes.OK
            listed = re.findall(r'href="/documents/([0-9a-f]{32})"', browser.get("/documents").text)
            for document in listed[:USED_TASKS]:
                assert browser.get(f"/documents/{document}").status_code == httpx.codes.OK


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, pattern
    return found[1]


def _status_mib(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    facts = dict(line.split(":", 1) for line in lines if line.startswith(("VmRSS", "VmHWM")))
    return {name: round(int(kib.split()[0]) / 1024) for name, kib in facts.items()}
