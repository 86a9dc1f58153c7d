"""Finding the same sheet of paper scanned twice, in one batch or in two: linked, never dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.findings import FindingCode, Severity
from pipeline.store.arrivals.records import LoadedDocument
from pipeline.store.arrivals.repeats.sheet_marks import Marks, Sheets, differing
from pipeline.store.arrivals.rescans import REPLACED
from pipeline.store.database import Database, insert, places

TABLE = "sheet_mark"
_ORDINAL = 1001  # after everything that the examination found
_AT_A_TIME = 20_000  # documents: some ten MB of marks


@dataclass(frozen=True, slots=True)
class Found:
    """Where the sheets of new documents were seen before, by the identifier of the new one.

    Attributes:
        loaded: Numbers of the documents of earlier batches that show its sheet.
        together: The first document before it in its own batch that shows it.
    """

    loaded: Mapping[str, Sequence[int]]
    together: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Earlier:
    document_id: str
    marks: Marks


def mark_rows(document: LoadedDocument) -> list[dict[str, Any]]:
    """The rows of a document's sheet marks, without its number."""
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


def search(database: Database, fresh: Sequence[LoadedDocument]) -> Found:
    """Look for the sheets of new documents in all that was loaded, and in their own batch."""
    loaded: dict[str, list[int]] = {}
    together: dict[str, str] = {}
    newest = int(database.rows("select coalesce(max(serial), 0) from document")[0][0])
    for form, documents in _by_form(fresh).items():
        together |= _seen_together(documents)
        for first in range(0, newest + 1, _AT_A_TIME):
            known = _known(database, form, first)
            for document in documents if known else ():
                same = known.same_as(dict(document.sheet)) if known else ()
                if len(same):
                    numbers = loaded.setdefault(document.document_id, [])
                    numbers += [int(serial) for serial in same]
    return Found(loaded, together)


def flag(
    cursor: duckdb.DuckDBPyConnection,
    fresh: Sequence[LoadedDocument],
    serials: Mapping[str, int],
    found: Found,
) -> set[str]:
    """Add DUPLICATE_SCAN to every new document whose sheet was scanned before; which ones.

    Two in the same batch count as well: the second of them is flagged. A page that was replaced
    by a rescan is no earlier scan.

    Args:
        cursor: The transaction that loads them.
        fresh: The new documents.
        serials: Their numbers.
        found: What ``search`` found for them.
    """
    sheets = {document.document_id: dict(document.sheet) for document in fresh}
    rows = []
    for key in (k for k in sheets if k in found.loaded or k in found.together):
        earlier = _first_of(cursor, found.loaded.get(key, ()), serials)
        if earlier is None and key in found.together:
            other = found.together[key]
            earlier = _Earlier(other, sheets[other])
        if earlier is not None:
            rows.append(_row(key, earlier, sheets[key]) | {"serial": serials[key]})
    insert(cursor, "finding", rows)
    return {str(row["document_id"]) for row in rows}


def _by_form(documents: Sequence[LoadedDocument]) -> dict[FormName, list[LoadedDocument]]:
    by_form: dict[FormName, list[LoadedDocument]] = {}
    for document in documents:
        if document.form and document.sheet:
            by_form.setdefault(document.form, []).append(document)
    return by_form


def _seen_together(documents: Sequence[LoadedDocument]) -> dict[str, str]:
    """Documents of one batch and form by the first before them that shows the same sheet."""
    rows = [(place, name, mark) for place, d in enumerate(documents) for name, mark in d.sheet]
    columns = dict(zip(("serial", "field", "mark"), zip(*rows, strict=True), strict=True))
    batch = Sheets(pa.table(columns))
    first = {
        place: batch.same_as(dict(d.sheet)).min(initial=place) for place, d in enumerate(documents)
    }
    return {
        documents[place].document_id: documents[earliest].document_id
        for place, earliest in first.items()
        if earliest < place
    }


def _known(database: Database, form: FormName, first: int) -> Sheets | None:
    """The sheets of a stretch of documents."""
    table = database.table(
        "select serial, field, mark from sheet_mark where form = ? and serial >= ? and serial < ?",
        [form, first, first + _AT_A_TIME],
    )
    return Sheets(table) if table.num_rows else None


def _first_of(
    cursor: duckdb.DuckDBPyConnection, found: Sequence[int], serials: Mapping[str, int]
) -> _Earlier | None:
    """The earliest received of the documents with these numbers that still count."""
    if not found:
        return None
    live = cursor.execute(
        f"select document_id, serial from document where serial in {places(found)} "
        "and outcome is distinct from ? order by received_at, document_id",
        [*found, REPLACED],
    ).fetchall()
    for document, serial in live:
        if document not in serials:  # else it is loaded again itself, with this very batch
            marks = cursor.execute(
                "select field, mark from sheet_mark where serial = ?", [serial]
            ).fetchall()
            return _Earlier(document, {FieldName(name): bytes(mark) for name, mark in marks})
    return None


def _row(document: str, earlier: _Earlier, mine: Marks) -> dict[str, Any]:
    compared = differing(mine, earlier.marks)
    evidence = {
        "document": earlier.document_id,
        "fields_compared": len(compared),
        "fields_only_on_one": len(mine.keys() ^ earlier.marks.keys()),
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
