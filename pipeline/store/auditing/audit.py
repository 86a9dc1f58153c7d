"""The audit: who did what to which record, when, why. Append-only, chained, never a value.

Every row carries a mark that covers its content and the mark before it, keyed by the vault: a row
that is changed, removed or put in between breaks every mark after it, and somebody who can write
to the file but has no key cannot make the marks anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.store.clock import utc_now
from pipeline.store.database import Database, insert
from pipeline.vault import Vault

BEGINNING = "0" * 32
# What a mark covers, made by the database itself, so that a long chain is checked fast. A unit
# separator stands between the parts and chr(1) for a part that is absent: no two rows read alike.
_CONTENT = (
    "concat_ws(chr(31), seq, epoch_us(happened_at), user_id, role, action, subject, "
    "coalesce(field, chr(1)), coalesce(detail, chr(1)), previous_mark)"
)
_CHUNK_ROWS = 50_000
_EPOCH = dt.datetime(1970, 1, 1)
_COLUMNS = (
    "seq", "happened_at", "user_id", "role", "action", "subject", "field", "detail",
    "previous_mark", "mark",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person with a role, or ``system``."""

    user_id: str
    role: str


SYSTEM = Actor("system", "system")


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did to which record; ``detail`` is a code, never a value."""

    action: str
    subject: str
    field: str | None = None
    detail: str | None = None


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
        self._marker = vault.marker("audit")
        self._last: tuple[int, str] | None = None
        self._waiting: list[dict[str, Any]] = []
        database.before_commit(self._write)
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
        self.append_all(cursor, actor, [Event(action, subject, field, detail)])

    def append_all(
        self, cursor: duckdb.DuckDBPyConnection, actor: Actor, events: Sequence[Event]
    ) -> None:
        """Add a row for each of many, as ``append`` does for one.

        They are written together at the end of the transaction: a decision has several.
        """
        number, mark = self._last or self._read_last()
        now = utc_now()
        for event in events:
            number += 1
            facts = (event.action, event.subject, event.field, event.detail)
            content = (number, now, actor.user_id, actor.role, *facts, mark)
            mark = self.mark_for(content)
            self._waiting.append(dict(zip(_COLUMNS, (*content, mark), strict=True)))
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

    def note_views(
        self, actor: Actor, document_id: str, names: Sequence[str], *, detail: str
    ) -> None:
        """Add a row for each field of a document that is about to be shown, together."""
        if not names:
            return
        with self._database.writing() as cursor:
            document = f"document:{document_id}"
            views = [Event("value.view", document, name, detail) for name in names]
            self.append_all(cursor, actor, views)

    def rows(self, *, subject: str | None = None, limit: int = 500) -> list[AuditRow]:
        """The newest rows, newest first."""
        where, parameters = ("where subject = ?", [subject]) if subject else ("", [])
        found = self._database.rows(
            f"select {', '.join(_COLUMNS)} from audit {where} order by seq desc limit {int(limit)}",
            parameters,
        )
        return [AuditRow(*row) for row in found]

    def newest(self) -> int:
        """Number of the newest row, 0 where there is none: it moves with whatever is done."""
        return (self._last or self._read_last())[0]

    def head(self) -> tuple[int, str]:
        """Number and mark of the newest row; ``(0, BEGINNING)`` where there is none."""
        return self._last or self._read_last()

    def mark_of(self, number: int) -> str | None:
        """The mark of a row, or None where there is no such row."""
        row = self._database.row("select mark from audit where seq = ?", [number])
        return str(row[0]) if row else None

    def first_broken(self) -> int | None:
        """Number of the first row that does not fit the chain, or None where all fit.

        Rows that were cut off the end leave a chain that fits: see ``audit_seals``.
        """
        previous, expected = BEGINNING, 1
        for numbers, befores, marks, contents in self._database.columns(
            f"select seq, previous_mark, mark, {_CONTENT} from audit order by seq", _CHUNK_ROWS
        ):
            for number, before, mark, content in zip(
                numbers, befores, marks, contents, strict=True
            ):
                if number != expected or before != previous or mark != self._mark(content):
                    return expected
                previous, expected = mark, expected + 1
        return None

    def mark_for(self, facts: tuple[object, ...]) -> str:
        """The mark of a row: its columns in order, up to the mark before it."""
        return self._mark(_as_text(facts))

    def _mark(self, content: str) -> str:
        return self._marker(content.encode())

    def _read_last(self) -> tuple[int, str]:
        row = self._database.row("select seq, mark from audit order by seq desc limit 1")
        return (int(row[0]), str(row[1])) if row else (0, BEGINNING)

    def _write(self, cursor: duckdb.DuckDBPyConnection) -> None:
        insert(cursor, "audit", self._waiting)
        self._waiting.clear()

    def _forget(self) -> None:
        self._last = None
        self._waiting.clear()


def _as_text(content: tuple[object, ...]) -> str:
    """The same text that the database makes of a row's parts."""
    parts = []
    for part in content:
        if isinstance(part, dt.datetime):
            parts.append(str((part - _EPOCH) // dt.timedelta(microseconds=1)))
        else:
            parts.append("\x01" if part is None else str(part))
    return "\x1f".join(parts)
