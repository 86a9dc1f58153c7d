"""Finding the same sheet of paper scanned twice, in one batch or in two: linked, never dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.findings import FindingCode, Severity
from pipeline.store.arrivals.records import LoadedDocument
from pipeline.store.arrivals.repeats.sheet_marks import Marks, Sheets, differing, same_sheet
from pipeline.store.arrivals.rescans import REPLACED
from pipeline.store.database import Database, insert, places

TABLE = "sheet_mark"
_ORDINAL = 1001  # after everything that the examination found
_AT_A_TIME = 20_000  # documents: some ten MB of marks


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


def search(database: Database, fresh: Sequence[LoadedDocument]) -> dict[str, list[int]]:
    """Look through all that was loaded: the numbers of the documents whose sheet is a new one's."""
    found: dict[str, list[int]] = {d.document_id: [] for d in fresh}
    newest = int(database.rows("select coalesce(max(serial), 0) from document")[0][0])
    for form, documents in _by_form(fresh).items():
        for first in range(0, newest + 1, _AT_A_TIME):
            known = _known(database, form, first)
            for document in documents if known else ():
                same = known.same_as(dict(document.sheet)) if known else ()
                found[document.document_id] += [int(serial) for serial in same]
    return {key: serials for key, serials in found.items() if serials}


def flag(
    cursor: duckdb.DuckDBPyConnection,
    fresh: Sequence[LoadedDocument],
    serials: Mapping[str, int],
    found: Mapping[str, list[int]],
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
    rows = []
    for documents in _by_form(fresh).values():
        before: list[_Earlier] = []
        for document in documents:
            mine = dict(document.sheet)
            earlier = _first_of(cursor, found.get(document.document_id, ()), serials)
            earlier = earlier or next((e for e in before if same_sheet(mine, e.marks)), None)
            if earlier is not None:
                serial = serials[document.document_id]
                rows.append(_row(document.document_id, earlier, mine) | {"serial": serial})
            before.append(_Earlier(document.document_id, mine))
    insert(cursor, "finding", rows)
    return {str(row["document_id"]) for row in rows}


def _by_form(documents: Sequence[LoadedDocument]) -> dict[FormName, list[LoadedDocument]]:
    by_form: dict[FormName, list[LoadedDocument]] = {}
    for document in documents:
        if document.form and document.sheet:
            by_form.setdefault(document.form, []).append(document)
    return by_form


def _known(database: Database, form: FormName, first: int) -> Sheets | None:
    """The sheets of a stretch of documents."""
    table = database.table(
        "select serial, field, mark from sheet_mark where form = ? and serial >= ? and serial < ?",
        [form, first, first + _AT_A_TIME],
    )
    if not table.num_rows:
        return None
    serials = np.asarray(table["serial"].to_numpy(), np.int64)
    return Sheets(serials, table["field"].to_pylist(), table["mark"].to_pylist())


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
