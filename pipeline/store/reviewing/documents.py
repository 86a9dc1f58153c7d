"""Documents as the desk shows them: masked by default, opened one value at a time."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from pipeline.domain.documents import DATE_FIELDS, FieldName
from pipeline.domain.findings import FindingCode, Severity
from pipeline.store.arrivals import records
from pipeline.store.database import OF_DOCUMENT, Database
from pipeline.vault import Vault


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document's own facts."""

    document_id: str
    scan_id: str
    batch_id: str
    channel: str
    form: str | None
    form_version: str | None
    route: str
    photo_verdict: str | None
    received_at: dt.datetime
    loaded_at: dt.datetime
    decided_at: dt.datetime | None
    outcome: str | None
    ver: int
    serial: int


@dataclass(frozen=True, slots=True)
class StoredField:
    """A field without its value."""

    name: FieldName
    ordinal: int
    masked: str | None
    confidence: float
    accepted: bool
    flagged: int
    reader: str
    model_version: str
    has_crop: bool
    crop_origin_px: tuple[int, int] | None
    reviewed: str | None


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding with its evidence."""

    code: FindingCode
    severity: Severity
    field: FieldName | None
    position: int | None
    evidence: dict[str, str | float]


@dataclass(frozen=True, slots=True)
class StoredCheck:
    """One photo check."""

    check: str
    verdict: str
    measured: float | None
    unit: str
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a document came from: its page and how well that lay on the form (px at 300 dpi)."""

    page: int
    residual_px: float | None
    inliers: int | None
    rotation_quarters: int | None


@dataclass(frozen=True, slots=True)
class OpenCharacter:
    """A character in the clear, for the reviewer who holds the task."""

    value: str
    confidence: float
    flagged: bool
    alternatives: tuple[tuple[str, float], ...]
    box_px: tuple[int, int, int, int] | None


@dataclass(frozen=True, slots=True)
class OpenField:
    """A field with what the machine read, in the clear, for the reviewer who holds the task.

    Attributes:
        value: The machine's value, or None where it has none.
        as_written: The text before normalisation, where it differs.
    """

    field: StoredField
    value: str | None
    characters: tuple[OpenCharacter, ...]
    as_written: str | None

    @property
    def editable_text(self) -> str:
        """What a reviewer edits: the characters as read, else the value."""
        if not any(c.value for c in self.characters):
            return self.value or ""
        # A blank cell of a right-aligned date stands for a leading zero.
        blank = "0" if self.field.name in DATE_FIELDS else ""
        return "".join(c.value or blank for c in self.characters)

    def __repr__(self) -> str:
        """Without what was read."""
        return f"OpenField({self.field.name})"


class Documents:
    """Reads documents and opens their values.

    Where a caller knows the document's number (``serial``), its rows are found sooner.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def document(self, document_id: str) -> StoredDocument | None:
        """A document's facts, or None."""
        row = self._database.row(
            "select document_id, scan_id, batch_id, channel, form, form_version, route, "
            "photo_verdict, received_at, loaded_at, decided_at, outcome, ver, serial "
            "from document where document_id = ?",
            [document_id],
        )
        return StoredDocument(*row) if row else None

    def newest(self, limit: int = 200) -> list[StoredDocument]:
        """The documents loaded last."""
        rows = self._database.rows(
            "select document_id, scan_id, batch_id, channel, form, form_version, route, "
            "photo_verdict, received_at, loaded_at, decided_at, outcome, ver, serial "
            f"from document order by loaded_at desc, document_id limit {int(limit)}"
        )
        return [StoredDocument(*row) for row in rows]

    def fields(self, document_id: str, serial: int | None = None) -> list[StoredField]:
        """The fields of a document, in the form's order, without values."""
        which, key = _of(document_id, serial)
        rows = self._database.rows(
            f"select {_OF_FIELD} from field where {which} order by ordinal", [key]
        )
        return [_field(row) for row in rows]

    def opened(
        self, document_id: str, name: FieldName, serial: int | None = None
    ) -> OpenField | None:
        """One field with all that the machine read of it, or None.

        Whoever calls this has checked the role and writes the audit row.
        """
        which, key = _of(document_id, serial)
        row = self._database.row(
            f"select {_OF_FIELD}, value_sealed, characters_sealed from field "
            f"where {which} and field = ?",
            [key, name],
        )
        if row is None:
            return None
        *facts, value, characters = row
        if value is not None:
            context = records.value_context(document_id, name)
            value = self._vault.unseal(context, bytes(value)).decode()
        content = self._content(document_id, name, characters)
        return OpenField(
            _field(tuple(facts)), value, _characters(content), content.get("as_written")
        )

    def field(self, document_id: str, name: FieldName) -> StoredField | None:
        """One field without its value, or None."""
        return next((f for f in self.fields(document_id) if f.name == name), None)

    def findings(self, document_id: str, serial: int | None = None) -> list[StoredFinding]:
        """The findings of a document."""
        which, key = _of(document_id, serial)
        rows = self._database.rows(
            "select code, severity, field, position, evidence from finding "
            f"where {which} order by ordinal",
            [key],
        )
        return [
            StoredFinding(
                FindingCode(code),
                Severity(severity),
                FieldName(field) if field else None,
                position,
                json.loads(evidence),
            )
            for code, severity, field, position, evidence in rows
        ]

    def lineage(self, document_id: str) -> Lineage | None:
        """The page of a document, or None where none is known."""
        row = self._database.row(
            "select number, residual_px, inliers, rotation_quarters from page "
            f"where {OF_DOCUMENT} order by number limit 1",
            [document_id],
        )
        return Lineage(*row) if row else None

    def photo_checks(self, document_id: str, serial: int | None = None) -> list[StoredCheck]:
        """The photo's checks, in the checklist's order."""
        which, key = _of(document_id, serial)
        rows = self._database.rows(
            "select check_name, verdict, measured, unit, threshold from photo_check "
            f"where {which} order by ordinal",
            [key],
        )
        return [StoredCheck(*row) for row in rows]

    def value(self, document_id: str, name: FieldName, *, final: bool = False) -> str | None:
        """A value in the clear: the machine's, or with ``final`` the decided one before it.

        Whoever calls this has checked the role and writes the audit row.
        """
        row = self._database.row(
            f"select value_sealed, final_sealed from field where {OF_DOCUMENT} and field = ?",
            [document_id, name],
        )
        if row is None:
            return None
        if final and row[1] is not None:
            context = records.final_context(document_id, name)
            return self._vault.unseal(context, bytes(row[1])).decode()
        if row[0] is None:
            return None
        context = records.value_context(document_id, name)
        return self._vault.unseal(context, bytes(row[0])).decode()

    def characters(self, document_id: str, name: FieldName) -> tuple[OpenCharacter, ...]:
        """The characters of a field in the clear, with alternatives."""
        row = self._database.row(
            f"select characters_sealed from field where {OF_DOCUMENT} and field = ?",
            [document_id, name],
        )
        return _characters(self._content(document_id, name, row[0] if row else None))

    def keyed_values(self, document_id: str, name: FieldName) -> list[str]:
        """What people have keyed for a field and not taken back, in the order of the decisions."""
        rows = self._database.rows(
            f"with d as (select * from decision where {OF_DOCUMENT} and field = ?) "
            "select task_id, value_sealed from d where value_sealed is not null "
            "and not exists (select 1 from d u where u.undoes = d.decision_id) "
            "order by decided_at",
            [document_id, name],
        )
        return [
            self._vault.unseal(records.keyed_context(task_id), bytes(sealed)).decode()
            for task_id, sealed in rows
        ]

    def history(self, document_id: str) -> list[tuple[dt.datetime, str, str, str | None, str]]:
        """Decisions on a document: when, who, action, field, seeing what."""
        rows = self._database.rows(
            "select d.decided_at, coalesce(p.name, d.user_id), d.action, d.field, d.seen "
            "from decision d left join person p using (user_id) "
            f"where d.{OF_DOCUMENT} order by d.decided_at",
            [document_id],
        )
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    def _content(self, document_id: str, name: FieldName, sealed: bytes | None) -> dict[str, Any]:
        if sealed is None:
            return {}
        context = records.characters_context(document_id, name)
        content: dict[str, Any] = json.loads(self._vault.unseal(context, bytes(sealed)))
        return content


_OF_FIELD = (
    "field, ordinal, masked, confidence, accepted, flagged, reader, model_version, has_crop, "
    "crop_x_px, crop_y_px, reviewed"
)


def _of(document_id: str, serial: int | None) -> tuple[str, str | int]:
    return (OF_DOCUMENT, document_id) if serial is None else ("serial = ?", serial)


def _characters(content: dict[str, Any]) -> tuple[OpenCharacter, ...]:
    return tuple(
        OpenCharacter(
            c["value"],
            c["confidence"],
            c["flagged"],
            tuple((a[0], a[1]) for a in c["alternatives"]),
            tuple(c["box_px"]) if c["box_px"] else None,
        )
        for c in content.get("characters", [])
    )


def _field(row: tuple[Any, ...]) -> StoredField:
    origin = (row[9], row[10]) if row[9] is not None and row[10] is not None else None
    return StoredField(
        FieldName(row[0]), row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8],
        origin, row[11],
    )  # fmt: skip
