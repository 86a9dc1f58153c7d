"""A desk with synthetic documents, and people of every role who are logged in."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parent.parent / "store"))

import examination_fixtures as fixtures

from pipeline.desk import passwords
from pipeline.domain.examinations import Examination
from pipeline.settings import Settings
from pipeline.store.arrivals import arrow_schema
from pipeline.store.auditing.audit import SYSTEM
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.staff.people import Role
from pipeline.vault import Vault

# The real cost of a hash is the point of it at work, and only a delay here.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
passwords.NOBODY = passwords.hashed("nobody")
PASSWORD = "correct horse staple"
_HASH = passwords.hashed(PASSWORD)


@dataclass
class Office:
    """A desk of its own home folder."""

    app: FastAPI
    settings: Settings
    vault: Vault
    token: str
    client: TestClient

    @property
    def store(self) -> DuckDBStore:
        store: DuckDBStore = self.app.state.desk.store
        return store

    @property
    def service(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def load(self, batch_id: str, **examinations: Examination) -> dict[str, str]:
        """Load a document per examination; returns document identifiers by name."""
        arrivals = {
            name: fixtures.arrival(self.vault, name, one) for name, one in examinations.items()
        }
        for name, arrival in arrivals.items():
            document = arrival.documents[0]
            fixtures.write_crops(self.settings.crops, self.vault, document, examinations[name])
        content = arrow_schema.encode(batch_id, list(arrivals.values()))
        answer = self.client.post(f"/ingest/{batch_id}", content=content, headers=self.service)
        assert answer.status_code == 200, answer.text
        return {name: a.documents[0].document_id for name, a in arrivals.items()}

    def pass_minutes(self, minutes: int) -> None:
        """Let so many minutes pass for everybody who is logged in."""
        with self.store._database.writing() as cursor:
            cursor.execute(f"update session set seen_at = seen_at - interval {minutes} minutes")
        self.store.people._known.forget()

    def person(self, name: str, role: Role, *, first: bool = False) -> None:
        person = self.store.people.add(SYSTEM, name, role, _HASH)
        if not first:
            self.store.people.set_password(person, _HASH)

    def log_in(self, name: str, role: Role) -> Browser:
        """A browser in which a new person of that role is logged in."""
        self.person(name, role)
        browser = Browser(TestClient(self.app, follow_redirects=False))
        answer = browser.client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303
        return browser


@dataclass
class Browser:
    """One person's cookies."""

    client: TestClient

    def get(self, path: str, **more: object):  # type: ignore[no-untyped-def]
        return self.client.get(path, **more)  # type: ignore[arg-type]

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/password").text)
        assert found is not None
        return found[1]

    def post(self, path: str, *, htmx: bool = True, **data: object):  # type: ignore[no-untyped-def]
        headers = {"HX-Request": "true"} if htmx else {}
        content = {"csrf": self.csrf(), **data}
        return self.client.post(path, data=content, headers=headers)


def task_on(page: str) -> tuple[str, int]:
    """Identifier and version of the task that a page shows."""
    found = re.search(r'data-id="([0-9a-f]+)"', page)
    ver = re.search(r'name="ver" value="(\d+)"', page)
    assert found is not None
    return found[1], int(ver[1]) if ver else 0
