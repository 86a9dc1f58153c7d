"""Accounts changed by an administrator: at once, audited, and never the last way in."""

from __future__ import annotations

import re

import pytest
from desk_office import PASSWORD, Browser, Office, task_on
from examination_fixtures import flagged_number
from fastapi.testclient import TestClient

from pipeline.domain.errors import InputError, PolicyError
from pipeline.store.auditing.audit import SYSTEM
from pipeline.store.staff.people import Role


def try_log_in(office: Office, name: str, password: str = PASSWORD) -> int:
    client = TestClient(office.app, follow_redirects=False)
    return int(client.post("/login", data={"name": name, "password": password}).status_code)


def audit_of(office: Office, action: str) -> list[tuple[str, str | None]]:
    rows = office.store._database.rows(
        "select subject, detail from audit where action = ?", [action]
    )
    return [(row[0], row[1]) for row in rows]


def test_a_disabled_account_is_out_at_once_and_gives_its_work_back(office: Office) -> None:
    office.load("b", a=flagged_number())
    root, anna = office.log_in("root", Role.ADMINISTRATOR), office.log_in("anna", Role.REVIEWER)
    ben = office.log_in("ben", Role.REVIEWER)
    task, ver = task_on(anna.get("/review").text)
    assert root.post("/users/disable", name="anna").status_code == 200
    assert anna.get("/queue").headers["location"] == "/login"
    late = anna.client.post(f"/review/{task}", data={"action": "blank", "ver": ver, "csrf": "x"})
    assert late.headers["location"] == "/login"
    assert try_log_in(office, "anna") == 401 == try_log_in(office, "nobody")
    assert task_on(ben.get("/review").text)[0] == task
    assert "停止中" in root.get("/users").text
    assert root.post("/users/enable", name="anna").status_code == 200
    assert try_log_in(office, "anna") == 303
    anna_id = office.store.people.by_name("anna").user_id  # type: ignore[union-attr]
    assert audit_of(office, "user.disable") == [(f"user:{anna_id}", None)]
    assert (f"user:{anna_id}", "disabled") in audit_of(office, "session.refused")


def test_wrong_passwords_of_a_disabled_account_count_as_ever(office: Office) -> None:
    office.person("anna", Role.REVIEWER)
    office.store.accounts.disable(SYSTEM, "anna")
    for _ in range(5):
        assert try_log_in(office, "anna", "no") == 401
    assert try_log_in(office, "anna") == 429


def test_a_reset_gives_a_password_once_that_must_be_changed(office: Office) -> None:
    root, anna = office.log_in("root", Role.ADMINISTRATOR), office.log_in("anna", Role.REVIEWER)
    page = root.post("/users/reset", name="anna").text
    found = re.search(r'class="secret">([^<]+)<', page)
    assert found is not None
    assert anna.get("/queue").headers["location"] == "/login"
    assert try_log_in(office, "anna") == 401
    again = Browser(TestClient(office.app, follow_redirects=False))
    answer = again.client.post("/login", data={"name": "anna", "password": found[1]})
    assert answer.headers["location"] == "/password"
    assert again.get("/queue").headers["location"] == "/password"
    assert found[1] not in root.get("/users").text
    assert found[1] not in repr(office.store._database.rows("select * from audit"))


def test_another_role_ends_the_session_and_counts_from_then(office: Office) -> None:
    root, anna = office.log_in("root", Role.ADMINISTRATOR), office.log_in("anna", Role.REVIEWER)
    assert root.post("/users/role", name="anna", role="auditor").status_code == 200
    assert anna.get("/queue").headers["location"] == "/login"
    person = office.store.people.by_name("anna")
    assert person is not None and person.role == Role.AUDITOR
    assert audit_of(office, "user.role") == [(f"user:{person.user_id}", "reviewer:auditor")]
    assert root.post("/users/role", name="anna").status_code == 422
    assert root.post("/users/role", name="anna", role="emperor").status_code == 422


def test_nobody_changes_themselves_and_one_administrator_stays(office: Office) -> None:
    root = office.log_in("root", Role.ADMINISTRATOR)
    for what in ("disable", "reset", "role"):
        assert root.post(f"/users/{what}", name="root", role="auditor").status_code == 403
    for change in (
        lambda: office.store.accounts.disable(SYSTEM, "root"),
        lambda: office.store.accounts.change_role(SYSTEM, "root", Role.AUDITOR),
    ):
        with pytest.raises(PolicyError) as refused:
            change()
        assert refused.value.code == "ACCOUNT_LAST_ADMINISTRATOR"
    office.person("second", Role.ADMINISTRATOR)
    office.store.accounts.disable(SYSTEM, "root")
    assert root.get("/users").headers["location"] == "/login"
    with pytest.raises(InputError):
        office.store.accounts.enable(SYSTEM, "nobody")


def test_only_an_administrator_or_the_service_changes_accounts(office: Office) -> None:
    office.person("anna", Role.REVIEWER)
    sara = office.log_in("sara", Role.SUPERVISOR)
    assert sara.post("/users/disable", name="anna").status_code == 403
    whose = {"name": "anna"}
    assert office.client.post("/service/users/disable", json=whose).status_code == 401
    done = office.client.post("/service/users/disable", json=whose, headers=office.service)
    assert done.json() == {"name": "anna", "done": "disable"}
    listed = office.client.get("/service/users", headers=office.service).json()["users"]
    assert {u["name"]: u["disabled"] for u in listed} == {"anna": True, "sara": False}
    reset = office.client.post("/service/users/reset", json=whose, headers=office.service)
    assert len(reset.json()["password"]) == 19
    unknown = office.client.post("/service/users/destroy", json=whose, headers=office.service)
    assert unknown.status_code == 422
