"""Loading a batch: one transaction with its ledger row; sending it twice changes nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb

from pipeline.domain.documents import FieldName, Route
from pipeline.domain.errors import InputError
from pipeline.domain.findings import FindingCode, Severity
from pipeline.store.arrivals import arrow_schema, open_tasks, repeated_sheets
from pipeline.store.arrivals.families import FAMILIES
from pipeline.store.arrivals.records import Arrival, LoadedDocument
from pipeline.store.arrivals.rescans import REPLACED, Rescans
from pipeline.store.arrivals.tasking import PlannedTask, Purpose, TaskKind, plan
from pipeline.store.auditing.audit import SYSTEM, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database, insert

_BATCH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}", re.ASCII)
_PARTS = ("page", "field", "finding", "photo_check", "blind_mark", repeated_sheets.TABLE, "timing")


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


class Loading:
    """Writes batches into the database."""

    def __init__(
        self, database: Database, audit: Audit, rescans: Rescans, sample_rate: float
    ) -> None:
        self._database = database
        self._audit = audit
        self._rescans = rescans
        self._sample_rate = sample_rate
        self._random = random.SystemRandom()

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
        with self._database.writing() as cursor:
            earlier = cursor.execute(
                "select digest, arrivals, documents from batch where batch_id = ?", [batch_id]
            ).fetchall()
            if earlier:
                if earlier[0][0] != digest:
                    raise InputError(
                        "BATCH_CHANGED",
                        ja="同じ識別子で内容の異なるバッチがすでに取り込まれています。",
                        en="A batch with this identifier and other files was loaded before.",
                    )
                return LoadResult(batch_id, True, earlier[0][1], earlier[0][2], 0, 0)
            return self._load_new(cursor, batch_id, digest, arrivals)

    def _load_new(
        self,
        cursor: duckdb.DuckDBPyConnection,
        batch_id: str,
        digest: str,
        arrivals: Sequence[Arrival],
    ) -> LoadResult:
        now = utc_now()
        insert(cursor, "arrival", [_arrival_row(batch_id, n, a) for n, a in enumerate(arrivals)])
        incoming = {d.document_id: (a, d) for a in arrivals for d in a.documents}
        kept = _worked_on(cursor, list(incoming))
        fresh = {key: pair for key, pair in incoming.items() if key not in kept}
        _forget_machine_rows(cursor, list(fresh))
        serials = _numbered(cursor, list(fresh))
        _insert_documents(cursor, batch_id, fresh, serials, now)
        # Before applicants are compared: a page scanned again is no second application.
        self._rescans.settle(cursor, arrivals, now)
        applicants = self._flag_repeated_applicants(cursor, serials)
        repeated = set(applicants) | repeated_sheets.flag_repeated_sheets(
            cursor, [d for _, d in fresh.values()], serials
        )
        _need_a_person(cursor, repeated)
        tasks = []
        for arrival, document in fresh.values():
            planned = plan(document, lambda: self._random.random() < self._sample_rate)
            if document.document_id in repeated and not any(t.field is None for t in planned):
                planned.insert(0, PlannedTask(None, TaskKind.CONFIRM, Purpose.REVIEW, 0))
            barred = applicants.get(document.document_id)
            planned = [replace(t, for_carpet=t.for_carpet and t.field != barred) for t in planned]
            key = document.document_id
            owner = open_tasks.Owner(key, serials[key], arrival.received_at)
            tasks += [open_tasks.new(owner, t, arrival.received_at) for t in planned]
            if not any(t.purpose == Purpose.REVIEW for t in planned):
                _decide_at_once(cursor, document, now)
        open_tasks.add(cursor, tasks)
        cursor.execute(
            "insert into batch values (?, ?, ?, ?, ?)",
            [batch_id, digest, len(arrivals), len(incoming), now],
        )
        self._audit.append(cursor, SYSTEM, "batch.load", f"batch:{batch_id}")
        return LoadResult(batch_id, False, len(arrivals), len(incoming), len(kept), len(tasks))

    def _flag_repeated_applicants(
        self, cursor: duckdb.DuckDBPyConnection, serials: dict[str, int]
    ) -> dict[str, str]:
        """Add DUPLICATE_APPLICANT where an earlier document has the same mark; by which field."""
        if not serials:
            return {}
        # New documents have the greatest numbers of all: by them the few marks to look for are
        # found at once, and all others are passed by once.
        first = min(serials.values())
        pairs = cursor.execute(
            """
            with fresh as materialized (
              select document_id, serial, family, field, mark from blind_mark where serial >= $first
            ), pair as materialized (
              select f.document_id, f.field, o.document_id as other, o.serial as other_serial
              from blind_mark o join fresh f using (family, field, mark)
              where o.serial <> f.serial
            )
            select p.document_id, p.field, min(p.other)
            from pair p
            join document mine on mine.document_id = p.document_id
            join document d on d.document_id = p.other
            where d.outcome is distinct from $replaced
              and (p.other_serial < $first
                or (d.received_at, d.document_id) < (mine.received_at, mine.document_id))
            group by p.document_id, p.field
            """,
            {"first": first, "replaced": REPLACED},
        ).fetchall()
        by_document: dict[str, tuple[str, str]] = {}
        for document, field, other in sorted(pairs):
            by_document.setdefault(document, (field, other))
        rows = [repeated_row(d, serials[d], f, o) for d, (f, o) in by_document.items()]
        insert(cursor, "finding", rows)
        return {document: field for document, (field, _) in by_document.items()}


def _need_a_person(cursor: duckdb.DuckDBPyConnection, documents: set[str]) -> None:
    """Nothing that is there twice is accepted by the machine alone."""
    if documents:
        cursor.execute(
            "update document set route = ? where route = ? "
            "and document_id in (select unnest(?::varchar[]))",
            [Route.CONFIRM, Route.ACCEPT, sorted(documents)],
        )


def repeated_row(document: str, serial: int, field: str, other: str) -> dict[str, Any]:
    """The finding that there is another document of the same applicant."""
    return {
        "document_id": document,
        "serial": serial,
        "ordinal": 1000,
        "code": FindingCode.DUPLICATE_APPLICANT.value,
        "severity": Severity.REVIEW.value,
        "field": field,
        "position": None,
        "evidence": json.dumps({"document": other}),
    }


def _digest(arrivals: Sequence[Arrival]) -> str:
    # Sealing twice gives other bytes, so the batch is known again by what stays the same.
    facts = [
        [a.scan_id, a.outcome, a.reason, [d.document_id for d in a.documents]] for a in arrivals
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _worked_on(cursor: duckdb.DuckDBPyConnection, documents: list[str]) -> set[str]:
    found = cursor.execute(
        "select distinct document_id from decision "
        "where document_id in (select unnest(?::varchar[]))",
        [documents],
    ).fetchall()
    return {row[0] for row in found}


def _forget_machine_rows(cursor: duckdb.DuckDBPyConnection, documents: list[str]) -> None:
    known = cursor.execute(
        "select document_id from document where document_id in (select unnest(?::varchar[]))",
        [documents],
    ).fetchall()
    if known:
        identifiers = [row[0] for row in known]
        for table in (*_PARTS, "open_task", "closed_task", "document"):
            cursor.execute(
                f"delete from {table} where document_id in (select unnest(?::varchar[]))",
                [identifiers],
            )


def _numbered(cursor: duckdb.DuckDBPyConnection, documents: list[str]) -> dict[str, int]:
    """The numbers of new documents, after all there are."""
    last = cursor.execute("select coalesce(max(serial), 0) from document").fetchall()[0][0]
    return {document: last + n for n, document in enumerate(documents, start=1)}


def _insert_documents(
    cursor: duckdb.DuckDBPyConnection,
    batch_id: str,
    documents: dict[str, tuple[Arrival, LoadedDocument]],
    serials: dict[str, int],
    now: dt.datetime,
) -> None:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("document", *_PARTS)}
    for key, (arrival, document) in documents.items():
        mine = {"document_id": key, "serial": serials[key]}
        rows["document"].append(mine | _document_row(batch_id, arrival, document, now))
        rows["page"].append(
            mine
            | {
                "number": document.page,
                "residual_px": document.residual_px,
                "inliers": document.inliers,
                "rotation_quarters": document.rotation_quarters,
            }
        )
        for ordinal, one in enumerate(document.fields, start=1):
            row = {**mine, "ordinal": ordinal, **asdict(one)}
            origin = row.pop("crop_origin_px")
            row["crop_x_px"], row["crop_y_px"] = origin or (None, None)
            rows["field"].append(row)
        for ordinal, finding in enumerate(document.findings):
            rows["finding"].append({**mine, "ordinal": ordinal, **asdict(finding)})
        for ordinal, check in enumerate(document.photo_checks):
            row = {**mine, "ordinal": ordinal, **asdict(check)}
            row["check_name"] = row.pop("check")
            rows["photo_check"].append(row)
        family = FAMILIES.get(document.form, "") if document.form else ""
        rows["blind_mark"] += [mark_row(key, serials[key], family, f, m) for f, m in document.marks]
        rows[repeated_sheets.TABLE] += repeated_sheets.mark_rows(document)
        rows["timing"] += [
            {"document_id": key, "batch_id": batch_id, "stage": stage, "duration_ms": duration}
            for stage, duration in document.stage_ms
        ]
    for table, found in rows.items():
        insert(cursor, table, found)


def mark_row(
    document: str, serial: int, family: str, field: FieldName, mark: bytes
) -> dict[str, Any]:
    """A blind mark's row."""
    return {
        "document_id": document,
        "serial": serial,
        "family": family,
        "field": field.value,
        "mark": mark,
    }


def _arrival_row(batch_id: str, position: int, arrival: Arrival) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "position": position,
        "scan_id": arrival.scan_id,
        "channel": arrival.channel.value,
        "outcome": arrival.outcome.value,
        "reason": arrival.reason,
        "pages": arrival.pages,
        "received_at": arrival.received_at,
    }


def _document_row(
    batch_id: str, arrival: Arrival, document: LoadedDocument, now: dt.datetime
) -> dict[str, Any]:
    return {
        "scan_id": arrival.scan_id,
        "batch_id": batch_id,
        "channel": arrival.channel.value,
        "form": document.form,
        "form_version": document.form_version,
        "route": document.route.value,
        "photo_verdict": document.photo_verdict,
        "received_at": arrival.received_at,
        "loaded_at": now,
    }


def _decide_at_once(
    cursor: duckdb.DuckDBPyConnection, document: LoadedDocument, now: dt.datetime
) -> None:
    outcome = "accept" if document.route == Route.ACCEPT else "blank"
    cursor.execute(
        "update document set outcome = ?, decided_at = ? where document_id = ?",
        [outcome, now, document.document_id],
    )
