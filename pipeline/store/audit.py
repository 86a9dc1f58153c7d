"""The audit: who did what to which record, when, why. Append-only, chained, never a value.

Every row carries a mark that covers its content and the mark before it, keyed by the vault: a row
that is changed, removed or put in between breaks every mark after it, and somebody who can write
to the file but has no key cannot make the marks anew.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import duckdb

from pipeline.store.clock import utc_now
from pipeline.store.database import Database
from pipeline.vault import Vault

BEGINNING = "0" * 32
_COLUMNS = "seq, happened_at, user_id, role, action, subject, field, detail, previous_mark, mark"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person with a role, or ``system``."""

    user_id: str
    role: str


SYSTEM = Actor("system", "system")


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry."""

    seq: int
    happened_at: dt.datetime
    user_id: str
    role: str
    action: str
    subject: str
    field: str | None
    detail: str | None
    previous_mark: str
    mark: str


class Audit:
    """Appends to the chain and reads it."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._last: tuple[int, str] | None = None
        database.on_rollback(self._forget)

    def append(
        self,
        cursor: duckdb.DuckDBPyConnection,
        actor: Actor,
        action: str,
        subject: str,
        *,
        field: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Add a row inside the transaction of what it tells about."""
        number, previous = self._last or self._read_last()
        number += 1
        now = utc_now()
        content = (number, now, actor.user_id, actor.role, action, subject, field, detail, previous)
        mark = self._mark(content)
        cursor.execute(
            f"insert into audit ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [*content, mark],
        )
        self._last = (number, mark)

    def note(
        self,
        actor: Actor,
        action: str,
        subject: str,
        *,
        field: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Add a row in a transaction of its own (a look at something)."""
        with self._database.writing() as cursor:
            self.append(cursor, actor, action, subject, field=field, detail=detail)

    def rows(self, *, subject: str | None = None, limit: int = 500) -> list[AuditRow]:
        """The newest rows, newest first."""
        where, parameters = ("where subject = ?", [subject]) if subject else ("", [])
        found = self._database.rows(
            f"select {_COLUMNS} from audit {where} order by seq desc limit {int(limit)}", parameters
        )
        return [AuditRow(*row) for row in found]

    def first_broken(self) -> int | None:
        """Number of the first row that does not fit the chain, or None where all fit."""
        previous, expected = BEGINNING, 1
        for row in self._database.rows(f"select {_COLUMNS} from audit order by seq"):
            content, mark = row[:-1], row[-1]
            if row[0] != expected or row[8] != previous or mark != self._mark(content):
                return expected
            previous, expected = mark, expected + 1
        return None

    def _mark(self, content: tuple[object, ...]) -> str:
        plain = [c.isoformat() if isinstance(c, dt.datetime) else c for c in content]
        return self._vault.surrogate("audit", json.dumps(plain, ensure_ascii=False).encode())

    def _read_last(self) -> tuple[int, str]:
        row = self._database.row("select seq, mark from audit order by seq desc limit 1")
        return (int(row[0]), str(row[1])) if row else (0, BEGINNING)

    def _forget(self) -> None:
        self._last = None
