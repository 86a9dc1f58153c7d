"""The document view and the letter in a real browser, by keyboard."""

from __future__ import annotations

import pytest
from desk_office import Office
from playwright.sync_api import Browser
from test_desk_browser import Desk, browser, served
from test_desk_document_view import form, on
from test_desk_rooms_browser import enter

from pipeline.domain.documents import FieldName, Route
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.forms.definition import FormDefinition
from pipeline.store.staff.people import Role

__all__ = ["browser", "form", "served"]
pytestmark = pytest.mark.browser


def test_the_page_is_walked_turned_and_opened_by_keyboard(
    served: tuple[Office, str], browser: Browser, form: FormDefinition
) -> None:
    office, address = served
    document = office.load("b", a=on(form))["a"]
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address)
    enter(desk, "anna", f"/documents/{document}")
    page = desk.page
    page.focus(".zone[tabindex='0']")
    desk.press("ArrowRight")
    page.wait_for_function("() => document.activeElement?.dataset.show === 'name'")
    desk.press("Enter")
    page.wait_for_selector("#page-crop image", state="attached")
    laid, shown = page.locator("#page-crop image"), page.locator("#revealed img")
    assert laid.get_attribute("href") == shown.get_attribute("src")
    wide = page.locator("#page").bounding_box()
    desk.press("r")
    assert "rotate(90)" in str(page.get_attribute("#page-turn", "transform"))
    assert page.get_attribute("#page", "viewBox") == "0 0 297 210"
    desk.press("0")
    desk.press("+")
    larger = page.locator("#page").bounding_box()
    assert wide is not None and larger is not None
    assert larger["width"] == pytest.approx(1.5 * wide["width"], rel=0.05)
    # What is typed into a note turns nothing.
    page.focus("#note-text")
    desk.press("r", "r", "+")
    assert page.input_value("#note-text") == "rr+"
    assert page.get_attribute("#page", "viewBox") == "0 0 210 297"
    desk.close()


def test_a_reason_is_unticked_and_the_letter_follows(
    served: tuple[Office, str], browser: Browser, form: FormDefinition
) -> None:
    office, address = served
    findings = [
        Finding(FindingCode.SIGNATURE_MISSING, Severity.RETURN, FieldName.SIGNATURE),
        Finding(FindingCode.DATE_MISSING, Severity.RETURN, FieldName.APPLICATION_DATE),
    ]
    one = on(form, findings=findings, route=Route.RETURN)
    document = office.load("b", a=one)["a"]
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address)
    enter(desk, "anna", f"/documents/{document}/letter")
    page = desk.page
    page.wait_for_function("() => document.activeElement?.name === 'reason'")
    assert "申請日が記入されていません" in page.inner_text(".letter")
    desk.press("Tab", "Space")
    page.wait_for_function(
        "() => !document.querySelector('.letter').innerText.includes('申請日が')"
    )
    assert "署名" in page.inner_text(".letter")
    address_of_pdf = str(page.get_attribute("#letter a.primary", "href"))
    assert address_of_pdf.endswith("letter.pdf?reason=SIGNATURE_MISSING:signature")
    desk.close()
