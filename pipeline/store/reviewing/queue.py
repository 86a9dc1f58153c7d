"""The queue: tasks claimed with a lease, by whoever may work on them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from pipeline.domain.errors import PolicyError
from pipeline.store.arrivals.tasking import Purpose, TaskKind
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database

_COLUMNS = (
    "task_id, document_id, field, kind, purpose, state, result, parent_id, lease_user, "
    "lease_until, created_at, ver"
)


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of review work."""

    task_id: str
    document_id: str
    field: str | None
    kind: TaskKind
    purpose: Purpose
    state: str
    result: str | None
    parent_id: str | None
    lease_user: str | None
    lease_until: dt.datetime | None
    created_at: dt.datetime
    ver: int


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How many open tasks of a kind there are, and since when the oldest waits."""

    kind: TaskKind
    purpose: Purpose
    open: int
    oldest: dt.datetime | None


def stale() -> PolicyError:
    """The error for work on something that changed meanwhile (HTTP 409)."""
    return PolicyError(
        "TASK_STALE",
        ja="この作業は、開いている間に他の人が処理したか、期限が切れました。",
        en="This task was finished by somebody else or its lease ended while you had it open.",
        remedy_ja="次の作業に進んでください。何も上書きされていません。",
        remedy_en="Go on to the next task. Nothing was overwritten.",
    )


class Queue:
    """Claims tasks and gives them back."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def task(self, task_id: str) -> Task | None:
        """A task by its identifier."""
        row = self._database.row(f"select {_COLUMNS} from task where task_id = ?", [task_id])
        return _task(row) if row else None

    def of_document(self, document_id: str) -> list[Task]:
        """All tasks of a document, in order."""
        rows = self._database.rows(
            f"select {_COLUMNS} from task where document_id = ? order by ordinal, created_at",
            [document_id],
        )
        return [_task(row) for row in rows]

    def counts(self) -> list[QueueCount]:
        """Open tasks by kind and purpose."""
        rows = self._database.rows(
            "select kind, purpose, count(*), min(created_at) from task where state = 'open' "
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
            row = cursor.execute(
                f"""
                select {_COLUMNS} from task t
                where state = 'open'
                  and (lease_user is null or lease_user = ? or lease_until < ?)
                  and (lease_carpet is null or lease_user is null or lease_until < ?)
                  and not (kind = 'adjudicate' and exists (
                    select 1 from decision d
                    where d.document_id = t.document_id and d.field = t.field and d.user_id = ?
                      and d.task_id <> t.task_id))
                order by (lease_user = ? and lease_until >= ?) desc nulls last,
                  priority, created_at, document_id, ordinal, task_id
                limit 1
                """,
                [actor.user_id, now, now, actor.user_id, actor.user_id, now],
            ).fetchone()
            if row is None:
                return None
            until = now + dt.timedelta(minutes=lease_minutes)
            cursor.execute(
                "update task set lease_user = ?, lease_until = ?, lease_carpet = null "
                "where task_id = ?",
                [actor.user_id, until, row[0]],
            )
        task = _task(row)
        if task.lease_user != actor.user_id:
            self._audit.note(actor, "task.claim", f"task:{task.task_id}", field=task.field)
        return self.task(task.task_id)

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
                "update task set lease_user = ?, lease_until = ?, lease_carpet = null "
                "where task_id = ? and state = 'open' "
                "and (lease_user is null or lease_user = ? or lease_until < ?) "
                f"returning {_COLUMNS}",
                [actor.user_id, until, task_id, actor.user_id, now],
            ).fetchall()
            if not claimed:
                raise stale()
            task = _task(claimed[0])
            require_third_person(cursor, task, actor)
        return task

    def release(self, actor: Actor, task_id: str) -> None:
        """Give a task back undone."""
        with self._database.writing() as cursor:
            cursor.execute(
                "update task set lease_user = null, lease_until = null "
                "where task_id = ? and lease_user = ? and state = 'open'",
                [task_id, actor.user_id],
            )
            self._audit.append(cursor, actor, "task.release", f"task:{task_id}")

    def release_all(self, actor: Actor) -> None:
        """Give back whatever a person holds (at log-out)."""
        with self._database.writing() as cursor:
            cursor.execute(
                "update task set lease_user = null, lease_until = null "
                "where lease_user = ? and state = 'open'",
                [actor.user_id],
            )


def require_third_person(cursor: Any, task: Task, actor: Actor) -> None:
    """Refuse that somebody settles what they keyed themselves.

    Raises:
        PolicyError: ``TASK_NOT_YOURS``.
    """
    if task.kind != TaskKind.ADJUDICATE:
        return
    own = cursor.execute(
        "select 1 from decision where document_id = ? and field = ? and user_id = ? "
        "and task_id <> ? limit 1",
        [task.document_id, task.field, actor.user_id, task.task_id],
    ).fetchall()
    if own:
        raise PolicyError(
            "TASK_NOT_YOURS",
            ja="自分が入力した項目の不一致は、別の人が判定します。",
            en="Somebody else settles a mismatch with your own keying.",
        )


def _task(row: tuple[Any, ...]) -> Task:
    values = list(row)
    values[3], values[4] = TaskKind(row[3]), Purpose(row[4])
    return Task(*values)
