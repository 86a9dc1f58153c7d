"""Loading a batch: one transaction with its ledger row; sending it twice changes nothing.

People decide while batches load, and only one can write at a time. So all that can be done without
writing is done before the turn: rows are made, and whatever was loaded is looked through for the
same sheets and applicants. In the turn it is only asked whether that still holds.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.domain.documents import Route
from pipeline.domain.errors import InputError
from pipeline.store.arrivals import arrow_schema, machine_rows, open_tasks
from pipeline.store.arrivals.records import Arrival, LoadedDocument
from pipeline.store.arrivals.repeats import applicants, sheets
from pipeline.store.arrivals.rescans import Rescans
from pipeline.store.arrivals.tasking import PlannedTask, Purpose, TaskKind, plan
from pipeline.store.auditing.audit import SYSTEM, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database, insert_table, places

_BATCH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}", re.ASCII)

Documents = Mapping[str, tuple[Arrival, LoadedDocument]]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What loading a batch did.

    Attributes:
        repeated: The batch was there already; nothing changed.
        kept: Documents left as they were because a person has worked on them.
    """

    batch_id: str
    repeated: bool
    arrivals: int
    documents: int
    kept: int
    tasks: int


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is known of a batch before its turn to write.

    Attributes:
        known: Documents of it that were loaded before, with their numbers.
        kept: Those of them that a person has worked on.
        fresh: All others, which are written.
        tables: Their rows.
    """

    known: Mapping[str, int]
    kept: frozenset[str]
    fresh: Documents
    tables: Mapping[str, pa.Table]
    applicants: applicants.Found
    sheets: sheets.Found


class Loading:
    """Writes batches into the database."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        rescans: Rescans,
        marks: applicants.BlindMarks,
        sample_rate: float,
    ) -> None:
        self._database = database
        self._audit = audit
        self._rescans = rescans
        self._marks = marks
        self._sample_rate = sample_rate
        self._random = random.SystemRandom()
        # Only loading adds documents: what was looked for before a turn is complete in it.
        self._one_at_a_time = threading.Lock()

    def load(self, content: bytes) -> LoadResult:
        """Load a batch as ``arrow_schema.encode`` made it.

        Raises:
            InputError: ``BATCH_MALFORMED``; ``BATCH_CHANGED`` where a batch of that name was
                loaded with other arrivals.
        """
        batch_id, arrivals = arrow_schema.decode(content)
        if not _BATCH_ID.fullmatch(batch_id):
            raise InputError(
                "BATCH_MALFORMED",
                ja="バッチの識別子が正しくありません。",
                en="The batch has no legal identifier.",
            )
        digest = _digest(arrivals)
        with self._one_at_a_time:
            earlier = self._database.row(
                "select digest, arrivals, documents from batch where batch_id = ?", [batch_id]
            )
            if earlier is not None:
                if earlier[0] != digest:
                    raise InputError(
                        "BATCH_CHANGED",
                        ja="同じ識別子で内容の異なるバッチがすでに取り込まれています。",
                        en="A batch with this identifier and other files was loaded before.",
                    )
                return LoadResult(batch_id, True, earlier[1], earlier[2], 0, 0)
            now = utc_now()
            arrived = machine_rows.arrival_rows(batch_id, arrivals)
            prepared = self._prepare(batch_id, arrivals, now)
            with self._database.writing() as cursor:
                if self._is_outdated(prepared):
                    prepared = self._prepare(batch_id, arrivals, now)
                insert_table(cursor, "arrival", arrived)
                tasks = self._write(cursor, arrivals, prepared, now)
                documents = len(prepared.fresh) + len(prepared.kept)
                cursor.execute(
                    "insert into batch values (?, ?, ?, ?, ?)",
                    [batch_id, digest, len(arrivals), documents, now],
                )
                self._audit.append(cursor, SYSTEM, "batch.load", f"batch:{batch_id}")
        kept = len(prepared.kept)
        return LoadResult(batch_id, False, len(arrivals), documents, kept, tasks)

    def _prepare(self, batch_id: str, arrivals: Sequence[Arrival], now: dt.datetime) -> _Prepared:
        incoming = {d.document_id: (a, d) for a in arrivals for d in a.documents}
        known = self._known(list(incoming))
        kept = self._worked_on(known)
        fresh = {key: pair for key, pair in incoming.items() if key not in kept}
        documents = [document for _, document in fresh.values()]
        return _Prepared(
            known,
            kept,
            fresh,
            machine_rows.tables(batch_id, fresh, now),
            self._marks.search(documents),
            sheets.search(self._database, documents),
        )

    def _is_outdated(self, prepared: _Prepared) -> bool:
        is_corrected = self._marks.is_outdated(prepared.applicants)
        return is_corrected or self._worked_on(prepared.known) != prepared.kept

    def _write(
        self,
        cursor: duckdb.DuckDBPyConnection,
        arrivals: Sequence[Arrival],
        prepared: _Prepared,
        now: dt.datetime,
    ) -> int:
        """Write the documents and their tasks; how many tasks there are."""
        fresh = prepared.fresh
        _forget_machine_rows(cursor, [key for key in prepared.known if key in fresh])
        last = cursor.execute("select coalesce(max(serial), 0) from document").fetchall()[0][0]
        serials = {document: last + place for place, document in enumerate(fresh, start=1)}
        for name, table in prepared.tables.items():
            insert_table(cursor, name, table, add_to_serial=last)
        # Before applicants are compared: a page scanned again is no second application.
        self._rescans.settle(cursor, arrivals, now)
        by_field = applicants.flag(cursor, fresh, serials, prepared.applicants)
        documents = [document for _, document in fresh.values()]
        by_sheet = sheets.flag(cursor, documents, serials, prepared.sheets)
        repeated = set(by_field) | by_sheet
        _need_a_person(cursor, [serials[document] for document in sorted(repeated)])
        tasks: list[dict[str, Any]] = []
        for key, (arrival, document) in fresh.items():
            planned = self._planned(document, by_field.get(key), is_repeated=key in repeated)
            owner = open_tasks.Owner(key, serials[key], arrival.received_at)
            tasks += [open_tasks.new(owner, t, arrival.received_at) for t in planned]
            if not any(t.purpose == Purpose.REVIEW for t in planned):
                _decide_at_once(cursor, document, serials[key], now)
        open_tasks.add(cursor, tasks)
        return len(tasks)

    def _planned(
        self, document: LoadedDocument, barred: str | None, *, is_repeated: bool
    ) -> list[PlannedTask]:
        """The tasks about a new document; ``barred``: the field that no carpet may take."""
        planned = plan(document, lambda: self._random.random() < self._sample_rate)
        if is_repeated and not any(t.field is None for t in planned):
            planned.insert(0, PlannedTask(None, TaskKind.CONFIRM, Purpose.REVIEW, 0))
        return [replace(t, for_carpet=t.for_carpet and t.field != barred) for t in planned]

    def _known(self, documents: list[str]) -> dict[str, int]:
        rows = self._database.rows(
            "select document_id, serial from document "
            "where document_id in (select unnest(?::varchar[]))",
            [documents],
        )
        return dict(rows)

    def _worked_on(self, known: Mapping[str, int]) -> frozenset[str]:
        if not known:
            return frozenset()
        rows = self._database.rows(
            f"select distinct document_id from decision where serial in {places(list(known))}",
            list(known.values()),
        )
        return frozenset(row[0] for row in rows)


def _digest(arrivals: Sequence[Arrival]) -> str:
    # Sealing twice gives other bytes, so the batch is known again by what stays the same.
    facts = [
        [a.scan_id, a.outcome, a.reason, [d.document_id for d in a.documents]] for a in arrivals
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _forget_machine_rows(cursor: duckdb.DuckDBPyConnection, documents: list[str]) -> None:
    if not documents:
        return
    for table in (*machine_rows.PARTS, "open_task", "closed_task", "document"):
        cursor.execute(
            f"delete from {table} where document_id in (select unnest(?::varchar[]))", [documents]
        )


def _need_a_person(cursor: duckdb.DuckDBPyConnection, serials: Sequence[int]) -> None:
    """Nothing that is there twice is accepted by the machine alone."""
    if serials:
        cursor.execute(
            f"update document set route = ? where route = ? and serial in {places(serials)}",
            [Route.CONFIRM, Route.ACCEPT, *serials],
        )


def _decide_at_once(
    cursor: duckdb.DuckDBPyConnection, document: LoadedDocument, serial: int, now: dt.datetime
) -> None:
    outcome = "accept" if document.route == Route.ACCEPT else "blank"
    cursor.execute(
        "update document set outcome = ?, decided_at = ? where serial = ?", [outcome, now, serial]
    )
