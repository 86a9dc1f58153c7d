"""Who works on what, how long work waits against the promise, and moving it from one to another.

The promise counts from the receipt of a document, for that is what its sender waits from.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from pipeline.domain.errors import InputError
from pipeline.domain.roles import Role
from pipeline.store.arrivals.tasking import Purpose, TaskKind
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database
from pipeline.store.reviewing.queue import Queue, require_third_person
from pipeline.store.reviewing.staleness import stale, stale_task

SOON_SHARE = 0.75
"""From this share of the promise on, work counts as due soon."""
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open work of a kind against the promise."""

    kind: TaskKind
    purpose: Purpose
    open: int
    soon: int
    late: int
    oldest: dt.datetime


@dataclass(frozen=True, slots=True)
class Worker:
    """What one person holds and has decided."""

    name: str
    role: Role
    held: int
    until: dt.datetime | None
    last_hour: int
    today: int


@dataclass(frozen=True, slots=True)
class OpenTask:
    """One open task: somebody holds it, or it waits."""

    task_id: str
    document_id: str
    field: str | None
    kind: TaskKind
    received_at: dt.datetime
    holder: str | None
    until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the queue would be empty at the pace of the last hours.

    Attributes:
        open: Open review tasks; samples are done when there is time and are not counted.
        done_per_hour: Tasks that people closed.
        new_per_hour: Tasks that came in.
        hours_left: Until nothing is open, if both go on; None where it would never be.
    """

    open: int
    done_per_hour: float
    new_per_hour: float
    hours_left: float | None


class Assignments:
    """The supervisor's view of the queue, and their hand in it."""

    def __init__(self, database: Database, audit: Audit, queue: Queue) -> None:
        self._database = database
        self._audit = audit
        self._queue = queue

    def waiting(self, sla_hours: float) -> list[Waiting]:
        """Open tasks by kind, with how many are late or soon will be.

        Args:
            sla_hours: The promise, hours from the receipt of the document.
        """
        now = utc_now()
        late = now - dt.timedelta(hours=sla_hours)
        soon = now - dt.timedelta(hours=sla_hours * SOON_SHARE)
        rows = self._database.rows(
            "select kind, purpose, count(*), "
            "count(*) filter (received_at <= ? and received_at > ?), "
            "count(*) filter (received_at <= ?), min(received_at) "
            "from open_task group by all order by purpose, kind",
            [soon, late, late],
        )
        return [Waiting(TaskKind(r[0]), Purpose(r[1]), *r[2:]) for r in rows]

    def forecast(self, hours: int = 3) -> Forecast:
        """How long the open review tasks will take at the pace of the last hours."""
        since = utc_now() - dt.timedelta(hours=hours)
        row = self._database.row(
            # A task closes with a decision on it, so only decisions since then can have done it.
            "with done as (select c.created_at, d.task_id is not null as by_person "
            "  from closed_task c left join (select distinct task_id from decision "
            "    where decided_at > ?) d using (task_id) "
            "  where c.purpose = 'review' and c.closed_at > ?) "
            "select (select count(*) from open_task where purpose = 'review'), "
            "(select count(*) from open_task where purpose = 'review' and created_at > ?) "
            "+ (select count(*) from done where created_at > ?), "
            "(select count(*) from done where by_person)",
            [since, since, since, since],
        )
        held, new, done = row if row else (0, 0, 0)
        per_hour = (done - new) / hours
        left = 0.0 if not held else held / per_hour if per_hour > 0 else None
        return Forecast(held, done / hours, new / hours, left)

    def workers(self, day_began: dt.datetime) -> list[Worker]:
        """Everybody who may review: what they hold now and what they decided.

        Args:
            day_began: Midnight of today in Japan, UTC without a zone.
        """
        now = utc_now()
        hour_began = now - dt.timedelta(hours=1)
        rows = self._database.rows(
            "with held as (select lease_user, count(*) as n, max(lease_until) as until "
            "  from open_task where lease_until >= ? group by lease_user), "
            "decided as (select user_id, count(*) filter (decided_at > ?) as hour, "
            "  count(*) filter (decided_at >= ?) as today "
            "  from decision where decided_at >= ? group by user_id) "
            "select p.name, p.role, coalesce(h.n, 0), h.until, coalesce(d.hour, 0), "
            "coalesce(d.today, 0) from person p left join held h on h.lease_user = p.user_id "
            "left join decided d on d.user_id = p.user_id "
            "where p.role in ('reviewer', 'supervisor') and p.disabled_at is null "
            "order by p.name",
            [now, hour_began, day_began, min(hour_began, day_began)],
        )
        return [Worker(r[0], Role(r[1]), *r[2:]) for r in rows]

    def tasks(self) -> list[OpenTask]:
        """What is held, then what has waited longest, up to ``MOST_SHOWN`` tasks."""
        now = utc_now()
        rows = self._database.rows(
            # What waits is chosen by numbers before anything is joined to it.
            "with held as (select * from open_task where purpose = 'review' and lease_until >= ?), "
            "waiting as (select * from open_task where purpose = 'review' "
            "  and (lease_until is null or lease_until < ?) order by received_at, serial, ordinal "
            "  limit ?), "
            "shown as (select * from held union all select * from waiting) "
            "select t.task_id, t.document_id, t.field, t.kind, t.received_at, p.name, "
            "case when p.name is null then null else t.lease_until end from shown t "
            "left join person p on p.user_id = t.lease_user and t.lease_until >= ? "
            "order by p.name is null, p.name, t.received_at, t.serial, t.ordinal limit ?",
            [now, now, MOST_SHOWN, now, MOST_SHOWN],
        )
        return [OpenTask(r[0], r[1], r[2], TaskKind(r[3]), *r[4:]) for r in rows]

    def take_back(self, actor: Actor, task_id: str) -> None:
        """Give a task that somebody holds back to everybody; what they send then is stale.

        Raises:
            PolicyError: ``TASK_STALE`` where it is closed by now.
        """
        with self._database.writing() as cursor:
            done = cursor.execute(
                "update open_task set lease_user = null, lease_until = null, ver = ver + 1 "
                "where task_id = ? returning field",
                [task_id],
            ).fetchall()
            if not done:
                raise stale_task(cursor, task_id, actor, utc_now())
            self._audit.append(cursor, actor, "task.take_back", f"task:{task_id}", field=done[0][0])

    def take_back_all(self, actor: Actor, name: str) -> int:
        """Give back all that somebody holds; says how many tasks it was.

        Raises:
            InputError: ``USER_UNKNOWN``.
        """
        with self._database.writing() as cursor:
            user_id = _reviewer(cursor, name)
            done = cursor.execute(
                "update open_task set lease_user = null, lease_until = null, ver = ver + 1 "
                "where lease_user = ? returning task_id",
                [user_id],
            ).fetchall()
            self._audit.append(cursor, actor, "task.take_back", f"user:{user_id}")
        return len(done)

    def assign(self, actor: Actor, task_id: str, name: str, lease_minutes: int) -> None:
        """Lease a task to somebody: it is the next one that they are shown.

        Raises:
            InputError: ``USER_UNKNOWN`` for nobody who may review.
            PolicyError: ``TASK_STALE``; ``TASK_NOT_YOURS`` where that person keyed what it settles.
        """
        task = self._queue.task(task_id)
        if task is None or task.state != "open":
            raise stale()
        now = utc_now()
        with self._database.writing() as cursor:
            user_id = _reviewer(cursor, name)
            require_third_person(cursor, task, Actor(user_id, Role.REVIEWER))
            done = cursor.execute(
                "update open_task set lease_user = ?, lease_until = ?, ver = ver + 1 "
                "where task_id = ? and ver = ? returning 1",
                [user_id, now + dt.timedelta(minutes=lease_minutes), task_id, task.ver],
            ).fetchall()
            if not done:
                raise stale()
            self._audit.append(
                cursor, actor, "task.assign", f"task:{task_id}", field=task.field, detail=user_id
            )


def _reviewer(cursor: duckdb.DuckDBPyConnection, name: str) -> str:
    rows = cursor.execute(
        "select user_id from person where name = ? and role in ('reviewer', 'supervisor') "
        "and disabled_at is null",
        [name],
    ).fetchall()
    if not rows:
        raise InputError(
            "USER_UNKNOWN",
            ja="確認作業のできる利用者にその名前はありません。",
            en="Nobody of that name may review.",
        )
    return str(rows[0][0])
