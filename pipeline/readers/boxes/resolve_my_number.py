"""The My Number from its twelve boxes: check digit, findings, and whether the machine is sure."""

from __future__ import annotations

import dataclasses

from pipeline.domain.documents import FieldName
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.my_number import LENGTH, PLACEHOLDER, passes_check_digit
from pipeline.readers.boxed import BoxedReading, CellReading, CellState
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.boxes.check_digit_decoding import Candidate, decode
from pipeline.readers.resolved import Resolved

_FIELD = FieldName.MY_NUMBER
_DIGITS = "0123456789"


def resolve_my_number(boxed: BoxedReading, thresholds: CharacterThresholds) -> Resolved:
    """The number with findings.

    Accepted only where every box holds one digit, the number is valid, at most one digit was
    changed by the check digit, and the probability of the whole is above the threshold. A box
    that was cut out with some doubt has its probabilities spread by how often such boxes are
    read wrong, and the check digit has to make up for it; a box whose ink may be two digits, a
    correction or none bars the whole.
    """
    if boxed.blank:
        return _missing(boxed)
    if len(boxed.cells) != LENGTH or any(cell.blank for cell in boxed.cells):
        return _incomplete(boxed, thresholds)
    if boxed.plain == PLACEHOLDER:
        sure = _sure(boxed, thresholds)
        return _placeholder(boxed) if sure else _incomplete(boxed, thresholds)
    cells = tuple(spread(cell.as_weighed(), thresholds) for cell in boxed.cells)
    rows = [[cell.posterior.get(d, 0.0) for d in _DIGITS] for cell in cells]
    decoding = decode(rows)
    share = thresholds.invalid_written_share
    findings: list[Finding] = []
    plain_valid = passes_check_digit(decoding.plain)
    best = decoding.candidates[0] if decoding.candidates else Candidate(decoding.plain, 0.0)
    changed = _different(best.number, decoding.plain)
    confidence = decoding.posterior(best, share) if decoding.candidates else 0.0
    # A number that the ink does not support is not put in the place of the one that was written.
    taken = (
        best.number if plain_valid or (len(changed) == 1 and confidence > 0.5) else decoding.plain
    )
    if not plain_valid:
        findings.append(
            Finding(
                FindingCode.MY_NUMBER_CHECK_DIGIT,
                Severity.REVIEW,
                _FIELD,
                changed[0] if len(changed) == 1 else None,
                evidence=(("changed_digits", float(len(changed))),),
            )
        )
    if taken != best.number:
        confidence = min(confidence, 1 - confidence)
    needed = _needed(taken, plain_valid, thresholds)
    doubtful = any(cell.doubtful for cell in cells)
    accepted = (
        confidence >= needed
        and not doubtful
        and taken == best.number
        and (plain_valid or len(changed) == 1)
        # What only the weighing makes of a digit is no plain reading either.
        and (taken == boxed.plain or not plain_valid)
    )
    if not accepted:
        cells = boxed.cells
    flagged = _flagged(cells, taken, accepted, thresholds, changed)
    findings.extend(_ambiguous(i) for i in sorted(flagged))
    characters = tuple(cell.character(i in flagged, taken[i]) for i, cell in enumerate(cells))
    return Resolved(
        boxed.reading(_FIELD, taken, confidence, accepted, characters),
        tuple(findings),
    )


def spread(cell: CellReading, thresholds: CharacterThresholds) -> CellReading:
    """A cell that was cut out with some doubt as a plain one that is less sure.

    Args:
        cell: Any cell with ink.
        thresholds: Says of which states, and by how much.
    """
    if cell.blank or not cell.doubtful:
        return cell
    share = thresholds.doubt_of(cell.state.value, cell.confidence)
    if share is None:
        return cell
    even = share / len(_DIGITS)
    posterior = {d: (1 - share) * cell.posterior.get(d, 0.0) + even for d in _DIGITS}
    return dataclasses.replace(cell, posterior=posterior, state=CellState.INK)


def _needed(number: str, plain_valid: bool, thresholds: CharacterThresholds) -> float:
    """The least probability of the whole.

    Remainders 0 and 1 share the check digit 0 (平成26年総務省令第85号 第5条): under a 0, some
    single wrong digits pass the check, and the digits have to be surer by themselves.
    """
    if not plain_valid:
        return thresholds.for_field("my_number_corrected")
    least = thresholds.for_field("my_number")
    if number.endswith("0"):
        return max(least, thresholds.field.get("my_number_zero", least))
    return least


def _flagged(
    cells: tuple[CellReading, ...],
    taken: str,
    accepted: bool,
    thresholds: CharacterThresholds,
    changed: list[int],
) -> set[int]:
    """Positions to look at; where the value is not accepted at least the weakest one."""
    least = thresholds.for_character(_DIGITS)
    doubtful = {i for i, cell in enumerate(cells) if cell.doubtful}
    if accepted:
        # The check digit vouches for the digits; only one that it changed is named.
        return doubtful | set(changed)
    weak = {i for i, cell in enumerate(cells) if cell.posterior.get(taken[i], 0.0) < least}
    flagged = doubtful | weak | set(changed if len(changed) <= 2 else [])
    if not flagged:
        flagged = {min(range(len(cells)), key=lambda i: cells[i].posterior.get(taken[i], 0.0))}
    return flagged


def _different(a: str, b: str) -> list[int]:
    return [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]


def _ambiguous(position: int) -> Finding:
    return Finding(FindingCode.MY_NUMBER_AMBIGUOUS, Severity.REVIEW, _FIELD, position)


def _sure(boxed: BoxedReading, thresholds: CharacterThresholds) -> bool:
    least = thresholds.for_character(_DIGITS)
    return all(not cell.doubtful and cell.confidence >= least for cell in boxed.cells)


def _missing(boxed: BoxedReading) -> Resolved:
    finding = Finding(FindingCode.MY_NUMBER_MISSING, Severity.RETURN, _FIELD)
    return Resolved(boxed.reading(_FIELD, "", 1.0, False, ()), (finding,))


def _incomplete(boxed: BoxedReading, thresholds: CharacterThresholds) -> Resolved:
    """Boxes are empty (a late start, a gap, digits left out) or unclear. Nothing is guessed."""
    least = thresholds.for_character(_DIGITS)
    flagged = [
        i for i, c in enumerate(boxed.cells) if c.blank or c.doubtful or c.confidence < least
    ]
    first, stop = boxed.written
    shape = (
        "gap"
        if any(c.blank for c in boxed.cells[first:stop])
        else ("late_start" if first > 0 else "short")
    )
    characters = tuple(cell.character(i in flagged) for i, cell in enumerate(boxed.cells))
    findings = tuple(
        Finding(
            FindingCode.MY_NUMBER_AMBIGUOUS,
            Severity.REVIEW,
            _FIELD,
            i,
            evidence=(("boxes", shape),) if boxed.cells[i].blank else (),
        )
        for i in flagged
    )
    reading = boxed.reading(_FIELD, None, 0.0, False, characters)
    return Resolved(reading, findings)


def _placeholder(boxed: BoxedReading) -> Resolved:
    characters = tuple(cell.character(False) for cell in boxed.cells)
    finding = Finding(FindingCode.MY_NUMBER_PLACEHOLDER, Severity.RETURN, _FIELD)
    return Resolved(boxed.reading(_FIELD, PLACEHOLDER, 0.0, False, characters), (finding,))
