"""Reviewing: what the page shows and hides, stale work, and audit rows without values."""

from __future__ import annotations

import base64
import re

import pytest
from desk_office import Browser, Office, task_on
from examination_fixtures import (
    NAME,
    NUMBER,
    PIN,
    accepted_application,
    examination,
    flagged_number,
    keyed_number,
    photo_application,
    reading,
    reply_form_with_pin,
    returned_application,
    unknown_page,
)

from pipeline.desk import task_view
from pipeline.domain.documents import FieldName, Route
from pipeline.store.staff.people import Role

READ = "123456789011"
SECRETS = (NUMBER, READ, NAME, PIN)


def reviewer(office: Office, name: str = "anna") -> Browser:
    return office.log_in(name, Role.REVIEWER)


def final(office: Office, document: str, field: FieldName) -> str | None:
    return office.store.documents.value(document, field, final=True)


def test_confirming_with_a_chosen_character(office: Office) -> None:
    documents = office.load("b", a=flagged_number(), z=photo_application())
    anna = reviewer(office)
    seen = set()
    for _ in range(2):
        task, ver = task_on(anna.get("/review").text)
        found = office.store.queue.task(task)
        assert found is not None
        seen.add(found.field)
        if found.field == FieldName.PHOTO:
            answer = anna.post(f"/review/{task}", action="accept", ver=ver)
        else:
            answer = anna.post(f"/review/{task}", action="value", ver=ver, value=NUMBER)
        assert answer.status_code == 200
    assert seen == {"my_number", "photo"}
    assert final(office, documents["a"], FieldName.MY_NUMBER) == NUMBER
    assert 'data-mode="none"' in anna.get("/review").text


def test_the_flagged_character_carries_a_sign_a_word_and_its_alternatives(office: Office) -> None:
    office.load("b", a=flagged_number())
    page = reviewer(office).get("/review").text
    flagged = re.findall(r'class="cell flagged" data-index="(\d+)"', page)
    assert flagged == ["11"]
    assert page.count('<span class="cell-sign" aria-hidden="true">▲') == 1
    assert page.count('<span class="cell-word">要確認') == 1
    assert re.findall(r'data-choose="(\d)" data-value="(\d)"', page) == [
        ("1", "1"),
        ("2", "7"),
        ("3", "4"),
    ]
    assert re.search(r'<rect class="mark" data-mark="11" x="1110"', page)


def test_a_stale_decision_is_refused_and_nothing_is_overwritten(office: Office) -> None:
    documents = office.load("b", a=flagged_number())
    anna, ben = reviewer(office), reviewer(office, "ben")
    task, ver = task_on(anna.get("/review").text)
    with office.store._database.writing() as cursor:
        cursor.execute("update open_task set lease_until = lease_until - interval 1 hour")
    assert task_on(ben.get("/review").text)[0] == task
    late = anna.post(f"/review/{task}", action="blank", ver=ver)
    assert late.status_code == 409 and "上書きされていません" in late.text
    assert ben.post(f"/review/{task}", action="value", ver=ver, value=NUMBER).status_code == 200
    assert anna.post(f"/review/{task}", action="value", ver=ver, value="1").status_code == 409
    assert ben.post(f"/review/{task}", action="value", ver=ver, value="1").status_code == 409
    assert final(office, documents["a"], FieldName.MY_NUMBER) == NUMBER
    assert len(office.store.documents.history(documents["a"])) == 1


def test_an_old_version_is_stale(office: Office) -> None:
    office.load("b", a=flagged_number())
    anna = reviewer(office)
    task, ver = task_on(anna.get("/review").text)
    assert anna.post(f"/review/{task}", action="blank", ver=ver + 1).status_code == 409


@pytest.mark.parametrize(
    ("data", "status"),
    [({"action": "value", "value": ""}, 422), ({"action": "accept"}, 422),
     ({"action": "nonsense"}, 422), ({"action": "value", "value": "9" * 500}, 422), ({}, 422)],
)  # fmt: skip
def test_a_malformed_decision_changes_nothing_and_is_not_repeated(
    office: Office, data: dict[str, str], status: int
) -> None:
    office.load("b", a=flagged_number())
    anna = reviewer(office)
    task, ver = task_on(anna.get("/review").text)
    answer = anna.post(f"/review/{task}", ver=ver, **data)
    assert answer.status_code == status
    assert "9" * 500 not in answer.text
    found = office.store.queue.task(task)
    assert found is not None and found.state == "open"


def test_blind_keying_shows_nothing_of_the_machine(office: Office) -> None:
    office.load("b", a=keyed_number())
    anna = reviewer(office)
    page = anna.get("/review").text
    assert 'data-mode="key"' in page
    assert NUMBER not in page and "data-choose" not in page and 'class="finding' not in page
    assert re.search(r'id="value"[^>]* value=""', page)
    # Neither does the document's page give it away as long as it is to be keyed.
    found = office.store.queue.task(task_on(page)[0])
    assert found is not None
    reveal = anna.post(f"/documents/{found.document_id}/reveal/my_number")
    assert reveal.status_code == 403


def test_a_mismatch_goes_to_a_third_person_who_sees_both_values_without_names(
    office: Office,
) -> None:
    documents = office.load("b", a=keyed_number())
    anna, ben = reviewer(office), reviewer(office, "ben")
    task, ver = task_on(anna.get("/review").text)
    other = "271828182840"
    assert anna.post(f"/review/{task}", action="value", ver=ver, value=other).status_code == 200
    (third,) = [t for t in office.store.queue.of_document(documents["a"]) if t.state == "open"]
    assert anna.get(f"/review/{third.task_id}").status_code == 403
    page = ben.get("/review").text
    assert 'data-mode="adjudicate"' in page
    assert NUMBER in page and other in page
    assert "anna" not in page.split("<main", 1)[1]
    task, ver = task_on(page)
    assert ben.post(f"/review/{task}", action="value", ver=ver, value=NUMBER).status_code == 200
    assert final(office, documents["a"], FieldName.MY_NUMBER) == NUMBER


def test_a_pin_is_hidden_until_asked_for_and_the_asking_is_recorded(office: Office) -> None:
    documents = office.load("b", a=reply_form_with_pin())
    anna = reviewer(office)
    page = anna.get("/review").text
    task, _ = task_on(page)
    assert PIN not in page and "data-value" not in page and "/crop" not in page
    assert anna.get(f"/tasks/{task}/crop").status_code == 403
    views = [r for r in office.store.audit.rows() if r.action == "pin.view"]
    assert views == []
    shown = anna.post(f"/review/{task}/reveal")
    assert PIN in shown.text
    (view,) = [r for r in office.store.audit.rows() if r.action == "pin.view"]
    assert (view.subject, view.field) == (f"document:{documents['a']}", "pin_signature")
    crop = anna.get(f"/tasks/{task}/crop")
    assert crop.status_code == 200
    assert crop.headers["cache-control"] == "no-store"
    assert crop.content.startswith(b"\x89PNG")
    # The writer's own digits stand beside it, cut from the phone number.
    references = re.findall(rf"/tasks/{task}/reference/phone/(\d+)", shown.text)
    assert references == ["0", "9", "2"]
    for index in references:
        assert anna.get(f"/tasks/{task}/reference/phone/{index}").content.startswith(b"\x89PNG")
    assert anna.get(f"/tasks/{task}/reference/phone/5").status_code == 404


def test_a_small_crop_comes_with_the_next_task_and_a_large_one_is_fetched(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetched apart, the picture would be painted a frame after the text."""
    office.load("b", a=flagged_number(), b=flagged_number(), c=flagged_number())
    anna = reviewer(office)
    first = anna.get("/review").text
    task, ver = task_on(first)
    assert f"/tasks/{task}/crop" in first and "data-picture" not in first
    part = anna.post(f"/review/{task}", action="value", ver=ver, value=NUMBER).text
    task, ver = task_on(part)
    (enclosed,) = re.findall(r'data-picture="([^"]*)"', part)
    assert base64.b64decode(enclosed) == anna.get(f"/tasks/{task}/crop").content
    monkeypatch.setattr(task_view, "MOST_ENCLOSED_BYTES", 10)
    part = anna.post(f"/review/{task}", action="value", ver=ver, value=NUMBER).text
    task, _ = task_on(part)
    assert f"/tasks/{task}/crop" in part and "data-picture" not in part


def test_the_crop_of_a_hidden_pin_never_comes_with_its_task(office: Office) -> None:
    office.load("b", a=flagged_number(), p=reply_form_with_pin())
    anna = reviewer(office)
    seen = ""
    text = anna.get("/review").text
    while 'data-mode="none"' not in text:
        task, ver = task_on(text)
        seen += text
        assert not ("veil" in text and "data-picture" in text)
        text = anna.post(f"/review/{task}", action="illegible", ver=ver or 1).text
    assert "veil" in seen


def test_only_one_secret_is_open_at_a_time(office: Office) -> None:
    documents = office.load("b", a=reply_form_with_pin(), n=accepted_application())
    anna = reviewer(office)
    task, _ = task_on(anna.get("/review").text)
    anna.post(f"/review/{task}/reveal")
    assert anna.get(f"/tasks/{task}/crop").status_code == 200
    other = documents["n"]
    shown = anna.post(f"/documents/{other}/reveal/name")
    assert NAME in shown.text
    assert anna.get(f"/tasks/{task}/crop").status_code == 403
    assert anna.get(f"/documents/{other}/crops/name").status_code == 200
    assert anna.get(f"/documents/{other}/crops/my_number").status_code == 403


def test_somebody_elses_task_shows_no_picture(office: Office) -> None:
    office.load("b", a=flagged_number())
    anna, ben = reviewer(office), reviewer(office, "ben")
    task, ver = task_on(anna.get("/review").text)
    assert ben.get(f"/tasks/{task}/crop").status_code == 409
    assert ben.get(f"/review/{task}").status_code == 409
    assert ben.post(f"/review/{task}", action="blank", ver=ver).status_code == 409


def test_a_return_is_proposed_with_the_pictures_it_is_about(office: Office) -> None:
    documents = office.load("b", a=returned_application(), u=unknown_page())
    anna = reviewer(office)
    for _ in range(2):
        page = anna.get("/review").text
        task, ver = task_on(page)
        found = office.store.queue.task(task)
        assert found is not None
        if found.document_id == documents["u"]:
            assert anna.post(f"/review/{task}", action="rescan", ver=ver).status_code == 200
            continue
        assert "個人番号が記入されていません" in page
        assert anna.get(f"/tasks/{task}/crop?name=my_number").status_code == 200
        assert anna.get(f"/tasks/{task}/crop?name=name").status_code == 404
        assert anna.post(f"/review/{task}", action="return", ver=ver).status_code == 200
    outcomes = office.store.figures.totals()["outcomes"]
    assert outcomes == {"rescan": 1, "return": 1}


def test_a_task_can_be_given_back(office: Office) -> None:
    office.load("b", a=flagged_number())
    anna, ben = reviewer(office), reviewer(office, "ben")
    task, _ = task_on(anna.get("/review").text)
    assert anna.post(f"/review/{task}/release", htmx=False).headers["location"] == "/queue"
    assert task_on(ben.get("/review").text)[0] == task


def test_without_scripts_the_forms_still_work(office: Office) -> None:
    documents = office.load("b", a=flagged_number())
    anna = reviewer(office)
    task, ver = task_on(anna.get("/review").text)
    answer = anna.post(f"/review/{task}", htmx=False, action="value", ver=ver, value=NUMBER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    assert final(office, documents["a"], FieldName.MY_NUMBER) == NUMBER


def test_nobody_sees_a_value_on_a_page_that_does_not_show_values(office: Office) -> None:
    documents = office.load("b", a=flagged_number(), b=reply_form_with_pin())
    paths = ["/queue", "/documents", "/batches", "/throughput", "/quality", "/audit", "/users"]
    paths += [f"/documents/{one}" for one in documents.values()]
    for role in Role:
        browser = office.log_in(f"a-{role}", role)
        for path in paths:
            text = browser.get(path).text
            assert not any(secret in text for secret in SECRETS), (role, path)
    for role in set(Role) - {Role.REVIEWER, Role.SUPERVISOR}:
        browser = office.log_in(f"b-{role}", role)
        for document in documents.values():
            for field in ("my_number", "pin_signature", "name"):
                answer = browser.post(f"/documents/{document}/reveal/{field}")
                assert answer.status_code == 403
                assert browser.get(f"/documents/{document}/crops/{field}").status_code == 403


def test_every_look_and_decision_is_in_the_audit_and_no_row_holds_a_value(office: Office) -> None:
    documents = office.load("b", a=flagged_number())
    anna = reviewer(office)
    task, ver = task_on(anna.get("/review").text)
    anna.post(f"/review/{task}", action="value", ver=ver, value=NUMBER)
    anna.post(f"/documents/{documents['a']}/reveal/name")
    rows = office.store.audit.rows()
    actions = [r.action for r in reversed(rows)]
    for wanted in ("batch.load", "session.begin", "value.view", "decision.value"):
        assert wanted in actions
    viewed = {(r.field, r.detail) for r in rows if r.action == "value.view"}
    assert viewed == {("my_number", "machine"), ("name", "document")}
    for row in rows:
        assert not any(secret in repr(row) for secret in SECRETS)
    assert office.store.audit.first_broken() is None


def test_what_the_next_task_shows_is_noted_once_with_the_decision_before_it(office: Office) -> None:
    documents = office.load("b", a=keyed_number(), b=keyed_number("271828182840"))
    anna = reviewer(office)
    task, ver = task_on(anna.get("/review").text)
    following = task_on(anna.post(f"/review/{task}", action="blank", ver=ver).text)[0]
    rows = [r for r in reversed(office.store.audit.rows()) if r.action != "batch.load"]
    assert [r.action for r in rows][-5:] == [
        "task.claim",
        "value.view",
        "decision.blank",
        "task.claim",
        "value.view",
    ]
    assert rows[-2].subject == f"task:{following}"
    assert {r.subject for r in rows if r.action == "value.view"} == {
        f"document:{d}" for d in documents.values()
    }
    # Without scripts the page comes by a request of its own: it says so then.
    anna.get("/review")
    assert len([r for r in office.store.audit.rows() if r.action == "value.view"]) == 3


def test_a_decision_that_is_refused_hands_nothing_out_with_it(office: Office) -> None:
    office.load("b", a=keyed_number(), b=keyed_number("271828182840"))
    anna = reviewer(office)
    task, ver = task_on(anna.get("/review").text)
    refused = anna.post(f"/review/{task}", action="value", ver=ver, value=" ")
    assert refused.status_code == 422 and task_on(refused.text)[0] == task
    claims = [r for r in office.store.audit.rows() if r.action == "task.claim"]
    assert len(claims) == 1
    assert office.store.audit.first_broken() is None


def test_a_date_typed_as_people_write_it(office: Office) -> None:
    shown = reading(FieldName.PHONE, "0312345670")
    date = reading(FieldName.BIRTH_DATE, "", accepted=False)
    documents = office.load("b", a=examination([shown, date]))
    anna = reviewer(office)
    task, ver = task_on(anna.get("/review").text)
    anna.post(f"/review/{task}", action="value", ver=ver, value="平成2年5月10日")
    assert final(office, documents["a"], FieldName.BIRTH_DATE) == "1990-05-10"


def test_the_snapshot_is_published_on_request(office: Office) -> None:
    office.load("b", a=flagged_number())
    answer = office.client.post("/service/publish", headers=office.service)
    assert answer.json()["documents"] == 1
    assert (office.settings.published / "uketsuke_statistics.duckdb").is_file()


def test_marks_are_keyed_by_choosing_in_the_forms_own_order(office: Office) -> None:
    from pipeline.forms.catalogue import Catalogue

    form = Catalogue.load().get("application_handwritten")
    sex = reading(FieldName.SEX, "女")
    one = examination([sex], route=Route.ACCEPT, form_version=form.version)
    office.store._loading._sample_rate = 1.0
    documents = office.load("b", a=one)
    anna = reviewer(office)
    page = anna.get("/review").text
    assert re.findall(r'data-value="(.)" data-choose="(\d)"', page) == [("男", "1"), ("女", "2")]
    task, ver = task_on(page)
    assert anna.post(f"/review/{task}", action="value", ver=ver, value="女").status_code == 200
    (closed,) = office.store.queue.of_document(documents["a"])
    assert closed.result == "agreed"
