"""PINs from their boxes: the rule, and a flag on every character that could be another.

A PIN has no check digit and no second source, and a wrong character locks a card that its holder
then has to bring back, so nothing here is accepted while a single flag stands.
"""

from __future__ import annotations

import math

from pipeline.domain import pin
from pipeline.domain.documents import FieldName
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.readings import Character, Reading
from pipeline.readers.boxed import BoxedReading, CellReading
from pipeline.readers.resolved import Resolved
from pipeline.readers.thresholds import CharacterThresholds

_NUMERIC = "0123456789"


def resolve_pin(field: FieldName, boxed: BoxedReading, thresholds: CharacterThresholds) -> Resolved:
    """A PIN with findings; ``boxed`` has one cell for each character that may be written.

    Trailing blank boxes are normal on the signature PIN (6 to 16 characters); a blank box before
    or between characters is flagged.
    """
    if boxed.blank:
        finding = Finding(FindingCode.PIN_MISSING, Severity.RETURN, field)
        return Resolved(_reading(field, boxed, "", 1.0, False, ()), (finding,))
    alphabet = boxed.zone.alphabet or (
        pin.SIGNATURE_ALPHABET if field == FieldName.PIN_SIGNATURE else _NUMERIC
    )
    _first, stop = boxed.written
    if field != FieldName.PIN_SIGNATURE:
        stop = len(boxed.cells)
    used = boxed.cells[:stop]
    least = thresholds.for_character(alphabet)
    flagged = [_is_flagged(cell, alphabet, least) for cell in used]
    findings: list[Finding] = []
    for i, (cell, flag) in enumerate(zip(used, flagged, strict=True)):
        if flag:
            findings.append(_ambiguous(field, i, cell))
        if _is_lower(cell, alphabet, thresholds):
            flagged[i] = True
            findings.append(Finding(FindingCode.PIN_LOWER_CASE, Severity.REVIEW, field, i))
    value = "".join(cell.best for cell in used)
    gap = any(cell.blank for cell in used)
    if gap or not pin.is_legal(field, value):
        findings.append(_rule(field, used, value, any(flagged)))
    confidence = math.prod(cell.confidence for cell in used) if not gap else 0.0
    mean = confidence ** (1 / len(used))
    sure = mean >= thresholds.for_field(field)
    if not findings and not any(flagged) and not sure:
        # Each character is clear enough, all together are not: the weakest is named.
        weakest = min(range(len(used)), key=lambda i: used[i].confidence)
        flagged[weakest] = True
        findings.append(_ambiguous(field, weakest, used[weakest]))
    accepted = not findings and not any(flagged)
    characters = tuple(cell.character(flag) for cell, flag in zip(used, flagged, strict=True))
    return Resolved(
        _reading(field, boxed, value, confidence, accepted, characters), tuple(findings)
    )


def _is_flagged(cell: CellReading, alphabet: str, least: float) -> bool:
    if cell.blank or cell.doubtful or cell.confidence < least:
        return True
    # One glyph cannot tell 0 from O or 1 from I where the alphabet allows both; and a glyph that
    # might be one of them is no surer than they are.
    if pin.always_flagged(cell.best, alphabet):
        return True
    return len(set(cell.views)) > 1


def _is_lower(cell: CellReading, alphabet: str, thresholds: CharacterThresholds) -> bool:
    letters = any(c.isalpha() for c in alphabet)
    return letters and not cell.blank and cell.lower_case >= thresholds.lower_case


def _ambiguous(field: FieldName, position: int, cell: CellReading) -> Finding:
    # The state of the cell is evidence; its characters are not, they are the secret.
    return Finding(
        FindingCode.PIN_AMBIGUOUS,
        Severity.REVIEW,
        field,
        position,
        evidence=(("cell", cell.state.value),),
    )


def _rule(field: FieldName, used: tuple[CellReading, ...], value: str, unsure: bool) -> Finding:
    # Where characters are still in doubt the rule may yet be kept: a person looks first.
    count = len([cell for cell in used if not cell.blank])
    short = (
        count < pin.SIGNATURE_MIN_LENGTH
        if field == FieldName.PIN_SIGNATURE
        else count != pin.NUMERIC_LENGTH
    )
    severity = Severity.RETURN if short and not unsure else Severity.REVIEW
    return Finding(FindingCode.PIN_RULE, severity, field, evidence=(("characters", float(count)),))


def _reading(
    field: FieldName,
    boxed: BoxedReading,
    value: str,
    confidence: float,
    accepted: bool,
    characters: tuple[Character, ...],
) -> Reading:
    return Reading(
        field=field,
        value=value,
        confidence=round(min(1.0, confidence), 6),
        accepted=accepted,
        characters=characters,
        box_px=boxed.box_px,
        reader="boxes",
        model_version=boxed.model_version,
    )
