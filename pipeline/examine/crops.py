"""Small pictures of zones for the reviewer: encoded in memory, sealed by whoever stores them."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.domain.documents import FieldName
from pipeline.domain.geometry import BoxMm
from pipeline.forms.definition import FormDefinition
from pipeline.imaging.pages import PageImage, RegisteredPage

CROP_MARGIN_MM = 2.0
ONE_ROW_MM = 15.0
JPEG_QUALITY = 80
PICTURE_SIDE_PX = 1600


def field_box(form: FormDefinition, name: FieldName) -> BoxMm | None:
    """The box round the parts of a field, form millimetres; None where it has none.

    A field that stands twice on the sheet (a name above and again below) is shown by its first
    place: a box round both would show what lies between them, PINs among it.
    """
    firsts = {zone.part: zone.box for zone in reversed(form.zones_of(name))}
    top_first = sorted(firsts.values(), key=lambda box: box.y)
    boxes = [b for b in top_first if b.y - top_first[0].y <= ONE_ROW_MM]
    if not boxes:
        return None
    left, top = min(b.x for b in boxes), min(b.y for b in boxes)
    right, bottom = max(b.x + b.w for b in boxes), max(b.y + b.h for b in boxes)
    return BoxMm(left, top, right - left, bottom - top)


def crops_of(page: RegisteredPage, names: tuple[FieldName, ...]) -> dict[FieldName, bytes]:
    """A JPEG for each of the fields."""
    crops = {}
    for name in names:
        box = field_box(page.form, name)
        if box is None:
            continue
        pixels = page.crop(box, CROP_MARGIN_MM)
        if pixels.size:
            crops[name] = jpeg(pixels)
    return crops


def picture_of(page: PageImage) -> bytes:
    """A JPEG of a whole page as scanned, no side longer than ``PICTURE_SIDE_PX``."""
    scale = min(1.0, PICTURE_SIDE_PX / max(page.pixels.shape[:2]))
    small = cv2.resize(page.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return jpeg(np.asarray(small, dtype=np.uint8))


def jpeg(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    """Pixels (BGR or grey) as crops are kept.

    Raises:
        ValueError: Where they cannot be encoded.
    """
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError("a crop could not be encoded")
    return data.tobytes()
