"""Other boxed digits: the printed application ID, postal codes, phones."""

from __future__ import annotations

import math

from pipeline.domain import application_id
from pipeline.domain.documents import FieldName
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.readers.boxed import BoxedReading
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.resolved import Resolved

_POSTAL_LENGTH = 7


def resolve_digits(
    field: FieldName, boxed: BoxedReading, thresholds: CharacterThresholds
) -> Resolved:
    """A boxed value without a check digit.

    Accepted where every character stands, none is flagged, and the probability of the whole is
    above the field's threshold. Blank is a value of its own and a finding only where the zone is
    not optional.
    """
    code = (
        FindingCode.APPLICATION_ID_UNREADABLE
        if field == FieldName.APPLICATION_ID
        else FindingCode.TEXT_UNCLEAR
    )
    if boxed.blank:
        findings = () if boxed.zone.optional else (Finding(code, Severity.REVIEW, field),)
        return Resolved(
            boxed.reading(field, "", 1.0, boxed.zone.optional),
            findings,
        )
    first, stop = boxed.written
    cells = boxed.cells if _fixed_length(field) else boxed.cells[first:stop]
    least = thresholds.for_character(boxed.zone.alphabet or "0123456789")
    flagged = [cell.blank or cell.doubtful or cell.confidence < least for cell in cells]
    gap = any(cell.blank for cell in cells)
    confidence = 0.0 if gap else math.prod(cell.confidence for cell in cells)
    # Thresholds of fields of any length are held against the geometric mean of a character.
    mean = confidence ** (1 / len(cells))
    value = "".join(cell.best for cell in cells)
    accepted = (
        not any(flagged)
        and mean >= thresholds.for_field(field)
        and (gap is False)
        and _legal(field, value)
    )
    offset = 0 if _fixed_length(field) else first
    found = [
        Finding(code, Severity.REVIEW, field, i + offset) for i, flag in enumerate(flagged) if flag
    ]
    if not found and not accepted:
        found = [Finding(code, Severity.REVIEW, field)]
    return Resolved(
        boxed.reading(
            field,
            None if gap else value,
            confidence,
            accepted,
            tuple(cell.character(flag) for cell, flag in zip(cells, flagged, strict=True)),
        ),
        tuple(found),
    )


def _fixed_length(field: FieldName) -> bool:
    return field in (FieldName.APPLICATION_ID, FieldName.REPRESENTATIVE_POSTAL_CODE)


def _legal(field: FieldName, value: str) -> bool:
    if field == FieldName.APPLICATION_ID:
        return application_id.is_legal(value)
    if field == FieldName.REPRESENTATIVE_POSTAL_CODE:
        return len(value) == _POSTAL_LENGTH
    return bool(value)
