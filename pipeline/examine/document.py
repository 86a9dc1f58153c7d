"""One document from page to examination."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.documents import PIN_FIELDS, Channel, FieldName, FormName, Route
from pipeline.domain.examinations import Examination, PageTally
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.photos import PhotoGrade
from pipeline.domain.readings import Reading
from pipeline.domain.separators import Separator
from pipeline.examine import rules
from pipeline.examine.crops import crops_of, picture_of
from pipeline.examine.double_feeds import double_feed
from pipeline.examine.engine import Engine
from pipeline.examine.faintness import doubt_blanks
from pipeline.examine.fields import fields_in_order
from pipeline.examine.grouping import Grouping
from pipeline.examine.routing import route
from pipeline.examine.signatures import compare_signature
from pipeline.examine.strangers import SHEETS, Stranger, recognise
from pipeline.forms.definition import ReaderKind
from pipeline.imaging.decoding import decode
from pipeline.imaging.pages import PageImage, RegisteredPage
from pipeline.imaging.registration import Unregistered
from pipeline.imaging.zone_sketches import zone_sketches
from pipeline.readers.marks.separators import find_separator
from pipeline.settings import ReplyFormByMail


@dataclass(frozen=True, slots=True)
class ExaminedDocument:
    """An examination with the pictures for its reviewer and the time each stage took.

    Attributes:
        crops: A JPEG by field. Personal: seal before storing.
        stage_ms: Milliseconds by stage: register, read, photo, crop.
        page_picture: A JPEG of the whole page where no zone could be cut, for the person who has
            to look at it.
        form_pages: How many pages its form has by its definition.
        sketches: Where the ink lies in each field, coarsely, to know the sheet again. Personal:
            stored as keyed bits only.
    """

    examination: Examination
    crops: dict[FieldName, bytes]
    stage_ms: dict[str, float]
    page_picture: bytes | None = None
    form_pages: int = 1
    sketches: dict[FieldName, NDArray[np.float32]] = field(default_factory=dict)

    def replaced(self, examination: Examination) -> ExaminedDocument:
        """The same document with another examination."""
        return dataclasses.replace(self, examination=examination)


def examine_file(
    engine: Engine, source: Path | bytes, channel: Channel, *, name: str
) -> Generator[ExaminedDocument, None, PageTally]:
    """Every document in a file; returns what its pages came to.

    Which page belongs to which document, and what a separator sheet does, stands in ``grouping``.

    Args:
        engine: The warm models.
        source: A file, or its bytes.
        channel: How it came in.
        name: What to call the file in the result.

    Raises:
        InputError: If the file cannot be opened or decoded.
    """
    settings = engine.settings
    pages = decode(
        source,
        max_pages=settings.max_pages,
        max_megapixels=settings.max_megapixels,
        max_file_mib=settings.max_file_mib,
    )
    grouping: Grouping[ExaminedDocument] = Grouping(channel)
    for page in pages:
        seen = _look_at(engine, page, channel, name)
        if isinstance(seen, Separator):
            yield from grouping.separator(seen)
        else:
            yield from grouping.page(seen, page.sequence)
    yield from grouping.finish()
    return grouping.tally


def examine_page(
    engine: Engine, page: PageImage, channel: Channel, *, name: str
) -> ExaminedDocument:
    """One page as a document of its own; a separator sheet is a page that is no form."""
    clock = _Clock()
    registered = engine.registrar.register(page)
    clock.lap("register")
    if isinstance(registered, Unregistered):
        return _stranger(engine, registered, page, channel, name, clock)
    return _examine_registered(engine, registered, page, channel, name, clock)


def _look_at(
    engine: Engine, page: PageImage, channel: Channel, name: str
) -> ExaminedDocument | Separator:
    clock = _Clock()
    registered = engine.registrar.register(page)
    clock.lap("register")
    if not isinstance(registered, Unregistered):
        return _examine_registered(engine, registered, page, channel, name, clock)
    # Only here: a code on an application must not make a separator of it.
    separator = find_separator(page) if registered.reason == FindingCode.FORM_UNKNOWN else None
    return separator or _stranger(engine, registered, page, channel, name, clock)


def _stranger(
    engine: Engine,
    result: Unregistered,
    page: PageImage,
    channel: Channel,
    name: str,
    clock: _Clock,
) -> ExaminedDocument:
    """A page on which no zone can be cut: what it seems to be, and its picture for a person."""
    seems = recognise(engine, page, result) if result.reason == FindingCode.FORM_UNKNOWN else None
    clock.lap("recognise")
    # A reply form that could not be lined up would show its PINs; the paper is at hand.
    forms = {result.nearest, seems.through if seems else None}
    picture = None if FormName.REPLY_FORM in forms else picture_of(page)
    examination = _unregistered(engine, result, seems, page, channel, name)
    return ExaminedDocument(examination, {}, clock.laps, picture)


def _examine_registered(
    engine: Engine,
    registered: RegisteredPage,
    page: PageImage,
    channel: Channel,
    name: str,
    clock: _Clock,
) -> ExaminedDocument:
    form = registered.form.name
    refused = (
        form == FormName.REPLY_FORM
        and channel == Channel.MAIL
        and engine.settings.reply_form_by_mail == ReplyFormByMail.REFUSE
    )
    unread = PIN_FIELDS if refused else frozenset[FieldName]()
    findings = rules.of_the_form(form, channel, refuse_reply_by_mail=refused)
    findings.extend(rules.of_the_version(registered.form.key, registered.runner_up))
    resolved = doubt_blanks(registered, engine.readers.read(registered, unread))
    for one in resolved:
        findings.extend(one.findings)
    findings.extend(compare_signature(registered, resolved, engine.readers.text))
    readings = {one.reading.field: one.reading for one in resolved}
    for hidden in sorted(unread & set(fields_in_order(registered.form))):
        readings[hidden] = Reading(hidden, None, 0.0, accepted=False, reader="not read by policy")
    clock.lap("read")

    grade = _grade_photo(engine, registered)
    clock.lap("photo")
    findings.extend(_findings_across(readings, findings, grade))
    findings.extend(double_feed(engine, page, registered))
    confirmed = rules.confirm_id_by_qr(readings)
    if confirmed is not None:
        readings[confirmed.field] = confirmed
        findings = [
            f
            for f in findings
            if not (f.field == confirmed.field and f.severity == Severity.REVIEW)
        ]
    unique = rules.without_repeats(findings)
    shown = tuple(f for f in fields_in_order(registered.form) if f not in unread)
    crops = crops_of(registered, shown)
    clock.lap("crop")
    examination = Examination(
        file=name,
        page=page.number,
        channel=channel,
        form=form,
        form_version=registered.form.version,
        route=route(tuple(readings.values()), unique),
        registration=registered.figures,
        readings=tuple(readings.values()),
        photo=grade,
        findings=unique,
    )
    return ExaminedDocument(
        examination,
        crops,
        clock.laps,
        form_pages=registered.form.pages,
        sketches=zone_sketches(registered),
    )


def _findings_across(
    readings: rules.Readings, so_far: list[Finding], grade: PhotoGrade | None
) -> list[Finding]:
    stated = any(f.code == FindingCode.PHOTO_EXCEPTION_STATED for f in so_far)
    return [
        *rules.qr_against_print(readings),
        *rules.dates_against_each_other(readings, dt.date.today()),
        *rules.representative(readings),
        *rules.of_the_photo(grade, readings, exception_stated=stated),
    ]


def _grade_photo(engine: Engine, page: RegisteredPage) -> PhotoGrade | None:
    zone = page.form.zone(FieldName.PHOTO)
    if zone is None or zone.reader != ReaderKind.PHOTO:
        return None
    return engine.photos.grade_on_page(page, zone)


def _unregistered(
    engine: Engine,
    result: Unregistered,
    seems: Stranger | None,
    page: PageImage,
    channel: Channel,
    name: str,
) -> Examination:
    poor = result.reason == FindingCode.REGISTRATION_POOR
    evidence: tuple[tuple[str, str | float], ...] = seems.evidence() if seems else ()
    if poor:
        evidence = (("why", " ".join(result.explanation)),)
    nearest = (seems.through if seems else None) or result.nearest
    if nearest is not None:
        evidence = (*evidence, ("nearest_form", nearest.value))
    findings = [Finding(result.reason, Severity.REVIEW, evidence=evidence)]
    if seems is None or seems.kind in SHEETS:
        findings += double_feed(engine, page, None)
    return Examination(
        file=name,
        page=page.number,
        channel=channel,
        form=result.nearest if poor else None,
        form_version=None,
        route=Route.KEY if poor else Route.QUARANTINE,
        registration=result.figures,
        readings=(),
        photo=None,
        findings=tuple(findings),
    )


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = (now - self._last) * 1000
        self._last = now
