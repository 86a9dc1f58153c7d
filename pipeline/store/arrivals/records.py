"""What is loaded: arrivals with their documents, values sealed, nothing in the clear."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipeline.domain import application_id, my_number
from pipeline.domain.documents import PIN_FIELDS, Channel, FieldName, FormName, Route
from pipeline.domain.examinations import Examination
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.photos import PhotoCheckName, Verdict
from pipeline.domain.readings import Reading
from pipeline.examine.masking import mask
from pipeline.vault import DataClass, Vault, class_of

PIN_MASK = "****"
_HARMLESS = re.compile(r"[A-Za-z][A-Za-z_.%/+-]{0,39}", re.ASCII)
_IDENTIFIER = re.compile(r"[0-9a-f]{32}", re.ASCII)


class Outcome(StrEnum):
    """How a file left the intake."""

    LOADED = "loaded"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class LoadedField:
    """A field with its value and characters sealed.

    Attributes:
        masked: What lists show; for a PIN not even its length.
        flagged: How many characters a person should look at.
        length: Characters read; None for a PIN or an unread field.
        crop_origin_px: Where the crop's top left corner is on the registered page.
    """

    field: FieldName
    value_sealed: bytes | None
    characters_sealed: bytes | None
    masked: str | None
    confidence: float
    accepted: bool
    flagged: int
    length: int | None
    reader: str
    model_version: str
    has_crop: bool = False
    crop_origin_px: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class LoadedFinding:
    """A finding; its evidence as JSON of names and numbers."""

    code: FindingCode
    severity: Severity
    field: FieldName | None
    position: int | None
    evidence: str


@dataclass(frozen=True, slots=True)
class LoadedCheck:
    """One photo check."""

    check: PhotoCheckName
    verdict: Verdict
    measured: float | None
    unit: str
    threshold: float | None


@dataclass(frozen=True, slots=True)
class LoadedDocument:
    """One document as it is sent to the desk."""

    document_id: str
    page: int
    form: FormName | None
    form_version: str | None
    route: Route
    residual_px: float | None
    inliers: int | None
    rotation_quarters: int | None
    photo_verdict: Verdict | None
    fields: tuple[LoadedField, ...] = ()
    findings: tuple[LoadedFinding, ...] = ()
    photo_checks: tuple[LoadedCheck, ...] = ()
    marks: tuple[tuple[FieldName, bytes], ...] = ()
    sheet: tuple[tuple[FieldName, bytes], ...] = ()
    stage_ms: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file that came in, whatever became of it.

    Attributes:
        scan_id: The vault's surrogate of its bytes.
        reason: Code of the quarantine, or None.
        received_at: When it was claimed, UTC without a zone.
    """

    scan_id: str
    channel: Channel
    outcome: Outcome
    received_at: dt.datetime
    reason: str | None = None
    pages: int = 0
    documents: tuple[LoadedDocument, ...] = ()


def document_id(vault: Vault, scan_id: str, page: int) -> str:
    """The identifier of the document that begins on a page: the same on every run."""
    return vault.surrogate("document", f"{scan_id}|{page}".encode())


def value_context(document: str, field: str) -> str:
    """What binds a machine's value to its row."""
    return f"{document}|{field}"


def characters_context(document: str, field: str) -> str:
    """What binds the characters to their row."""
    return f"{document}|{field}|characters"


def final_context(document: str, field: str) -> str:
    """What binds a decided value to its row."""
    return f"{document}|{field}|final"


def keyed_context(task_id: str) -> str:
    """What binds a keyed value to the task it answered."""
    return f"{task_id}|keyed"


def from_examination(
    examination: Examination,
    vault: Vault,
    scan_id: str,
    *,
    crop_origins: Mapping[FieldName, tuple[int, int]] | None = None,
    stage_ms: Mapping[str, float] | None = None,
    sheet: tuple[tuple[FieldName, bytes], ...] = (),
) -> LoadedDocument:
    """An examination with everything personal in it sealed.

    Args:
        examination: One document as examined.
        vault: Keys that are open.
        scan_id: The surrogate of the file; the examination's own file name is not kept.
        crop_origins: Fields whose crop was stored, with its top left corner in registered pixels.
        stage_ms: Milliseconds by stage.
        sheet: The sheet's marks (``sheet_marks``).
    """
    identifier = document_id(vault, scan_id, examination.page)
    figures, photo = examination.registration, examination.photo
    origins = crop_origins or {}
    return LoadedDocument(
        document_id=identifier,
        page=examination.page,
        form=examination.form,
        form_version=examination.form_version,
        route=examination.route,
        residual_px=figures.residual_px if figures else None,
        inliers=figures.inliers if figures else None,
        rotation_quarters=figures.rotation_quarters if figures else None,
        photo_verdict=photo.verdict if photo else None,
        fields=tuple(
            _field(reading, identifier, vault, origins.get(reading.field))
            for reading in examination.readings
        ),
        findings=tuple(_finding(finding) for finding in examination.findings),
        photo_checks=tuple(
            LoadedCheck(c.check, c.verdict, c.value, c.unit, c.threshold)
            for c in (photo.checks if photo else ())
        ),
        sheet=sheet,
        marks=marks_of({r.field: r.value for r in examination.readings}, vault),
        stage_ms=tuple((stage_ms or {}).items()),
    )


def masked(field: FieldName, value: str | None) -> str | None:
    """What a list shows instead of a value."""
    if value and field in PIN_FIELDS:
        return PIN_MASK
    return mask(value)


def marks_of(
    values: Mapping[FieldName, str | None], vault: Vault
) -> tuple[tuple[FieldName, bytes], ...]:
    """The blind marks by which the same applicant is found again.

    A number counts only with a right check digit: a misread one would match at random. A person
    is marked by name and birth date together.
    """
    marks: list[tuple[FieldName, bytes]] = []
    number = values.get(FieldName.MY_NUMBER) or ""
    if my_number.passes_check_digit(number):
        marks.append((FieldName.MY_NUMBER, vault.blind_index(FieldName.MY_NUMBER, number)))
    identifier = values.get(FieldName.APPLICATION_ID) or ""
    if application_id.is_legal(identifier):
        field = FieldName.APPLICATION_ID
        marks.append((field, vault.blind_index(field, identifier)))
    name, born = values.get(FieldName.NAME), values.get(FieldName.BIRTH_DATE)
    if name and born:
        marks.append((FieldName.NAME, vault.blind_index(FieldName.NAME, f"{name} {born}")))
    return tuple(marks)


def _field(
    reading: Reading, identifier: str, vault: Vault, origin: tuple[int, int] | None
) -> LoadedField:
    is_pin = reading.field in PIN_FIELDS
    sealed = None
    if reading.value is not None:
        context = value_context(identifier, reading.field)
        sealed = vault.seal(class_of(reading.field), context, reading.value.encode())
    characters = None
    if reading.characters:
        data_class = DataClass.PIN if is_pin else DataClass.TEXT
        context = characters_context(identifier, reading.field)
        characters = vault.seal(data_class, context, _characters_json(reading))
    return LoadedField(
        field=reading.field,
        value_sealed=sealed,
        characters_sealed=characters,
        masked=masked(reading.field, reading.value),
        confidence=reading.confidence,
        accepted=reading.accepted,
        flagged=sum(c.flagged for c in reading.characters),
        length=None if is_pin or reading.value is None else len(reading.value),
        reader=reading.reader,
        model_version=reading.model_version,
        has_crop=origin is not None,
        crop_origin_px=origin,
    )


def _characters_json(reading: Reading) -> bytes:
    content = {
        "as_written": reading.as_written,
        "characters": [
            {
                "value": c.value,
                "confidence": round(c.confidence, 6),
                "flagged": c.flagged,
                "alternatives": [[a.value, round(a.probability, 6)] for a in c.alternatives],
                "box_px": c.box_px.as_list() if c.box_px else None,
            }
            for c in reading.characters
        ],
    }
    return json.dumps(content, ensure_ascii=False).encode()


def _finding(finding: Finding) -> LoadedFinding:
    return LoadedFinding(
        finding.code, finding.severity, finding.field, finding.position, _evidence(finding.evidence)
    )


def _evidence(evidence: Sequence[tuple[str, str | float]]) -> str:
    # Evidence should hold no value by contract; here is the border, so here it is made sure.
    kept = {
        name: value if not isinstance(value, str) or _is_harmless(value) else "(withheld)"
        for name, value in evidence
    }
    return json.dumps(kept)


def _is_harmless(text: str) -> bool:
    return _HARMLESS.fullmatch(text) is not None or _IDENTIFIER.fullmatch(text) is not None
