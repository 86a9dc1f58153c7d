"""Finding the same applicant twice by blind marks: flagged and linked, never dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.domain.documents import FieldName
from pipeline.domain.findings import FindingCode, Severity
from pipeline.store.arrivals.records import Arrival, LoadedDocument
from pipeline.store.arrivals.repeats.families import FAMILIES
from pipeline.store.arrivals.rescans import REPLACED
from pipeline.store.database import Database, insert, places

TABLE = "blind_mark"
_ORDINAL = 1000  # after everything that the examination found

Key = tuple[str, str, bytes]
"""Family of forms, field, mark: where two documents have the same, their applicant is the same."""


@dataclass(frozen=True, slots=True)
class Found:
    """Earlier documents, by what new ones have in common with them.

    Attributes:
        corrections: How many corrections of marks had been committed before it was looked.
    """

    corrections: int
    others: Mapping[Key, Sequence[tuple[str, int]]]


class BlindMarks:
    """The blind marks of all documents, and whether a person's correction has changed one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._corrections = 0
        self._is_correcting = False
        database.on_commit(self._committed)
        database.on_rollback(self._rolled_back)

    def replace(
        self,
        cursor: duckdb.DuckDBPyConnection,
        document: str,
        field: FieldName,
        marks: Sequence[tuple[FieldName, bytes]],
    ) -> list[tuple[FieldName, str]]:
        """Put a corrected value's marks in; fields by which another document is found, and it."""
        form, serial = cursor.execute(
            "select form, serial from document where document_id = ?", [document]
        ).fetchall()[0]
        family = FAMILIES.get(form, "") if form else ""
        self._is_correcting = True
        cursor.execute("delete from blind_mark where serial = ? and field = ?", [serial, field])
        insert(cursor, TABLE, [_mark_row(document, family, f, m, serial) for f, m in marks])
        repeated = []
        for marked, mark in marks:
            others = cursor.execute(
                "select min(m.document_id) from blind_mark m join document d using (document_id) "
                "where m.family = ? and m.field = ? and m.mark = ? and m.document_id <> ? "
                "and d.outcome is distinct from ?",
                [family, marked, mark, document, REPLACED],
            ).fetchall()
            if others and others[0][0] is not None:
                repeated.append((marked, others[0][0]))
        return repeated

    def search(self, fresh: Sequence[LoadedDocument]) -> Found:
        """Look through all that was loaded."""
        corrections = self._corrections
        marks = sorted({mark for document in fresh for _, mark in document.marks})
        others: dict[Key, list[tuple[str, int]]] = {}
        for family, field, mark, document, serial in self._database.rows(
            "select family, field, mark, document_id, serial from blind_mark "
            "where mark in (select unnest(?::blob[]))",
            [marks],
        ):
            others.setdefault((family, field, bytes(mark)), []).append((document, serial))
        return Found(corrections, others)

    def is_outdated(self, found: Found) -> bool:
        """Whether a mark was corrected since it was looked; asked in a transaction."""
        return found.corrections != self._corrections

    def _committed(self) -> None:
        self._corrections += self._is_correcting
        self._is_correcting = False

    def _rolled_back(self) -> None:
        self._is_correcting = False


def mark_rows(document: LoadedDocument) -> list[dict[str, Any]]:
    """The rows of a document's blind marks, without its number."""
    family = _family_of(document)
    return [_mark_row(document.document_id, family, f, m) for f, m in document.marks]


def flag(
    cursor: duckdb.DuckDBPyConnection,
    fresh: Mapping[str, tuple[Arrival, LoadedDocument]],
    serials: Mapping[str, int],
    found: Found,
) -> dict[str, str]:
    """Add DUPLICATE_APPLICANT to new documents that have a mark of an earlier one; by which field.

    Earlier is what was loaded before, and of one batch what was received before.

    Args:
        cursor: The transaction that loads them.
        fresh: The new documents with their arrivals.
        serials: Their numbers.
        found: What ``BlindMarks.search`` found for them.
    """
    having = _documents_by_key(fresh)
    # What is loaded again itself, with this very batch, is no earlier document.
    loaded = {key: [o for o in found.others.get(key, ()) if o[0] not in fresh] for key in having}
    live = _live(cursor, [*serials.values(), *(n for others in loaded.values() for _, n in others)])
    by_document: dict[str, tuple[str, str]] = {}
    for key, documents in having.items():
        earlier = min((other for other, _ in loaded[key] if other in live), default=None)
        for document in documents:
            if earlier is not None:
                hit = (key[1], earlier)
                by_document[document] = min(by_document.get(document, hit), hit)
            if document in live:
                earlier = min(earlier or document, document)
    rows = [repeated_row(d, serials[d], f, other) for d, (f, other) in by_document.items()]
    insert(cursor, "finding", rows)
    return {document: field for document, (field, _) in by_document.items()}


def repeated_row(document: str, serial: int, field: str, other: str) -> dict[str, Any]:
    """The finding that there is another document of the same applicant."""
    return {
        "document_id": document,
        "serial": serial,
        "ordinal": _ORDINAL,
        "code": FindingCode.DUPLICATE_APPLICANT.value,
        "severity": Severity.REVIEW.value,
        "field": field,
        "position": None,
        "evidence": json.dumps({"document": other}),
    }


def _documents_by_key(
    fresh: Mapping[str, tuple[Arrival, LoadedDocument]],
) -> dict[Key, list[str]]:
    """New documents by what another may have in common with them, in the order of receipt."""
    having: dict[Key, list[str]] = {}
    for document in sorted(fresh, key=lambda d: (fresh[d][0].received_at, d)):
        loaded = fresh[document][1]
        for field, mark in dict.fromkeys(loaded.marks):
            having.setdefault((_family_of(loaded), field, mark), []).append(document)
    return having


def _live(cursor: duckdb.DuckDBPyConnection, serials: Sequence[int]) -> set[str]:
    """Those documents that no rescan has replaced."""
    if not serials:
        return set()
    rows = cursor.execute(
        f"select document_id from document where serial in {places(serials)} "
        "and outcome is distinct from ?",
        [*serials, REPLACED],
    ).fetchall()
    return {row[0] for row in rows}


def _family_of(document: LoadedDocument) -> str:
    return FAMILIES.get(document.form, "") if document.form else ""


def _mark_row(
    document: str, family: str, field: FieldName, mark: bytes, serial: int | None = None
) -> dict[str, Any]:
    row = {"document_id": document, "family": family, "field": field.value, "mark": mark}
    return row if serial is None else {**row, "serial": serial}
