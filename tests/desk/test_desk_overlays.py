"""The list of keys and the privacy screen, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from desk_office import Office
from examination_fixtures import flagged_number
from playwright.sync_api import Browser as Chromium
from test_desk_browser import Desk, browser, focused, served

from pipeline.desk import keys
from pipeline.desk.language import LANGUAGES, words
from pipeline.store.staff.people import Role

__all__ = ["browser", "served"]
DESK = Path(keys.__file__).parent
SPOKEN = {"ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓", "Escape": "Esc",
          "-": "−", "e": "E", " ": "Space"}  # fmt: skip


def told(rows: tuple[keys.KeyRow, ...]) -> set[str]:
    return {key for row in rows for key in row.keys}


def heard(script: str, *templates: str) -> set[str]:
    """The keys that a page's script and templates act on."""
    code = (DESK / "static" / script).read_text(encoding="utf-8")
    found = set(re.findall(r'event\.key === "([^"]+)"', code))
    found |= set(re.findall(r"\b(Arrow\w+): \[", code))
    for name in templates:
        page = (DESK / "templates" / name).read_text(encoding="utf-8")
        found |= {key.upper() for key in re.findall(r'data-key="(\w+)"', page)}
        found |= set(re.findall(r'data-function="(\w+)"', page))
    return {SPOKEN.get(key, key) for key in found}


def test_the_list_tells_every_key_that_a_page_hears() -> None:
    review = heard("desk.js", *(p.name for p in (DESK / "templates").glob("_task*.html")))
    assert {"Enter", "U", "F4", "Q", "←"} <= review
    assert review - told(keys.REVIEW) == set()
    carpet = heard("carpet.js", "_carpet.html")
    assert {"Enter", "↓", "U", "Backspace", "Q"} <= carpet
    assert carpet - told(keys.CARPET) == set()
    assert heard("overlays.js") - told(keys.EVERYWHERE) == set()


def test_every_row_has_its_words_in_both_languages() -> None:
    for here in ("/queue", "/review/ab", "/carpet", "/documents"):
        for title, rows in keys.keys_of(here):
            for language in LANGUAGES:
                assert {title, *(row.message for row in rows)} <= words(language).messages.keys()


def test_the_page_itself_keeps_nobody_logged_in(office: Office) -> None:
    anna = office.log_in("anna", Role.REVIEWER)
    assert anna.get("/session").status_code == 204
    idle = office.settings.idle_minutes

    office.pass_minutes(idle - 5)
    assert anna.get("/session/live").status_code == 204
    office.pass_minutes(10)  # what the page asked by itself did not count
    ended = anna.get("/session/live", headers={"HX-Request": "true"})
    assert (ended.status_code, ended.headers["hx-redirect"]) == (401, "/login")
    assert anna.get("/session", headers={"HX-Request": "true"}).status_code == 401


@pytest.mark.browser
def test_the_list_of_keys_holds_the_focus_and_gives_it_back(
    served: tuple[Office, str], browser: Chromium
) -> None:
    office, address = served
    office.load("b", a=flagged_number())
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address)
    desk.log_in("anna")
    desk.begin()
    task = desk.task()
    desk.press("?")
    desk.page.wait_for_selector("#help[open]")
    for key in ("Tab", "Tab", "2", "q", "u"):  # the page behind hears nothing
        desk.press(key)
        assert focused(desk.page) == "help-close"
    assert "直前の決定を取り消す" in desk.page.inner_text("#help")
    desk.press("Escape")
    desk.page.wait_for_function("() => !document.getElementById('help').open")
    assert focused(desk.page) == "strip"
    assert (desk.task(), desk.page.locator(".cell.settled").count()) == (task, 0)
    desk.press("e", "F1")  # while typing, by the function key
    desk.page.wait_for_selector("#help[open]")
    desk.press("Enter")
    desk.page.wait_for_function("() => document.activeElement?.id === 'value'")
    desk.close()


@pytest.mark.browser
def test_a_page_that_nobody_is_at_is_hidden_and_the_key_that_lifts_it_does_nothing_else(
    served: tuple[Office, str], browser: Chromium
) -> None:
    office, address = served
    office.load("b", a=flagged_number())
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address)
    desk.page.clock.install()
    desk.log_in("anna")
    desk.begin()
    desk.press("2")
    minutes = office.settings.idle_minutes
    desk.page.clock.fast_forward(60_000 * (minutes - 6))
    assert desk.page.locator("#privacy").is_hidden()
    desk.page.clock.fast_forward(60_000 * 2)
    desk.page.wait_for_selector("#privacy", state="visible")
    assert desk.page.locator("#task").is_hidden()
    desk.press("Enter")
    desk.page.wait_for_selector("#privacy", state="hidden")
    assert desk.page.locator("#task").is_visible()
    assert focused(desk.page) == "strip"
    assert office.store.audit.rows()[0].action != "decision.value"
    desk.page.clock.fast_forward(60_000 * (minutes - 4))
    desk.page.wait_for_selector("#privacy", state="visible")
    office.pass_minutes(24 * 60)
    desk.page.clock.run_for(20_000)
    desk.page.wait_for_url("**/login")
    desk.errors = [e for e in desk.errors if "401" not in e]  # the browser notes the status itself
    desk.close()
