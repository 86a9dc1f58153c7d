"""What a reviewer waits for, in a real browser at the real desk, while others work and load.

A desk with many synthetic documents runs as its own process. Chromium presses keys as a reviewer
does; the page itself takes the time from the key to the frame in which the next task, picture and
all, is painted. Meanwhile eight reviewers decide over HTTP with thought between, and batches load.
All of it shares this machine, the browser too, so the figures are those of one office PC that
does everything; ``alone`` tells what the company costs.
"""

from __future__ import annotations

import math
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.arriving_batches import arrival
from benchmarks.desk_process import PASSWORD, Served, add_people, chromium, log_in, serving
from benchmarks.office_filling import Office, fill
from pipeline.domain.documents import FieldName
from pipeline.examine.crops import jpeg
from pipeline.settings import Settings
from pipeline.store.arrivals import arrow_schema, crops, records
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.staff.people import Role
from pipeline.vault import Vault, create_service_token

DOCUMENTS, OPEN_TASKS, FULL_OPEN_TASKS = 10_000, 800, 4_000
OTHERS = 8
ALONE, IN_COMPANY, FULL_IN_COMPANY = 15, 40, 300
FIRST_PAGES = 10
CARPETS, FULL_CARPETS = 2, 10
BATCHES, FULL_BATCHES = 60, 400
BATCH_DOCUMENTS, BETWEEN_BATCHES_S = 100, 1.0
THOUGHT_S, QUICK_THOUGHT_S = 1.5, 0.3
GOAL_MS, FIRST_PAGE_MS, CROPS_AN_HOUR = 60.0, 500.0, 1500
_VIEW: Any = {"width": 1280, "height": 800}
# Runs before the page's own scripts: from the key that sends to the frame after the picture came.
_CLOCK = """
window.painted = [];
let pressed = null;
document.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === "F8") pressed = e.timeStamp; }, true);
const afterPaint = (then) => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => then(performance.now());
  channel.port2.postMessage(0);
});
document.addEventListener("htmx:afterSwap", () => {
  const from = pressed;
  const entry = { text: null, all: null };
  const picture = document.querySelector("#task svg.crop image, #carpet-sheet");
  afterPaint((at) => { entry.text = at - from; if (!picture) { entry.all = entry.text; window.painted.push(entry); } });
  if (picture) picture.addEventListener("load", () => afterPaint((at) => { entry.all = at - from; window.painted.push(entry); }));
});
"""  # noqa: E501


@dataclass(slots=True)
class Company:
    """What the others did meanwhile."""

    decisions: int = 0
    batches: int = 0
    answer_ms: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def run(full: bool) -> dict[str, Any]:
    """Measure the desk; ``full`` with more tasks and carpets."""
    opened = FULL_OPEN_TASKS if full else OPEN_TASKS
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "office")
        vault = Vault.create(settings.keys)
        token = create_service_token(settings.keys)
        store = DuckDBStore(settings.database, vault, seals=settings.audit_seals)
        fill(store, Office(DOCUMENTS, opened))
        _draw_crops(settings, store)
        store.close()
        add_people(settings, dict.fromkeys(("bench", *_names()), Role.REVIEWER))
        with serving(settings) as desk, chromium() as browser:
            result: dict[str, Any] = {"documents": DOCUMENTS, "open_tasks": opened}
            result["first_page"] = _first_pages(browser, desk)
            page = browser.new_page(viewport=_VIEW)
            page.add_init_script(_CLOCK)
            log_in(page, desk.url, "bench")
            _review(page, desk, 3)  # the first ones fetch from disk
            spent = desk.cpu_s()
            result["enter_to_painted_alone"] = _review(page, desk, ALONE)
            result["desk_cpu_ms_per_task"] = round(1000 * (desk.cpu_s() - spent) / ALONE, 1)
            # Made before: whoever examines and seals a batch is done with it when it is sent.
            batches = _batches(vault, FULL_BATCHES if full else BATCHES)
            with _company(desk, token, batches) as company:
                wanted = FULL_IN_COMPANY if full else IN_COMPANY
                result["enter_to_painted"] = _review(page, desk, wanted)
                result["carpet"] = _carpets(page, desk, FULL_CARPETS if full else CARPETS)
            if company.failed:
                raise RuntimeError(f"the desk refused: {company.failed[0]}")
            result["company"] = {
                "reviewers": OTHERS,
                "decisions": company.decisions,
                "batches": company.batches,
                "documents_loaded": company.batches * BATCH_DOCUMENTS,
                "decision_answered_p95_ms": _quantile(company.answer_ms, 0.95),
            }
    return result


def _names() -> list[str]:
    return [f"bench-{n}" for n in range(OTHERS)]


def _draw_crops(settings: Settings, store: DuckDBStore) -> None:
    """A picture of the row of boxes for every task, as the examination would have cut it."""
    name = FieldName.MY_NUMBER
    for document, sealed in store._database.rows(
        "select document_id, value_sealed from field where field = 'my_number' and document_id in "
        "(select document_id from open_task)"
    ):
        value = store.vault.unseal(records.value_context(document, name), bytes(sealed)).decode()
        crops.write(settings.crops, store.vault, document, name, _row_of_boxes(value))


def _row_of_boxes(value: str) -> bytes:
    pixels = np.full((130, 20 + 100 * len(value), 3), (236, 244, 247), np.uint8)
    grain = np.random.default_rng(7).integers(-6, 6, pixels.shape)  # paper
    pixels = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    for n, digit in enumerate(value):
        left = 10 + 100 * n
        cv2.rectangle(pixels, (left, 12), (left + 88, 112), (190, 200, 160), 2)
        font = cv2.FONT_HERSHEY_SCRIPT_SIMPLEX
        cv2.putText(pixels, digit, (left + 18, 92), font, 2.6, (70, 45, 30), 4)
    return jpeg(pixels)


def _first_pages(browser: Browser, desk: Served) -> dict[str, Any]:
    """The queue in a browser that has nothing of the desk yet but the log-in."""
    page = browser.new_page(viewport=_VIEW)
    log_in(page, desk.url, "bench")
    state = page.context.storage_state()
    page.close()
    times = []
    for _ in range(FIRST_PAGES):
        context = browser.new_context(viewport=_VIEW, storage_state=state)
        page = context.new_page()
        page.goto(f"{desk.url}/queue")
        page.wait_for_function("() => performance.getEntriesByType('paint').length === 2")
        times.append(float(page.evaluate("performance.getEntriesByType('paint')[1].startTime")))
        context.close()
    return _figures(times, FIRST_PAGE_MS)


def _review(page: Page, desk: Served, tasks: int) -> dict[str, Any]:
    """Decide so many tasks by keys alone."""
    page.goto(f"{desk.url}/review")
    page.wait_for_selector("#task[data-id]")
    for done in range(tasks):
        time.sleep(QUICK_THOUGHT_S)
        mode = page.locator("#task").get_attribute("data-mode")
        if mode == "confirm":
            for _ in range(page.locator("#strip .cell.flagged").count()):
                page.keyboard.press("1")
        elif mode == "adjudicate":
            page.keyboard.press("1")
        page.keyboard.press("F8" if mode == "key" else "Enter")
        page.wait_for_function("n => window.painted.length > n", arg=done)
    painted = page.evaluate("window.painted")
    return {
        "next_task_and_picture": _figures([p["all"] for p in painted], GOAL_MS),
        "next_task_without_picture": _figures([p["text"] for p in painted], GOAL_MS),
    }


def _carpets(page: Page, desk: Served, carpets: int) -> dict[str, Any]:
    """Carpets by keys alone, with thought per row of crops."""
    page.goto(f"{desk.url}/carpet")
    page.wait_for_function("() => document.getElementById('carpet-sheet')?.naturalWidth > 0")
    seen, begin = 0, time.perf_counter()
    for done in range(carpets):
        columns = int(page.locator("#carpet").get_attribute("data-columns") or 1)
        cells = page.locator(".carpet-cell input").count()
        seen += cells
        for row in range(math.ceil(cells / columns)):
            time.sleep(THOUGHT_S)
            if row:
                page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_function("n => window.painted.length > n", arg=done)
    spent = time.perf_counter() - begin
    return {
        "crops": seen,
        "carpets": carpets,
        "seconds": round(spent, 1),
        "thought_s_per_row": THOUGHT_S,
        "crops_an_hour": round(3600 * seen / spent),
        "goal": CROPS_AN_HOUR,
        "next_carpet_painted_ms": [round(p["all"]) for p in page.evaluate("window.painted")],
    }


@contextmanager
def _company(desk: Served, token: str, batches: Mapping[str, bytes]) -> Iterator[Company]:
    """Eight reviewers and somebody who loads batches, until the end of the block."""
    company, enough = Company(), threading.Event()
    threads = [
        threading.Thread(target=_guarded, args=(_decide, company, desk, name, enough))
        for name in _names()
    ]
    loads = (_load, company, desk, token, batches, enough)
    threads.append(threading.Thread(target=_guarded, args=loads))
    for thread in threads:
        thread.start()
    while len(company.answer_ms) < OTHERS and not company.failed:
        time.sleep(0.05)
    try:
        yield company
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def _guarded(work: Any, company: Company, *given: Any) -> None:
    try:
        work(company, *given)
    except Exception as problem:
        company.failed.append(repr(problem))


def _decide(company: Company, desk: Served, name: str, enough: threading.Event) -> None:
    with httpx.Client(base_url=desk.url, trust_env=False, timeout=60) as browser:
        browser.post("/login", data={"name": name, "password": PASSWORD})
        text = browser.get("/review").text
        while not enough.is_set():
            task = _found(r'data-id="([0-9a-f]+)"', text)
            ver = _found(r'name="ver" value="(\d+)"', text)
            browser.get(f"/tasks/{task}/crop", params={"v": ver}).read()
            enough.wait(THOUGHT_S)
            value = _found(r'<input id="value"[^>]* value="([^"]*)"', text)
            given = {"csrf": _found(r'name="csrf" value="([^"]+)"', text), "ver": ver}
            given |= {"action": "value", "value": value} if value else {"action": "illegible"}
            begin = time.perf_counter()
            headers = {"HX-Request": "true"}
            answer = browser.post(f"/review/{task}", data=given, headers=headers)
            company.answer_ms.append(1000 * (time.perf_counter() - begin))
            answer.raise_for_status()
            company.decisions += 1
            text = answer.text


def _batches(vault: Vault, count: int) -> dict[str, bytes]:
    """Batches as they are sent, by name."""
    return {
        name: arrow_schema.encode(name, [arrival(vault, name, n) for n in range(BATCH_DOCUMENTS)])
        for name in (f"bench-{n}" for n in range(count))
    }


def _load(
    company: Company,
    desk: Served,
    token: str,
    batches: Mapping[str, bytes],
    enough: threading.Event,
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=desk.url, trust_env=False, timeout=60) as client:
        for name, content in batches.items():
            if enough.wait(BETWEEN_BATCHES_S):
                return
            client.post(f"/ingest/{name}", content=content, headers=headers).raise_for_status()
            company.batches += 1
        if not enough.is_set():
            raise RuntimeError("there were too few batches to load all the while")


def _figures(times_ms: list[float], goal_ms: float) -> dict[str, Any]:
    return {
        "n": len(times_ms),
        "p50_ms": _quantile(times_ms, 0.5),
        "p95_ms": _quantile(times_ms, 0.95),
        "goal_ms": goal_ms,
    }


def _quantile(values: list[float], share: float) -> float:
    return round(sorted(values)[max(0, math.ceil(share * len(values)) - 1)], 1)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, pattern
    return found[1]
