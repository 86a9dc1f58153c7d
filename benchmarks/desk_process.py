"""The real desk as a process of its own, as ``uketsuke serve`` starts it, and a browser at it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.desk import passwords
from pipeline.settings import REPOSITORY, Settings
from pipeline.store.auditing.audit import SYSTEM
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.staff.people import Role

PASSWORD = "correct horse staple"
CHROMIUM = "/usr/bin/chromium"
# The browser can reach nothing but this machine.
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_STARTS_WITHIN_S = 120


@dataclass(frozen=True, slots=True)
class Served:
    """Where a desk answers, and its process."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """CPU seconds of the desk's process so far, all threads."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
            spent = stat.read().rsplit(")", 1)[1].split()[11:13]
        return sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")


def add_people(settings: Settings, roles: dict[str, Role]) -> None:
    """Add people with ``PASSWORD``; who is there already stays as is. No desk may be running."""
    store = DuckDBStore.of(settings)
    for name, role in roles.items():
        if store.people.by_name(name) is None:
            hashed = passwords.hashed(PASSWORD)
            store.people.set_password(store.people.add(SYSTEM, name, role, hashed), hashed)
    store.close()


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    """A desk on a free port of this machine until the end of the block."""
    address = settings.home / "desk.json"
    address.unlink(missing_ok=True)
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.desk", "--port", "0"],
        env={**os.environ, "UKETSUKE_HOME": str(settings.home)},
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
    )
    try:
        while not address.is_file():
            if process.poll() is not None or time.perf_counter() - begin > _STARTS_WITHIN_S:
                raise RuntimeError("the desk did not start")
            time.sleep(0.05)
        url = json.loads(address.read_text())["url"]
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while not _answers(client):
                time.sleep(0.05)
        yield Served(url, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == httpx.codes.OK
    except httpx.ConnectError:  # the address is known a moment before anybody listens
        return False


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


def log_in(page: Page, url: str, name: str) -> None:
    """Log a person in."""
    page.goto(f"{url}/login")
    page.fill("#name", name)
    page.fill("input[type=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda where: "/login" not in where)
