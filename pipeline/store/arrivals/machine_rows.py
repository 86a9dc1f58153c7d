"""What the machine found in new documents, as rows for the tables; the numbers come when written.

The rows are made before a batch has its turn to write. A document's number is known only then, so
here documents are counted from 1 and the number of the last one there is is added in the turn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa

from pipeline.store.arrivals.records import (
    Arrival,
    LoadedCheck,
    LoadedDocument,
    LoadedField,
    LoadedFinding,
)
from pipeline.store.arrivals.repeats import applicants, sheets

PARTS = ("page", "field", "finding", "photo_check", applicants.TABLE, sheets.TABLE, "timing")
"""Tables that hold what the machine found, beside ``document``."""


def tables(
    batch_id: str, documents: Mapping[str, tuple[Arrival, LoadedDocument]], now: dt.datetime
) -> dict[str, pa.Table]:
    """The rows of new documents by table; in ``serial`` their place in the batch, from 1."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("document", *PARTS)}
    for place, (key, (arrival, document)) in enumerate(documents.items(), start=1):
        mine = {"document_id": key, "serial": place}
        rows["document"].append(mine | _document_row(batch_id, arrival, document, now))
        rows["page"].append(mine | _page_row(document))
        rows["field"] += [mine | row for row in _field_rows(document)]
        rows["finding"] += _numbered(mine, [_as_row(f) for f in document.findings])
        rows["photo_check"] += _numbered(mine, _check_rows(document))
        rows[applicants.TABLE] += [mine | row for row in applicants.mark_rows(document)]
        rows[sheets.TABLE] += [mine | row for row in sheets.mark_rows(document)]
        rows["timing"] += [
            {"document_id": key, "batch_id": batch_id, "stage": stage, "duration_ms": duration}
            for stage, duration in document.stage_ms
        ]
    return {name: _table(found) for name, found in rows.items() if found}


def arrival_rows(batch_id: str, arrivals: Sequence[Arrival]) -> pa.Table:
    """The rows of the files that came in, whatever became of them."""
    return _table([_arrival_row(batch_id, n, a) for n, a in enumerate(arrivals)])


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    names = list(rows[0]) if rows else []
    return pa.table({name: [row[name] for row in rows] for name in names})


def _numbered(mine: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**mine, "ordinal": ordinal, **row} for ordinal, row in enumerate(rows)]


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


def _page_row(document: LoadedDocument) -> dict[str, Any]:
    return {
        "number": document.page,
        "residual_px": document.residual_px,
        "inliers": document.inliers,
        "rotation_quarters": document.rotation_quarters,
    }


def _field_rows(document: LoadedDocument) -> list[dict[str, Any]]:
    rows = []
    for ordinal, one in enumerate(document.fields, start=1):
        row = {"ordinal": ordinal, **_as_row(one)}
        origin = row.pop("crop_origin_px")
        row["crop_x_px"], row["crop_y_px"] = origin or (None, None)
        rows.append(row)
    return rows


def _check_rows(document: LoadedDocument) -> list[dict[str, Any]]:
    rows = []
    for check in document.photo_checks:
        row = _as_row(check)
        row["check_name"] = row.pop("check")
        rows.append(row)
    return rows


def _as_row(one: LoadedField | LoadedFinding | LoadedCheck) -> dict[str, Any]:
    """A record's own columns; what is in them is not copied, as ``asdict`` would."""
    return {column.name: getattr(one, column.name) for column in fields(one)}


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
