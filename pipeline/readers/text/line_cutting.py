"""Cuts the writing of a zone into lines of text as the recogniser likes them.

Trimmed to the ink, one line to a picture, drift levelled, wide blank gaps closed: the model reads
a full-width blank between katakana as a long mark. Every column of a line knows where it stands
on the page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, BoxPx
from pipeline.imaging.pages import Pixels
from pipeline.readers.ink.ink_parts import InkParts
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
    """

    image: Pixels
    page_x: NDArray[np.int32]
    gaps: tuple[int, ...]
    inked: NDArray[np.bool_]
    box_px: BoxPx
    ink_share: float


@dataclass(frozen=True, slots=True)
class LevelWriting:
    """The writing of a zone without specks, its lines level, ready to be cut.

    Attributes:
        dark: H x W uint8, 0 paper to 255 black; 0 where nothing is written.
        mask: H x W uint8, 255 where something is written.
        profile: H; how many pixels of each row are written on.
        box_px: Where it stood on the page before it was levelled.
    """

    dark: Pixels
    mask: Pixels
    profile: NDArray[np.float64]
    box_px: BoxPx

    def rows(self, most: int) -> list[tuple[int, int]]:
        """Top and bottom of each line of writing; none where the zone is blank.

        Args:
            most: Most lines that fit.
        """
        return _rows(self.profile, most)

    def lines(self, rows: list[tuple[int, int]]) -> list[TextLine]:
        """The lines of writing, top to bottom.

        Args:
            rows: Where they stand, of ``rows``.
        """
        cut = (_line(self.dark, self.mask[t:b] > 0, t, self.box_px) for t, b in rows)
        lines = [line for line in cut if line is not None]
        highest = max((line.box_px.h for line in lines), default=0)
        widest = max((line.box_px.w for line in lines), default=0)
        # Dirt above or below the writing is no line of its own.
        return [
            line
            for line in lines
            if line.box_px.h >= _SPECK_LINE * highest or line.box_px.w >= _SPECK_LINE * widest
        ]


def levelled(ink: ZoneInk, parts: InkParts, inner: BoxPx) -> LevelWriting:
    """The writing of a zone as it is cut into lines.

    Args:
        ink: The writing in the zone and a margin round it.
        parts: Its connected parts.
        inner: The zone itself, registered pixels: ink outside counts with what it belongs to.
    """
    mask = _without_specks(ink, parts, inner)
    dark = cv2.bitwise_and(ink.dark, mask).astype(np.uint8, copy=False)
    shear = _shear(mask)
    if shear:
        dark = _sheared(dark, shear)
        mask = np.asarray(cv2.threshold(_sheared(mask, shear), 127, 255, cv2.THRESH_BINARY)[1])
    sums = cv2.reduce(mask, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return LevelWriting(dark, mask, np.asarray(sums[:, 0] / 255, np.float64), ink.box_px)


def _without_specks(ink: ZoneInk, parts: InkParts, inner: BoxPx) -> Pixels:
    """255 where a part is larger than a speck and begins inside the zone, edges softened."""
    nothing = np.zeros(ink.dark.shape, np.uint8)
    x0, y0 = inner.x - ink.box_px.x, inner.y - ink.box_px.y
    stats, centres = parts.stats, parts.centres
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
    if not keep.any() or int(area[keep].sum()) < 40:
        return nothing
    kept = keep.astype(np.uint8)[parts.labels]
    if int(keep.sum()) <= _HAIR_PARTS and _is_hair(kept):
        return nothing
    height, width = kept.shape
    nothing[parts.top : parts.top + height, parts.left : parts.left + width] = kept * 255
    # The soft edge of a stroke is below the threshold and still belongs to it.
    return cv2.dilate(nothing, np.ones((5, 5), np.uint8)).astype(np.uint8, copy=False)


def _is_hair(kept: Pixels) -> bool:
    """Whether all there is is a thin open line, finer than any pen: a hair or fibre on the glass.

    A printed character can be as fine in places, but closes round a counter or has more parts.
    """
    outlines, levels = cv2.findContours(kept, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    closed = bool((levels[0][:, 3] >= 0).any())
    length_mm = sum(cv2.arcLength(o, closed=True) for o in outlines) / 2 / PX_PER_MM
    return not closed and length_mm < _HAIR_MM and pen_width_mm(kept > 0) < LEAST_PEN_MM


def _shear(mask: Pixels) -> float:
    """The rise of the lines, page pixels down per pixel right, that makes rows most distinct."""
    small = cv2.resize(
        (mask > 0).astype(np.float32), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA
    )
    if small.shape[1] < 60:
        return 0.0
    ys, xs = np.nonzero(small > 0.3)
    if len(xs) < 50 or np.ptp(xs) < 60:
        return 0.0
    height = small.shape[0]
    rows = np.rint(ys - _SHEARS[:, None] * (xs - xs.mean())).astype(np.intp)
    places = np.clip(rows, 0, height - 1) + height * np.arange(len(_SHEARS))[:, None]
    profiles = np.bincount(places.ravel(), minlength=height * len(_SHEARS))
    squares = (profiles.reshape(len(_SHEARS), height) ** 2).sum(axis=1)
    best, kept = 0.0, -1.0
    for shear, score in zip(_SHEARS, squares - 1e-9 * np.abs(_SHEARS), strict=True):
        if score > kept * 1.02:
            best, kept = float(shear), float(score)
    return best if abs(best) > 0.004 else 0.0


def _sheared(image: Pixels, shear: float) -> Pixels:
    """The picture with its rows made level about its middle column."""
    height, width = image.shape
    left, first, across, held = cv2.boundingRect(image)
    # Only where there is ink something moves; rows need as much room as the lines rise.
    reach = math.ceil(abs(shear) * width / 2) + 1
    top, bottom = max(0, first - reach), min(height, first + held + reach)
    right = left + across
    matrix = np.array([[1.0, 0.0, 0.0], [-shear, 1.0, shear * width / 2]])
    level = np.zeros_like(image)
    level[top:bottom, :right] = cv2.warpAffine(
        image[top:bottom, :right], matrix, (right, bottom - top), flags=cv2.INTER_LINEAR
    )
    return level


def _rows(profile: NDArray[np.float64], most: int) -> list[tuple[int, int]]:
    """Top and bottom of each line, from how many pixels of each row are ink."""
    held = np.flatnonzero(profile)
    if not len(held):
        return []
    top, bottom = int(held[0]), int(held[-1]) + 1
    if most <= 1 or bottom - top < 2 * _LEAST_LINE_PX:
        return [(top, bottom)]
    smooth = np.asarray(np.convolve(profile, np.ones(5) / 5, mode="same"), np.float64)
    cut = _valley(smooth, top, bottom)
    if cut is None:
        return [(top, bottom)]
    below = [(a + cut, b + cut) for a, b in _rows(profile[cut:], 1)]
    return [*_rows(profile[:cut], most - 1), *below]


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
