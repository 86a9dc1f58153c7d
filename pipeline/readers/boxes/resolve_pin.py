"""PINs from their boxes: the rule, and a flag on every character that could be another.

A PIN has no check digit and no second source, and a wrong character locks a card that its holder
then has to bring back, so nothing here is accepted while a single flag stands. Where the form has
a mark row, the writer's own word settles what no glyph can: it chooses between shapes that look
alike, and never overrules a shape.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain import pin
from pipeline.domain.documents import FieldName
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.readings import Alternative, Character
from pipeline.readers.boxed import ALTERNATIVES_KEPT, BoxedReading, CellReading
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.resolved import Resolved

_NUMERIC = "0123456789"
# A mark may choose between shapes; one that the shape speaks against, more likely than not, is a
# slip of the writer's or of ours, and a person looks.
_SHAPE_AGREES = 0.5


@dataclass(frozen=True, slots=True)
class _Judged:
    """One cell after the mark row was heard: what is read, flagged and found."""

    cell: CellReading
    flagged: bool
    findings: tuple[FindingCode, ...] = ()


def resolve_pin(
    field: FieldName,
    boxed: BoxedReading,
    thresholds: CharacterThresholds,
    kinds: Sequence[pin.Kind | None] = (),
) -> Resolved:
    """A PIN with findings; ``boxed`` has one cell for each character that may be written.

    Trailing blank boxes are normal on the signature PIN (6 to 16 characters); a blank box before
    or between characters is flagged, and so is one that the writer has marked.

    Args:
        field: Which PIN.
        boxed: Its boxes as read.
        thresholds: When a character is sure.
        kinds: For each box what the form's mark row says, None where it says nothing clear;
            empty where the form has no such row.
    """
    if boxed.blank:
        finding = Finding(FindingCode.PIN_MISSING, Severity.RETURN, field)
        return Resolved(boxed.reading(field, "", 1.0, False, ()), (finding,))
    alphabet = boxed.zone.alphabet or (
        pin.SIGNATURE_ALPHABET if field == FieldName.PIN_SIGNATURE else _NUMERIC
    )
    said = (*kinds, *(None for _ in boxed.cells))[: len(boxed.cells)]
    used = boxed.cells[: _stop(field, boxed, said)]
    judged = [_judge(c, k, alphabet, thresholds) for c, k in zip(used, said, strict=False)]
    findings = [
        _finding(code, field, i, used[i]) for i, j in enumerate(judged) for code in j.findings
    ]
    flagged = [j.flagged for j in judged]
    cells = tuple(j.cell for j in judged)
    value = "".join(cell.best for cell in cells)
    gap = any(cell.blank for cell in cells)
    if gap or not pin.is_legal(field, value):
        findings.append(_rule(field, cells, value, any(flagged)))
    confidence = math.prod(cell.confidence for cell in cells) if not gap else 0.0
    mean = confidence ** (1 / len(cells))
    clear = not any(flagged) and all(f.severity == Severity.INFO for f in findings)
    if clear and mean < thresholds.for_field(field):
        # Each character is clear enough, all together are not: the weakest is named.
        weakest = min(range(len(cells)), key=lambda i: cells[i].confidence)
        flagged[weakest] = True
        findings.append(_finding(FindingCode.PIN_AMBIGUOUS, field, weakest, used[weakest]))
        clear = False
    characters = tuple(
        _character(cell, flag, alphabet) for cell, flag in zip(cells, flagged, strict=True)
    )
    return Resolved(boxed.reading(field, value, confidence, clear, characters), tuple(findings))


def _stop(field: FieldName, boxed: BoxedReading, said: Sequence[pin.Kind | None]) -> int:
    """One past the last box that counts."""
    if field != FieldName.PIN_SIGNATURE:
        return len(boxed.cells)
    marked = [i + 1 for i, kind in enumerate(said) if kind is not None]
    return max(boxed.written[1], *marked) if marked else boxed.written[1]


def _judge(
    cell: CellReading, kind: pin.Kind | None, alphabet: str, thresholds: CharacterThresholds
) -> _Judged:
    least = thresholds.for_character(alphabet)
    lower = _is_lower(cell, alphabet, thresholds)
    plain = _is_flagged(cell, alphabet, least)
    heard, findings = cell, list[FindingCode]()
    flagged = plain
    if kind is not None and not cell.blank:
        agrees, said = _hear(cell, kind, alphabet)
        if not agrees:
            flagged = True
            findings.append(FindingCode.PIN_MARK_MISMATCH)
        elif not cell.doubtful:
            heard, flagged = said, _is_flagged(said, _of_kind(alphabet, kind), least)
    if flagged and (cell.doubtful or not findings):
        findings.append(FindingCode.PIN_AMBIGUOUS)
    if lower:
        findings.append(FindingCode.PIN_LOWER_CASE)
    elif plain and not flagged:
        findings.append(FindingCode.PIN_SETTLED_BY_MARK)
    return _Judged(heard, flagged or lower, tuple(findings))


def _hear(cell: CellReading, kind: pin.Kind, alphabet: str) -> tuple[bool, CellReading]:
    """Whether the shape can be of the marked kind, and the cell as read under that word.

    0 and O count as one shape, and 1 and I: which of them a glyph resembles is chance.
    """
    held: dict[str, float] = {}
    for character, probability in cell.posterior.items():
        twin = pin.same_shape_of_kind(character, kind)
        if twin and twin in alphabet:
            held[twin] = held.get(twin, 0.0) + probability
    mass = sum(held.values())
    if mass < _SHAPE_AGREES:
        return False, cell
    return True, dataclasses.replace(
        cell,
        posterior={c: p / mass for c, p in held.items()},
        views=tuple(pin.same_shape_of_kind(view, kind) or view for view in cell.views),
    )


def _of_kind(alphabet: str, kind: pin.Kind) -> str:
    return "".join(c for c in alphabet if pin.kind_of(c) == kind)


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


def _character(cell: CellReading, flagged: bool, alphabet: str) -> Character:
    """The cell as a character; a flagged one with every look-alike among its alternatives.

    Look-alikes that the writer's word rules out are listed last: that word may be the slip.
    """
    made = cell.character(flagged)
    if not made.flagged or not made.value:
        return made
    alike = pin.look_alikes(made.value, alphabet)
    probable = [a.value for a in made.alternatives if a.value not in alike]
    kept = [*alike, *probable[: max(0, ALTERNATIVES_KEPT - len(alike))]]
    ranked = sorted(kept, key=lambda c: -cell.posterior.get(c, 0.0))
    return dataclasses.replace(
        made,
        alternatives=tuple(Alternative(c, round(cell.posterior.get(c, 0.0), 6)) for c in ranked),
    )


def _finding(code: FindingCode, field: FieldName, position: int, cell: CellReading) -> Finding:
    # The state of the cell is evidence; its characters are not, they are the secret. Nor is the
    # kind that was marked: it would halve what is left to guess.
    severity = Severity.INFO if code == FindingCode.PIN_SETTLED_BY_MARK else Severity.REVIEW
    evidence: tuple[tuple[str, str | float], ...] = ()
    if code == FindingCode.PIN_AMBIGUOUS:
        evidence = (("cell", cell.state.value),)
    return Finding(code, severity, field, position, evidence)


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
