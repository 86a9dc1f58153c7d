"""What the audit tells somebody who has to look at it regularly: who saw what, and what is odd.

The guideline asks for records of use and output, deletion and log-ins to be kept and analysed
regularly. These reports are counts by person and day; no value is in them, nor could be.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.store.clock import JAPAN, utc_now
from pipeline.store.database import Database

OFFICE_OPENS, OFFICE_CLOSES = 7, 21
# A day is unusual with this many times the person's own median of views, and at least so many.
_UNUSUAL_TIMES, _UNUSUAL_LEAST = 3, 20
_VIEWS = "action in ('value.view', 'pin.view', 'document.view', 'photo.view')"
_LOCAL = "happened_at + interval 9 hours"

_ACCESS = f"""
select coalesce(p.name, a.user_id), any_value(a.role),
       count(*) filter (action = 'value.view'), count(*) filter (action = 'pin.view'),
       count(*) filter (starts_with(action, 'decision.')),
       count(distinct subject) filter ({_VIEWS}), max(happened_at)
from audit a left join person p using (user_id)
where happened_at >= ? and a.user_id <> 'system'
group by a.user_id, p.name order by 3 + 4 desc, 1
"""
_DAYS = f"""
with days as (
    select user_id, cast({_LOCAL} as date) as day,
           count(*) filter ({_VIEWS}) as views,
           count(*) filter ({_VIEWS} and (
               hour({_LOCAL}) < {OFFICE_OPENS} or hour({_LOCAL}) >= {OFFICE_CLOSES})) as late,
           count(*) filter (action = 'session.refused') as refused
    from audit where happened_at >= ? and user_id <> 'system' group by all
), usual as (select user_id, median(views) as views from days where views > 0 group by all)
select coalesce(p.name, d.user_id), d.day, d.views, coalesce(u.views, 0), d.late, d.refused
from days d left join usual u using (user_id) left join person p using (user_id)
where d.late > 0 or d.refused >= 5
   or (d.views >= {_UNUSUAL_LEAST} and d.views > {_UNUSUAL_TIMES} * u.views)
order by d.day desc, 1
"""
_NAMED = """
select happened_at, coalesce(p.name, a.user_id), action, subject, detail
from audit a left join person p using (user_id)
where happened_at >= ? and (starts_with(action, ?) or starts_with(action, ?))
order by seq desc limit 500
"""


@dataclass(frozen=True, slots=True)
class Access:
    """What one person saw and decided in the time asked for."""

    person: str
    role: str
    values_seen: int
    pins_seen: int
    decisions: int
    documents: int
    last_seen: dt.datetime


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """A day on which a person looked much more than usual, out of hours, or failed to log in."""

    person: str
    day: dt.date
    views: int
    usual_views: float
    out_of_hours: int
    refused_logins: int


@dataclass(frozen=True, slots=True)
class NamedAct:
    """One export or deletion."""

    happened_at: dt.datetime
    person: str
    action: str
    subject: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The reports that the rules ask for."""

    since: dt.datetime
    access: tuple[Access, ...]
    unusual: tuple[UnusualDay, ...]
    exports: tuple[NamedAct, ...]
    deletions: tuple[NamedAct, ...]

    def as_dict(self) -> dict[str, Any]:
        """As plain data; times are ISO 8601, UTC."""
        return {
            name: [
                {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in asdict(row).items()}
                for row in rows
            ]
            for name, rows in (
                ("access", self.access),
                ("unusual", self.unusual),
                ("exports", self.exports),
                ("deletions", self.deletions),
            )
        } | {"since": self.since.isoformat()}


def report(database: Database, days: int) -> AuditReport:
    """The reports over so many days, today included."""
    today = utc_now().replace(tzinfo=dt.UTC).astimezone(JAPAN).date()
    first = dt.datetime.combine(today - dt.timedelta(days=days - 1), dt.time(), JAPAN)
    since = first.astimezone(dt.UTC).replace(tzinfo=None)

    def named(*starts: str) -> tuple[NamedAct, ...]:
        return tuple(NamedAct(*row) for row in database.rows(_NAMED, [since, *starts]))

    return AuditReport(
        since,
        tuple(Access(*row) for row in database.rows(_ACCESS, [since])),
        tuple(UnusualDay(*row) for row in database.rows(_DAYS, [since])),
        named("export", "snapshot"),
        named("purge", "key."),
    )
