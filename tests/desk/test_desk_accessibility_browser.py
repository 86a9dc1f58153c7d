"""axe-core finds nothing on any page, of any role, in either language, by day and by night.

The rules are those that axe can judge of WCAG 2.0 to 2.2, levels A and AA. What it cannot judge
(whether the order of keys makes sense, whether words are clear) the journeys and people look at.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from desk_office import PASSWORD, Office
from examination_fixtures import (
    RECEIVED,
    flagged_number,
    keyed_number,
    photo_application,
    reply_form_with_pin,
    returned_application,
    unknown_page,
)
from playwright.sync_api import Browser, Page
from test_desk_browser import browser, served

from pipeline.desk import access
from pipeline.desk.access import MENU
from pipeline.domain.documents import Channel
from pipeline.store.arrivals import arrow_schema
from pipeline.store.arrivals.records import Arrival, Outcome
from pipeline.store.staff.people import Role

__all__ = ["browser", "served"]
pytestmark = pytest.mark.browser
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FORM = "expiry_notice@2026.1"


def violations(page: Page) -> list[str]:
    """What axe has against a page: rule, how bad, and where."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(
        "levels => axe.run(document, {runOnly: {type: 'tag', values: levels}})", LEVELS
    )
    return [
        f"{one['id']} ({one['impact']}) {json.dumps(node['target'])}: "
        f"{node['any'][0]['message'] if node['any'] else one['help']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.fixture
def busy(served: tuple[Office, str]) -> tuple[Office, str, dict[str, str]]:
    """A desk at which something of every kind waits."""
    office, address = served
    documents = office.load(
        "b",
        flagged=flagged_number(),
        keyed=keyed_number(),
        pin=reply_form_with_pin(),
        photo=photo_application(),
        back=returned_application(),
        unknown=unknown_page(),
    )
    aside = Arrival("0" * 32, Channel.MAIL, Outcome.QUARANTINED, RECEIVED, "FILE_TOO_LARGE")
    office.store.load(arrow_schema.encode("set-aside", [aside]))
    return office, address, documents


def pages_of(role: Role, documents: dict[str, str]) -> list[str]:
    """Every page that a role can open, and one of each kind behind it."""
    pages = ["/password", *(item.address for item in MENU if role in item.roles)]
    if "/documents" in pages:
        pages += [f"/documents/{d}" for d in documents.values()]
    if "/queue" in pages:
        pages += ["/carpet", f"/documents/{documents['back']}/letter"]
    if "/rescans" in pages and role in (Role.OPERATOR, Role.SUPERVISOR):
        pages += [f"/rescans/{documents['unknown']}"]
    if "/rescans" in pages and role in access.RELEASE:
        pages += ["/quarantine/set-aside:0"]
    if "/batches" in pages:
        pages += ["/batches/b"]
    if "/forms" in pages:
        pages += [f"/forms/live/{FORM}"]
    return pages


def log_in(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/login")
    page.fill("#name", name)
    page.fill("input[type=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("role", list(Role))
def test_axe_finds_nothing_on_any_page_of_a_role(
    busy: tuple[Office, str, dict[str, str]], browser: Browser, role: Role, scheme: str
) -> None:
    office, address, documents = busy
    office.person("anna", role)
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    # The words are the same on both schemes: one language each is both on all pages.
    page.goto(f"{address}/language/{'ja' if scheme == 'light' else 'en'}")
    log_in(page, address, "anna")
    found = {}
    for path in pages_of(role, documents):
        answer = page.goto(f"{address}{path}")
        assert answer is not None and answer.status == 200, path
        found[path] = violations(page)
    context.close()
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_kind_of_task(
    busy: tuple[Office, str, dict[str, str]], browser: Browser, scheme: str
) -> None:
    office, address, documents = busy
    office.person("anna", Role.REVIEWER)
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/login")
    found = {"login": violations(page)}
    log_in(page, address, "anna")
    tasks = [t for d in documents.values() for t in office.store.queue.of_document(d)]
    for task in tasks:
        page.goto(f"{address}/review/{task.task_id}")
        mode = str(page.locator("#task").get_attribute("data-mode"))
        found[mode] = found.get(mode, []) + violations(page)
        page.click("#help-open")
        page.wait_for_selector("#help[open]")
        found[f"{mode} with its keys"] = violations(page)
        page.keyboard.press("Escape")
        if page.locator(".veil button").count():
            page.locator(".veil button").first.click()
            page.wait_for_selector("#strip")
            found["pin shown"] = violations(page)
    context.close()
    assert len(found) > 8
    assert {mode: what for mode, what in found.items() if what} == {}


def test_the_check_sees_a_fault(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang=ja><title>x</title><main><img src=a><input></main></html>")
    found = " ".join(violations(page))
    page.close()
    assert "image-alt" in found and "label" in found
