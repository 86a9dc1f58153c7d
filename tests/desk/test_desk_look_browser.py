"""Nothing jumps from task to task, what is chosen is on the screen, and the zoom keys enlarge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from desk_office import Office
from examination_fixtures import (
    examination,
    flagged_number,
    keyed_number,
    photo_application,
    reading,
    reply_form_with_pin,
)
from playwright.sync_api import Browser
from test_desk_browser import Desk, browser, served

from pipeline.domain.documents import FieldName
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.store.staff.people import Role

__all__ = ["browser", "served"]
pytestmark = pytest.mark.browser


def signed() -> Any:
    doubt = Finding(FindingCode.TEXT_UNCLEAR, Severity.REVIEW, FieldName.SIGNATURE)
    marked = reading(FieldName.SIGNATURE, "1", accepted=False)
    return examination([marked], findings=[doubt], form_version="2026.1")


def unread() -> Any:
    doubt = Finding(FindingCode.TEXT_UNCLEAR, Severity.REVIEW, FieldName.PHONE)
    return examination([reading(FieldName.PHONE, "", accepted=False)], findings=[doubt])


def open_tasks(office: Office, documents: dict[str, str]) -> dict[str, str]:
    """The first task of each document, by the document's name."""
    return {name: office.store.queue.of_document(d)[0].task_id for name, d in documents.items()}


def box(desk: Desk, selector: str) -> dict[str, float]:
    found = desk.page.locator(selector).first.bounding_box()
    assert found is not None, selector
    return dict(found)


@pytest.fixture
def at_desk(served: tuple[Office, str], browser: Browser) -> tuple[Office, Desk]:
    office, address = served
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address)
    desk.log_in("anna")
    return office, desk


def test_what_is_worked_with_stays_in_its_place(at_desk: tuple[Office, Desk]) -> None:
    office, desk = at_desk
    loaded = office.load(
        "b", flagged=flagged_number(), keyed=keyed_number(), signed=signed(), unread=unread()
    )
    places = {}
    for name, task in open_tasks(office, loaded).items():
        desk.page.goto(f"{desk.address}/review/{task}")
        places[name] = [box(desk, part)["y"] for part in (".sheet", ".answer", "#go", ".keys")]
        assert box(desk, ".keys")["y"] + box(desk, ".keys")["height"] <= 800, name
    assert places["flagged"][:2] == places["keyed"][:2]  # keyed blind has no strip above its value
    assert places["flagged"] == places["signed"] == places["unread"]
    desk.close()


def test_the_choices_for_a_photo_are_on_the_screen(at_desk: tuple[Office, Desk]) -> None:
    office, desk = at_desk
    task = open_tasks(office, office.load("b", photo=photo_application()))["photo"]
    desk.page.goto(f"{desk.address}/review/{task}")
    strip = box(desk, "#strip")
    assert strip["y"] + strip["height"] <= 800 / 2
    desk.close()


def test_the_zoom_keys_enlarge_the_crop(at_desk: tuple[Office, Desk]) -> None:
    office, desk = at_desk
    task = open_tasks(office, office.load("b", flagged=flagged_number()))["flagged"]
    desk.page.goto(f"{desk.address}/review/{task}")
    desk.page.wait_for_function("() => document.activeElement?.id === 'strip'")
    before, place = box(desk, ".sheet .crop"), box(desk, ".answer")["y"]
    desk.press("+", "+")
    larger = box(desk, ".sheet .crop")
    assert larger["width"] > 1.4 * before["width"] and larger["height"] > 1.4 * before["height"]
    assert box(desk, ".answer")["y"] == place
    desk.press("-", "-")
    assert box(desk, ".sheet .crop")["width"] == pytest.approx(before["width"], abs=12)
    desk.close()


def test_a_signature_is_there_or_not(at_desk: tuple[Office, Desk]) -> None:
    office, desk = at_desk
    loaded = office.load("b", signed=signed())
    task = open_tasks(office, loaded)["signed"]
    desk.page.goto(f"{desk.address}/review/{task}")
    desk.page.wait_for_function("() => document.activeElement?.id === 'strip'")
    assert desk.page.inner_text(".cell-value") == "印あり"
    desk.press("1", "Enter")
    desk.next_after(task)
    assert office.store.documents.value(loaded["signed"], FieldName.SIGNATURE, final=True) == "1"
    desk.close()


def test_an_empty_reading_says_that_it_is_one(at_desk: tuple[Office, Desk]) -> None:
    office, desk = at_desk
    task = open_tasks(office, office.load("b", unread=unread()))["unread"]
    desk.page.goto(f"{desk.address}/review/{task}")
    assert "何も読み取っていません" in desk.page.inner_text("#strip")
    desk.close()


def test_a_document_keeps_its_columns_apart(at_desk: tuple[Office, Desk]) -> None:
    office, desk = at_desk
    long = replace(
        reading(FieldName.APPLICATION_ID, "12345678901234567890123"),
        model_version="pp_ocrv6_small_rec@0.1.0+6f327246 text-v1/3+60972ddc",
    )
    document = office.load("b", one=examination([long]))["one"]
    desk.page.goto(f"{desk.address}/documents/{document}")
    table, aside = box(desk, "section .list"), box(desk, "aside")
    assert table["x"] + table["width"] <= aside["x"]
    desk.close()


def test_words_grow_on_a_4k_screen(at_desk: tuple[Office, Desk]) -> None:
    _, desk = at_desk
    small = box(desk, "h1")["height"]
    desk.page.set_viewport_size({"width": 3840, "height": 2160})
    assert box(desk, "h1")["height"] > 1.8 * small
    assert box(desk, "main")["width"] > 0.75 * 3840
    desk.close()


def test_a_pin_stays_large_beside_what_it_is_compared_with(at_desk: tuple[Office, Desk]) -> None:
    office, desk = at_desk
    task = open_tasks(office, office.load("b", pin=reply_form_with_pin()))["pin"]
    desk.page.goto(f"{desk.address}/review/{task}")
    desk.page.click(".veil button")
    desk.page.wait_for_selector(".references")
    assert box(desk, ".mark")["height"] >= 90
    sheet, beside = box(desk, ".sheet"), box(desk, ".references")
    assert beside["y"] + beside["height"] <= sheet["y"] + sheet["height"]
    desk.close()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_longest_menu_stands_in_one_line(
    served: tuple[Office, str], browser: Browser, language: str
) -> None:
    office, address = served
    office.person("sora", Role.SUPERVISOR)
    desk = Desk(browser, address, language)
    desk.log_in("sora")
    tops = desk.page.evaluate(
        "[...document.querySelectorAll('header nav a')].map(a => a.getBoundingClientRect().top)"
    )
    assert len(tops) == 9 and len(set(tops)) == 1
    desk.close()
