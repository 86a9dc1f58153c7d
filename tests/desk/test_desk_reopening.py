"""The page action that opens a decided document again, and what stays of a stale answer."""

from __future__ import annotations

from desk_office import Office, task_on
from examination_fixtures import keyed_number, reply_form_with_pin, returned_application

from pipeline.store.staff.people import Role


def end_leases(office: Office) -> None:
    with office.store._database.writing() as cursor:
        cursor.execute("update open_task set lease_until = lease_until - interval 1 hour")


def test_a_supervisor_opens_a_returned_document_again(office: Office) -> None:
    document = office.load("b", a=returned_application())["a"]
    reviewer = office.log_in("anna", Role.REVIEWER)
    task, ver = task_on(reviewer.get("/review").text)
    assert reviewer.post(f"/review/{task}", htmx=False, action="return", ver=ver).status_code == 303
    address = f"/documents/{document}"
    assert f"{address}/reopen" not in reviewer.get(address).text
    wanted = {"reason": "decided_wrongly", "field": ""}
    assert reviewer.post(f"{address}/reopen", **wanted).status_code == 403
    supervisor = office.log_in("sue", Role.SUPERVISOR)
    assert f"{address}/reopen" in supervisor.get(address).text
    assert supervisor.post(f"{address}/reopen", reason="because").status_code == 422
    answer = supervisor.post(f"{address}/reopen", htmx=False, **wanted)
    assert answer.status_code == 303
    page = supervisor.get(address).text
    assert f"{address}/reopen" not in page and "開き直し" in page
    again = supervisor.post(f"{address}/reopen", htmx=False, **wanted)
    assert again.status_code == 409 and "まだ決定されていません" in again.text
    assert task_on(office.log_in("ben", Role.REVIEWER).get("/review").text)[0] != task


def test_what_was_typed_stays_where_only_the_lease_ended(office: Office) -> None:
    office.load("b", a=keyed_number())
    browser = office.log_in("anna", Role.REVIEWER)
    task, ver = task_on(browser.get("/review").text)
    end_leases(office)
    answer = browser.post(f"/review/{task}", action="value", value="123456789018", ver=ver)
    assert answer.status_code == 409 and "個人番号" in answer.text
    assert 'value="123456789018"' in answer.text and task_on(answer.text)[0] == task
    _, ver = task_on(answer.text)
    sent = browser.post(f"/review/{task}", action="value", value="123456789018", ver=ver)
    assert sent.status_code == 200


def test_what_was_typed_is_gone_where_somebody_else_has_the_task(office: Office) -> None:
    office.load("b", a=keyed_number())
    anna, ben = office.log_in("anna", Role.REVIEWER), office.log_in("ben", Role.REVIEWER)
    task, ver = task_on(anna.get("/review").text)
    end_leases(office)
    ben.get("/review")
    answer = anna.post(f"/review/{task}", action="value", value="123456789018", ver=ver)
    assert answer.status_code == 409 and "123456789018" not in answer.text


def test_a_pin_is_never_given_back(office: Office) -> None:
    office.load("b", a=reply_form_with_pin())
    browser = office.log_in("anna", Role.REVIEWER)
    task, _ = task_on(browser.get("/review").text)
    shown = browser.post(f"/review/{task}/reveal")
    _, ver = task_on(shown.text)
    end_leases(office)
    answer = browser.post(f"/review/{task}", action="value", value="SECRET77", ver=ver)
    assert answer.status_code == 409 and "SECRET77" not in answer.text
