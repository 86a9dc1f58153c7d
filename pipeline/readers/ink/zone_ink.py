"""The writing in a zone: darkness of what a person put there, without what the form printed.

In a colour scan the channel in which the form's lines are palest is read, which drops lines and
red stamps and keeps black and blue ink. In a grey or bilevel scan the lines are taken out by the
definition's rulings. Printed labels are known from the blank form and masked.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, BoxMm, BoxPx
from pipeline.forms.definition import FormDefinition, Zone
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.readers.ink.cell_ink import darkness, line_colour
from pipeline.readers.ink.line_removal import LinePx, remove_lines

INK_DARKNESS = 60  # of 255 against the paper: a pencil stroke is above, a drop-out line below
# The finest gel pens lay 0.3 mm; a hair on the scanner's glass shows as less.
LEAST_PEN_MM = 0.27
_PRINT_REACH_PX = 5  # registration puts a printed stroke within this of its place
_LABEL_DARKNESS = 90
_CHROMA = 40  # levels between channels that make a pixel coloured
_STAMP_RED_LEAD = 60
_STAMP_DARKNESS = 62  # what vermilion takes from the red channel, with a little to spare


@dataclass(frozen=True, slots=True)
class ZoneInk:
    """The writing in a box of the page.

    Attributes:
        dark: H x W uint8, 0 paper to 255 black, printed lines and labels taken out.
        box_px: Where it lies, registered pixels.
        printed: H x W bool, where the form itself prints something dark.
    """

    dark: Pixels
    box_px: BoxPx
    printed: NDArray[np.bool_]

    @property
    def ink(self) -> NDArray[np.bool_]:
        """Where there is ink."""
        return self.dark > INK_DARKNESS


def writing(page: RegisteredPage, box: BoxPx, *, keep_print: bool = False) -> ZoneInk:
    """What was written or printed onto the form inside a box.

    Args:
        page: The registered page.
        box: Registered pixels; clipped to the page.
        keep_print: Leave the form's own labels in the darkness (they stay in ``printed``).
    """
    area = _clip(box, page)
    crop = page.crop_px(area)
    if crop.size == 0:
        empty = np.zeros((max(0, area.h), max(0, area.w)), np.uint8)
        return ZoneInk(empty, area, empty.astype(bool))
    dark = darkness(crop, page, line_colour(page))
    printed, ruled = _printed_map(page.form)
    here = printed[area.y : area.y + area.h, area.x : area.x + area.w]
    if page.bilevel or not is_coloured(page):
        lines = _lines_in(ruled, area)
        if lines:
            level = max(100.0, float(np.percentile(dark, 99.5)))
            dark, _ = remove_lines(dark, lines, level)
    dark = _without_stamp(dark, crop)
    if not keep_print:
        dark[here] = 0
    return ZoneInk(dark, area, here)


def surely_blank(page: RegisteredPage, box: BoxMm) -> bool:
    """Whether a box of a colour page holds next to nothing dark: the cheap way to skip it.

    False says nothing: lines of a grey scan and printed labels are dark as well.
    """
    crop = page.crop(box.inset(0.5))
    if crop.size == 0:
        return True
    plane = crop[::2, ::2, 2]
    # A pencil stroke is a quarter darker than the paper; paper noise and show-through are not.
    return int(np.count_nonzero(plane < 0.80 * page.paper_bgr[2])) < 8


def printed_map(form: FormDefinition) -> NDArray[np.bool_]:
    """H x W at 300 dpi: where the form itself prints something dark, with room for an offset."""
    return _printed_map(form)[0]


_JUDGED: list[tuple[weakref.ref[RegisteredPage], bool]] = []


def is_coloured(page: RegisteredPage) -> bool:
    """Whether the scan carries colour: a few in ten thousand pixels are enough.

    Every zone and every mark asks; the last page is looked at once. It is known by the object, not
    by its pixels, and not kept alive: it is somebody's application.
    """
    for known, coloured in tuple(_JUDGED):
        if known() is page:
            return coloured
    coloured = _carries_colour(page)
    _JUDGED[:] = [(weakref.ref(page), coloured)]
    return coloured


def _carries_colour(page: RegisteredPage) -> bool:
    # Planes are compared by OpenCV, ten times faster than along the channels.
    b, g, r = cv2.split(np.ascontiguousarray(page.pixels[::6, ::6]))
    chroma = cv2.subtract(cv2.max(cv2.max(b, g), r), cv2.min(cv2.min(b, g), r))
    return int(np.count_nonzero(chroma > _CHROMA)) > 5e-4 * chroma.size


def pen_width_mm(mask: NDArray[np.bool_]) -> float:
    """Mean width of the strokes of the largest part: its area over their length; 0 if blank."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return 0.0
    largest = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    outlines, _ = cv2.findContours(largest.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    length = sum(cv2.arcLength(outline, closed=True) for outline in outlines) / 2
    return float(largest.sum()) / max(1.0, length) / PX_PER_MM


def _without_stamp(dark: Pixels, crop: Pixels) -> Pixels:
    """The darkness less what stamp ink takes from the red channel; ink under a stamp stays."""
    if not red_ink(crop[::4, ::4]).any():
        return dark.copy()
    mask = red_ink(crop)
    lifted = np.clip(
        (dark.astype(np.int16) - _STAMP_DARKNESS) * 255 // (255 - _STAMP_DARKNESS), 0, 255
    )
    return np.where(mask, lifted, dark).astype(np.uint8)


def red_ink(crop: Pixels) -> NDArray[np.bool_]:
    """Where a red stamp lies: red well above green and blue."""
    b, g, r = (crop[:, :, i].astype(np.int16) for i in range(3))
    # A drop-out line is light in green too; stamp ink is not.
    return np.asarray((r - np.maximum(b, g) > _STAMP_RED_LEAD) & (g < 150), bool)


def _clip(box: BoxPx, page: RegisteredPage) -> BoxPx:
    height, width = page.pixels.shape[:2]
    x0, y0 = min(max(0, box.x), width), min(max(0, box.y), height)
    x1, y1 = max(x0, min(width, box.x + box.w)), max(y0, min(height, box.y + box.h))
    return BoxPx(x0, y0, x1 - x0, y1 - y0)


_Printed = tuple[NDArray[np.bool_], tuple[LinePx, ...]]
_PRINTED: dict[int, tuple[FormDefinition, _Printed]] = {}


def _printed_map(form: FormDefinition) -> _Printed:
    """Where the blank form is dark in its palest channel, and all its lines in page pixels.

    Made once per definition and process; the definition is kept so that its identity stays its.
    """
    held = _PRINTED.get(id(form))
    if held is None:
        held = _PRINTED[id(form)] = (form, _draw_printed(form))
    return held[1]


def _draw_printed(form: FormDefinition) -> _Printed:
    blank = blank_raster(form)
    plane = blank[:, :, 2]
    dark = (plane < 255 - _LABEL_DARKNESS).astype(np.uint8)
    reach = np.ones((2 * _PRINT_REACH_PX + 1,) * 2, np.uint8)
    return cv2.dilate(dark, reach).astype(bool), tuple(_all_lines(form))


def _all_lines(form: FormDefinition) -> list[LinePx]:
    boxes = [(r.box, r.width_mm) for r in form.rulings if r.colour != "fill"]
    boxes += [(c, z.rule_mm) for z in form.zones for c in z.cells if z.rule_mm > 0]
    lines = []
    for box, width_mm in boxes:
        x0, x1 = box.x * PX_PER_MM, (box.x + box.w) * PX_PER_MM
        y0, y1 = box.y * PX_PER_MM, (box.y + box.h) * PX_PER_MM
        width = width_mm * PX_PER_MM
        if box.h > 0:
            for x in {x0, x1}:
                lines.append(LinePx(True, x, round(y0), round(y1), width))
        if box.w > 0:
            for y in {y0, y1}:
                lines.append(LinePx(False, y, round(x0), round(x1), width))
    return lines


def _lines_in(lines: tuple[LinePx, ...], area: BoxPx) -> list[LinePx]:
    """The lines that run through an area, in its own pixels, cut to it."""
    result = []
    for line in lines:
        across, along = (area.x, area.y) if line.upright else (area.y, area.x)
        wide, long = (area.w, area.h) if line.upright else (area.h, area.w)
        at = line.at - across
        start, stop = max(0, line.start - along), min(long, line.stop - along)
        if -4 < at < wide + 4 and stop - start >= 8:
            result.append(LinePx(line.upright, at, start, stop, line.width))
    return result


def zone_writing(page: RegisteredPage, zone: Zone, margin_mm: float = 0.0) -> ZoneInk:
    """What was written in a zone, with a margin around it."""
    return writing(page, zone.box.inset(-margin_mm).to_px())
