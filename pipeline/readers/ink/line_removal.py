"""Takes a form's printed lines out of a crop, and puts back the strokes that crossed them.

Where the lines are is what the form's definition says; only their exact place and darkness within
a few pixels of it are measured. A pale line is subtracted; a line as dark as ink is cut out and
the strokes on its two sides are joined again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.order_statistics import median, percentile
from pipeline.imaging.pages import Pixels

# A registered line stands within half a millimetre of where the definition puts it.
REACH_PX = 6
_SHARE_OF_ROWS = 60.0  # percentile along the line: strokes that cross cover less than this
_PALE = 0.55  # below this share of the ink's darkness a line is subtracted, not cut
_VISIBLE = 14.0
_ALIKE = 1.25
# A stroke that crosses a line thickens it for as long as the stroke is wide; one that runs along
# it, for longer than the widest pen at a slant.
_LONG_RUN_PX = 22
_THICKER_BY_PX = 2


@dataclass(frozen=True, slots=True)
class LinePx:
    """A straight printed line in the crop's pixels.

    Attributes:
        upright: Vertical; else horizontal.
        at: Its middle, across.
        start: First pixel along.
        stop: One past the last pixel along.
        width: Printed width.
    """

    upright: bool
    at: float
    start: int
    stop: int
    width: float


def remove_lines(
    dark: Pixels, lines: Sequence[LinePx], ink_level: float
) -> tuple[Pixels, NDArray[np.bool_]]:
    """The crop without its lines.

    Args:
        dark: H x W, 0 paper to 255 black.
        lines: Where the definition has lines.
        ink_level: Darkness of a typical pen stroke here.

    Returns:
        The darkness without the lines; where a stroke runs along a line that was cut out, so
        that part of it went with the line.
    """
    source = dark.astype(np.float32)
    clean = source.copy()
    cut_upright = np.zeros(dark.shape, bool)
    cut_level = np.zeros(dark.shape, bool)
    along = np.zeros(dark.shape, bool)
    measured = [_measure(source, line) for line in lines]
    usual = _usual(lines, measured)
    counts = [
        None if found is None else _dark_across(source, line, found, ink_level)
        for line, found in zip(lines, measured, strict=True)
    ]
    thickness = _thickness(lines, counts)
    for line, found, count in zip(lines, measured, counts, strict=True):
        if found is None or count is None:
            continue
        limit = _ALIKE * usual[line.width] + _VISIBLE
        first, profile = found[0], np.minimum(found[1], limit)
        here = (
            np.s_[line.start : line.stop, first : first + len(profile)]
            if line.upright
            else np.s_[first : first + len(profile), line.start : line.stop]
        )
        across = profile[None, :] if line.upright else profile[:, None]
        if min(float(profile.max()), usual[line.width]) < _PALE * ink_level:
            rest = (source[here] - across * 1.15) * (
                ink_level / np.maximum(ink_level - across, 0.3 * ink_level)
            )
            clean[here] = np.minimum(clean[here], np.clip(rest, 0, 255))
        else:
            (cut_upright if line.upright else cut_level)[here] = True
            run = _thick_runs(count, thickness[line.width])
            along[here] |= run[:, None] if line.upright else run[None, :]
    cut = cut_upright | cut_level
    clean[cut] = 0
    if cut.any():
        clean = _rejoin(clean, source, cut_upright, cut_level, ink_level)
    return np.clip(clean, 0, 255).astype(np.uint8), along


def _usual(
    lines: Sequence[LinePx], measured: Sequence[tuple[int, NDArray[np.float32]] | None]
) -> dict[float, float]:
    """How dark lines of each width are.

    Lines of one width are printed alike. One that seems much darker than the others has a stroke
    on it, and must not be taken for a dark line: the stroke would be cut out with it.
    """
    darkest: dict[float, list[float]] = {}
    for line, found in zip(lines, measured, strict=True):
        peak = 0.0 if found is None else float(found[1].max())
        darkest.setdefault(line.width, []).append(peak)
    return {width: median(np.array(d)) for width, d in darkest.items()}


def _measure(source: NDArray[np.float32], line: LinePx) -> tuple[int, NDArray[np.float32]] | None:
    """First pixel across and the darkness across of a line, or None where none shows."""
    limit = source.shape[1] if line.upright else source.shape[0]
    low = max(0, round(line.at) - REACH_PX)
    high = min(limit, round(line.at) + REACH_PX + 1)
    if high - low < 3 or line.stop - line.start < 8:
        return None
    band = (
        source[line.start : line.stop, low:high]
        if line.upright
        else source[low:high, line.start : line.stop].T
    )
    if band.shape[0] < 8:
        return None
    profile = percentile(band, _SHARE_OF_ROWS)
    ground = float(percentile(profile, 25.0))
    top = profile - ground
    # Prefer the place that the definition names when two are alike.
    centre = line.at - low
    distance = np.abs(np.arange(len(top)) - centre)
    peak = int(np.argmax(top * (1 - 0.04 * distance)))
    if top[peak] < _VISIBLE:
        return None
    first = last = peak
    widest = round(line.width) + 4
    while first > 0 and top[first - 1] > 0.25 * top[peak] and last - first < widest:
        first -= 1
    while last < len(top) - 1 and top[last + 1] > 0.25 * top[peak] and last - first < widest:
        last += 1
    # One pixel of shoulder on each side: the soft edge of the line.
    first, last = max(0, first - 1), min(len(top) - 1, last + 1)
    return low + first, profile[first : last + 1]


def _dark_across(
    source: NDArray[np.float32],
    line: LinePx,
    found: tuple[int, NDArray[np.float32]],
    ink_level: float,
) -> NDArray[np.int64]:
    """For each pixel along a line: how many pixels across it and beside it are dark."""
    first, width = found[0], len(found[1])
    limit = source.shape[1] if line.upright else source.shape[0]
    low, high = max(0, first - 3), min(limit, first + width + 3)
    band = (
        source[line.start : line.stop, low:high]
        if line.upright
        else source[low:high, line.start : line.stop].T
    )
    return np.asarray((band > 0.5 * ink_level).sum(axis=1), np.int64)


def _thickness(
    lines: Sequence[LinePx], counts: Sequence[NDArray[np.int64] | None]
) -> dict[float, float]:
    """How many pixels across lines of each width are dark where nothing is written on them.

    The lines are asked together: a stroke may run along the whole of one.
    """
    held: dict[float, list[float]] = {}
    for line, count in zip(lines, counts, strict=True):
        if count is not None:
            held.setdefault(line.width, []).append(median(count))
    return {width: median(np.array(medians)) for width, medians in held.items()}


def _thick_runs(count: NDArray[np.int64], usual: float) -> NDArray[np.bool_]:
    """For each pixel along a line: does ink run along it there?"""
    level = min(median(count), usual) + _THICKER_BY_PX
    thick = (count >= level).astype(np.uint8)[:, None]
    whole = cv2.morphologyEx(thick, cv2.MORPH_CLOSE, np.ones((3, 1), np.uint8))
    runs = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((_LONG_RUN_PX, 1), np.uint8))
    return np.asarray(runs[:, 0] > 0)


def _rejoin(
    clean: NDArray[np.float32],
    source: NDArray[np.float32],
    cut_upright: NDArray[np.bool_],
    cut_level: NDArray[np.bool_],
    ink_level: float,
) -> NDArray[np.float32]:
    """Fills the cuts where ink stands on both sides of the line, slanted strokes included."""
    result = clean.copy()
    for cut, upright in ((cut_upright, True), (cut_level, False)):
        if not cut.any():
            continue
        width = _cut_width(cut, upright)
        reach = width + 2
        slant = 2 * width + 1
        before, after = _sides(clean, reach, slant, upright)
        bridge = np.minimum(before, after)
        fill = cut & (bridge > 0.5 * ink_level) & (source > 0.5 * ink_level)
        result[fill] = np.minimum(bridge, source)[fill]
    return result


def _cut_width(cut: NDArray[np.bool_], upright: bool) -> int:
    runs = cut.sum(axis=1 if upright else 0)
    lines = np.diff(cut.astype(np.int8), axis=1 if upright else 0) > 0
    count = lines.sum(axis=1 if upright else 0)
    held = count > 0
    return int(np.clip(np.median(runs[held] / count[held]), 2, 12)) if held.any() else 3


def _sides(
    clean: NDArray[np.float32], reach: int, slant: int, upright: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The strongest ink within ``reach`` on either side, and ``slant`` along the line."""
    across = np.ones((1, reach) if upright else (reach, 1), np.uint8)
    along = np.ones((slant, 1) if upright else (1, slant), np.uint8)
    wide = cv2.dilate(clean, along)
    far = reach - 1
    left = cv2.dilate(wide, across, anchor=(far, 0) if upright else (0, far))
    right = cv2.dilate(wide, across, anchor=(0, 0))
    return left.astype(np.float32), right.astype(np.float32)
