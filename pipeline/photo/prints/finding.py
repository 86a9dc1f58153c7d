"""Finds the print on the page: its outline, size, rotation; or that there is none.

The form's own printing is known, so every pixel that the blank form explains, give or take the
registration's error, is nothing; what is left is the print, pen strokes and stamps. Roughly, the
print ends at the outermost place, side by side, where enough of a line is covered, at the rotation
where all four sides are sharpest. Scans with tones are then measured by ``outline``; bilevel ones,
which keep no faint edge, by lines through what is covered. A side that looks like the paper is
taken from the side opposite, and the size is then not sure.
"""

from __future__ import annotations

import math
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
from pipeline.photo.prints import outline
from pipeline.photo.prints.printed_lines import BlankSurroundings, blank_surroundings
from pipeline.photo.subject import PrintSize
from pipeline.photo.thresholds import Limits

Plane = NDArray[np.floating[Any]]

MARGIN_MM = 9.0  # how far outside its place a print is looked for
COARSE_PX_PER_MM = 5.0
TOLERANCE_MM = 0.35  # registration error that the form's own lines may show
ANGLES_DEG = np.arange(-6.0, 6.01, 1.0)  # lines fitted to the edges say the rest
STANDARD_MM = (35.0, 45.0)
ELSEWHERE_MM = 2.5  # a half size or a place this far from the form's is worth a look of its own
GREY_LEVELS = 6.0  # of 255: channels of a grey scan differ by no more than its compression makes
# Shares of blue, green and red in a grey: by brightness (ITU-R BT.601), by green, all alike.
GREYS = ((0.114, 0.587, 0.299), (0.0, 1.0, 0.0), (1 / 3, 1 / 3, 1 / 3))


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


@dataclass(frozen=True, slots=True)
class _Side:
    """A side: its place, NaN where unknown; how sharp it is; whether that is beyond doubt."""

    place: float
    sharp: float
    seen: bool


class PrintFinder:
    """Finds prints; keeps the blank forms it has drawn."""

    def __init__(self, cache_dir: Path | None = None) -> None:
        """Remember where drawn blanks are kept."""
        self._cache_dir = cache_dir
        self._known: dict[tuple[str, BoxPx], tuple[Plane, Plane, BlankSurroundings]] = {}

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
        rough = _outlined(unexplained, (float(middle[0]), float(middle[1])), limits)
        if page.bilevel:
            rough = _refined(unexplained, rough, limits)
        else:
            sheet = outline.sheet_of(crop, blank, page.paper_bgr)
            rough = _measured(sheet, rough, limits)
        return _found(page, rough, origin)

    def _explained(
        self, page: RegisteredPage, place: BoxPx, shape: tuple[int, ...]
    ) -> tuple[Plane, Plane, BlankSurroundings] | None:
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
            size = outline.working_size(part.shape)
            drawn = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
            self._known[key] = (low, high, blank_surroundings(np.asarray(drawn, np.uint8)))
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
    if _is_grey(crop):
        low, high = _as_greys(low).min(axis=0), _as_greys(high).max(axis=0)
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


def _is_grey(crop: Pixels) -> bool:
    """Whether a scanner that sees no colours made it."""
    small = cv2.resize(crop, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(int)
    return float(np.percentile(np.ptp(small, axis=2), 99)) <= GREY_LEVELS


def _as_greys(colours: Plane) -> Plane:
    """What scanners without colour make of colours: G x H x W x 3, a grey for each kind."""
    greys = colours @ np.array(GREYS, np.float32).T
    return np.repeat(np.moveaxis(greys, 2, 0)[..., None], 3, axis=3)


def _part(plane: Plane, middle: Plane, half: Plane) -> Plane:
    x0, y0 = np.maximum(0, np.round(middle - half)).astype(int)
    x1, y1 = np.round(middle + half).astype(int)
    return plane[y0:y1, x0:x1]


@dataclass(frozen=True, slots=True)
class _Outline:
    """Four sides, upright when turned by ``angle`` about ``centre``.

    Attributes:
        centre: Pixels of the crop at ``px_per_mm``.
        angle: Degrees clockwise.
        sides: Left, right, top, bottom.
    """

    px_per_mm: float
    centre: tuple[float, float]
    angle: float
    sides: list[_Side]


def _outlined(unexplained: Plane, centre: tuple[float, float], limits: Limits) -> _Outline:
    """The rotation at which the four sides are sharpest, roughly."""
    best: tuple[float, float, list[_Side]] | None = None
    for angle in ANGLES_DEG:
        turn = cv2.getRotationMatrix2D(centre, float(angle), 1.0)
        straight = cv2.warpAffine(unexplained, turn, unexplained.shape[::-1])
        sides = _sides(np.asarray(straight, np.float32), centre, limits)
        score = sum(s.sharp for s in sides)
        if best is None or score > best[0]:
            best = (score, float(angle), sides)
    assert best is not None
    return _Outline(COARSE_PX_PER_MM, centre, best[1], best[2])


def _measured(sheet: outline.Sheet, rough: _Outline, limits: Limits) -> _Outline:
    """The outline at the working scale.

    Looked for at the form's own place and the standard size first: the rough outline may have
    taken a border or a head before a pale wall for the print. Where not every side is found
    there, and the rough outline is elsewhere, round that one too.
    """
    scale = outline.WORK_PX_PER_MM / rough.px_per_mm
    left, right, top, bottom = _completed(rough)
    back = cv2.invertAffineTransform(cv2.getRotationMatrix2D(rough.centre, rough.angle, 1.0))
    middle = back[:, :2] @ ((left + right) / 2, (top + bottom) / 2) + back[:, 2]
    half = np.array((right - left, bottom - top)) / 2
    place, standard = np.array(rough.centre), np.array(STANDARD_MM) / 2 * rough.px_per_mm
    best = _measured_from(sheet, place * scale, standard * scale, limits)
    off = max(np.abs(middle - place).max(), np.abs(half - standard).max())
    if _seen(best) < 4 and off > ELSEWHERE_MM * rough.px_per_mm:
        other = _measured_from(sheet, middle * scale, half * scale, limits)
        if _seen(other) > _seen(best):
            return other
    return best


def _measured_from(sheet: outline.Sheet, centre: Plane, half: Plane, limits: Limits) -> _Outline:
    start = (float(centre[0]), float(centre[1]))
    angle, sides = outline.measure(sheet, start, (float(half[0]), float(half[1])), limits)
    found = [_Side(side.place, side.step, side.seen) for side in sides]
    return _Outline(outline.WORK_PX_PER_MM, start, angle, found)


def _seen(found: _Outline) -> int:
    return sum(side.seen for side in found.sides)


def _found(page: RegisteredPage, rough: _Outline, origin: NDArray[np.float32]) -> FoundPrint:
    left, right, top, bottom = _completed(rough)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    back = cv2.invertAffineTransform(cv2.getRotationMatrix2D(rough.centre, rough.angle, 1.0))
    turned = corners @ back[:, :2].T + back[:, 2]
    on_page = np.asarray(turned * (PX_PER_MM / rough.px_per_mm) + origin, np.float32)
    width_mm = (right - left) / rough.px_per_mm
    height_mm = (bottom - top) / rough.px_per_mm
    size = PrintSize(width_mm, height_mm, rough.angle, all(s.seen for s in rough.sides))
    return FoundPrint(_cut_out(page, on_page, size), size, on_page, _box_round(on_page))


def _refined(unexplained: Plane, rough: _Outline, limits: Limits) -> _Outline:
    """Rotation and sides again, from a line fitted to the edge crossings of each side."""
    centre, angle, sides = rough.centre, rough.angle, rough.sides
    for _ in range(3):
        turn = cv2.getRotationMatrix2D(centre, angle, 1.0)
        straight = np.asarray(
            cv2.warpAffine(unexplained, turn, unexplained.shape[::-1]), np.float32
        )
        lines = []
        for index, side in enumerate(sides):
            plane = straight if index < 2 else np.ascontiguousarray(straight.T)
            axis = 1 if index < 2 else 0
            half = STANDARD_MM[axis] / 2 * COARSE_PX_PER_MM * 0.85
            rows = np.arange(*_span(centre[axis], half, plane.shape[0]).indices(plane.shape[0]))
            lines.append(_line_of(plane, rows, side, outwards=index % 2 * 2 - 1, limits=limits))
        # Rows of left and right run down, columns of top and bottom run right: the slopes of an
        # upright print under a remaining turn have opposite signs.
        slopes = [(-line[0] if i < 2 else line[0], line[2]) for i, line in enumerate(lines) if line]
        if not slopes:
            break
        weight = sum(w for _, w in slopes)
        rest = math.degrees(math.atan(sum(v * w for v, w in slopes) / weight))
        # The outline of a head against a paper-white wall is no cut edge: it is not straight.
        sides = [
            _Side(line[1], side.sharp, True) if line else _Side(math.nan, side.sharp, False)
            for side, line in zip(sides, lines, strict=True)
        ]
        angle += float(np.clip(rest, -2.0, 2.0))
    return _Outline(rough.px_per_mm, centre, angle, sides)


def _line_of(
    plane: Plane, rows: NDArray[np.int64], side: _Side, *, outwards: int, limits: Limits
) -> tuple[float, float, int] | None:
    """Slope, place at the middle row, and number of rows of an edge; None where it is too weak."""
    if not side.seen or not math.isfinite(side.place):
        return None
    reach = 9
    steps = np.arange(-reach, reach + 1)
    columns = np.round(side.place).astype(int) + outwards * steps  # from inside to outside
    if columns.min() < 0 or columns.max() >= plane.shape[1]:
        return None
    strips = plane[np.ix_(rows, columns)]
    level = np.median(strips[:, : reach - 3], axis=1)
    strong = level > 1.5 * limits["differs_levels"]
    found_rows, places = [], []
    for row, strip, inner in zip(rows[strong], strips[strong], level[strong], strict=True):
        over = np.flatnonzero(strip > inner / 2)
        if not len(over) or over[-1] >= 2 * reach:
            continue
        last = int(over[-1])
        part = (strip[last] - inner / 2) / max(strip[last] - strip[last + 1], 1e-6)
        places.append(columns[last] + outwards * float(np.clip(part, 0, 1)) + 0.5)
        found_rows.append(float(row))
    if len(places) < 12:
        return None
    r, p = np.array(found_rows), np.array(places)
    middle = float(rows.mean())
    for _ in range(3):
        slope, place = np.polyfit(r - middle, p, 1)
        off = np.abs(p - (slope * (r - middle) + place))
        keep = off <= max(0.8, 1.5 * float(np.median(off)))
        if keep.all() or keep.sum() < 12:
            break
        r, p = r[keep], p[keep]
    spread = float(np.median(np.abs(p - (slope * (r - middle) + place))))
    straight = spread <= limits["straight_px"] and len(r) >= limits["straight_share"] * len(rows)
    return (float(slope), float(place), len(r)) if straight else None


def _sides(plane: Plane, centre: tuple[float, float], limits: Limits) -> list[_Side]:
    """Left, right, top and bottom of an upright print."""
    half_w, half_h = (s / 2 * COARSE_PX_PER_MM for s in STANDARD_MM)
    found = []
    rows = plane[_span(centre[1], half_h * 0.85, plane.shape[0])]
    for profile, direction in ((rows, -1), (rows, 1)):
        found.append(_outermost(profile, centre[0], direction, limits))
    columns = plane[:, _span(centre[0], half_w * 0.85, plane.shape[1])].T
    for profile, direction in ((columns, -1), (columns, 1)):
        found.append(_outermost(profile, centre[1], direction, limits))
    return found


def _span(middle: float, half: float, size: int) -> slice:
    return slice(max(0, round(middle - half)), min(size, round(middle + half)))


def _outermost(lines: Plane, middle: float, direction: int, limits: Limits) -> _Side:
    covered = (lines > limits["differs_levels"]).mean(axis=0)
    if direction < 0:
        covered = covered[::-1]
        middle = len(covered) - 1 - middle
    start = int(middle)
    outer = covered[start:]
    level = limits["covered_share"]
    over = np.flatnonzero(outer > level)
    # Walk outwards; a gap wider than the tolerance ends the print, so that a stray mark beyond
    # it is not taken for its edge.
    edge = start
    last = -1
    for index in over:
        if last >= 0 and index - last > limits["gap_mm"] * COARSE_PX_PER_MM:
            break
        last = int(index)
    if last < 0:
        return _Side(float("nan"), 0.0, False)
    edge = start + last
    inside = float(covered[max(0, edge - 3) : edge + 1].max())
    beyond = float(covered[edge + 1]) if edge + 1 < len(covered) else 0.0
    # Half-level crossing between the last covered line and the next.
    half = inside / 2
    fine = edge + 0.5
    at = float(covered[edge])
    if at > half > beyond:
        fine = edge + (at - half) / max(at - beyond, 1e-6)
    sharp = inside - (float(covered[edge + 2]) if edge + 2 < len(covered) else 0.0)
    reaches_rim = edge >= len(covered) - 3
    place = fine + 0.5
    if direction < 0:
        place = len(covered) - place
    seen = not reaches_rim and inside > limits["side_share"]
    return _Side(place if seen else math.nan, sharp, seen)


def _completed(rough: _Outline) -> tuple[float, float, float, float]:
    """Left, right, top and bottom; a side whose place is unknown, from the one opposite."""
    places = []
    for (first, second), length, middle in zip(
        (rough.sides[:2], rough.sides[2:]), STANDARD_MM, rough.centre, strict=True
    ):
        full = length * rough.px_per_mm
        low, high = first.place, second.place
        if math.isnan(low):
            low = high - full
        elif math.isnan(high):
            high = low + full
        if not high - low >= 5 * rough.px_per_mm:  # neither is known, or they make no print
            low, high = middle - full / 2, middle + full / 2
        places.append((low, high))
    return places[0][0], places[0][1], places[1][0], places[1][1]


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
