"""The queue: tasks claimed with a lease, by whoever may work on them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
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
        with self._database.writing() as cursor:
            task = self._next(cursor, actor, now)
            if task is None:
                return None
            until = now + dt.timedelta(minutes=lease_minutes)
            cursor.execute(
                "update open_task set lease_user = ?, lease_until = ?, lease_carpet = null "
                "where task_id = ?",
                [actor.user_id, until, task.task_id],
            )
            if task.lease_user != actor.user_id:
                subject = f"task:{task.task_id}"
                self._audit.append(cursor, actor, "task.claim", subject, field=task.field)
        return replace(task, lease_user=actor.user_id, lease_until=until)

    def _next(self, cursor: Any, actor: Actor, now: dt.datetime) -> Task | None:
        me = actor.user_id
        mine = "lease_user = ? and lease_until >= ? and lease_carpet is null"
        for task in _tasks(cursor, f"where {mine} {_ORDER}", [me, now]):
            if not _keyed_it(cursor, task, actor):
                return task
        ahead = 0
        while True:
            limit = f"limit {_LOOKED_AHEAD if ahead else 1} offset {ahead}"
            # Chosen by as few columns as can be; the rest is fetched of those chosen.
            chosen = cursor.execute(
                f"select task_id from open_task where {_FREE} {_ORDER} {limit}", [now]
            ).fetchall()
            if not chosen:
                return None
            marks = ", ".join("?" * len(chosen))
            which = f"where task_id in ({marks}) {_ORDER}"
            found = _tasks(cursor, which, [task_id for (task_id,) in chosen])
            barred = _own_mismatches(cursor, found, actor)
            for task in found:
                if task.task_id not in barred:
                    return task
            ahead += len(found)

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


def _keyed_it(cursor: Any, task: Task, actor: Actor) -> bool:
    """Whether a task settles a mismatch that the person's own keying is part of."""
    if task.kind != TaskKind.ADJUDICATE:
        return False
    own = cursor.execute(
        "select 1 from decision where serial = ? and field is not distinct from ? and user_id = ? "
        "and task_id <> ? limit 1",
        [task.serial, task.field, actor.user_id, task.task_id],
    ).fetchall()
    return bool(own)


def _own_mismatches(cursor: Any, tasks: list[Task], actor: Actor) -> set[str]:
    """Which of these settle a mismatch that the person's own keying is part of."""
    settling = [t for t in tasks if t.kind == TaskKind.ADJUDICATE]
    if not settling:
        return set()
    own = cursor.execute(
        "select serial, field, task_id from decision where user_id = ? "
        "and serial in (select unnest(?::bigint[]))",
        [actor.user_id, [t.serial for t in settling]],
    ).fetchall()
    return {
        t.task_id
        for t in settling
        if any((s, f) == (t.serial, t.field) and d != t.task_id for s, f, d in own)
    }


def _tasks(cursor: Any, which: str, parameters: list[object]) -> list[Task]:
    rows = cursor.execute(f"select {_OPEN} from open_task {which}", parameters).fetchall()
    return [_task(row) for row in rows]


def _task(row: tuple[Any, ...]) -> Task:
    values = list(row)
    values[4], values[5] = TaskKind(row[4]), Purpose(row[5])
    return Task(*values)
