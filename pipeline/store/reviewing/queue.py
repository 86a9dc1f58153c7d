"""The queue: tasks claimed with a lease, by whoever may work on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pipeline.domain.errors import PolicyError
from pipeline.store.arrivals.open_tasks import Owner
from pipeline.store.arrivals.tasking import Purpose, TaskKind
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import OF_DOCUMENT, Database
from pipeline.store.reviewing.staleness import stale_task

_ALL = (
    "task_id, document_id, serial, field, kind, purpose, state, result, parent_id, lease_user, "
    "lease_until, received_at, created_at, ver"
)
_OPEN = _ALL.replace("state, result", "'open', null")
_FREE = "(lease_until is null or lease_until < ?)"
# By numbers alone: texts would be compared for every open task.
_ORDER = "order by priority, created_at, serial, ordinal"
_CHOSEN_BY = "task_id, kind, serial, field"
_LOOKED_AHEAD = 50


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of review work."""

    task_id: str
    document_id: str
    serial: int
    field: str | None
    kind: TaskKind
    purpose: Purpose
    state: str
    result: str | None
    parent_id: str | None
    lease_user: str | None
    lease_until: dt.datetime | None
    received_at: dt.datetime
    created_at: dt.datetime
    ver: int

    @property
    def owner(self) -> Owner:
        """The document, as new tasks about it need it."""
        return Owner(self.document_id, self.serial, self.received_at)


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How many open tasks of a kind there are, and since when the oldest waits."""

    kind: TaskKind
    purpose: Purpose
    open: int
    oldest: dt.datetime | None


class Queue:
    """Claims tasks and gives them back."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def task(self, task_id: str) -> Task | None:
        """A task by its identifier."""
        # Most are open, and what is open is little: the past is looked through only for others.
        row = self._database.row(f"select {_OPEN} from open_task where task_id = ?", [task_id])
        row = row or self._database.row(f"select {_ALL} from task where task_id = ?", [task_id])
        return _task(row) if row else None

    def of_document(self, document_id: str) -> list[Task]:
        """All tasks of a document, in order."""
        rows = self._database.rows(
            f"select {_ALL} from task where {OF_DOCUMENT} order by ordinal, created_at",
            [document_id],
        )
        return [_task(row) for row in rows]

    def left(self) -> int:
        """How many tasks are open."""
        return int(self._database.rows("select count(*) from open_task")[0][0])

    def counts(self) -> list[QueueCount]:
        """Open tasks by kind and purpose."""
        rows = self._database.rows(
            "select kind, purpose, count(*), min(created_at) from open_task "
            "group by all order by kind, purpose"
        )
        return [QueueCount(TaskKind(k), Purpose(p), n, oldest) for k, p, n, oldest in rows]

    def claim_next(self, actor: Actor, lease_minutes: int) -> Task | None:
        """Lease the next task that this person may do.

        A task that the person holds already comes first, so that a page loaded again shows the
        same task; what lies on somebody's carpet is passed over. Nobody settles a mismatch that
        their own keying made.
        """
        now = utc_now()
        until = now + dt.timedelta(minutes=lease_minutes)
        with self._database.writing() as cursor:
            held = _held(cursor, actor, now)
            task_id = held or _next_free(cursor, actor, now)
            if task_id is None:
                return None
            leased = cursor.execute(
                "update open_task set lease_user = ?, lease_until = ?, lease_carpet = null "
                f"where task_id = ? returning {_OPEN}",
                [actor.user_id, until, task_id],
            ).fetchall()
            task = _task(leased[0])
            if held is None:
                subject = f"task:{task.task_id}"
                self._audit.append(cursor, actor, "task.claim", subject, field=task.field)
        return task

    def claim(self, actor: Actor, task_id: str, lease_minutes: int) -> Task:
        """Lease one task that was chosen.

        Raises:
            PolicyError: ``TASK_STALE`` where it is closed or leased to somebody else;
                ``TASK_NOT_YOURS`` where the person keyed what it settles.
        """
        now = utc_now()
        with self._database.writing() as cursor:
            until = now + dt.timedelta(minutes=lease_minutes)
            claimed = cursor.execute(
                "update open_task set lease_user = ?, lease_until = ?, lease_carpet = null "
                "where task_id = ? and (lease_user is null or lease_user = ? or lease_until < ?) "
                f"returning {_OPEN}",
                [actor.user_id, until, task_id, actor.user_id, now],
            ).fetchall()
            if not claimed:
                raise stale_task(cursor, task_id, actor, now)
            task = _task(claimed[0])
            require_third_person(cursor, task, actor)
        return task

    def release(self, actor: Actor, task_id: str) -> None:
        """Give a task back undone."""
        with self._database.writing() as cursor:
            cursor.execute(
                "update open_task set lease_user = null, lease_until = null "
                "where task_id = ? and lease_user = ?",
                [task_id, actor.user_id],
            )
            self._audit.append(cursor, actor, "task.release", f"task:{task_id}")

    def release_all(self, actor: Actor) -> None:
        """Give back whatever a person holds (at log-out)."""
        with self._database.writing() as cursor:
            cursor.execute(
                "update open_task set lease_user = null, lease_until = null where lease_user = ?",
                [actor.user_id],
            )


def require_third_person(cursor: Any, task: Task, actor: Actor) -> None:
    """Refuse that somebody settles what they keyed themselves.

    Raises:
        PolicyError: ``TASK_NOT_YOURS``.
    """
    if _keyed_it(cursor, task, actor):
        raise PolicyError(
            "TASK_NOT_YOURS",
            ja="自分が入力した項目の不一致は、別の人が判定します。",
            en="Somebody else settles a mismatch with your own keying.",
        )


def _held(cursor: Any, actor: Actor, now: dt.datetime) -> str | None:
    """The first task that a person holds and may do."""
    held = cursor.execute(
        f"select {_CHOSEN_BY} from open_task "
        f"where lease_user = ? and lease_until >= ? and lease_carpet is null {_ORDER}",
        [actor.user_id, now],
    ).fetchall()
    return _first_allowed(cursor, held, actor)


def _next_free(cursor: Any, actor: Actor, now: dt.datetime) -> str | None:
    """The first task that nobody holds and the person may do."""
    ahead = 0
    while True:
        # Mostly the first will do. By as few columns as can be: all open tasks are compared.
        limit = f"limit {_LOOKED_AHEAD if ahead else 1} offset {ahead}"
        free = cursor.execute(
            f"select {_CHOSEN_BY} from open_task where {_FREE} {_ORDER} {limit}", [now]
        ).fetchall()
        allowed = _first_allowed(cursor, free, actor)
        if allowed is not None or not free:
            return allowed
        ahead += len(free)


def _first_allowed(cursor: Any, rows: list[tuple[Any, ...]], actor: Actor) -> str | None:
    settling = [(serial, field) for _, kind, serial, field in rows if kind == TaskKind.ADJUDICATE]
    own = _own_keyings(cursor, {serial for serial, _ in settling}, actor) if settling else ()
    for task_id, kind, serial, field in rows:
        mine = {task for s, f, task in own if (s, f) == (serial, field)} - {task_id}
        if kind != TaskKind.ADJUDICATE or not mine:
            return str(task_id)
    return None


def _own_keyings(
    cursor: Any, serials: Collection[int], actor: Actor
) -> list[tuple[int, str | None, str]]:
    """What a person has decided about these documents: document, field, task."""
    rows: list[tuple[int, str | None, str]] = cursor.execute(
        "select serial, field, task_id from decision where user_id = ? "
        "and serial in (select unnest(?::bigint[]))",
        [actor.user_id, list(serials)],
    ).fetchall()
    return rows


def _keyed_it(cursor: Any, task: Task, actor: Actor) -> bool:
    """Whether a task settles a mismatch that the person's own keying is part of."""
    row = (task.task_id, task.kind, task.serial, task.field)
    return _first_allowed(cursor, [row], actor) is None


def _task(row: tuple[Any, ...]) -> Task:
    values = list(row)
    values[4], values[5] = TaskKind(row[4]), Purpose(row[5])
    return Task(*values)
