"""Finding the same sheet of paper scanned twice, in one batch or in two: linked, never dropped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from pipeline.domain.documents import FieldName
from pipeline.domain.findings import FindingCode, Severity
from pipeline.store.arrivals.records import LoadedDocument
from pipeline.store.arrivals.rescans import REPLACED
from pipeline.store.arrivals.sheet_marks import Marks, differing, same_sheet
from pipeline.store.database import insert

TABLE = "sheet_mark"
_ORDINAL = 1001  # after everything that the examination found


def mark_rows(document: LoadedDocument) -> list[dict[str, Any]]:
    """The rows of a document's sheet marks."""
    return [
        {
            "document_id": document.document_id,
            "form": document.form,
            "field": field.value,
            "mark": mark,
        }
        for field, mark in document.sheet
        if document.form
    ]


def flag_repeated_sheets(
    cursor: duckdb.DuckDBPyConnection, fresh: Sequence[LoadedDocument], serials: Mapping[str, int]
) -> set[str]:
    """Add DUPLICATE_SCAN to every new document whose sheet was scanned before; which ones.

    Two in the same batch count as well: the second of them is flagged. A page that was replaced
    by a rescan is no earlier scan.
    """
    by_form: dict[str, list[LoadedDocument]] = {}
    for document in fresh:
        if document.form and document.sheet:
            by_form.setdefault(document.form, []).append(document)
    rows = []
    for form, documents in by_form.items():
        known = list(_known(cursor, form, [d.document_id for d in documents]))
        for document in documents:
            mine = dict(document.sheet)
            other = next((one for one in known if same_sheet(mine, one[1])), None)
            if other is not None:
                row = _row(document.document_id, other[0], mine, other[1])
                rows.append(row | {"serial": serials[document.document_id]})
            known.append((document.document_id, mine))
    insert(cursor, "finding", rows)
    return {str(row["document_id"]) for row in rows}


def _known(
    cursor: duckdb.DuckDBPyConnection, form: str, fresh: list[str]
) -> Iterable[tuple[str, Marks]]:
    found = cursor.execute(
        """
        select m.document_id, list(m.field order by m.field), list(m.mark order by m.field)
        from sheet_mark m join document d using (document_id)
        where m.form = ? and not list_contains(?::varchar[], m.document_id)
          and d.outcome is distinct from ?
        group by m.document_id order by min(d.received_at), m.document_id
        """,
        [form, fresh, REPLACED],
    ).fetchall()
    for document, fields, marks in found:
        pairs = zip(fields, marks, strict=True)
        yield document, {FieldName(name): bytes(mark) for name, mark in pairs}


def _row(document: str, other: str, mine: Marks, theirs: Marks) -> dict[str, Any]:
    compared = differing(mine, theirs)
    evidence = {
        "document": other,
        "fields_compared": len(compared),
        "fields_only_on_one": len(mine.keys() ^ theirs.keys()),
    }
    return {
        "document_id": document,
        "ordinal": _ORDINAL,
        "code": FindingCode.DUPLICATE_SCAN.value,
        "severity": Severity.REVIEW.value,
        "field": None,
        "position": None,
        "evidence": json.dumps(evidence),
    }
