"""A reviewer's day by keyboard alone, in a real browser that can reach nothing but the desk."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from desk_office import PASSWORD, Office
from examination_fixtures import (
    NUMBER,
    flagged_number,
    keyed_number,
    photo_application,
    reply_form_with_pin,
    returned_application,
)
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.desk.application import create_app
from pipeline.domain.documents import FieldName
from pipeline.settings import Settings
from pipeline.store.staff.people import Role
from pipeline.vault import Vault, create_service_token

pytestmark = pytest.mark.browser
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(QUIET))
        yield chromium
        chromium.close()


@contextmanager
def serving(home: Path) -> Iterator[tuple[Office, str]]:
    """A desk on a free port of this machine until the end of the block, and its address."""
    settings = Settings(home=home, blind_sample_rate=0.0)
    vault = Vault.create(settings.keys)
    token = create_service_token(settings.keys)
    app = create_app(settings)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield Office(app, settings, vault, token, TestClient(app, base_url=address)), address
    finally:  # a test that fails must not leave a thread that the process waits for
        server.should_exit = True
        thread.join(timeout=30)
    assert not thread.is_alive()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Office, str]]:
    with serving(tmp_path / "home") as desk:
        yield desk


class Desk:
    """A page that remembers what went wrong and what it asked for."""

    def __init__(self, browser: Browser, address: str, language: str = "ja") -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 800})
        self.page: Page = self.context.new_page()
        self.address = address
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        if language != "ja":
            self.page.goto(f"{address}/language/{language}")

    def _heard(self, message: object) -> None:
        if message.type in ("error", "warning"):  # type: ignore[attr-defined]
            self.errors.append(message.text)  # type: ignore[attr-defined]

    def log_in(self, name: str) -> None:
        self.page.goto(f"{self.address}/login")
        # The field takes the focus a moment after the page has come: keys pressed sooner are lost.
        self.page.wait_for_function("() => document.activeElement?.id === 'name'")
        self.press(*name, "Tab", *PASSWORD, "Enter")
        self.page.wait_for_url("**/queue")

    def begin(self) -> None:
        # The way into the queue has the focus, and so has what comes after it.
        self.page.wait_for_function("() => document.activeElement?.id === 'begin'")
        self.press("Enter")
        self.page.wait_for_selector("#task")
        self.page.wait_for_function("() => document.activeElement?.closest('#task')")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press("Space" if key == " " else key)

    def task(self) -> str:
        return str(self.page.locator("#task").get_attribute("data-id"))

    def next_after(self, task: str) -> str:
        self.page.wait_for_function(
            "old => document.getElementById('task')?.dataset.id !== old"
            " && !document.querySelector('.htmx-request')",
            arg=task,
        )
        return str(self.page.locator("#task").get_attribute("data-mode"))

    def close(self) -> None:
        assert self.errors == []
        # A picture that came with its task lies in the page's memory: blob: and whose it is.
        assert all(url.removeprefix("blob:").startswith(self.address) for url in self.requests)
        self.context.close()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.tagName"))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_flagged_character_takes_one_number_key_and_enter(
    served: tuple[Office, str], browser: Browser, language: str
) -> None:
    office, address = served
    documents = office.load("b", **{f"d{n}": flagged_number() for n in range(3)})
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address, language)
    desk.log_in("anna")
    desk.begin()
    for _ in range(3):
        before = desk.task()
        assert focused(desk.page) == "strip"
        assert desk.page.locator(".cell.current").get_attribute("data-index") == "11"
        desk.press("Enter")  # without a choice nothing is taken
        assert desk.page.locator("#choose-hint").is_visible()
        assert desk.task() == before
        desk.press("2")
        assert desk.page.locator("#value").input_value() == "123456789017"
        desk.press("Enter")
        desk.next_after(before)
        if desk.page.locator("#task").get_attribute("data-mode") == "document":
            break
    values = {
        office.store.documents.value(d, FieldName.MY_NUMBER, final=True) for d in documents.values()
    }
    assert values == {"123456789017"}
    assert len([r for r in office.store.audit.rows() if r.action == "decision.value"]) == 3
    desk.close()


def test_all_kinds_of_tasks_without_a_mouse(served: tuple[Office, str], browser: Browser) -> None:
    office, address = served
    documents = office.load(
        "b",
        key=keyed_number(),
        pin=reply_form_with_pin(),
        photo=photo_application(),
        back=returned_application(),
    )
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address)
    desk.log_in("anna")
    desk.begin()
    seen = set()
    for _ in range(4):
        mode, before = desk.page.locator("#task").get_attribute("data-mode"), desk.task()
        if desk.page.locator(".veil").count():
            mode = "pin"
            assert focused(desk.page) == "BUTTON"
            desk.press("v")
            desk.page.wait_for_selector("#strip")
            assert focused(desk.page) == "strip"
            desk.press("1", "3", "Enter")  # the 1 as read; the 0 is the letter O
        elif mode == "key":
            assert focused(desk.page) == "value"
            desk.press(*NUMBER, "Enter")
        else:
            desk.press("Enter")
            assert desk.page.locator("#choose-hint").is_visible()
            desk.press("1", "Enter")
        seen.add(mode)
        desk.next_after(before)
    assert seen == {"pin", "key", "photo", "document"}
    value = office.store.documents.value(documents["pin"], FieldName.PIN_SIGNATURE, final=True)
    assert value == "SAMPLE1O"
    assert desk.page.locator("#task").get_attribute("data-mode") == "none"
    outcomes = {
        name: office.store.documents.document(d).outcome  # type: ignore[union-attr]
        for name, d in documents.items()
    }
    assert outcomes == {"key": "accept", "pin": "accept", "photo": "accept", "back": "return"}
    desk.close()


def test_typing_corrects_and_function_keys_say_the_rest(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    documents = office.load("b1", a=flagged_number())
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address)
    desk.log_in("anna")
    desk.begin()
    before = desk.task()
    desk.press("e")
    assert focused(desk.page) == "value"
    desk.press(*NUMBER, "Enter")
    assert desk.next_after(before) == "none"
    value = office.store.documents.value(documents["a"], FieldName.MY_NUMBER, final=True)
    assert value == NUMBER
    documents = office.load("b2", k=keyed_number("271828182840"))
    desk.page.goto(f"{address}/review")
    desk.page.wait_for_function("() => document.activeElement?.id === 'value'")
    before = desk.task()
    desk.press("F8")
    desk.next_after(before)
    tasks = office.store.queue.of_document(documents["k"])
    assert {(t.kind, t.result) for t in tasks} == {("key", "illegible"), ("adjudicate", None)}
    desk.close()


def test_a_stale_page_says_so_and_goes_on(served: tuple[Office, str], browser: Browser) -> None:
    office, address = served
    office.load("b", a=flagged_number())
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address)
    desk.log_in("anna")
    desk.begin()
    before = desk.task()
    with office.store._database.writing() as cursor:
        cursor.execute("update open_task set ver = ver + 1")
    desk.press("1", "Enter")
    desk.page.wait_for_selector(".notice.warn")
    assert desk.task() == before  # still open, now in its new version
    assert desk.page.locator("input[name=ver]").input_value() == "2"
    desk.errors = [e for e in desk.errors if "409" not in e]  # the browser notes the status itself
    desk.close()


def test_the_last_decision_is_taken_back_by_a_key(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    documents = office.load("b1", a=flagged_number())
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address)
    desk.log_in("anna")
    desk.begin()
    before = desk.task()
    desk.press("2", "Enter")
    assert desk.next_after(before) == "none"
    desk.page.wait_for_function("() => document.activeElement?.getAttribute('href') === '/queue'")
    desk.press("Backspace")
    desk.page.wait_for_selector(f"#task[data-id='{before}']")
    desk.page.wait_for_function("() => document.activeElement?.id === 'strip'")
    assert "取り消しました" in desk.page.inner_text("#task")
    desk.press("1", "Enter")
    assert desk.next_after(before) == "none"
    document = office.store.documents.document(documents["a"])
    assert document is not None and document.outcome == "accept"
    office.load("b2", k=keyed_number("271828182840"))
    desk.page.goto(f"{address}/review")
    desk.page.wait_for_function("() => document.activeElement?.id === 'value'")
    desk.press("u", "F4")  # the letter is typed; the function key takes back
    desk.page.wait_for_selector(f"#task[data-id='{before}']")
    desk.close()
