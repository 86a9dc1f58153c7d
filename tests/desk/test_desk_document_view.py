"""The document view: the page made up again, one crop at a time, notes among reviewers."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from desk_office import Office
from examination_fixtures import (
    NAME,
    NUMBER,
    accepted_application,
    examination,
    flagged_number,
    photo_application,
    reading,
    unknown_page,
)

from pipeline.desk.page_view import CropPlace, place
from pipeline.domain.documents import FieldName, Route
from pipeline.domain.finding_messages import message
from pipeline.domain.finding_rules import rule
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition
from pipeline.store.arrivals import crops
from pipeline.store.staff.people import Role

SECRET = "左目の手術中とのこと"


@pytest.fixture
def form() -> FormDefinition:
    return Catalogue.load(None).get("application_handwritten")


def on(form: FormDefinition, **more):  # type: ignore[no-untyped-def]
    """An application on a form version that this site has."""
    return examination(
        [
            reading(FieldName.MY_NUMBER, NUMBER, accepted=False, flagged=[3]),
            reading(FieldName.NAME, NAME),
        ],
        form_version=form.version,
        **more,
    )


def test_the_page_shows_every_zone_and_its_state_but_no_value(
    office: Office, form: FormDefinition
) -> None:
    document = office.load("b", a=on(form))["a"]
    anna = office.log_in("anna", Role.REVIEWER)
    page = anna.get(f"/documents/{document}").text
    assert page.count('class="zone zone-') == len(form.zones)
    assert re.search(r'zone-open" role="button"[^>]*data-show="my_number"', page)
    assert re.search(r'zone-accepted" role="button"[^>]*data-show="name"', page)
    assert page.count('tabindex="0" data-show') == 1  # one stop for Tab, arrows do the rest
    assert NUMBER not in page and NAME not in page
    assert "ずれ 0.80 画素" in page
    blank = anna.get(f"/documents/{document}/blank")
    pixels = cv2.imdecode(np.frombuffer(blank.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(
        form.page_w_mm / form.page_h_mm, abs=0.01
    )
    auditor = office.log_in("otto", Role.AUDITOR).get(f"/documents/{document}").text
    assert "data-show" not in auditor and 'class="zone zone-' in auditor


def test_a_crop_is_laid_where_it_was_cut_out(office: Office, form: FormDefinition) -> None:
    document = office.load("b", a=on(form))["a"]
    anna = office.log_in("anna", Role.REVIEWER)
    shown = anna.post(f"/documents/{document}/reveal/name").text
    field = office.store.documents.field(document, FieldName.NAME)
    assert field is not None and field.crop_origin_px is not None
    laid = re.search(r'data-place="([\d.]+) ([\d.]+) ', shown)
    assert laid is not None
    for px, mm in zip(field.crop_origin_px, laid.groups(), strict=True):
        assert float(mm) == pytest.approx(px / 300 * 25.4, abs=0.01)
    assert place(field, (300, 150)) == CropPlace(float(laid[1]), float(laid[2]), 25.4, 12.7)
    assert place(field, (0, 0)) is None and place(None, (3, 3)) is None


def test_a_form_version_that_is_gone_leaves_the_rest_of_the_page(office: Office) -> None:
    document = office.load("b", a=accepted_application())["a"]
    anna = office.log_in("anna", Role.REVIEWER)
    page = anna.get(f"/documents/{document}")
    assert page.status_code == 200 and "page-frame" not in page.text
    assert anna.get(f"/documents/{document}/blank").status_code == 404


def test_a_page_without_a_form_is_shown_as_scanned_once_asked_for(office: Office) -> None:
    document = office.load("b", a=unknown_page())["a"]
    crops.write(office.settings.crops, office.vault, document, crops.PAGE, b"\x89PNG page")
    anna = office.log_in("anna", Role.REVIEWER)
    assert anna.get(f"/documents/{document}/page").status_code == 403
    assert "/page" in anna.post(f"/documents/{document}/page").text
    assert anna.get(f"/documents/{document}/page").content == b"\x89PNG page"
    rows = office.store._database.rows("select field from audit where action = 'value.view'")
    assert ("page",) in rows
    other = office.log_in("olga", Role.OPERATOR)
    assert other.post(f"/documents/{document}/page").status_code == 403


def test_notes_are_sealed_and_only_for_reviewers(office: Office) -> None:
    document = office.load("b", a=flagged_number())["a"]
    anna, ben = office.log_in("anna", Role.REVIEWER), office.log_in("ben", Role.SUPERVISOR)
    assert anna.post(f"/documents/{document}/notes", text=f" {SECRET} ").status_code == 303
    assert SECRET in ben.get(f"/documents/{document}").text
    for role in (Role.OPERATOR, Role.AUDITOR):
        browser = office.log_in(f"a-{role}", role)
        assert SECRET not in browser.get(f"/documents/{document}").text
        assert browser.post(f"/documents/{document}/notes", text="x").status_code == 403
    audit = office.store._database.rows("select action, subject, detail from audit")
    assert ("note.write", f"document:{document}", None) in audit
    assert sum(row[0] == "note.view" for row in audit) == 1
    assert SECRET.encode() not in repr(office.store._database.rows("select * from note")).encode()
    assert SECRET not in repr(audit)


@pytest.mark.parametrize(
    "text", ["", "   ", "長" * 501, NUMBER, "1234 5678 9018", "１２３４-５６７８-９０１８です"]
)
def test_a_note_that_is_refused_changes_nothing(office: Office, text: str) -> None:
    document = office.load("b", a=flagged_number())["a"]
    anna = office.log_in("anna", Role.REVIEWER)
    answer = anna.post(f"/documents/{document}/notes", text=text)
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert office.store._database.rows("select * from note") == []
    assert anna.post(f"/documents/{'0' * 32}/notes", text="x").status_code == 404


def test_a_finding_says_its_detail_and_its_rule(office: Office) -> None:
    findings = [
        Finding(
            FindingCode.COUNT_MISMATCH,
            Severity.REVIEW,
            evidence=(("expected", 3.0), ("found", 2.0), ("unit", "documents")),
        )
    ]
    one = examination([reading(FieldName.NAME, NAME)], route=Route.CONFIRM, findings=findings)
    document = office.load("b", a=one)["a"]
    page = office.log_in("anna", Role.REVIEWER).get(f"/documents/{document}").text
    assert "3件のはずが2件でした" in page and rule(FindingCode.COUNT_MISMATCH).ja in page


def test_every_finding_has_a_rule_in_both_languages() -> None:
    for code in FindingCode:
        ja, en = rule(code)
        assert ja.strip() and en.replace("±", "").isascii()


def test_findings_and_photo_figures_are_told_in_words_with_their_codes_beside(
    office: Office,
) -> None:
    documents = office.load("b", a=flagged_number(), p=photo_application())
    auditor = office.log_in("audra", Role.AUDITOR)
    page = auditor.get(f"/documents/{documents['a']}").text
    assert (
        "MY_NUMBER_AMBIGUOUS</small>" in page
        and message(FindingCode.MY_NUMBER_AMBIGUOUS).ja in page
    )
    photo = auditor.get(f"/documents/{documents['p']}").text
    assert re.search(r"大きさ|無背景", photo) and '<small class="code">' in photo
    figures = office.log_in("ana", Role.ANALYST).get("/throughput").text
    assert (
        message(FindingCode.MY_NUMBER_AMBIGUOUS).ja in figures and "MY_NUMBER_AMBIGUOUS" in figures
    )
