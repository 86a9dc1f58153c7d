"""The printed words of a blank sheet: found as rows of ink between the lines, read by the model.

A form is straight and evenly printed, so that rows of ink are found by their gaps; detection by a
network would cost a gigabyte for the same. Pale print (the 印 of a seal's place) is lifted to
black before it is read.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.domain.geometry import PX_PER_MM, BoxMm
from pipeline.imaging.pages import Pixels
from pipeline.learning.rulings import Rulings, darkness
from pipeline.readers.text.alphabets import Mask, jis_x_0208
from pipeline.readers.text.ctc import decode
from pipeline.readers.text.text_lines import Recogniser

_PUNCTUATION = "-ー・々〆ヶ()[]【】「」『』、。,./〒※/%:;!?+×□☐✓○●①②③④⑤⑥⑦⑧⑨'\"&"
_LATIN = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_INK_LEVELS = 40
_SPECK_PX = 3
_LONG_REST_PX = 36
_JOIN_PX = 13  # 1.1 mm: the widest gap between letters of the smallest print
_SAME_LINE_GAP = 0.75  # of the height: words of one line
_SPACED_GAP = 1.45  # of the height: a s p a c e d heading of equal glyphs
_TALLEST_MM = 12.0
_TEMPERATURE = 1.8  # as measured for lines of print


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A row of printed words.

    Attributes:
        text: As read, half-width Latin and digits; empty where it was not read.
        probability: Mean over its characters.
        places: Middle of each character, form millimetres from the left.
        dark: Mean darkness of its strokes, 0 to 255.
    """

    box: BoxMm
    text: str
    probability: float
    places: tuple[float, ...]
    dark: float
    colour: tuple[int, int, int]


def ink_without_lines(sheet: Pixels, rulings: Rulings) -> Pixels:
    """Darkness of the sheet with its printed lines taken out; H x W uint8."""
    dark = darkness(sheet)
    # A caption's tint is no ink: what goes on for five millimetres all round is ground.
    small = cv2.resize(dark, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    tint = cv2.morphologyEx(small, cv2.MORPH_OPEN, np.ones((15, 15), np.uint8))
    tint = cv2.resize(tint, (dark.shape[1], dark.shape[0]), interpolation=cv2.INTER_LINEAR)
    dark = cv2.subtract(dark, tint).astype(np.uint8, copy=False)
    dark[rulings.removable] = 0
    return dark


def find_lines(ink: Pixels, boxes: Sequence[BoxMm]) -> list[BoxMm]:
    """Where rows of words stand, top to bottom; one row never crosses the side of a box."""
    binary = (ink > _INK_LEVELS).astype(np.uint8)
    joined = cv2.dilate(binary, np.ones((1, _JOIN_PX), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    half = _JOIN_PX // 2
    parts = []
    for x, y, w, h, area in (tuple(int(v) for v in row) for row in stats[1:count]):
        if h > _TALLEST_MM * PX_PER_MM or (h <= _SPECK_PX and area < 60):
            continue
        wide = w - 2 * half
        if (h * 8 < wide and h <= 4) or (wide * 10 < h and h > _LONG_REST_PX):
            continue  # the rest of a line
        parts.append([x + half, y, x + w - half, y + h])
    parts = _united(parts)
    parts = _along(parts, boxes)
    return [
        BoxMm(*(round(v / PX_PER_MM, 3) for v in (x0, y0, x1 - x0, y1 - y0)))
        for x0, y0, x1, y1 in sorted(parts, key=lambda p: (p[1], p[0]))
        if max(x1 - x0, y1 - y0) >= 0.8 * PX_PER_MM
    ]


def _united(parts: list[list[int]]) -> list[list[int]]:
    """Parts of one glyph above each other: boxes that touch become one."""
    grid: list[list[int]] = sorted(parts)
    changed = True
    while changed:
        changed = False
        result: list[list[int]] = []
        for part in grid:
            for other in reversed(result[-60:]):
                if _touch(part, other) or _one_glyph(part, other):
                    other[0], other[1] = min(other[0], part[0]), min(other[1], part[1])
                    other[2], other[3] = max(other[2], part[2]), max(other[3], part[3])
                    changed = True
                    break
            else:
                result.append(list(part))
        grid = sorted(result)
    return grid


def _touch(one: list[int], other: list[int]) -> bool:
    return (
        one[0] <= other[2] + 1
        and other[0] <= one[2] + 1
        and one[1] <= other[3] + 1
        and other[1] <= one[3] + 1
    )


def _one_glyph(one: list[int], other: list[int]) -> bool:
    """Whether two parts stand one above the other so near that they are one square letter."""
    shared = min(one[2], other[2]) - max(one[0], other[0])
    narrow = min(one[2] - one[0], other[2] - other[0])
    width = max(one[2], other[2]) - min(one[0], other[0])
    height = max(one[3], other[3]) - min(one[1], other[1])
    gap = max(one[1], other[1]) - min(one[3], other[3])
    return shared >= 0.8 * narrow and gap <= 0.22 * width and height <= 1.15 * width <= 110


def _along(parts: list[list[int]], boxes: Sequence[BoxMm]) -> list[list[int]]:
    """Words of one row joined, where no box has a side between them."""
    sides = [
        (v * PX_PER_MM, b.y * PX_PER_MM, (b.y + b.h) * PX_PER_MM)
        for b in boxes
        for v in (b.x, b.x + b.w)
    ]
    rows = sorted(parts, key=lambda p: p[0])
    changed = True
    while changed:
        changed = False
        for one, other in itertools.combinations(rows, 2):
            if one[0] > other[0]:
                one, other = other, one
            gap = other[0] - one[2]
            tall = max(one[3] - one[1], other[3] - other[1])
            if gap > _SPACED_GAP * tall:
                continue
            shared = min(one[3], other[3]) - max(one[1], other[1])
            small = min(one[3] - one[1], other[3] - other[1])
            if shared < 0.6 * small or small < 0.12 * tall:
                continue
            alike = small > 0.75 * tall
            if (
                gap
                > (
                    _SPACED_GAP
                    if alike and _few(one, tall) and _few(other, tall)
                    else _SAME_LINE_GAP
                )
                * tall
            ):
                continue
            middle = (one[1] + one[3]) / 2
            if any(one[2] - 3 <= x <= other[0] + 3 and y0 < middle < y1 for x, y0, y1 in sides):
                continue
            other[0], other[1] = min(one[0], other[0]), min(one[1], other[1])
            other[2], other[3] = max(one[2], other[2]), max(one[3], other[3])
            rows = [r for r in rows if r is not one]
            changed = True
            break
    return rows


def _few(part: list[int], tall: int) -> bool:
    """Whether a part is large print of a heading, whose glyphs may stand apart."""
    return tall >= 4.0 * PX_PER_MM


class WordReader:
    """Reads printed words with the line recogniser."""

    def __init__(self, recogniser: Recogniser) -> None:
        """Take the recogniser."""
        self._recogniser = recogniser
        self._mask: Mask | None = None
        self._narrow: dict[str, Mask] = {}

    def read(self, sheet: Pixels, ink: Pixels, box: BoxMm, only: str = "") -> PrintedLine:
        """A row of words.

        Args:
            sheet: H x W x 3 BGR at 300 dpi.
            ink: Its darkness without lines.
            box: Where the words stand.
            only: The characters that may stand here; empty for any.
        """
        area = box.inset(-0.35).to_px()
        top, left = max(0, area.y), max(0, area.x)
        crop = ink[top : area.y + area.h, left : area.x + area.w]
        level = max(40.0, float(np.percentile(crop, 98))) if crop.size else 255.0
        plane = 255 - np.minimum(crop.astype(np.float32) * (255.0 / level), 255)
        image = cv2.cvtColor(plane.astype(np.uint8), cv2.COLOR_GRAY2BGR).astype(np.uint8)
        strokes = crop > 0.6 * level
        colour = (40, 40, 40)
        if strokes.any():
            tone = np.median(sheet[top : area.y + area.h, left : area.x + area.w][strokes], axis=0)
            colour = (int(tone[0]), int(tone[1]), int(tone[2]))
        frames = self._recogniser.posteriors([image])[0]
        posterior, outside = self._of(only).apply(frames)
        spots = decode(posterior, self._of(only).characters, outside, _TEMPERATURE)
        width = self._recogniser.frame_width_px(image, len(frames))
        text = "".join(s.value for s in spots)
        probability = (
            float(np.mean([s.probability * (1 - s.outside) for s in spots])) if spots else 0.0
        )
        places = tuple((left + (s.start + s.stop) / 2 * width) / PX_PER_MM for s in spots)
        return PrintedLine(box, text, probability, places, level, colour)

    def _of(self, only: str) -> Mask:
        if only not in self._narrow:
            allowed = frozenset(only) or (jis_x_0208() | frozenset(_PUNCTUATION + _LATIN))
            self._narrow[only] = Mask(self._recogniser.columns, allowed)
        return self._narrow[only]
