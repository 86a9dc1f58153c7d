"""Figures for operators, analysts and supervisors: counts and times, never a value."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pipeline.store.clock import utc_now
from pipeline.store.database import Database, places

# Times are stored in UTC; people count hours and days by the clock on the wall.
_LOCAL = "{column} + interval 9 hours"


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """One batch: everything in, everything out.

    Attributes:
        routes: Documents by route.
        quarantined: Quarantined files by reason.
    """

    batch_id: str
    loaded_at: dt.datetime
    arrivals: int
    loaded: int
    duplicate: int
    quarantined_files: int
    documents: int
    routes: dict[str, int]
    quarantined: dict[str, int]

    @property
    def reconciles(self) -> bool:
        """Whether every file that came in left as loaded, duplicate or quarantined."""
        return self.arrivals == self.loaded + self.duplicate + self.quarantined_files


@dataclass(frozen=True, slots=True)
class Throughput:
    """Documents in each slot of time.

    Attributes:
        slots: Start of each slot, Japan time.
        loaded: Documents loaded in it, by route.
        decided: Documents decided in it.
    """

    slots: list[dt.datetime]
    loaded: dict[str, list[int]]
    decided: list[int]


@dataclass(frozen=True, slots=True)
class SilentErrors:
    """What blind keying of accepted fields has shown, for one field or all.

    Attributes:
        sampled: Accepted fields keyed blind and settled.
        wrong: Of those, where the machine was wrong.
        waiting: Sample tasks still open.
    """

    field: str
    sampled: int
    wrong: int
    waiting: int


class Figures:
    """Reads figures from the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def batches(self, limit: int = 100) -> list[BatchFigures]:
        """The newest batches."""
        return self._batches("", [], limit)

    def batch(self, batch_id: str) -> BatchFigures | None:
        """One batch, or None where it was not loaded."""
        return next(iter(self._batches("where b.batch_id = ?", [batch_id], 1)), None)

    def _batches(self, where: str, parameters: list[str], limit: int) -> list[BatchFigures]:
        rows = self._database.rows(
            f"""
            select b.batch_id, b.loaded_at, b.arrivals, b.documents,
              count(*) filter (a.outcome = 'loaded'),
              count(*) filter (a.outcome = 'duplicate'),
              count(*) filter (a.outcome = 'quarantined')
            from (select * from batch b {where} order by loaded_at desc limit {int(limit)}) b
            left join arrival a using (batch_id) group by all order by b.loaded_at desc
            """,
            parameters,
        )
        if not rows:
            return []
        # Only what is shown is counted: there may be ten thousand other batches.
        shown = [row[0] for row in rows]
        these = f"batch_id in {places(shown)}"
        routes = self._by_batch(
            f"select batch_id, route, count(*) from document where {these} group by all", shown
        )
        reasons = self._by_batch(
            "select batch_id, coalesce(reason, 'UNKNOWN'), count(*) from arrival "
            f"where outcome = 'quarantined' and {these} group by all",
            shown,
        )
        return [
            BatchFigures(
                batch_id,
                loaded_at,
                arrivals,
                loaded,
                duplicate,
                quarantined,
                documents,
                routes.get(batch_id, {}),
                reasons.get(batch_id, {}),
            )
            for batch_id, loaded_at, arrivals, documents, loaded, duplicate, quarantined in rows
        ]

    def totals(self, *names: str) -> dict[str, dict[str, int]]:
        """Counts over everything: arrivals, routes, outcomes, findings, open tasks.

        Args:
            names: Those that are wanted; all where none is named.
        """
        questions = {
            "arrivals": "select outcome, count(*) from arrival group by all",
            "routes": "select route, count(*) from document group by all",
            "outcomes": "select coalesce(outcome, 'open'), count(*) from document group by all",
            "forms": "select coalesce(form, 'unknown'), count(*) from document group by all",
            "findings": "select code, count(distinct document_id) from finding group by all",
            "tasks": "select kind, count(*) from open_task group by all",
        }
        return {
            name: {str(k): int(n) for k, n in sorted(self._database.rows(sql))}
            for name, sql in questions.items()
            if not names or name in names
        }

    def throughput(self, unit: str, slots: int) -> Throughput:
        """Documents by hour or day, up to now.

        Args:
            unit: ``hour`` or ``day``.
            slots: How many of them.
        """
        if unit not in ("hour", "day"):
            raise ValueError("hour or day")
        step = dt.timedelta(hours=1) if unit == "hour" else dt.timedelta(days=1)
        now = utc_now() + dt.timedelta(hours=9)
        last = now.replace(minute=0, second=0, microsecond=0)
        if unit == "day":
            last = last.replace(hour=0)
        starts = [last - step * n for n in reversed(range(slots))]
        place = {start: n for n, start in enumerate(starts)}
        loaded: dict[str, list[int]] = {}
        for slot, route, count in self._slots("loaded_at", unit, starts[0], "route"):
            if slot in place:
                loaded.setdefault(route, [0] * slots)[place[slot]] += count
        decided = [0] * slots
        for slot, _, count in self._slots("decided_at", unit, starts[0], "1"):
            if slot in place:
                decided[place[slot]] += count
        return Throughput(starts, loaded, decided)

    def stage_times(self) -> list[tuple[str, int, float, float]]:
        """Per stage of the examination: documents, median and 95th percentile, milliseconds."""
        return [
            (str(stage), int(n), float(p50), float(p95))
            for stage, n, p50, p95 in self._database.rows(
                "select stage, count(*), quantile_cont(duration_ms, 0.5), "
                "quantile_cont(duration_ms, 0.95) from timing group by stage order by 3 desc"
            )
        ]

    def silent_errors(self) -> list[SilentErrors]:
        """The blind sample, per field."""
        rows = self._database.rows(
            """
            select field,
              count(*) filter (state = 'closed' and result in
                ('agreed', 'machine_right', 'machine_wrong')),
              count(*) filter (state = 'closed' and result = 'machine_wrong'),
              count(*) filter (state = 'open')
            from task where purpose = 'sample' and field is not null group by field order by field
            """
        )
        return [SilentErrors(*row) for row in rows]

    def people_today(self) -> list[tuple[str, int]]:
        """Decisions today by person, most first; what was taken back does not count."""
        nine = dt.timedelta(hours=9)
        midnight = (utc_now() + nine).replace(hour=0, minute=0, second=0, microsecond=0) - nine
        rows = self._database.rows(
            """
            with today as (select * from decision where decided_at >= ?)
            select coalesce(p.name, d.user_id), count(*) from today d
            left join person p using (user_id)
            where d.undoes is null
            and not exists (select 1 from today u where u.undoes = d.decision_id)
            group by all order by 2 desc, 1
            """,
            [midnight],
        )
        return [(str(name), int(n)) for name, n in rows]

    def _slots(
        self, column: str, unit: str, since: dt.datetime, group: str
    ) -> list[tuple[dt.datetime, str, int]]:
        local = _LOCAL.format(column=column)
        return [
            (_moment(slot), str(name), int(count))
            for slot, name, count in self._database.rows(
                f"select date_trunc('{unit}', {local}), {group}, count(*) from document "
                f"where {column} is not null and {local} >= ? group by all",
                [since],
            )
        ]

    def _by_batch(self, sql: str, batches: list[str]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for batch_id, name, count in self._database.rows(sql, batches):
            found.setdefault(batch_id, {})[name] = count
        return found


def _moment(slot: dt.date | dt.datetime) -> dt.datetime:
    # DuckDB gives a date for day and a timestamp for hour.
    return slot if isinstance(slot, dt.datetime) else dt.datetime(slot.year, slot.month, slot.day)
