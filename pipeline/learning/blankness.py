"""Whether a sheet that should be blank has been written on, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.domain.geometry import BoxMm
from pipeline.domain.my_number import passes_check_digit
from pipeline.imaging.pages import Pixels
from pipeline.learning.captions import caption_of, is_caption
from pipeline.learning.layout import Layout
from pipeline.learning.printed_text import PrintedLine
from pipeline.learning.sheet import refusal

_PHOTO_MIDTONES = 0.25
_LARGE_MM = 3.9  # our largest print in an answer box is 3.3 mm high; people write 5 and more
_LEAST_LARGE = 2
_LONG_NUMBER, _MY_NUMBER = 7, 12


@dataclass(frozen=True, slots=True)
class Writing:
    """Where something was written: the words of the box's caption, and the box."""

    near: str
    box: BoxMm


def refuse_filled(sheet: Pixels, ink: Pixels, layout: Layout, lines: Sequence[PrintedLine]) -> None:
    """Refuse a sheet that people or a printer have filled in.

    Raises:
        InputError: ``LEARN_NOT_BLANK`` with the places that hold writing or a photo.
    """
    found = [*written_numbers(lines), *written_places(sheet, ink, layout)]
    if not found:
        return
    places_ja = "、".join(
        f"「{w.near[:16] or '?'}」（左から {w.box.x:.0f} mm・上から {w.box.y:.0f} mm）"
        for w in found[:6]
    )
    places_en = ", ".join(
        f"“{w.near[:16] or '?'}” ({w.box.x:.0f} mm from the left, {w.box.y:.0f} mm from the top)"
        for w in found[:6]
    )
    raise refusal(
        "LEARN_NOT_BLANK",
        f"白紙ではありません。書き込みのある欄: {places_ja}。",
        f"The sheet is not blank. Something stands in: {places_en}.",
        "何も書かれていない様式を使ってください。",
        "Use a sheet on which nothing has been written.",
    )


def written_numbers(lines: Sequence[PrintedLine]) -> list[Writing]:
    """Rows that are a person's number, whatever box they stand in.

    A bilevel scan can have lost the boxes, so that no writing is seen to stand in one. No form
    prints twelve digits with a right check digit, nor a long number in large digits alone; the
    number itself must not become words of a definition.
    """
    found = []
    for line in lines:
        figures = "".join(line.text.split())
        if not (figures.isascii() and figures.isdigit()):
            continue
        large = len(figures) >= _LONG_NUMBER and line.box.h >= _LARGE_MM
        if large or (len(figures) == _MY_NUMBER and passes_check_digit(figures)):
            found.append(Writing("番号 / a number", line.box))
    return found


def written_places(sheet: Pixels, ink: Pixels, layout: Layout) -> list[Writing]:
    """Boxes that hold what no printer of forms put there; empty for a blank.

    Print in answer boxes is small; writing is large. A photo is neither paper nor ink.
    """
    found: list[Writing] = []
    if layout.photo is not None and _is_picture(sheet, layout.photo):
        found.append(Writing("顔写真 / photo", layout.photo))
    for face in layout.faces:
        if is_caption(face):
            continue
        caption = caption_of(face, layout)
        if caption is None or caption.meaning is None or caption.place == "inside":
            continue
        large = [line for line in face.lines if line.box.h >= _LARGE_MM and line.text]
        if large:
            found.append(Writing(caption.text, face.box))
    return found if len(found) >= _LEAST_LARGE or _photo_only(found) else []


def _photo_only(found: list[Writing]) -> bool:
    return len(found) == 1 and found[0].near.startswith("顔写真")


def _is_picture(sheet: Pixels, box: BoxMm) -> bool:
    area = box.inset(2.0).to_px()
    crop = sheet[area.y : area.y + area.h, area.x : area.x + area.w]
    if crop.size == 0:
        return False
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    soft = cv2.blur(grey, (9, 9))
    return float(((soft > 25) & (soft < 225)).mean()) > _PHOTO_MIDTONES or bool(
        np.mean(soft < 60) > _PHOTO_MIDTONES
    )
