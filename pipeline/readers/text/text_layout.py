"""What is unusual about the writing in a text zone, seen from its ink alone.

Applicants write a second line where there is room for one, squeeze a forgotten character in above
the line, strike words out and write over the edge. The recogniser reads a line of characters and
tells none of this, so it is looked for here; what is found is a reason to show the field to a
person, never a change of the reading.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, BoxPx
from pipeline.readers.ink.ink_parts import InkParts
from pipeline.readers.ink.zone_ink import ZoneInk, pen_width_mm
from pipeline.readers.text.line_cutting import TextLine
from pipeline.readers.text.text_limits import TextLimits

Labels = NDArray[np.int32]
_SMALLER = 4  # strikes are looked for at a quarter of the size
_SLOPES = (0.0, -0.04, 0.04, -0.08, 0.08)


def notices(
    ink: ZoneInk,
    parts: InkParts,
    inner: BoxPx,
    lines: Sequence[TextLine],
    limits: TextLimits,
    *,
    printed: bool,
) -> tuple[str, ...]:
    """Reasons why a person should see how the field is written; empty where it is plain.

    Args:
        ink: The writing in the zone and a margin round it.
        parts: Its connected parts.
        inner: The zone itself, registered pixels.
        lines: The lines that are read.
        limits: What counts as writing and what as dirt.
        printed: A printer filled the zone; pens and sizes of hands do not apply.

    Returns:
        Of ``dirt`` (too thin or too small for writing), ``crosses the edge``, ``beside the
    """
    found = []
    if not printed and _is_dirt(ink, lines, limits):
        found.append("dirt")
    crossing, beside = _left_out(ink, parts, inner, lines, limits)
    if crossing:
        found.append("crosses the edge")
    if beside:
        found.append("beside the line")
    if not printed and any(_inserted(ink, line, limits) for line in lines):
        found.append("inserted")
    if any(_struck(ink, line, limits) for line in lines):
        found.append("struck out")
    return tuple(found)


def _is_dirt(ink: ZoneInk, lines: Sequence[TextLine], limits: TextLimits) -> bool:
    """Whether all ink of the lines is finer or smaller than handwriting."""
    highest = max(line.box_px.h for line in lines) / PX_PER_MM
    widest = max(line.box_px.w for line in lines) / PX_PER_MM
    if highest < limits.least_height_mm and widest < limits.least_width_mm:
        return True
    if widest > limits.dirt_width_mm:
        return False
    top = min(line.box_px.y for line in lines) - ink.box_px.y
    bottom = max(line.box_px.y + line.box_px.h for line in lines) - ink.box_px.y
    left = min(line.box_px.x for line in lines) - ink.box_px.x
    right = max(line.box_px.x + line.box_px.w for line in lines) - ink.box_px.x
    own = ink.ink[max(0, top) : bottom, max(0, left) : right]
    return bool(own.any()) and pen_width_mm(own) < limits.least_pen_mm


def _left_out(
    ink: ZoneInk, parts: InkParts, inner: BoxPx, lines: Sequence[TextLine], limits: TextLimits
) -> tuple[bool, bool]:
    """Whether ink the size of a character lies across the zone's edge, or beside the lines."""
    stats, centres = parts.stats, parts.centres
    crossing = beside = False
    reach = limits.crossing_mm * PX_PER_MM
    x0, y0 = inner.x - ink.box_px.x, inner.y - ink.box_px.y
    x1, y1 = x0 + inner.w, y0 + inner.h
    for k in _the_size_of_a_character(stats, limits):
        left, top, width, height, _ = (int(v) for v in stats[k])
        if min(width, height) <= 4 and max(width, height) > 60:
            continue  # what is left of a line
        right, bottom = left + width, top + height
        inside = x0 <= centres[k, 0] < x1 and y0 <= centres[k, 1] < y1
        over = max(x0 - left, y0 - top, right - x1, bottom - y1)
        within = min(right - x0, x1 - left, bottom - y0, y1 - top)
        if (inside and over > reach) or (not inside and within > reach):
            crossing = True
        elif inside and not any(_holds(line, ink, centres[k]) for line in lines):
            beside = True
    return crossing, beside


def _the_size_of_a_character(stats: Labels, limits: TextLimits) -> list[int]:
    """The parts that are as large as a character; the first row is what is no ink."""
    longer = stats[1:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1, initial=0)
    large = stats[1:, cv2.CC_STAT_AREA] >= limits.character_px
    return [int(k) for k in 1 + np.flatnonzero(large & (longer >= limits.character_mm * PX_PER_MM))]


def _holds(line: TextLine, ink: ZoneInk, centre: NDArray[np.float64]) -> bool:
    """Whether a point of the crop lies in a line, with room for a drift that was levelled."""
    slack = max(0.6 * line.box_px.h, 1.5 * PX_PER_MM)
    y = centre[1] + ink.box_px.y
    return bool(line.box_px.y - slack <= y <= line.box_px.y + line.box_px.h + slack)


def _inserted(ink: ZoneInk, line: TextLine, limits: TextLimits) -> bool:
    """Whether a part the size of a small character stands above or below what is round it."""
    top, left = line.box_px.y - ink.box_px.y, line.box_px.x - ink.box_px.x
    part = ink.ink[max(0, top) : top + line.box_px.h, max(0, left) : left + line.box_px.w]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(part.astype(np.uint8), connectivity=8)
    reach = round(limits.around_mm * PX_PER_MM)
    for k in _the_size_of_a_character(np.asarray(stats, np.int32), limits):
        x, y, width, height, area = (int(v) for v in stats[k])
        x0, x1 = max(0, x - reach), x + width + reach
        around = (labels[:, x0:x1] > 0) & (labels[:, x0:x1] != k)
        rows = np.cumsum(around.sum(axis=1))
        if rows[-1] < limits.around_times * area:
            continue
        high, low = (int(np.searchsorted(rows, share * rows[-1])) for share in (0.015, 0.985))
        if y + height <= high or y >= low:
            return True
    return False


def crowded(more: Sequence[TextLine], fewer: Sequence[TextLine], limits: TextLimits) -> bool:
    """Whether a zone cut into more lines than it has room for holds writing in each of them.

    Args:
        more: Its lines when one more than there is room for is allowed.
        fewer: Its lines as the form has them.
        limits: The least height of writing.
    """
    least = limits.line_mm * PX_PER_MM
    return len(more) > len(fewer) and all(
        line.box_px.h >= least and line.box_px.w >= 2 * least for line in more
    )


def _struck(ink: ZoneInk, line: TextLine, limits: TextLimits) -> bool:
    """Whether a straight stroke runs on through more than one character."""
    height = max(line.box_px.h, round(3 * PX_PER_MM))
    length = round(limits.strike_heights * height / _SMALLER)
    top, left = line.box_px.y - ink.box_px.y, line.box_px.x - ink.box_px.x
    part = ink.dark[max(0, top) : top + line.box_px.h, max(0, left) : left + line.box_px.w]
    if part.shape[1] < length * _SMALLER or min(part.shape) < 2 * _SMALLER:
        return False
    size = (part.shape[1] // _SMALLER, part.shape[0] // _SMALLER)
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA) > limits.strike_darkness
    # A stroke drawn by hand bends: two rows count as one.
    thick = cv2.dilate(small.astype(np.uint8), np.ones((2, 1), np.uint8))
    run = np.ones((1, max(3, length)), np.uint8)
    for slope in _SLOPES:
        matrix = np.array([[1.0, 0.0, 0.0], [-slope, 1.0, slope * size[0] / 2]])
        level = cv2.warpAffine(thick, matrix, size, flags=cv2.INTER_NEAREST)
        # Beyond the crop nothing is written: a run has to lie in it whole.
        framed = cv2.copyMakeBorder(level, 0, 0, 1, 1, cv2.BORDER_CONSTANT, value=(0,))
        if cv2.morphologyEx(framed, cv2.MORPH_OPEN, run).any():
            return True
    return False
