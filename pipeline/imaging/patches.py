"""What lies on the scanner's glass: the one patch that differs from what surrounds it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import MM_PER_INCH, BoxPx
from pipeline.imaging.pages import PageImage, Pixels

_LOOKED_AT_DPI = 50.0
_BORDER_SHARE = 0.03
_DIFFERS = 14
_SPECK_MM2 = 4.0
_DARK = 70
_DARK_SHARE = 0.9
_LIGHT_STROKES = 0.04
_MOST_SHORT_SIDE_PX = 1 << 12


@dataclass(frozen=True, slots=True)
class Patch:
    """A thing on the glass.

    Attributes:
        box: Where it is, pixels of the page.
        width_mm: Its width, by the resolution that the file states.
        height_mm: Its height.
        share: Its share of all that differs from the surround.
        fill: How much of its box it fills.
    """

    box: BoxPx
    width_mm: float
    height_mm: float
    share: float
    fill: float


def main_patch(page: PageImage, dpi: float) -> Patch | None:
    """The largest thing that differs from the page's border, or None where nothing does."""
    small, factor = _small(page.pixels, dpi)
    border = _border(small)
    differs = (cv2.absdiff(small, np.full_like(small, border)).max(axis=2) > _DIFFERS).astype(
        np.uint8
    )
    differs = cv2.morphologyEx(differs, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    joined = cv2.morphologyEx(differs, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    speck = _SPECK_MM2 * (dpi * factor / MM_PER_INCH) ** 2
    kept = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= speck]
    if not kept:
        return None
    largest = max(kept, key=lambda i: int(stats[i, cv2.CC_STAT_AREA]))
    x, y, w, h, area = (int(v) for v in stats[largest])
    whole = sum(int(stats[i, cv2.CC_STAT_AREA]) for i in kept)
    per_mm = dpi * factor / MM_PER_INCH
    return Patch(
        BoxPx(round(x / factor), round(y / factor), round(w / factor), round(h / factor)),
        w / per_mm,
        h / per_mm,
        area / whole,
        area / (w * h),
    )


def is_dark(pixels: Pixels) -> bool:
    """Whether a page has no light paper to speak of: a lamp that failed, an open lid, black paper.

    Light that lies outside the sheet only (a dark sheet on a light glass) does not count: what
    matters is whether the middle holds anything.
    """
    height, width = pixels.shape[:2]
    middle = pixels[height // 8 : height - height // 8, width // 8 : width - width // 8]
    if middle.size == 0:
        middle = pixels
    step = max(1, max(middle.shape[:2]) // 1200)
    grey = cv2.cvtColor(np.ascontiguousarray(middle[::step, ::step]), cv2.COLOR_BGR2GRAY)
    dark = float((grey < _DARK).mean())
    return dark >= _DARK_SHARE and float((grey > 2 * _DARK).mean()) <= _LIGHT_STROKES


def _small(pixels: Pixels, dpi: float) -> tuple[Pixels, float]:
    factor = min(1.0, _LOOKED_AT_DPI / dpi, _MOST_SHORT_SIDE_PX / max(pixels.shape[:2]))
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), factor


def _border(small: Pixels) -> NDArray[np.uint8]:
    height, width = small.shape[:2]
    edge = max(1, round(min(height, width) * _BORDER_SHARE))
    rings = (small[:edge], small[-edge:], small[:, :edge], small[:, -edge:])
    ring = np.concatenate([r.reshape(-1, 3) for r in rings])
    return np.asarray(np.median(ring, axis=0), np.uint8)
