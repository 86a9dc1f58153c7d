"""Open work stands in a table of its own; what is closed moves out of it, and back when reopened.

Whoever hands out, counts or reassigns looks at ``open_task`` alone, so a long past costs nothing.
A task is in exactly one of the two tables; moving it counts as a new version of it.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.store.arrivals import carpet_rule
from pipeline.store.arrivals.tasking import PlannedTask
from pipeline.store.database import insert

_KEPT = (
    "task_id, document_id, serial, field, kind, purpose, priority, ordinal, parent_id, "
    "received_at, created_at"
)


@dataclass(frozen=True, slots=True)
class Owner:
    """The document that a new task is about."""

    document_id: str
    serial: int
    received_at: dt.datetime


def new(
    owner: Owner,
    planned: PlannedTask,
    created_at: dt.datetime,
    *,
    parent_id: str | None = None,
    priority: int | None = None,
) -> dict[str, Any]:
    """A new open task."""
    return {
        "task_id": secrets.token_hex(8),
        "document_id": owner.document_id,
        "serial": owner.serial,
        "field": planned.field.value if planned.field else None,
        "kind": planned.kind.value,
        "purpose": planned.purpose.value,
        "priority": planned.priority if priority is None else priority,
        "ordinal": planned.ordinal,
        "parent_id": parent_id,
        "for_carpet": planned.for_carpet,
        "received_at": owner.received_at,
        "created_at": created_at,
        "ver": 1,
    }


def add(cursor: duckdb.DuckDBPyConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Open new tasks."""
    insert(cursor, "open_task", rows)


def close(
    cursor: duckdb.DuckDBPyConnection,
    which: str,
    parameters: Sequence[object],
    result: str,
    now: dt.datetime,
) -> list[str]:
    """Close the open tasks that a condition names; returns them."""
    moved = cursor.execute(
        f"insert into closed_task ({_KEPT}, ver, result, closed_at) "
        f"select {_KEPT}, ver + 1, ?, ? from open_task where {which} returning task_id",
        [result, now, *parameters],
    ).fetchall()
    if moved:
        cursor.execute(f"delete from open_task where {which}", list(parameters))
    return [task_id for (task_id,) in moved]


def reopen(
    cursor: duckdb.DuckDBPyConnection, which: str, parameters: Sequence[object]
) -> list[str]:
    """Open the closed tasks that a condition names again; returns them."""
    moved = cursor.execute(
        f"insert into open_task ({_KEPT}, ver, for_carpet) "
        f"select {_KEPT}, ver + 1, {carpet_rule.MAY_BE} from closed_task where {which} "
        "returning task_id",
        list(parameters),
    ).fetchall()
    if moved:
        cursor.execute(f"delete from closed_task where {which}", list(parameters))
    return [task_id for (task_id,) in moved]
