"""Finds the print on the page: its outline, size, rotation; or that there is none.

The form's own printing is known, so every pixel that the blank form explains, give or take the
registration's error, is nothing; what is left is the print, pen strokes and stamps. Its outline is
found roughly by what is covered, then measured in the tones of the scan; bilevel scans, which keep
no faint edge, stay with what is covered. A side that looks like the paper is taken from the side
opposite, and the size is then not sure; nor is a size that rests on one of several likely edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, BoxPx
from pipeline.forms.definition import Zone
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.photo.prints import tones
from pipeline.photo.prints.covered import COARSE_PX_PER_MM, refined, rough_outline
from pipeline.photo.prints.greys import as_greys, is_grey
from pipeline.photo.prints.outlines import STANDARD_MM, Outline, SidePlace
from pipeline.photo.prints.printing_in_sight import Blank, prepared_blank
from pipeline.photo.prints.standard_size import is_sure, with_standard_sides
from pipeline.photo.subject import PrintSize
from pipeline.photo.thresholds import Limits

Plane = NDArray[np.floating[Any]]

MARGIN_MM = 9.0  # how far outside its place a print is looked for
TOLERANCE_MM = 0.35  # registration error that the form's own lines may show
ELSEWHERE_MM = 2.5  # a half size or a place this far from the form's is worth a look of its own


@dataclass(frozen=True, slots=True)
class FoundPrint:
    """A print on a page.

    Attributes:
        picture: The print cut out upright, BGR, ``PX_PER_MM`` pixels a millimetre.
        size: Its measures.
        corners: 4 x 2, registered pixels, clockwise from top left.
        box_px: The upright box round it, registered pixels.
    """

    picture: Pixels
    size: PrintSize
    corners: NDArray[np.float32]
    box_px: BoxPx


class PrintFinder:
    """Finds prints; keeps the blank forms it has drawn."""

    def __init__(self, cache_dir: Path | None = None) -> None:
        """Remember where drawn blanks are kept."""
        self._cache_dir = cache_dir
        self._known: dict[tuple[str, BoxPx], tuple[Plane, Plane, Blank]] = {}

    def find(self, page: RegisteredPage, zone: Zone, limits: Limits) -> FoundPrint | None:
        """The print in or near the photo zone; None where there is none."""
        place = zone.box.inset(-MARGIN_MM).to_px()
        crop = page.crop_px(place)
        if crop.shape[0] < 50 or crop.shape[1] < 50:
            return None
        explained = self._explained(page, place, crop.shape)
        if explained is None:
            return None
        low, high, blank = explained
        unexplained = _unexplained(crop, low, high, page.paper_bgr)
        origin = np.array((max(0, place.x), max(0, place.y)), np.float32)
        # Zone's middle in coarse pixels of the crop.
        factor = COARSE_PX_PER_MM / PX_PER_MM
        box = zone.box.to_px()
        middle = (np.array((box.x + box.w / 2, box.y + box.h / 2)) - origin) * factor
        half = np.array((zone.box.w, zone.box.h)) / 2 * COARSE_PX_PER_MM
        inside = _part(unexplained, middle, half * 0.9)
        if float((inside > limits["differs_levels"]).mean()) < limits["present_share"]:
            return None
        rough = rough_outline(unexplained, (float(middle[0]), float(middle[1])), limits)
        if page.bilevel:
            # Black and white keep no faint edge: what ends there may be the picture on the print.
            return _found(page, refined(unexplained, rough, limits), origin, sure=False)
        sheet = tones.sheet_of(crop, blank, page.paper_bgr)
        outline = with_standard_sides(_measured(sheet, rough, limits), limits)
        return _found(page, outline, origin, sure=is_sure(outline, 1 - sheet.plain, limits))

    def _explained(
        self, page: RegisteredPage, place: BoxPx, shape: tuple[int, ...]
    ) -> tuple[Plane, Plane, Blank] | None:
        """Darkest and lightest of the blank near each coarse pixel of a place; the blank there."""
        key = (page.form.key, place)
        if key not in self._known:
            blank = blank_raster(page.form, cache_dir=self._cache_dir)
            top, left = max(0, place.y), max(0, place.x)
            part = blank[top : top + shape[0], left : left + shape[1]]
            near = max(3, round(2 * TOLERANCE_MM * PX_PER_MM) | 1)
            kernel = np.ones((near, near), np.uint8)
            low, high = (
                _coarse(np.asarray(change(part, kernel), np.uint8))
                for change in (cv2.erode, cv2.dilate)
            )
            size = tones.working_size(part.shape)
            drawn = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
            self._known[key] = (low, high, prepared_blank(np.asarray(drawn, np.uint8)))
        known = self._known[key]
        return known if known[0].shape[:2] == _coarse_size(shape)[::-1] else None


def _coarse_size(shape: tuple[int, ...]) -> tuple[int, int]:
    factor = COARSE_PX_PER_MM / PX_PER_MM
    return round(shape[1] * factor), round(shape[0] * factor)


def _coarse(pixels: Pixels) -> Plane:
    small = cv2.resize(pixels, _coarse_size(pixels.shape), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _unexplained(crop: Pixels, low: Plane, high: Plane, paper_bgr: tuple[int, int, int]) -> Plane:
    """Levels by which each coarse pixel differs from anything the blank form shows near it."""
    if is_grey(crop):
        low, high = as_greys(low).min(axis=0), as_greys(high).max(axis=0)
    tone = np.array(paper_bgr, np.float32) / 255
    low, high = low * tone, high * tone
    seen = cv2.GaussianBlur(_coarse(crop), (0, 0), 0.7)
    # Where the form is blank the local tone of the sheet is the better guess than the page's.
    plain = (high - low).max(axis=2) < 6
    rim = np.zeros(plain.shape, bool)
    rim[:6] = rim[-6:] = rim[:, :6] = rim[:, -6:] = True
    if (plain & rim).sum() > 50:
        shift = np.median(seen[plain & rim], axis=0) - np.median(high[plain & rim], axis=0)
        low, high = low + shift, high + shift
    gap = np.maximum(np.maximum(low - seen, seen - high), 0).max(axis=2)
    return np.asarray(gap, np.float32)


def _part(plane: Plane, middle: Plane, half: Plane) -> Plane:
    x0, y0 = np.maximum(0, np.round(middle - half)).astype(int)
    x1, y1 = np.round(middle + half).astype(int)
    return plane[y0:y1, x0:x1]


def _measured(sheet: tones.Sheet, rough: Outline, limits: Limits) -> Outline:
    """The outline by the tones across its sides.

    Looked for at the form's own place and the standard size first: the rough outline may have
    taken a border or a head before a pale wall for the print. Where not every side is found
    there, and the rough outline is elsewhere, round that one too.
    """
    scale = tones.WORK_PX_PER_MM / rough.px_per_mm
    left, right, top, bottom = rough.places()
    middle = rough.in_crop(np.array([[(left + right) / 2, (top + bottom) / 2]]))[0]
    half = np.array((right - left, bottom - top)) / 2
    place, standard = np.array(rough.centre), np.array(STANDARD_MM) / 2 * rough.px_per_mm
    best = _measured_from(sheet, place * scale, standard * scale, limits)
    off = max(np.abs(middle - place).max(), np.abs(half - standard).max())
    if best.seen < len(best.sides) and off > ELSEWHERE_MM * rough.px_per_mm:
        other = _measured_from(sheet, middle * scale, half * scale, limits)
        if other.seen > best.seen:
            return other
    return best


def _measured_from(sheet: tones.Sheet, centre: Plane, half: Plane, limits: Limits) -> Outline:
    start = (float(centre[0]), float(centre[1]))
    angle, sides = tones.measure(sheet, start, (float(half[0]), float(half[1])), limits)
    places = [SidePlace(side.place, side.step, side.seen, side.fits, side.steps) for side in sides]
    return Outline(tones.WORK_PX_PER_MM, start, angle, places)


def _found(
    page: RegisteredPage, outline: Outline, origin: NDArray[np.float32], *, sure: bool
) -> FoundPrint:
    left, right, top, bottom = outline.places()
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    in_crop = outline.in_crop(corners)
    on_page = np.asarray(in_crop * (PX_PER_MM / outline.px_per_mm) + origin, np.float32)
    width_mm = (right - left) / outline.px_per_mm
    height_mm = (bottom - top) / outline.px_per_mm
    size = PrintSize(width_mm, height_mm, outline.angle, sure)
    return FoundPrint(_cut_out(page, on_page, size), size, on_page, _box_round(on_page))


def _cut_out(page: RegisteredPage, corners: NDArray[np.float32], size: PrintSize) -> Pixels:
    width = max(16, round(size.width_mm * PX_PER_MM))
    height = max(16, round(size.height_mm * PX_PER_MM))
    # Half a millimetre inside the outline: the cut edge and its shadow are not the photo.
    rim = 0.35 * PX_PER_MM
    goal = np.array(
        [[-rim, -rim], [width + rim, -rim], [width + rim, height + rim], [-rim, height + rim]],
        np.float32,
    )
    matrix = cv2.getPerspectiveTransform(corners, goal)
    cut = cv2.warpPerspective(page.pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def _box_round(corners: NDArray[np.float32]) -> BoxPx:
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y = int(low[0]), int(low[1])
    return BoxPx(x, y, round(float(high[0])) - x, round(float(high[1])) - y)
