"""The page of a document with its zones: the scan where it is kept, else the form's own blank.

Pages that lay on a form are kept as crops only. What the desk shows then is made up again: the
blank of the form version that was found, the zones on it, and the one crop that somebody asked
for, laid where it was cut out. The page says that it is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from pipeline.desk import task_view
from pipeline.desk.context import Desk
from pipeline.domain.documents import FieldName
from pipeline.domain.errors import InputError
from pipeline.domain.geometry import PX_PER_MM
from pipeline.forms.definition import FormDefinition
from pipeline.forms.drawing import blank_raster
from pipeline.store.arrivals import crops
from pipeline.store.reviewing.documents import StoredDocument, StoredField

BLANK_DPI = 120


@dataclass(frozen=True, slots=True)
class ShownZone:
    """A zone on the page, form millimetres.

    Attributes:
        first: The first zone of its field: that one says the field's name.
        state: ``open``, ``accepted``, ``reviewed`` or ``unread``.
    """

    field: FieldName
    first: bool
    x: float
    y: float
    w: float
    h: float
    state: str


@dataclass(frozen=True, slots=True)
class PageView:
    """What the page shows: a whole scan (``scanned``), or a blank of this size with zones."""

    scanned: bool
    w_mm: float = 210.0
    h_mm: float = 297.0
    zones: tuple[ShownZone, ...] = ()


@dataclass(frozen=True, slots=True)
class CropPlace:
    """Where a crop lies on the page, form millimetres."""

    x: float
    y: float
    w: float
    h: float


def build(desk: Desk, document: StoredDocument, fields: Sequence[StoredField]) -> PageView | None:
    """The page of a document; None where neither a scan nor the form is there."""
    if crops.exists(desk.settings.crops, document.document_id, crops.PAGE):
        return PageView(True)
    form = form_of(desk, document)
    if form is None:
        return None
    stored = {f.name: f for f in fields}
    named: set[FieldName] = set()
    zones = []
    for zone in form.zones:
        box, field = zone.box, stored.get(zone.field)
        zones.append(
            ShownZone(
                zone.field, zone.field not in named, box.x, box.y, box.w, box.h, _state(field)
            )
        )
        named.add(zone.field)
    return PageView(False, form.page_w_mm, form.page_h_mm, tuple(zones))


def form_of(desk: Desk, document: StoredDocument) -> FormDefinition | None:
    """The form version of a document, or None where this site does not have it (any more)."""
    if document.form is None:
        return None
    try:
        return task_view._catalogue(desk.settings.site_forms).get(
            document.form, document.form_version
        )
    except InputError:
        return None


def blank(desk: Desk, document: StoredDocument) -> bytes:
    """The blank of a document's form as PNG; nothing of anybody is on it.

    Raises:
        InputError: ``CROP_UNKNOWN``.
    """
    form = form_of(desk, document)
    if form is None:
        raise InputError("CROP_UNKNOWN", ja="その画像はありません。", en="No such picture.")
    pixels = blank_raster(form, BLANK_DPI, desk.settings.cache / "forms")
    return bytes(cv2.imencode(".png", pixels)[1].tobytes())


def place(field: StoredField | None, size_px: tuple[int, int]) -> CropPlace | None:
    """Where a crop of this size lies, or None where it is not known."""
    if field is None or field.crop_origin_px is None or not all(size_px):
        return None
    (left, top), (w, h) = field.crop_origin_px, size_px
    return CropPlace(*(round(v / PX_PER_MM, 2) for v in (left, top, w, h)))


def _state(field: StoredField | None) -> str:
    if field is None or field.masked is None:
        return "unread"
    if field.reviewed:
        return "reviewed"
    return "accepted" if field.accepted else "open"
