"""The letter at the desk: ticked reasons, decided names only, and an audit row without a value."""

from __future__ import annotations

import io
import re

from desk_office import Browser, Office, task_on
from examination_fixtures import ADDRESS, NAME, NUMBER, examination, reading
from pypdf import PdfReader

from pipeline.domain.documents import FieldName, Route
from pipeline.domain.examinations import Examination
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.store.staff.people import Role


def unsigned(*, named: bool = True) -> Examination:
    """A returned application: no signature for certain, and a shadow that may be none."""
    return examination(
        [
            reading(FieldName.MY_NUMBER, NUMBER),
            reading(FieldName.NAME, NAME, accepted=named, flagged=[] if named else [1]),
            reading(FieldName.ADDRESS, ADDRESS),
        ],
        route=Route.RETURN,
        findings=[
            Finding(FindingCode.SIGNATURE_MISSING, Severity.RETURN, FieldName.SIGNATURE),
            Finding(FindingCode.PHOTO_SHADOW, Severity.REVIEW, FieldName.PHOTO),
            Finding(FindingCode.DUPLICATE_SCAN, Severity.REVIEW),
        ],
    )


def letter_rows(office: Office) -> list[tuple[object, ...]]:
    return office.store._database.rows(
        "select action, subject, field, detail from audit where action = 'letter.view'"
    )


def said(pdf: bytes) -> str:
    return re.sub(r"\s", "", "".join(p.extract_text() for p in PdfReader(io.BytesIO(pdf)).pages))


def test_a_reviewer_chooses_what_the_letter_says(office: Office) -> None:
    document = office.load("b", a=unsigned())["a"]
    anna = office.log_in("anna", Role.REVIEWER)
    assert f"/documents/{document}/letter" in anna.get(f"/documents/{document}").text
    page = anna.get(f"/documents/{document}/letter").text
    assert re.findall(r'value="([A-Z_:a-z]+)" checked', page) == ["SIGNATURE_MISSING:signature"]
    assert 'value="PHOTO_SHADOW:photo"' in page and "DUPLICATE_SCAN" not in page
    assert NAME in page and ADDRESS in page and NUMBER not in page
    keys = ("PHOTO_SHADOW:photo", "SEX_UNCLEAR")
    query = "&".join(f"reason={key}" for key in keys)
    chosen = anna.get(f"/documents/{document}/letter?chosen=true&{query}").text
    assert f"letter.pdf?{query.replace('&', '&amp;')}" in chosen
    answer = anna.get(f"/documents/{document}/letter.pdf?{query}")
    assert answer.headers["content-type"] == "application/pdf"
    text = said(answer.content)
    assert "背景に影があります" in text and "男・女のどちらか" in text and "署名" not in text
    assert NAME in text and NUMBER not in text
    assert [row[3] for row in letter_rows(office)] == ["preview", "preview", "pdf"]
    assert all(row[1] == f"document:{document}" for row in letter_rows(office))
    assert NAME not in repr(office.store._database.rows("select * from audit"))


def test_nothing_of_a_letter_stays_behind(office: Office) -> None:
    document = office.load("b", a=unsigned())["a"]
    anna = office.log_in("anna", Role.REVIEWER)
    before = {p for p in office.settings.home.rglob("*") if "store" not in p.parts}
    anna.get(f"/documents/{document}/letter.pdf?reason=SIGNATURE_MISSING")
    assert {p for p in office.settings.home.rglob("*") if "store" not in p.parts} == before


def test_a_name_that_is_not_decided_is_left_for_the_hand(office: Office) -> None:
    document = office.load("b", a=unsigned(named=False))["a"]
    anna = office.log_in("anna", Role.REVIEWER)
    page = anna.get(f"/documents/{document}/letter").text
    assert NAME not in page and ADDRESS in page and "手書き用の線" in page
    task, ver = task_on(anna.get("/review").text)
    anna.post(f"/review/{task}", action="process", ver=ver)
    task, ver = task_on(anna.get("/review").text)
    anna.post(f"/review/{task}", action="value", ver=ver, value="見本花恵")
    assert "見本花恵" in anna.get(f"/documents/{document}/letter").text


def test_a_returned_document_leads_to_its_letter(office: Office) -> None:
    document = office.load("b", a=unsigned())["a"]
    anna, olga = office.log_in("anna", Role.REVIEWER), office.log_in("olga", Role.OPERATOR)
    link = f"/documents/{document}/letter"
    assert link not in anna.get("/documents").text
    task, ver = task_on(anna.get("/review").text)
    assert anna.post(f"/review/{task}", action="return", ver=ver).status_code == 200
    assert link in anna.get("/documents").text
    assert link not in olga.get("/documents").text + olga.get(f"/documents/{document}").text


def test_only_reviewers_write_and_only_of_known_reasons(office: Office) -> None:
    document = office.load("b", a=unsigned())["a"]
    browsers: dict[Role, Browser] = {role: office.log_in(f"a-{role}", role) for role in Role}
    for role, browser in browsers.items():
        allowed = role in (Role.REVIEWER, Role.SUPERVISOR)
        for path in ("letter", "letter.pdf?reason=SIGNATURE_MISSING"):
            answer = browser.get(f"/documents/{document}/{path}")
            assert answer.status_code == (200 if allowed else 403), (role, path)
    anna = browsers[Role.REVIEWER]
    held = len(letter_rows(office))
    for query in ("", "?reason=x", "?reason=DUPLICATE_SCAN", "?reason=DATE_MISSING:pin", "?" +
                  "&".join(["reason=SEX_UNCLEAR"] * 21)):  # fmt: skip
        assert anna.get(f"/documents/{document}/letter.pdf{query}").status_code == 422, query
    assert anna.get(f"/documents/{'0' * 32}/letter").status_code == 404
    assert len(letter_rows(office)) == held
