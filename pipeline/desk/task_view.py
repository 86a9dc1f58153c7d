"""A task as its page shows it: what is hidden, what is marked, what the keys choose."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.desk import pictures
from pipeline.desk.context import Desk
from pipeline.domain import pin
from pipeline.domain.documents import DATE_FIELDS, PIN_FIELDS, FieldName, Route
from pipeline.domain.errors import InputError, UketsukeError
from pipeline.domain.findings import Severity
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import ReaderKind
from pipeline.store.arrivals import crops
from pipeline.store.arrivals.tasking import TaskKind
from pipeline.store.reviewing.decisions import Action
from pipeline.store.reviewing.documents import (
    OpenCharacter,
    OpenField,
    StoredCheck,
    StoredDocument,
    StoredField,
    StoredFinding,
)
from pipeline.store.reviewing.queue import Task

MOST_CHOICES = 9
MOST_PICTURES = 4
MOST_ENCLOSED_BYTES = 96 * 2**10
"""A crop up to this size comes with its task: asked for apart it would be seen a frame later."""
REFERENCES_WANTED = 6
_REFERENCE_FIELDS = (
    FieldName.REPLY_DATE,
    FieldName.APPLICATION_DATE,
    FieldName.BIRTH_DATE,
    FieldName.MANDATE_DATE,
    FieldName.PHONE,
    FieldName.MY_NUMBER,
)
_SURE = 0.99
_PRESENCE = (ReaderKind.SIGNATURE, ReaderKind.SEAL)
_WORTH_COMPARING = 0.01
_OPTIONS = {
    Route.RETURN: (Action.RETURN, Action.PROCESS, Action.RESCAN),
    Route.REFUSE: (Action.REFUSE, Action.PROCESS, Action.RESCAN),
    Route.KEY: (Action.RESCAN, Action.RETURN, Action.REFUSE),
    Route.QUARANTINE: (Action.RESCAN, Action.RETURN, Action.REFUSE),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a number key chooses."""

    key: int
    value: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One character on the strip; its box in pixels of the crop.

    ``doubted``: somebody picked it out of a carpet.
    """

    index: int
    value: str
    flagged: bool
    choices: tuple[Choice, ...]
    box_px: tuple[int, int, int, int] | None
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A digit that the writer surely wrote elsewhere on the sheet."""

    field: FieldName
    index: int
    value: str


@dataclass(frozen=True, slots=True)
class CropView:
    """A crop: width and height in pixels, and itself where it is small enough to come along."""

    size_px: tuple[int, int]
    media_type: str
    base64: str | None


@dataclass(frozen=True, slots=True)
class TaskView:
    """Everything the task's page shows.

    Attributes:
        hidden: A PIN that was not yet asked for: neither crop nor value is in the page.
        mode: ``confirm``, ``key``, ``adjudicate``, ``photo`` or ``document``.
        crop: What is to be seen of the paper; None where nothing is, or where a PIN is hidden.
        text: What the input begins with.
        pictures: For a document as a whole, the fields whose crops show what the findings mean.
    """

    task: Task
    document: StoredDocument
    mode: str
    hidden: bool
    crop: CropView | None
    cells: tuple[Cell, ...] = ()
    text: str = ""
    as_written: str | None = None
    values: tuple[Choice, ...] = ()
    references: tuple[Reference, ...] = ()
    findings: tuple[StoredFinding, ...] = ()
    checks: tuple[StoredCheck, ...] = ()
    options: tuple[Action, ...] = ()
    fields: tuple[StoredField, ...] = ()
    pictures: tuple[FieldName, ...] = ()

    @property
    def is_pin(self) -> bool:
        """Whether it is about a PIN."""
        return self.task.field in PIN_FIELDS


def build(desk: Desk, task: Task, *, revealed: bool) -> TaskView:
    """The view of a task that the person holds.

    Args:
        desk: The desk.
        task: A leased task.
        revealed: The person has asked to see this PIN, and the audit says so.
    """
    store = desk.store
    document = store.documents.document(task.document_id)
    if document is None:
        raise InputError("NOT_FOUND", ja="書類がありません。", en="There is no such document.")
    findings = tuple(store.documents.findings(task.document_id, task.serial))
    if task.field is None:
        options = _OPTIONS.get(Route(document.route), (Action.ACCEPT, Action.RETURN, Action.RESCAN))
        fields = tuple(store.documents.fields(task.document_id, task.serial))
        return TaskView(
            task,
            document,
            "document",
            False,
            _crop(desk, task.document_id, crops.PAGE),
            findings=findings,
            checks=tuple(store.documents.photo_checks(task.document_id, task.serial)),
            options=options,
            fields=fields,
            pictures=_pictures(fields, findings),
        )
    name = FieldName(task.field)
    own = tuple(f for f in findings if f.field == name)
    if name == FieldName.PHOTO:
        return TaskView(
            task,
            document,
            "photo",
            False,
            _crop(desk, task.document_id, name),
            findings=tuple(f for f in findings if f.field == name or "PHOTO" in f.code),
            checks=tuple(store.documents.photo_checks(task.document_id, task.serial)),
        )
    mode = task.kind.value
    if name in PIN_FIELDS and not revealed:
        return TaskView(task, document, mode, True, None, findings=own)
    crop = _crop(desk, task.document_id, name)
    if task.kind == TaskKind.KEY:
        # Blind: not even the findings, which may tell what the machine thought. Marks are chosen
        # in the form's own order.
        marks = _mark_options(desk.settings.site_forms, document.form, document.form_version, name)
        values = tuple(Choice(n, v) for n, v in enumerate(marks, start=1))
        return TaskView(task, document, mode, False, crop, values=values)
    if task.kind == TaskKind.ADJUDICATE:
        machine = store.documents.value(task.document_id, name)
        keyed = store.documents.keyed_values(task.document_id, name)
        differing = sorted({v for v in (machine, *keyed) if v})
        return TaskView(
            task,
            document,
            mode,
            False,
            crop,
            values=tuple(Choice(n, v) for n, v in enumerate(differing, start=1)),
            findings=own,
        )
    opened = store.documents.opened(task.document_id, name, task.serial)
    cells = _cells(desk, task, document, name, opened, own)
    text = opened.editable_text if opened else ""
    if any(c.choices and c.box_px is None for c in cells) and not cells[0].value:
        text = ""  # marks that mean two things at once are no value to begin with
    return TaskView(
        task,
        document,
        mode,
        False,
        crop,
        cells=cells,
        text=text,
        as_written=opened.as_written if opened else None,
        findings=own,
        references=_references(desk, task, name, opened.characters if opened else ()),
    )


def _pictures(
    fields: Sequence[StoredField], findings: Sequence[StoredFinding]
) -> tuple[FieldName, ...]:
    grave = {f.field for f in findings if f.severity != Severity.INFO}
    shown = [f.name for f in fields if f.has_crop and f.name in grave and f.name not in PIN_FIELDS]
    return tuple(shown[:MOST_PICTURES])


def reference_cut(desk: Desk, task: Task, name: FieldName, index: int) -> bytes | None:
    """The picture of a reference character, or None where it is none of this task's."""
    shown = desk.store.documents.characters(task.document_id, FieldName(task.field or ""))
    wanted = _references(desk, task, FieldName(task.field or ""), shown)
    opened = desk.store.documents.opened(task.document_id, name, task.serial)
    if opened is None or not any((r.field, r.index) == (name, index) for r in wanted):
        return None
    box = _in_crop(opened.field, opened.characters[index])
    if box is None:
        return None
    image = crops.read(desk.settings.crops, desk.store.vault, task.document_id, name)
    return pictures.cut_out(image, box)


def _cells(
    desk: Desk,
    task: Task,
    document: StoredDocument,
    name: FieldName,
    opened: OpenField | None,
    findings: Sequence[StoredFinding],
) -> tuple[Cell, ...]:
    options = _mark_options(desk.settings.site_forms, document.form, document.form_version, name)
    if options:
        value = (opened.value if opened else None) or ""
        value = value if value in options else ""
        ordered = [value, *(o for o in options if o != value)] if value else list(options)
        return (Cell(0, value, True, tuple(Choice(n, v) for n, v in enumerate(ordered, 1)), None),)
    if opened is None:
        return ()
    # What is only told (a character that the writer's own mark settled) asks for no choice.
    pointed = {
        f.position for f in findings if f.position is not None and f.severity != Severity.INFO
    }
    doubted = desk.store.carpets.doubted(task.task_id)
    cells = []
    for index, c in enumerate(opened.characters):
        flagged = c.flagged or index in pointed
        choices: tuple[Choice, ...] = ()
        if flagged:
            others = [(v, p) for v, p in c.alternatives if v != c.value]
            listed = [(c.value, c.confidence), *others][:MOST_CHOICES]
            choices = tuple(Choice(n, v, p) for n, (v, p) in enumerate(listed, 1) if v)
        box, is_doubted = _in_crop(opened.field, c), index in doubted
        cells.append(Cell(index, _text(name, c.value), flagged, choices, box, is_doubted))
    return tuple(cells)


def _text(name: FieldName, character: str) -> str:
    # A blank cell of a right-aligned date is a leading zero; elsewhere it is nothing.
    return "0" if not character and name in DATE_FIELDS else character


def _in_crop(field: StoredField, character: OpenCharacter) -> tuple[int, int, int, int] | None:
    if field.crop_origin_px is None or character.box_px is None:
        return None
    (left, top), (x, y, w, h) = field.crop_origin_px, character.box_px
    return (x - left, y - top, w, h)


def _references(
    desk: Desk, task: Task, name: FieldName, characters: Sequence[OpenCharacter]
) -> tuple[Reference, ...]:
    doubtful = sorted({digit for c in characters if c.flagged for digit in _digits_of(c)})
    if name != FieldName.PIN_SIGNATURE or not doubtful:
        return ()
    found: list[tuple[float, Reference]] = []
    for other in _REFERENCE_FIELDS:
        opened = desk.store.documents.opened(task.document_id, other, task.serial)
        if opened is None or not opened.field.has_crop:
            continue
        for index, c in enumerate(opened.characters):
            sure = c.value in doubtful and not c.flagged and c.confidence >= _SURE
            if sure and c.box_px is not None:
                found.append((c.confidence, Reference(other, index, c.value)))
    # The surest first: what is compared with must itself be beyond doubt.
    found.sort(key=lambda held: -held[0])
    each = max(1, REFERENCES_WANTED // len(doubtful))
    per_digit = [[r for _, r in found if r.value == digit][:each] for digit in doubtful]
    return tuple(r for group in per_digit for r in group)


def _digits_of(character: OpenCharacter) -> set[str]:
    """The digits that a flagged PIN character may well be: the writer's own are worth a look."""
    if not character.value:
        return set()
    likely = {v for v, p in character.alternatives if p >= _WORTH_COMPARING}
    digits = {c for c in (character.value, *likely) if c.isdigit()}
    if pin.always_flagged(character.value, pin.SIGNATURE_ALPHABET):
        digits.add(pin.same_shape_of_kind(character.value, pin.Kind.DIGIT))
    return digits


def _crop(desk: Desk, document_id: str, name: str) -> CropView | None:
    if not crops.exists(desk.settings.crops, document_id, name):
        return None
    image = crops.read(desk.settings.crops, desk.store.vault, document_id, name)
    size = pictures.size_px(image)
    if not all(size):
        return None
    enclosed = base64.b64encode(image).decode() if len(image) <= MOST_ENCLOSED_BYTES else None
    return CropView(size, crops.media_type(image), enclosed)


@lru_cache(maxsize=2)
def _catalogue(extra: Path | None) -> Catalogue:
    return Catalogue.load(extra)


@lru_cache(maxsize=256)
def _mark_options(
    extra: Path | None, form: str | None, version: str | None, name: FieldName
) -> tuple[str, ...]:
    """What the marks of a field can mean, where all of it is marks (a date's era is not).

    Of a signature or a seal only that it is there: its value is ``1``, as of a single box.
    """
    if form is None:
        return ()
    try:
        zones = _catalogue(extra).get(form, version).zones_of(name)
    except InputError:
        return ()  # a form that this site no longer has: the strip shows the characters instead
    if zones and all(z.reader in _PRESENCE for z in zones):
        return ("1",)
    if not zones or any(z.reader != ReaderKind.MARKS for z in zones):
        return ()
    return tuple(c for z in zones for c in z.alphabet)


def know_forms(extra: Path | None) -> None:
    """Read the forms before anybody waits for it: the first task of a desk took half a second."""
    with contextlib.suppress(UketsukeError):  # whoever asks for such a form is told why
        _catalogue(extra)


def forms_changed() -> None:
    """Forget what forms say: a definition went live."""
    _mark_options.cache_clear()
    _catalogue.cache_clear()
