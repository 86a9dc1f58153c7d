"""Any request, drawn from the desk's own schema: the right status, nothing changed, no 500.

Every operation of the schema is asked by people of every role and by nobody, with identifiers that
are real, foreign or made up, with forms that are right, altered or hostile.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any
from urllib.parse import quote

import pytest
from desk_office import PASSWORD, Browser, Office
from examination_fixtures import flagged_number, keyed_number, reply_form_with_pin
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.store.staff.people import Role

HOSTILE = "<script>alert('見本')</script>\x00\u202e' or 1=1 --"
MARK = "見本秘密値"  # stands for what somebody typed: it must be in no log
TABLES = (
    "document", "field", "finding", "decision", "closed_task", "note", "rescan", "carpet_cell",
    "legal_hold", "destruction", "batch", "arrival",
)  # fmt: skip
PEOPLE = (*Role, None)
# What a service does with the right token is tested where it belongs; here it has none, or a wrong
# one. Logging somebody out would only make all that follows anonymous.
LEFT_OUT = {("/logout", "post"), ("/password", "post")}


class Everybody:
    """A desk with work, and a browser for every role and for nobody."""

    def __init__(self, office: Office) -> None:
        self.office = office
        loaded = office.load("b", a=flagged_number(), k=keyed_number(), p=reply_form_with_pin())
        self.browsers = {role: office.log_in(f"{role}-person", role) for role in Role}
        self.nobody = Browser(
            TestClient(office.app, follow_redirects=False, raise_server_exceptions=False)
        )
        for browser in self.browsers.values():
            browser.client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]
        self.csrf = {role: browser.csrf() for role, browser in self.browsers.items()}
        tasks = [t.task_id for d in loaded.values() for t in office.store.queue.of_document(d)]
        self.identifiers = [*loaded.values(), *tasks, "b", "b:0"]
        self.operations = [
            (path, method, operation)
            for path, methods in office.app.openapi()["paths"].items()
            for method, operation in methods.items()
            if (path, method) not in LEFT_OUT
        ]
        self.schemas = office.app.openapi()["components"]["schemas"]

    def fingerprint(self) -> str:
        """Everything that decisions, loads and accounts are made of."""
        rows = [self.office.store._database.rows(f"select * from {t} order by all") for t in TABLES]
        rows.append(self.office.store._database.rows("select name, role from person order by 1"))
        # A lease may come and go by looking at the next task.
        rows.append(self.office.store._database.rows("select task_id from open_task order by 1"))
        return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.fixture
def everybody(office: Office) -> Everybody:
    return Everybody(office)


def values(schema: dict[str, Any], everybody: Everybody) -> st.SearchStrategy[Any]:
    """Values for a part of the schema: fitting, and not."""
    if "$ref" in schema:
        schema = everybody.schemas[schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        return st.one_of(*(values(one, everybody) for one in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return st.sampled_from([*schema.get("enum", [schema.get("const")]), HOSTILE])
    if schema.get("type") in ("integer", "number"):
        return st.one_of(st.integers(-3, 12), st.sampled_from([2**63, "x", ""]))
    if schema.get("type") == "array":
        return st.lists(values(schema.get("items", {}), everybody), max_size=3)
    if schema.get("type") == "object":
        return st.fixed_dictionaries(
            {name: values(one, everybody) for name, one in schema.get("properties", {}).items()}
        )
    return st.one_of(
        st.sampled_from([*everybody.identifiers, HOSTILE, MARK, "", "9" * 5000]),
        st.text(max_size=20),
    )


def path_values(everybody: Everybody) -> st.SearchStrategy[str]:
    made_up = st.text(st.characters(codec="utf-8", exclude_characters="/?#%"), min_size=1)
    fields = st.sampled_from(["my_number", "name", "photo", "page", "field", "0", "1"])
    return st.one_of(st.sampled_from(everybody.identifiers), fields, made_up)


@settings(
    max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(data=st.data())
def test_no_request_breaks_the_desk(
    everybody: Everybody, caplog: pytest.LogCaptureFixture, data: st.DataObject
) -> None:
    path, method, operation = data.draw(st.sampled_from(everybody.operations))
    role = data.draw(st.sampled_from(PEOPLE))
    browser = everybody.browsers[role] if role else everybody.nobody
    address = path
    query = {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            chosen = data.draw(path_values(everybody))
            address = address.replace("{" + parameter["name"] + "}", quote(chosen, safe=""))
        elif parameter["in"] == "query":
            query[parameter["name"]] = data.draw(values(parameter["schema"], everybody))
    headers = data.draw(st.sampled_from([{}, {"HX-Request": "true"}]))
    sent: dict[str, Any] = {}
    content = operation.get("requestBody", {}).get("content", {})
    for kind, body in content.items():
        drawn = data.draw(values(body["schema"], everybody))
        if kind == "application/json":
            sent["json"] = drawn
        elif isinstance(drawn, dict):
            # An altered form: anything may be missing; and mostly the right mark of the session.
            form = {k: v for k, v in drawn.items() if data.draw(st.integers(0, 5))}
            if role and data.draw(st.integers(0, 4)):
                form["csrf"] = everybody.csrf[role]
            sent["data"] = {k: v if isinstance(v, list) else str(v) for k, v in form.items()}
    before = everybody.fingerprint()
    with caplog.at_level(logging.DEBUG):
        answer = browser.client.request(method, address, params=query, headers=headers, **sent)
    assert answer.status_code < 500, (path, method, role)
    if answer.status_code >= 400:
        assert everybody.fingerprint() == before, (path, method, role, answer.status_code)
    assert MARK not in "".join(
        r.getMessage() for r in caplog.records if not r.name.startswith("httpx")
    )
    assert "<script>alert(" not in answer.text
    caplog.clear()


def test_a_huge_body_is_refused_before_it_is_read(everybody: Everybody) -> None:
    browser = everybody.browsers[Role.REVIEWER]
    before = everybody.fingerprint()
    for path in ("/login", "/undo", "/service/holds", "/carpet/x"):
        answer = browser.client.post(path, content=b"x" * (70 * 1024))
        assert answer.status_code == 413
    assert everybody.fingerprint() == before
    assert PASSWORD not in repr(everybody.nobody.client.cookies)
