"""Who gets in, who sees what, and what every answer carries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from desk_office import PASSWORD, Browser, Office
from examination_fixtures import flagged_number, reply_form_with_pin
from fastapi.testclient import TestClient

from pipeline.desk import access, passwords
from pipeline.settings import Settings
from pipeline.store.arrivals import arrow_schema
from pipeline.store.auditing.audit import SYSTEM
from pipeline.store.staff.people import LOCK_MINUTES, Role
from pipeline.vault import create_service_token

PAGES = {
    "/queue": access.REVIEW,
    "/review": access.REVIEW,
    "/documents": access.DOCUMENTS,
    "/batches": access.BATCHES,
    "/rescans": access.BATCHES,
    "/throughput": access.THROUGHPUT,
    "/quality": access.QUALITY,
    "/audit": access.AUDIT,
    "/forms": access.FORMS,
    "/users": access.USERS,
    "/assignments": access.WORK,
}


def test_every_page_is_for_its_roles_only(office: Office) -> None:
    document = office.load("b", a=flagged_number())["a"]
    for role in Role:
        browser = office.log_in(f"a-{role}", role)
        for path, roles in {**PAGES, f"/documents/{document}": access.DOCUMENTS}.items():
            answer = browser.get(path)
            assert answer.status_code == (200 if role in roles else 403), (role, path)
        assert browser.get("/").headers["location"] == access.first_page(role)


@pytest.mark.parametrize("path", [*PAGES, "/documents/" + "0" * 32, "/password", "/"])
def test_nobody_gets_in_without_a_log_in(office: Office, path: str) -> None:
    answer = office.client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    fragment = office.client.get(path, headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (401, "/login")


def test_every_answer_is_kept_out_of_caches_and_frames(office: Office) -> None:
    for path in ("/login", "/health", "/nowhere", "/queue"):
        headers = office.client.get(path).headers
        assert headers["cache-control"] == "no-store"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


def test_the_cookie_is_strict_and_out_of_reach_of_scripts(office: Office) -> None:
    office.person("anna", Role.REVIEWER)
    answer = office.client.post("/login", data={"name": "anna", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    token = re.search(r"uketsuke_session=([^;]+)", cookie)
    assert token is not None
    rows = office.store._database.rows("select token_mark from session")
    assert token[1] not in repr(rows)


def test_a_first_password_opens_nothing_but_its_own_change(office: Office) -> None:
    answer = office.client.post(
        "/service/users", json={"name": "anna", "role": "reviewer"}, headers=office.service
    )
    first = answer.json()["password"]
    browser = Browser(TestClient(office.app, follow_redirects=False))
    answer = browser.client.post("/login", data={"name": "anna", "password": first})
    assert answer.headers["location"] == "/password"
    assert browser.get("/queue").headers["location"] == "/password"
    own = "my own long phrase"
    for new in ("short", "contains-anna-inside", first):
        assert browser.post("/password", old=first, new=new, again=new).status_code == 422
    assert browser.post("/password", old="wrong", new=own, again=own).status_code == 422
    assert browser.post("/password", old=first, new=own, again=own).status_code == 303
    assert browser.get("/queue").headers["location"] == "/login"  # the old session has ended
    again = browser.client.post("/login", data={"name": "anna", "password": own})
    assert again.headers["location"] == "/"
    assert browser.get("/queue").status_code == 200


def test_five_wrong_passwords_lock_the_account_for_a_while(office: Office) -> None:
    office.person("anna", Role.REVIEWER)
    for _ in range(5):
        wrong = office.client.post("/login", data={"name": "anna", "password": "no"})
        assert wrong.status_code == 401
    right = {"name": "anna", "password": PASSWORD}
    assert office.client.post("/login", data=right).status_code == 429
    with office.store._database.writing() as cursor:
        cursor.execute(
            f"update person set locked_until = locked_until - interval {LOCK_MINUTES} minutes"
        )
    assert office.client.post("/login", data=right).status_code == 303


def test_an_unknown_name_answers_like_a_wrong_password(office: Office) -> None:
    office.person("anna", Role.REVIEWER)
    known = office.client.post("/login", data={"name": "anna", "password": "no"})
    unknown = office.client.post("/login", data={"name": "nobody", "password": "no"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


def test_an_idle_session_ends(office: Office) -> None:
    browser = office.log_in("anna", Role.REVIEWER)
    assert browser.get("/queue").status_code == 200
    office.pass_minutes(31)
    assert browser.get("/queue").headers["location"] == "/login"
    assert browser.get("/queue").status_code == 303  # and stays ended


def test_a_log_out_ends_the_session_and_gives_tasks_back(office: Office) -> None:
    office.load("b", a=flagged_number())
    anna, ben = office.log_in("anna", Role.REVIEWER), office.log_in("ben", Role.REVIEWER)
    anna.get("/review")
    assert "data-id" not in ben.get("/review").text
    assert anna.post("/logout", htmx=False).status_code == 303
    assert anna.get("/queue").status_code == 303
    assert "data-id" in ben.get("/review").text


@pytest.mark.parametrize("csrf", ["", "guessed", "ｘ"])
def test_a_form_of_another_session_is_refused(office: Office, csrf: str) -> None:
    office.load("b", a=flagged_number())
    anna = office.log_in("anna", Role.REVIEWER)
    page = anna.get("/review").text
    task = re.search(r'data-id="([0-9a-f]+)"', page)
    assert task is not None
    data = {"csrf": csrf, "action": "blank", "ver": "1"}
    assert anna.client.post(f"/review/{task[1]}", data=data).status_code == 403
    assert anna.client.post("/logout", data={"csrf": csrf}).status_code == 403
    found = office.store.queue.task(task[1])
    assert found is not None and found.state == "open"


def test_the_service_token_is_asked_for_and_may_rotate(office: Office) -> None:
    content = arrow_schema.encode("b", [])
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": office.token}):
        for method, path in (
            ("POST", "/ingest/b"),
            ("POST", "/service/publish"),
            ("GET", "/service/totals"),
            ("GET", "/service/users"),
        ):
            answer = office.client.request(method, path, headers=headers, content=content)
            assert answer.status_code == 401, path
    fresh = create_service_token(office.settings.keys)
    assert office.client.get("/service/totals", headers=office.service).status_code == 401
    headers = {"Authorization": f"Bearer {fresh}"}
    assert office.client.get("/service/totals", headers=headers).status_code == 200


def test_a_logged_in_person_is_no_service(office: Office) -> None:
    browser = office.log_in("anna", Role.SUPERVISOR)
    assert browser.get("/service/totals").status_code == 401


def test_a_batch_sent_twice_changes_nothing(office: Office) -> None:
    office.load("b", a=flagged_number(), b=reply_form_with_pin())
    before = office.store.figures.totals()
    arrivals = [office.vault and _arrival(office, n) for n in ("a", "b")]
    content = arrow_schema.encode("b", arrivals)
    answer = office.client.post("/ingest/b", content=content, headers=office.service)
    assert answer.json()["repeated"] is True
    assert office.store.figures.totals() == before
    wrong = office.client.post("/ingest/c", content=content, headers=office.service)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "BATCH_MALFORMED")
    garbage = office.client.post("/ingest/b", content=b"garbage", headers=office.service)
    assert garbage.status_code == 422


def _arrival(office: Office, name: str):  # type: ignore[no-untyped-def]
    from examination_fixtures import arrival

    made = {"a": flagged_number, "b": reply_form_with_pin}[name]
    return arrival(office.vault, name, made())


def test_a_body_that_is_too_large_or_unmeasured_is_refused(office: Office) -> None:
    huge = office.client.post("/login", data={"name": "x" * 200_000, "password": "y"})
    assert huge.status_code == 413
    unmeasured = office.client.post("/login", content=iter([b"name=x"]))
    assert unmeasured.status_code == 413


@pytest.mark.parametrize(
    ("path", "status"),
    [("/documents/../../etc", 404), ("/documents/unknown", 404), ("/review/unknown", 409),
     ("/tasks/unknown/crop", 409), ("/throughput?by=<script>", 422), ("/nowhere", 404)],
)  # fmt: skip
def test_odd_addresses_get_a_plain_answer(office: Office, path: str, status: int) -> None:
    browser = office.log_in("anna", Role.SUPERVISOR)
    answer = browser.get(path)
    assert answer.status_code == status
    assert "<script>" not in answer.text


def test_the_language_switch_comes_back_to_the_same_page_only(office: Office) -> None:
    answer = office.client.get("/language/en", headers={"Referer": "http://testserver/login"})
    assert answer.headers["location"] == "/login"
    assert "Log in" in office.client.get("/login").text
    away = office.client.get("/language/ja", headers={"Referer": "http://testserver//evil.invalid"})
    assert away.headers["location"] == "/evil.invalid"
    assert "ログイン" in office.client.get("/login").text


def test_a_name_with_a_script_in_it_is_no_name(office: Office) -> None:
    admin = office.log_in("root-admin", Role.ADMINISTRATOR)
    answer = admin.post("/users", htmx=False, name="<script>x", role="reviewer")
    assert answer.status_code == 422
    assert "<script>x" not in answer.text
    good = admin.post("/users", htmx=False, name="ben", role="reviewer")
    shown = re.search(r'class="secret">([^<]+)<', good.text)
    assert shown is not None
    person = office.store.people.by_name("ben")
    assert person is not None and passwords.matches(shown[1], person.password_hash)
    assert shown[1] not in admin.get("/users").text


def test_no_telemetry_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.desk.application import create_app

    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    app = create_app(Settings(home=tmp_path))
    switches = ("tracing", "metrics", "logs", "operation_spans", "auto_configure")
    assert [app._telemetry[name] for name in switches] == [False] * len(switches)  # type: ignore[literal-required]


def test_accounts_have_legal_names_and_stand_once(office: Office) -> None:
    from pipeline.domain.errors import InputError

    office.person("anna", Role.REVIEWER)
    for name, code in (("anna", "USER_EXISTS"), ("a b", "USER_NAME"), ("山", "USER_NAME")):
        with pytest.raises(InputError) as error:
            office.store.people.add(SYSTEM, name, Role.ANALYST, "x")
        assert error.value.code == code
