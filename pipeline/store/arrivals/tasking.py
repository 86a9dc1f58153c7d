"""Which pieces of review work a document needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pipeline.domain.documents import PIN_FIELDS, FieldName, Route
from pipeline.domain.findings import FindingCode, Severity
from pipeline.store.arrivals import carpet_rule
from pipeline.store.arrivals.records import LoadedDocument, LoadedField

# What the machine says of these is that they are there; keying them blind would compare nothing.
PRESENCE_FIELDS = frozenset(
    {FieldName.SIGNATURE, FieldName.APPLICANT_SEAL, FieldName.PHOTO, FieldName.QR}
)
# Fields that decide whose card it is: on route `key` they are keyed without the machine's value.
KEYED_BLIND = frozenset({FieldName.MY_NUMBER}) | PIN_FIELDS


class TaskKind(StrEnum):
    """How a person works on it."""

    CONFIRM = "confirm"
    KEY = "key"
    ADJUDICATE = "adjudicate"


class Purpose(StrEnum):
    """Why there is a task: the document needs it, or the machine is being watched."""

    REVIEW = "review"
    SAMPLE = "sample"


PRIORITIES = {TaskKind.ADJUDICATE: 0, TaskKind.KEY: 1, TaskKind.CONFIRM: 1}
SAMPLE_PRIORITY = 2


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task to be made; ``field`` is None for the document as a whole.

    Attributes:
        for_carpet: Whether a carpet may take it, as far as is known.
    """

    field: FieldName | None
    kind: TaskKind
    purpose: Purpose
    ordinal: int
    for_carpet: bool = False

    @property
    def priority(self) -> int:
        """Lower comes first."""
        return SAMPLE_PRIORITY if self.purpose == Purpose.SAMPLE else PRIORITIES[self.kind]


def plan(document: LoadedDocument, sampled: Callable[[], bool]) -> list[PlannedTask]:
    """The tasks of a document as examined.

    Args:
        document: The document with its route, fields and findings.
        sampled: Draws whether an accepted field is keyed blind, to watch for silent errors.
    """
    whole = PlannedTask(None, TaskKind.CONFIRM, Purpose.REVIEW, 0)
    tasks: list[PlannedTask] = []
    if document.route in (Route.RETURN, Route.REFUSE):
        tasks.append(whole)
    elif document.route == Route.QUARANTINE:
        if not any(f.code == FindingCode.PAGE_BLANK for f in document.findings):
            tasks.append(whole)
    elif document.route in (Route.CONFIRM, Route.KEY):
        tasks = _field_tasks(document)
        loose = any(f.field is None and f.severity != Severity.INFO for f in document.findings)
        if loose or not tasks:
            tasks.insert(0, whole)
    if document.route in (Route.ACCEPT, Route.CONFIRM, Route.KEY):
        taken = {t.field for t in tasks}
        tasks += [
            PlannedTask(f.field, TaskKind.KEY, Purpose.SAMPLE, ordinal)
            for ordinal, f in enumerate(document.fields, start=1)
            if f.accepted and f.has_crop and f.field not in taken | PRESENCE_FIELDS and sampled()
        ]
    return tasks


def kind_for(field: FieldName, route: Route) -> TaskKind:
    """Whether a field is confirmed or keyed blind."""
    blind = route == Route.KEY and field in KEYED_BLIND
    return TaskKind.KEY if blind else TaskKind.CONFIRM


def _field_tasks(document: LoadedDocument) -> list[PlannedTask]:
    alarmed = {f.field for f in document.findings if f.severity != Severity.INFO}
    tasks = []
    for ordinal, f in enumerate(document.fields, start=1):
        if _needs_a_person(f, alarmed):
            kind = kind_for(f.field, document.route)
            fits = kind == TaskKind.CONFIRM and carpet_rule.holds_for(f, document.findings)
            tasks.append(PlannedTask(f.field, kind, Purpose.REVIEW, ordinal, fits))
    known = {f.field for f in document.fields}
    if FieldName.PHOTO in alarmed and FieldName.PHOTO not in known:
        ordinal = len(document.fields) + 1
        tasks.append(PlannedTask(FieldName.PHOTO, TaskKind.CONFIRM, Purpose.REVIEW, ordinal))
    return tasks


def _needs_a_person(field: LoadedField, alarmed: set[FieldName | None]) -> bool:
    return not field.accepted or field.field in alarmed
