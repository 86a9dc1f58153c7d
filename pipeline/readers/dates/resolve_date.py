"""Dates from an era mark and boxed digits, or from free writing, decoded over possible dates only.

Every combination of digits that names no day of the calendar is left out; the others are weighed
by what the cells say and by how probable the day is for that field (``date_prior``), and the
posterior of the best says how sure the date is. What the prior alone prefers is never accepted.
Digits that name no day take part in that as seldom as people write such dates. Where the plain
reading names no day, that is a finding even though a possible day scores second: the writer may
have written an impossible date.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pipeline import settings
from pipeline.domain import era as eras
from pipeline.domain.documents import FieldName
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.geometry import BoxPx
from pipeline.domain.readings import Alternative, Character, Reading
from pipeline.forms.definition import Zone
from pipeline.readers.dates.date_prior import Weight, prior_of
from pipeline.readers.dates.date_thresholds import DateThresholds
from pipeline.readers.marks.mark_reader import MarksReading
from pipeline.readers.resolved import Resolved

READER = "dates"
_KEPT_PER_CELL = 4
_FLOOR = 1e-6
# A third digit less probable than this changes no date's probability in the third place.
_NEGLIGIBLE = 1e-4


class _Cell(Protocol):
    @property
    def posterior(self) -> Mapping[str, float]: ...
    @property
    def weighed(self) -> Mapping[str, float]: ...
    @property
    def blank(self) -> bool: ...
    @property
    def doubtful(self) -> bool: ...
    @property
    def unreadable(self) -> bool: ...
    @property
    def shares_ink(self) -> bool: ...
    @property
    def box_px(self) -> BoxPx: ...


class Boxed(Protocol):
    """The boxed digits of a date (``boxes.BoxedReading``)."""

    @property
    def cells(self) -> Sequence[_Cell]:
        """Six cells: year, month and day, a pair each."""
        ...

    @property
    def zone(self) -> Zone:
        """Where they stand."""
        ...

    @property
    def model_version(self) -> str:
        """For lineage."""
        ...


@dataclass(frozen=True, slots=True)
class _Candidate:
    day: dt.date | None
    era: str
    digits: tuple[str, ...]
    probability: float


def resolve_date(
    field: FieldName,
    era: MarksReading | None,
    boxed: Boxed | None,
    text: Resolved | None,
    *,
    printed_era: str = "令和",
    thresholds: DateThresholds | None = None,
    arrived: dt.date | None = None,
) -> Resolved:
    """A date in ISO 8601 with what is doubtful about it.

    Args:
        field: Which date.
        era: The era marks, where the form has them.
        boxed: The digits in boxes, where the form has them.
        text: The date as free text, where the form has it so.
        printed_era: The era that the form prints where it has no marks for it.
        thresholds: Of boxed dates; those of the installation's models where None.
        arrived: The day on which the paper came in, for what is probable; None where unknown.

    Returns:
        ``""`` with ``DATE_MISSING`` where nothing is written, None where no day can be read.

    Raises:
        DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
    """
    if boxed is not None:
        limits = thresholds or DateThresholds.load(settings.current().models)
        return _from_boxes(field, era, boxed, printed_era, limits, prior_of(field, arrived))
    if text is not None:
        return _from_text(field, text, printed_era)
    return Resolved(Reading(field, None, 0.0, accepted=False, reader=READER))


def _from_boxes(
    field: FieldName,
    era: MarksReading | None,
    boxed: Boxed,
    printed_era: str,
    limits: DateThresholds,
    prior: Weight,
) -> Resolved:
    cells = boxed.cells
    optional = boxed.zone.optional
    era_blank = era is None or era.blank
    if all(c.blank and not c.doubtful for c in cells):
        return _missing(field, boxed, era, optional, era_blank)
    eras_possible = _eras(era, printed_era)
    slots = [_options(cell) for cell in cells]
    candidates = list(_candidates(slots, eras_possible))
    total = sum(c.probability for c in candidates)
    possible = _by_day([c for c in candidates if c.day is not None])
    mass_possible = sum(c.probability for c in possible)
    unreadable = any(cell.unreadable for cell in cells)
    if not candidates or total <= 0 or not possible or unreadable:
        return _impossible(field, boxed, era, slots, limits)
    plain = max(candidates, key=lambda c: c.probability)
    barred = [_bars(cell, limits) for cell in cells]
    doubtful = any(barred) or (era is not None and era.chosen is None)
    if plain.day is None and 1 - mass_possible / total > limits.impossible_from:
        return _impossible(field, boxed, era, slots, limits)
    possible, total = _weighed(possible, limits.impossible_odds * (total - mass_possible), prior)
    best = possible[0]
    confidence = best.probability / total
    characters = _characters(era, boxed, barred, best, plain, possible, total, limits.accept_from)
    # A doubtful cell bars acceptance though it be blank: a stroke may have gone with the line.
    accepted = confidence >= limits.accept_from and not doubtful and plain.digits == best.digits
    findings: tuple[Finding, ...] = ()
    if not accepted:
        evidence = (("confidence", round(confidence, 4)),)
        findings = (Finding(FindingCode.DATE_UNCLEAR, Severity.REVIEW, field, evidence=evidence),)
        characters = _weakest_flagged(characters)
    written = f"{best.era}{_shown(best.digits)}"
    assert best.day is not None
    reading = Reading(
        field=field,
        value=best.day.isoformat(),
        confidence=round(confidence, 6),
        accepted=accepted,
        characters=characters,
        box_px=boxed.zone.box.to_px(),
        reader=READER,
        model_version=boxed.model_version,
        as_written=written,
    )
    return Resolved(reading, findings)


def _bars(cell: _Cell, limits: DateThresholds) -> bool:
    """Whether how a cell was cut out keeps the date from being accepted.

    A digit whose ink runs into a neighbour or along a line is as good as another where it is
    very sure: the risk was measured with such dates among those accepted.
    """
    if cell.shares_ink and max(cell.posterior.values()) >= limits.shared_sure_from:
        return False
    return cell.doubtful


def _weakest_flagged(characters: tuple[Character, ...]) -> tuple[Character, ...]:
    """Where no character is flagged for itself, the least sure one: a person begins there."""
    if any(c.flagged for c in characters):
        return characters
    weakest = min(range(len(characters)), key=lambda i: characters[i].confidence)
    return tuple(replace(c, flagged=i == weakest) for i, c in enumerate(characters))


def _eras(era: MarksReading | None, printed: str) -> list[tuple[str, float]]:
    """Era names with probabilities."""
    if era is None:
        return [(printed, 1.0)]
    weights = [(c.value, max(c.probability, 1e-3)) for c in era.cells]
    strongest = sorted(weights, key=lambda w: -w[1])
    total = sum(w for _, w in strongest)
    return [(name, w / total) for name, w in strongest]


def _options(cell: _Cell) -> list[tuple[str, float]]:
    """Digits with probabilities; the blank is the empty string."""
    if cell.blank:
        return [("", 1.0)]
    ranked = sorted((cell.weighed or cell.posterior).items(), key=lambda kv: -kv[1])[
        :_KEPT_PER_CELL
    ]
    kept = [(c, p) for i, (c, p) in enumerate(ranked) if i < 2 or p >= _NEGLIGIBLE]
    return [(c, max(p, _FLOOR)) for c, p in kept if c.isdigit()] or [("", 1.0)]


def _pairs(slots: list[list[tuple[str, float]]]) -> list[list[tuple[tuple[str, ...], float]]]:
    """Year, month and day as (digits, probability); cells fall into three equal groups."""
    per = max(1, len(slots) // 3)
    groups = [slots[i * per : (i + 1) * per] for i in range(3)]
    return [
        [
            (tuple(c for c, _ in choice), math.prod(p for _, p in choice))
            for choice in itertools.product(*group)
        ]
        for group in groups
    ]


def _candidates(
    slots: list[list[tuple[str, float]]], possible_eras: list[tuple[str, float]]
) -> list[_Candidate]:
    found = []
    for (year, py), (month, pm), (day, pd) in itertools.product(*_pairs(slots)):
        numbers = [_number(part) for part in (year, month, day)]
        digits = (*year, *month, *day)
        for name, pe in possible_eras:
            when = None
            if all(n is not None for n in numbers):
                y, m, d = (n or 0 for n in numbers)
                when = eras.to_date(name, y, m, d)
            found.append(_Candidate(when, name, digits, py * pm * pd * pe))
    return found


def _number(part: tuple[str, ...]) -> int | None:
    """The number of a pair; a digit may stand in either cell, the other blank."""
    text = "".join(part)
    return int(text) if text.isdigit() else None


def _by_day(candidates: list[_Candidate]) -> list[_Candidate]:
    """The days, each once, with the probability of all its spellings, most probable first."""
    best: dict[dt.date, _Candidate] = {}
    mass: dict[dt.date, float] = {}
    for one in candidates:
        if one.day is None:
            continue
        mass[one.day] = mass.get(one.day, 0.0) + one.probability
        if one.day not in best or one.probability > best[one.day].probability:
            best[one.day] = one
    merged = [_Candidate(c.day, c.era, c.digits, mass[day]) for day, c in best.items()]
    return sorted(merged, key=lambda c: -c.probability)


def _weighed(
    possible: list[_Candidate], mass_impossible: float, prior: Weight
) -> tuple[list[_Candidate], float]:
    """The days by cells and prior, most probable first, and the probability of all candidates.

    What names no day keeps its share: the prior says which days are probable, not whether the
    writer wrote one; that is in ``mass_impossible`` already.
    """
    weighed = [
        replace(c, probability=c.probability * prior(c.day)) for c in possible if c.day is not None
    ]
    before = sum(c.probability for c in possible)
    factor = before / max(sum(c.probability for c in weighed), 1e-300)
    scaled = [replace(c, probability=c.probability * factor) for c in weighed]
    return sorted(scaled, key=lambda c: -c.probability), before + mass_impossible


def _characters(
    era: MarksReading | None,
    boxed: Boxed,
    barred: Sequence[bool],
    best: _Candidate,
    plain: _Candidate,
    possible: list[_Candidate],
    total: float,
    flag_below: float,
) -> tuple[Character, ...]:
    """The era (where marked) and the digits, each with its share among possible dates."""
    result = []
    if era is not None:
        chosen = next((c for c in era.cells if c.value == best.era), None)
        share = sum(c.probability for c in possible if c.era == best.era) / total
        result.append(
            Character(
                best.era,
                round(min(1.0, share), 6),
                flagged=era.chosen is None,
                box_px=chosen.box_px if chosen else era.zone.box.to_px(),
            )
        )
    for i, cell in enumerate(boxed.cells):
        shares: dict[str, float] = {}
        for one in possible:
            shares[one.digits[i]] = shares.get(one.digits[i], 0.0) + one.probability / total
        taken = best.digits[i]
        confidence = min(1.0, shares.get(taken, 0.0))
        others = sorted(((c, p) for c, p in shares.items() if c != taken), key=lambda kv: -kv[1])
        result.append(
            Character(
                value=taken,
                confidence=round(confidence, 6),
                flagged=barred[i]
                or taken != plain.digits[i]
                or (not cell.blank and confidence < flag_below),
                alternatives=tuple(
                    Alternative(c, round(p, 6)) for c, p in others[:3] if c and p > 1e-4
                ),
                box_px=cell.box_px,
            )
        )
    return tuple(result)


def _missing(
    field: FieldName, boxed: Boxed, era: MarksReading | None, optional: bool, era_blank: bool
) -> Resolved:
    reading = Reading(
        field=field,
        value="",
        confidence=0.999,
        accepted=optional and era_blank,
        box_px=boxed.zone.box.to_px(),
        reader=READER,
        model_version=boxed.model_version,
    )
    if optional and era_blank:
        return Resolved(reading)
    severity = Severity.RETURN if era_blank else Severity.REVIEW
    return Resolved(reading, (Finding(FindingCode.DATE_MISSING, severity, field),))


def _impossible(
    field: FieldName,
    boxed: Boxed,
    era: MarksReading | None,
    slots: list[list[tuple[str, float]]],
    limits: DateThresholds,
) -> Resolved:
    """Digits that name no day: shown as read, and no value."""
    plain = tuple(options[0][0] for options in slots)
    sure = math.prod(options[0][1] for options in slots)
    parts = [_number(plain[i : i + len(plain) // 3]) for i in range(0, len(plain), len(plain) // 3)]
    incomplete = any(p is None for p in parts) or (era is not None and not era.marked)
    doubtful = incomplete or any(c.doubtful for c in boxed.cells) or sure < 0.8
    code = FindingCode.DATE_UNCLEAR if doubtful else FindingCode.DATE_IMPOSSIBLE
    characters = tuple(
        Character(
            value=options[0][0],
            confidence=round(options[0][1], 6),
            flagged=cell.doubtful or options[0][1] < limits.accept_from,
            alternatives=tuple(Alternative(c, round(p, 6)) for c, p in options[1:]),
            box_px=cell.box_px,
        )
        for options, cell in zip(slots, boxed.cells, strict=True)
    )
    name = era.chosen.value if era is not None and era.chosen is not None else ""
    reading = Reading(
        field=field,
        value=None,
        confidence=0.0,
        accepted=False,
        characters=characters,
        box_px=boxed.zone.box.to_px(),
        reader=READER,
        model_version=boxed.model_version,
        as_written=f"{name}{_shown(plain)}",
    )
    return Resolved(reading, (Finding(code, Severity.REVIEW, field),))


def _shown(digits: tuple[str, ...]) -> str:
    per = max(1, len(digits) // 3)
    year, month, day = ("".join(digits[i * per : (i + 1) * per]) or "?" for i in range(3))
    return f"{year}年{month}月{day}日"


def _from_text(field: FieldName, text: Resolved, printed_era: str) -> Resolved:
    """A date from free writing or print."""
    source = text.reading
    if source.value == "":
        missing = tuple(
            Finding(FindingCode.DATE_MISSING, Severity.RETURN, field) for f in text.findings[:1]
        )
        return Resolved(_as_date(field, source, "", source.accepted), missing)
    if source.value is None:
        return Resolved(
            _as_date(field, source, None, False),
            (Finding(FindingCode.DATE_UNCLEAR, Severity.REVIEW, field),),
        )
    day = eras.parse(source.value, printed_era)
    flagged = any(c.flagged for c in source.characters)
    if day is None:
        # Characters that are all sure and name no day: the date itself is wrong.
        looks_like_date = any(c in source.value for c in "年月日./-")
        impossible = looks_like_date and not flagged
        code = FindingCode.DATE_IMPOSSIBLE if impossible else FindingCode.DATE_UNCLEAR
        return Resolved(
            _as_date(field, source, None, False), (Finding(code, Severity.REVIEW, field),)
        )
    accepted = source.accepted and not flagged
    findings = () if accepted else (Finding(FindingCode.DATE_UNCLEAR, Severity.REVIEW, field),)
    return Resolved(_as_date(field, source, day.isoformat(), accepted), findings)


def _as_date(field: FieldName, source: Reading, value: str | None, accepted: bool) -> Reading:
    return Reading(
        field=field,
        value=value,
        confidence=source.confidence if value is not None else 0.0,
        accepted=accepted,
        characters=source.characters,
        box_px=source.box_px,
        reader=f"{READER}+{source.reader}",
        model_version=source.model_version,
        as_written=source.value,
    )
