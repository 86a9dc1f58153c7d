"""Pages that are no form of ours: what each seems to be, and why it is held for that.

A page that no form explains still has to be dealt with by somebody: a photo that came off belongs
to an application, an envelope may be thrown away, a letter wants an answer. Each rule looks for
something that only that kind has; where none is sure, the page stays unknown.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from pipeline.domain.documents import FormName
from pipeline.domain.page_kinds import PageKind, Why
from pipeline.examine.engine import Engine
from pipeline.imaging.ink import probable_dpi, work_image
from pipeline.imaging.pages import PageImage
from pipeline.imaging.patches import Patch, is_dark, main_patch
from pipeline.imaging.registration import Alignment, Unregistered
from pipeline.readers.text.page_text import PageText, read_page

# A print of 35 x 45 mm; on a glass as white as its background only head and shoulders show.
_PHOTO_SIDES_MM = (14.0, 75.0)
_PHOTO_ASPECT = 1.9
_PHOTO_ALONE = 0.75
_PHOTO_MARGIN_MM = 6.0
_WHOLE_PHOTO_MM = (20.0, 80.0)
_FRAGMENT_MM = 60.0
# JIS S 5502: long 3, long 4, western 4, western 2, square 2, square 20; either way up.
_ENVELOPES_MM = ((120, 235), (90, 205), (105, 235), (114, 162), (240, 332), (229, 324))
_ENVELOPE_SLACK_MM = 3.5
_SHEET_FILL = 0.9
_POSTAL = ("料金受取人払", "郵便はがき", "差出有効", "親展", "切手", "速達", "書留", "申請書在中")
_MOUNT = ("宛名台紙", "台紙")
_BACK = ("記入上の注意", "記入例", "注意事項", "裏面", "ご記入", "記入方法")
_RUNNING_CHARACTERS = 30
_RUNNING_LINES = 4
_MANY_RULES = 8
_READABLE = 0.6

SHEETS = frozenset({PageKind.UNKNOWN, PageKind.OTHER_FORM, PageKind.LETTER})
"""Kinds that should be no longer than A4; an envelope may be."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """What a page seems to be.

    Attributes:
        through: The form whose print shows through from the other side, where one does.
        size_mm: Width and height of the thing on the glass, where that was measured.
    """

    kind: PageKind
    why: Why
    through: FormName | None = None
    size_mm: tuple[float, float] | None = None

    def evidence(self) -> tuple[tuple[str, str | float], ...]:
        """As the evidence of a finding."""
        told: list[tuple[str, str | float]] = [("kind", self.kind.value), ("why", self.why.value)]
        if self.size_mm is not None:
            told += [("width_mm", round(self.size_mm[0])), ("height_mm", round(self.size_mm[1]))]
        return tuple(told)


def recognise(engine: Engine, page: PageImage, result: Unregistered) -> Stranger:
    """What a page is that no form explains.

    Args:
        engine: The warm models.
        page: The page.
        result: Why it is no form.
    """
    height, width = page.pixels.shape[:2]
    dpi = page.dpi or probable_dpi(height, width, None)
    patch = main_patch(page, dpi)
    for rule in (_photo, _dark, _envelope_by_size):
        found = rule(engine, page, dpi, patch)
        if found is not None:
            return found
    if "too_small" in result.explanation or max(height, width) / dpi * 25.4 < _FRAGMENT_MM:
        return Stranger(PageKind.FRAGMENT, Why.TOO_SMALL)
    through = _seen_through(engine, page)
    if through is not None:
        return Stranger(PageKind.FORM_BACK, Why.SEEN_THROUGH, through)
    work, _ = work_image(page.pixels, dpi)
    found = _by_words(read_page(work, engine.recogniser))
    if found is not None:
        return found
    why = Why.LITTLE_AGREES if result.nearest is not None else Why.NOTHING_AGREES
    return Stranger(PageKind.UNKNOWN, why)


def _photo(engine: Engine, page: PageImage, dpi: float, patch: Patch | None) -> Stranger | None:
    height, width = page.pixels.shape[:2]
    whole_mm = (width / dpi * 25.4, height / dpi * 25.4)
    low, high = _WHOLE_PHOTO_MM
    if all(low <= side <= high for side in whole_mm):
        crop, size = page.pixels, whole_mm
    elif patch is None or patch.share < _PHOTO_ALONE or not _photo_sized(patch):
        return None
    else:
        grow = round(_PHOTO_MARGIN_MM * dpi / 25.4)
        box = patch.box
        crop = page.pixels[
            max(0, box.y - grow) : box.y + box.h + grow, max(0, box.x - grow) : box.x + box.w + grow
        ]
        size = (patch.width_mm, patch.height_mm)
    graded = engine.photos.examine_loose(np.ascontiguousarray(crop), None)
    if graded.subject is None or graded.subject.face is None:
        return None
    return Stranger(PageKind.PHOTO, Why.FACE_ALONE, size_mm=size)


def _photo_sized(patch: Patch) -> bool:
    sides = sorted((patch.width_mm, patch.height_mm))
    low, high = _PHOTO_SIDES_MM
    return low <= sides[0] and sides[1] <= high and sides[1] <= _PHOTO_ASPECT * sides[0]


def _dark(_engine: Engine, page: PageImage, _dpi: float, _patch: Patch | None) -> Stranger | None:
    return Stranger(PageKind.DARK, Why.NO_LIGHT) if is_dark(page.pixels) else None


def _envelope_by_size(
    _engine: Engine, page: PageImage, dpi: float, patch: Patch | None
) -> Stranger | None:
    if page.dpi is None:
        return None  # a size that is guessed from A4 says nothing
    height, width = page.pixels.shape[:2]
    sheets = [(width / dpi * 25.4, height / dpi * 25.4)]
    if patch is not None and patch.fill >= _SHEET_FILL:
        sheets.append((patch.width_mm, patch.height_mm))
    for sheet in sheets:
        short, long = sorted(sheet)
        if any(
            abs(short - a) <= _ENVELOPE_SLACK_MM and abs(long - b) <= _ENVELOPE_SLACK_MM
            for a, b in _ENVELOPES_MM
        ):
            return Stranger(PageKind.ENVELOPE, Why.SIZE_OF_ENVELOPE, size_mm=sheet)
    return None


def _seen_through(engine: Engine, page: PageImage) -> FormName | None:
    """The form whose print is on the other side of the sheet."""
    turned = dataclasses.replace(page, pixels=np.ascontiguousarray(page.pixels[:, ::-1]))
    found = engine.registrar.align(turned)
    return found.reference.form.name if isinstance(found, Alignment) else None


def _by_words(said: PageText) -> Stranger | None:
    if said.confidence >= _READABLE:
        for words, kind, why in (
            (_MOUNT, PageKind.ADDRESS_MOUNT, Why.MOUNT_WORDS),
            (_POSTAL, PageKind.ENVELOPE, Why.POSTAL_WORDS),
            (_BACK, PageKind.FORM_BACK, Why.BACK_WORDS),
        ):
            if any(word in said.text for word in words):
                return Stranger(kind, why)
        if "申請書ID" in said.text and ("様" in said.text or "〒" in said.text):
            return Stranger(PageKind.ADDRESS_MOUNT, Why.MOUNT_WORDS)
    if said.rules >= _MANY_RULES:
        return Stranger(PageKind.OTHER_FORM, Why.RULED_LINES)
    if said.lines >= _RUNNING_LINES and (
        len(said.text) >= _RUNNING_CHARACTERS or said.confidence >= _READABLE
    ):
        return Stranger(PageKind.LETTER, Why.RUNNING_TEXT)
    return None
