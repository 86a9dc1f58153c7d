"""Cuts the writing of a zone into lines of text as the recogniser likes them.

Trimmed to the ink, one line to a picture, drift levelled, wide blank gaps closed: the model reads
a full-width blank between katakana as a long mark. Every column of a line knows where it stands
on the page.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, BoxPx
from pipeline.imaging.pages import Pixels
from pipeline.readers.ink.zone_ink import INK_DARKNESS, LEAST_PEN_MM, ZoneInk, pen_width_mm

_SPECK_PX = 10
_PAD_PX = 6
_SHEARS = np.arange(-0.045, 0.0451, 0.005)
_LEAST_LINE_PX = 14
_SPECK_LINE = 0.4
_HAIR_PARTS = 6  # JPEG breaks it
_HAIR_MM = 20.0
# A blank this long against the height of the line is a word's end, and is closed to the second.
GAP_OF_WORDS = 0.55
_GAP_LEFT = 0.30


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of writing.

    Attributes:
        image: H x W x 3 BGR uint8, dark on white.
        page_x: For each column of the image, its x on the page.
        gaps: Columns of the image (not of the page) where a wide blank was closed.
        inked: Columns of the image that hold ink.
        box_px: Where the line stands on the page.
        ink_share: Share of the line's box that is ink.
        longest_px: Width of the widest single part: a strike joins many characters.
    """

    image: Pixels
    page_x: NDArray[np.int32]
    gaps: tuple[int, ...]
    inked: NDArray[np.bool_]
    box_px: BoxPx
    ink_share: float
    longest_px: int


def cut_lines(ink: ZoneInk, inner: BoxPx, most: int) -> list[TextLine]:
    """The lines of writing of a zone, top to bottom; none where the zone is blank.

    Args:
        ink: The writing in the zone and a margin round it.
        inner: The zone itself, registered pixels: ink outside counts with what it belongs to.
        most: Most lines that fit.
    """
    mask = _without_specks(ink, inner)
    if not mask.any():
        return []
    dark = np.where(mask, ink.dark, 0).astype(np.uint8)
    shear = _shear(mask)
    if shear:
        dark = _sheared(dark, shear)
        mask = _sheared(mask.astype(np.uint8) * 255, shear) > 127
    lines = []
    for top, bottom in _rows(mask, most):
        line = _line(dark, np.asarray(mask[top:bottom], bool), top, ink.box_px)
        if line is not None:
            lines.append(line)
    highest = max((line.box_px.h for line in lines), default=0)
    widest = max((line.box_px.w for line in lines), default=0)
    # Dirt above or below the writing is no line of its own.
    return [
        line
        for line in lines
        if line.box_px.h >= _SPECK_LINE * highest or line.box_px.w >= _SPECK_LINE * widest
    ]


def _without_specks(ink: ZoneInk, inner: BoxPx) -> NDArray[np.bool_]:
    """Ink of parts that are larger than a speck and begin inside the zone, edges softened."""
    binary = ink.ink.astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(binary, connectivity=8)
    x0, y0 = inner.x - ink.box_px.x, inner.y - ink.box_px.y
    area = stats[:, cv2.CC_STAT_AREA]
    inside = (
        (centres[:, 0] >= x0)
        & (centres[:, 0] < x0 + inner.w)
        & (centres[:, 1] >= y0)
        & (centres[:, 1] < y0 + inner.h)
    )
    # A thin flat part as long as the zone is what is left of a line, not writing.
    flat = (stats[:, cv2.CC_STAT_HEIGHT] <= 4) & (stats[:, cv2.CC_STAT_WIDTH] > 60)
    keep = inside & (area >= _SPECK_PX) & ~flat
    keep[0] = False
    if count <= 1 or not keep.any() or int(area[keep].sum()) < 40:
        return np.zeros(ink.dark.shape, bool)
    kept = keep[labels].astype(np.uint8)
    if int(keep.sum()) <= _HAIR_PARTS and _is_hair(kept):
        return np.zeros(ink.dark.shape, bool)
    # The soft edge of a stroke is below the threshold and still belongs to it.
    return cv2.dilate(kept, np.ones((5, 5), np.uint8)).astype(bool)


def _is_hair(kept: Pixels) -> bool:
    """Whether all there is is a thin open line, finer than any pen: a hair or fibre on the glass.

    A printed character can be as fine in places, but closes round a counter or has more parts.
    """
    outlines, levels = cv2.findContours(kept, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    closed = bool((levels[0][:, 3] >= 0).any())
    length_mm = sum(cv2.arcLength(o, closed=True) for o in outlines) / 2 / PX_PER_MM
    return not closed and length_mm < _HAIR_MM and pen_width_mm(kept > 0) < LEAST_PEN_MM


def _shear(mask: NDArray[np.bool_]) -> float:
    """The rise of the lines, page pixels down per pixel right, that makes rows most distinct."""
    small = cv2.resize(
        mask.astype(np.float32), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA
    )
    if small.shape[1] < 60:
        return 0.0
    ys, xs = np.nonzero(small > 0.3)
    if len(xs) < 50 or np.ptp(xs) < 60:
        return 0.0
    height = small.shape[0]
    best, kept = 0.0, -1.0
    for shear in _SHEARS:
        rows = np.clip(np.round(ys - shear * (xs - xs.mean())), 0, height - 1).astype(int)
        profile = np.bincount(rows, minlength=height).astype(np.float64)
        score = float((profile**2).sum()) - 1e-9 * abs(float(shear))
        if score > kept * 1.02:
            best, kept = float(shear), score
    return best if abs(best) > 0.004 else 0.0


def _sheared(image: Pixels, shear: float) -> Pixels:
    height, width = image.shape
    matrix = np.array([[1.0, 0.0, 0.0], [-shear, 1.0, shear * width / 2]])
    return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR).astype(np.uint8)


def _rows(mask: NDArray[np.bool_], most: int) -> list[tuple[int, int]]:
    """Top and bottom of each line."""
    profile = mask.sum(axis=1).astype(np.float64)
    held = np.flatnonzero(profile)
    top, bottom = int(held[0]), int(held[-1]) + 1
    if most <= 1 or bottom - top < 2 * _LEAST_LINE_PX:
        return [(top, bottom)]
    smooth = np.convolve(profile, np.ones(5) / 5, mode="same")
    cut = _valley(smooth, top, bottom)
    if cut is None:
        return [(top, bottom)]
    first, second = mask[:cut], mask[cut:]
    result = _rows_within(first, 0, most - 1) + _rows_within(second, cut, 1)
    return result or [(top, bottom)]


def _rows_within(part: NDArray[np.bool_], offset: int, most: int) -> list[tuple[int, int]]:
    if not part.any():
        return []
    return [(a + offset, b + offset) for a, b in _rows(part, most)]


def _valley(smooth: NDArray[np.float64], top: int, bottom: int) -> int | None:
    """The row where two lines part, or None where there is one line."""
    height = bottom - top
    low, high = top + int(0.25 * height), bottom - int(0.25 * height)
    middle = smooth[low:high]
    if len(middle) < 3:
        return None
    least = float(middle.min())
    above = float(np.percentile(smooth[top:low], 80))
    below = float(np.percentile(smooth[high:bottom], 80))
    if least > 0.16 * min(above, below):
        return None
    places = np.flatnonzero(middle <= least * 1.05 + 1e-9)
    return low + int(np.median(places))


def _line(dark: Pixels, part: NDArray[np.bool_], top: int, area: BoxPx) -> TextLine | None:
    columns = np.flatnonzero(part.any(axis=0))
    if len(columns) == 0 or int(part.sum()) < 40:
        return None
    left, right = int(columns[0]), int(columns[-1]) + 1
    rows = np.flatnonzero(part.any(axis=1))
    first, last = int(rows[0]), int(rows[-1]) + 1
    height = last - first
    strip = dark[top + first : top + last, left:right]
    own = strip > INK_DARKNESS
    if not own.any():
        return None
    inked = np.asarray(own.any(axis=0), bool)
    kept, gaps = _closed(inked, height)
    longest = _longest(own)
    level = max(120.0, float(np.percentile(strip[own], 80)))
    stretched = np.clip(strip[:, kept].astype(np.float32) * (225.0 / level), 0, 235)
    padded = cv2.copyMakeBorder(
        stretched.astype(np.uint8),
        *(_PAD_PX, _PAD_PX, _PAD_PX, _PAD_PX),
        cv2.BORDER_CONSTANT,
        value=(0,),
    )
    page_x = np.concatenate(
        [np.full(_PAD_PX, left), left + kept, np.full(_PAD_PX, right - 1)]
    ).astype(np.int32)
    margin = np.zeros(_PAD_PX, bool)
    return TextLine(
        image=cv2.cvtColor(255 - padded, cv2.COLOR_GRAY2BGR).astype(np.uint8),
        page_x=page_x + area.x,
        gaps=tuple(g + _PAD_PX for g in gaps),
        inked=np.concatenate([margin, inked[kept], margin]),
        box_px=BoxPx(left + area.x, top + first + area.y, right - left, height),
        ink_share=float(own.mean()),
        longest_px=longest,
    )


def _closed(inked: NDArray[np.bool_], height: int) -> tuple[NDArray[np.intp], list[int]]:
    """Columns to keep, and where in them a wide blank was closed."""
    keep = np.ones(len(inked), bool)
    wide, left = GAP_OF_WORDS * height, max(4, round(_GAP_LEFT * height))
    places = []
    edges = np.flatnonzero(np.diff(np.concatenate([[True], inked, [True]]).astype(np.int8)))
    for start, stop in zip(edges[::2], edges[1::2], strict=False):
        if stop - start >= wide:
            keep[start + left // 2 : stop - (left - left // 2)] = False
            places.append(int(start + left // 2))
    kept = np.flatnonzero(keep)
    return kept, [int(np.searchsorted(kept, p)) for p in places]


def _longest(mask: NDArray[np.bool_]) -> int:
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return int(stats[1:, cv2.CC_STAT_WIDTH].max()) if len(stats) > 1 else 0
