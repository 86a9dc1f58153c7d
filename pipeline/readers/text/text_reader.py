"""Reads a zone of free writing or print into a reading that says which characters are not sure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline import settings
from pipeline.domain import addresses, application_id, person_names, phone
from pipeline.domain.documents import FieldName as F
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.geometry import BoxPx
from pipeline.domain.readings import Alternative, Character, Reading
from pipeline.forms.definition import Zone
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.ink.ink_parts import ink_parts
from pipeline.readers.ink.zone_ink import surely_blank, zone_writing
from pipeline.readers.resolved import Resolved
from pipeline.readers.text.address_check import check_address
from pipeline.readers.text.alphabets import (
    ADDRESS_FIELDS,
    KANA_FIELDS,
    NAME_FIELDS,
    PHONE_FIELDS,
    Mask,
    alphabet_of,
)
from pipeline.readers.text.exemption import separate
from pipeline.readers.text.lexicons import is_known
from pipeline.readers.text.line_cutting import TextLine, levelled
from pipeline.readers.text.old_forms import common_form_weighed
from pipeline.readers.text.text_layout import crowded, notices
from pipeline.readers.text.text_limits import TextLimits
from pipeline.readers.text.text_lines import LineCharacter, Recogniser, read_line
from pipeline.readers.text.text_thresholds import TextClass, TextThresholds

READER = "text"
ALTERNATIVES_KEPT = 5
_LEAST_PROBABILITY = 1e-4
_MARGIN_MM = 1.6
# From this much mass outside the alphabet the glyph is likely none that may stand here.
_OUTSIDE = 0.5
_UNREADABLE = 0.45
_NOT_AN_ID = 0.05
_FULL_OF_INK = 0.72
_ENDS_NUMBER = frozenset("0123456789号地")
_GOES_ON = frozenset("0123456789-丁番号地のノ条")
_REQUIRED_TEXT = {
    F.NAME: FindingCode.NAME_MISSING,
    F.APPLICANT_NAME: FindingCode.NAME_MISSING,
    F.ADDRESS: FindingCode.ADDRESS_MISSING,
    F.APPLICANT_ADDRESS: FindingCode.ADDRESS_MISSING,
}


@dataclass(frozen=True, slots=True)
class _Read:
    """What the lines of a zone say, and what is unusual about how they are written."""

    lines: tuple[TextLine, ...]
    characters: tuple[tuple[LineCharacter, ...], ...]
    notices: tuple[str, ...]


class TextReader:
    """Reads text zones; holds the warm recogniser of one worker."""

    def __init__(
        self,
        recogniser: Recogniser,
        thresholds: TextThresholds | None = None,
        limits: TextLimits | None = None,
    ) -> None:
        """Take the recogniser.

        Args:
            recogniser: What reads lines.
            thresholds: Calibration; that of the installation's models where None.
            limits: What counts as writing; those of the installation's models where None.

        Raises:
            DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
        """
        self._recogniser = recogniser
        self._thresholds = thresholds or TextThresholds.load(settings.current().models)
        self._limits = limits or TextLimits.load(settings.current().models)
        self._masks: dict[tuple[F, str], Mask] = {}

    @property
    def model_version(self) -> str:
        """Model and thresholds, for lineage."""
        return f"{self._recogniser.version} {self._thresholds.version}"

    def read(self, page: RegisteredPage, zone: Zone, *, two_views: bool = True) -> Resolved:
        """A text zone: reading and findings. A blank zone has the value ``""``.

        Args:
            page: The registered page.
            zone: The zone.
            two_views: Look twice at writing. Without it the value is the same, and how sure it
                is means nothing.
        """
        if surely_blank(page, zone.box):
            return self._blank(zone)
        ink = zone_writing(page, zone, _MARGIN_MM)
        inner, room = zone.box.to_px(), max(1, zone.lines)
        parts = ink_parts(ink)
        written = levelled(ink, parts, inner)
        rows = written.rows(room)
        lines = written.lines(rows)
        if not lines:
            return self._blank(zone)
        if any(line.ink_share > _FULL_OF_INK for line in lines):
            return self._unread(zone, "full of ink")
        unusual = notices(ink, parts, inner, lines, self._limits, printed=zone.printed)
        if not zone.printed and (more := written.rows(room + 1)) != rows:
            all_lines = written.lines(more)
            if crowded(all_lines, lines, self._limits):
                lines, unusual = all_lines, (*unusual, "more lines than there is room for")
        characters = tuple(self._line(zone, line, two_views=two_views) for line in lines)
        read = _Read(tuple(lines), characters, unusual)
        if not any(read.characters):
            return self._unread(zone, "nothing recognised")
        return self._resolve(zone, read)

    def _line(self, zone: Zone, line: TextLine, *, two_views: bool) -> tuple[LineCharacter, ...]:
        found = read_line(
            self._recogniser,
            line,
            self._mask(zone),
            self._thresholds.temperature,
            two_views=two_views and not zone.printed,
        )
        written_name = zone.field in NAME_FIELDS and not zone.printed
        return tuple(common_form_weighed(one) if written_name else one for one in found)

    def _mask(self, zone: Zone) -> Mask:
        key = (zone.field, zone.alphabet)
        if key not in self._masks:
            self._masks[key] = Mask(
                self._recogniser.columns, alphabet_of(zone.field, zone.alphabet) - {" "}
            )
        return self._masks[key]

    def _resolve(self, zone: Zone, read: _Read) -> Resolved:
        limits = self._thresholds.of(zone)
        characters = self._characters(zone, read, limits)
        attributes: dict[str, str] = {}
        findings: list[Finding] = []
        written = "".join(c.value for c in characters)
        value = written
        raw = _product(read)
        if zone.field in NAME_FIELDS and zone.field != F.SIGNATURE:
            value, characters = _without_reason(zone, read, characters, attributes, findings)
        if zone.field in PHONE_FIELDS:
            value = phone.normalise(written)
            if not phone.is_plausible(value):
                raw *= 0.3
        if zone.field in ADDRESS_FIELDS:
            value = addresses.normalise(written)
            raw *= self._check_address(zone, value, attributes, findings)
        if zone.field == F.APPLICATION_ID and not application_id.is_legal(value):
            raw *= _NOT_AN_ID
            findings.append(
                Finding(FindingCode.APPLICATION_ID_UNREADABLE, Severity.REVIEW, zone.field)
            )
        confidence = limits.calibrated(raw)
        flagged = any(c.flagged for c in characters)
        findings.extend(_noticed(zone, read.notices))
        if not is_known(zone.field, value):
            findings.append(_unclear_for(zone, "no known word"))
        accepted = not flagged and confidence >= limits.accept_from
        accepted = accepted and not any(f.severity != Severity.INFO for f in findings)
        findings.extend(_unclear(zone, characters))
        reading = Reading(
            field=zone.field,
            value=value,
            confidence=round(confidence, 6),
            accepted=accepted,
            characters=characters,
            box_px=_union([line.box_px for line in read.lines]),
            reader=READER,
            model_version=self.model_version,
            as_written=written if written != value else None,
            attributes=attributes,
        )
        return Resolved(reading, tuple(findings))

    def _characters(self, zone: Zone, read: _Read, limits: TextClass) -> tuple[Character, ...]:
        result: list[Character] = []
        unknown = self._mask(zone).unknown
        for number, line in enumerate(read.characters):
            for i, one in enumerate(line):
                spaced = _words_apart(zone, line, i, number)
                if spaced and result:
                    result.append(Character(" ", 0.99))
                result.append(_character(zone, one, limits, unknown))
        return tuple(result)

    def _check_address(
        self, zone: Zone, value: str, attributes: dict[str, str], findings: list[Finding]
    ) -> float:
        """Adds what the postal list knows; returns the factor on the confidence."""
        check = check_address(value)
        attributes["place"] = check.known
        if check.candidate and check.known != "exact":
            attributes["candidate"] = check.candidate
        if check.postal_codes:
            attributes["postal_codes"] = ",".join(check.postal_codes)
        if check.known == "exact":
            return 1.0
        if check.known == "unknown":
            findings.append(Finding(FindingCode.ADDRESS_UNKNOWN, Severity.REVIEW, zone.field))
            return 0.3
        if check.known == "near":
            findings.append(
                Finding(
                    FindingCode.TEXT_UNCLEAR,
                    Severity.REVIEW,
                    zone.field,
                    evidence=(("edits_to_known_place", float(check.differences)),),
                )
            )
            return 0.2
        return 0.7

    def _blank(self, zone: Zone) -> Resolved:
        reading = Reading(
            field=zone.field,
            value="",
            confidence=0.999,
            accepted=zone.optional,
            box_px=zone.box.to_px(),
            reader=READER,
            model_version=self.model_version,
        )
        if zone.optional:
            return Resolved(reading)
        code = _REQUIRED_TEXT.get(zone.field)
        if code is None:
            return Resolved(
                reading,
                (
                    Finding(
                        FindingCode.TEXT_UNCLEAR,
                        Severity.REVIEW,
                        zone.field,
                        evidence=(("reason", "blank"),),
                    ),
                ),
            )
        return Resolved(reading, (Finding(code, Severity.RETURN, zone.field),))

    def _unread(self, zone: Zone, reason: str) -> Resolved:
        reading = Reading(
            field=zone.field,
            value=None,
            confidence=0.0,
            accepted=False,
            box_px=zone.box.to_px(),
            reader=READER,
            model_version=self.model_version,
        )
        code = _unreadable_code(zone)
        finding = Finding(code, Severity.REVIEW, zone.field, evidence=(("reason", reason),))
        return Resolved(reading, (finding,))


def _unreadable_code(zone: Zone) -> FindingCode:
    if zone.field == F.APPLICATION_ID:
        return FindingCode.APPLICATION_ID_UNREADABLE
    named = zone.field in NAME_FIELDS
    return FindingCode.NAME_UNREADABLE if named else FindingCode.TEXT_UNCLEAR


def _doubt_code(zone: Zone) -> FindingCode:
    """For mere doubts: a name is not unreadable for them, an ID is."""
    return _unreadable_code(zone) if zone.field == F.APPLICATION_ID else FindingCode.TEXT_UNCLEAR


def _character(
    zone: Zone, one: LineCharacter, limits: TextClass, unknown: frozenset[str]
) -> Character:
    """A character with its alternatives, the variants that the model cannot know among them."""
    alternatives = [
        Alternative(c, round(p, 6)) for c, p in one.ranked[1:] if p >= _LEAST_PROBABILITY
    ]
    probability = limits.calibrated_character(one.probability)
    unseen = [
        v
        for v in (person_names.variants_of(one.value) if zone.field in NAME_FIELDS else ())
        if v in unknown
    ]
    flagged = (
        probability < limits.flag_below
        or not one.agreed
        or one.doubtful
        or one.outside > _OUTSIDE
        or bool(unseen)
    )
    alternatives = [Alternative(v, 0.0) for v in unseen] + alternatives
    return Character(
        value=one.value,
        confidence=round(probability, 6),
        flagged=flagged,
        alternatives=tuple(alternatives[:ALTERNATIVES_KEPT]),
        box_px=one.box_px,
    )


def _without_reason(
    zone: Zone,
    read: _Read,
    characters: tuple[Character, ...],
    attributes: dict[str, str],
    findings: list[Finding],
) -> tuple[str, tuple[Character, ...]]:
    """The name alone, where a reason for an unusual photo stands in the same field."""
    lines = [_text_of(line) for line in read.characters]
    parts = separate(lines)
    written = "".join(c.value for c in characters)
    if not parts.reason:
        return person_names.normalise(written), characters
    findings.append(Finding(FindingCode.PHOTO_EXCEPTION_STATED, Severity.INFO, zone.field))
    attributes["exception_stated"] = "1"
    name = person_names.normalise(parts.name)
    # The name comes first wherever one was found: keep as many characters as it has.
    kept = characters[: len(parts.name)] if written.startswith(parts.name) else characters
    return name, kept


def _text_of(line: tuple[LineCharacter, ...]) -> str:
    return "".join((" " if c.after_gap else "") + c.value for c in line)


def _product(read: _Read) -> float:
    """Probability that all characters are right were they independent, doubts weighed in."""
    total = 0.0
    for line in read.characters:
        for one in line:
            p = one.probability * (0.9 if one.doubtful else 1.0) * (1.0 if one.agreed else 0.4)
            total += math.log(max(p, 1e-6))
    return math.exp(total)


def _unclear(zone: Zone, characters: tuple[Character, ...]) -> list[Finding]:
    """A finding for each character that cannot be read; one for a field with mere doubts."""
    code = _unreadable_code(zone)
    findings = []
    doubts = 0
    for position, one in enumerate(characters):
        if not one.flagged:
            continue
        doubts += 1
        variant = any(a.probability == 0.0 for a in one.alternatives)
        if one.confidence < _UNREADABLE or variant:
            findings.append(
                Finding(
                    code,
                    Severity.REVIEW,
                    zone.field,
                    position,
                    evidence=(("confidence", round(one.confidence, 3)),),
                )
            )
    if doubts and not findings:
        findings.append(
            Finding(
                _doubt_code(zone),
                Severity.REVIEW,
                zone.field,
                evidence=(("characters", float(doubts)),),
            )
        )
    return findings


def _noticed(zone: Zone, reasons: tuple[str, ...]) -> list[Finding]:
    """A finding for each thing unusual about how the field is written."""
    findings = []
    for reason in reasons:
        if reason == "struck out" and zone.printed:
            evidence = (("reason", reason),)
            code = FindingCode.PRINTED_DATA_CORRECTED
            findings.append(Finding(code, Severity.REVIEW, zone.field, evidence=evidence))
        else:
            findings.append(_unclear_for(zone, reason))
    return findings


def _unclear_for(zone: Zone, reason: str) -> Finding:
    evidence = (("reason", reason),)
    return Finding(FindingCode.TEXT_UNCLEAR, Severity.REVIEW, zone.field, evidence=evidence)


def _words_apart(zone: Zone, line: tuple[LineCharacter, ...], i: int, number: int) -> bool:
    """Whether a blank belongs before this character: between names, before a building."""
    if zone.field in NAME_FIELDS | KANA_FIELDS:
        return line[i].after_gap or (i == 0 and number > 0)
    if zone.field not in ADDRESS_FIELDS or not line[i].after_gap or i == 0:
        return False
    # In an address a blank means something only before a building; numbers are often written wide.
    return line[i - 1].value in _ENDS_NUMBER and line[i].value not in _GOES_ON


def _union(boxes: list[BoxPx]) -> BoxPx:
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    right, bottom = max(b.x + b.w for b in boxes), max(b.y + b.h for b in boxes)
    return BoxPx(x, y, right - x, bottom - y)
