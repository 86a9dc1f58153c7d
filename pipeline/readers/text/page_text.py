"""The larger lines of print on any page, read roughly: enough to tell a letter from an envelope.

Nothing read here is kept: it decides what kind of page it is and is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.ink import ink_map
from pipeline.imaging.pages import Pixels
from pipeline.readers.text.text_lines import Recogniser

_INK = 90
_RULE_PX = 90  # 15 mm at 150 dpi: longer than any stroke of a letter
_JOIN_PX = 19  # gaps between the characters of a line
_LINE_HEIGHTS_PX = (9, 110)
_LONGEST_LINES = 10
_PROBED = 3
_SURE = 0.80
_SURE_CHARACTERS = 6
_TURNS = (0, 2, 1, 3)


@dataclass(frozen=True, slots=True)
class PageText:
    """What stands on a page, roughly.

    Attributes:
        text: The lines that were read, one after the other, without spaces.
        lines: How many lines of writing or print there are.
        rules: How many long printed lines there are, both ways.
        confidence: Mean probability of the characters read.
    """

    text: str
    lines: int
    rules: int
    confidence: float


def read_page(work: Pixels, recogniser: Recogniser) -> PageText:
    """The page's larger lines, whichever way up it is.

    Args:
        work: H x W x 3 BGR at about 150 dpi.
        recogniser: Reads lines.
    """
    best = PageText("", 0, 0, 0.0)
    for turns in _TURNS:
        turned = np.ascontiguousarray(np.rot90(work, turns))
        boxes, rules = _lines(turned)
        if not boxes:
            continue
        largest = sorted(boxes, key=lambda b: -b[2] * b[3])[:_LONGEST_LINES]
        text, sure = _read(turned, largest[:_PROBED], recogniser)
        if sure > best.confidence:
            best = PageText(text, len(boxes), rules, sure)
        if sure >= _SURE and len(text) >= _SURE_CHARACTERS:
            rest, _ = _read(turned, largest[_PROBED:], recogniser)
            return PageText(text + rest, len(boxes), rules, sure)
    return best


def _lines(page: Pixels) -> tuple[list[tuple[int, int, int, int]], int]:
    ink = (ink_map(page) > _INK).astype(np.uint8)
    rules = 0
    for size in ((_RULE_PX, 1), (1, _RULE_PX)):
        ruled = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(size[::-1], np.uint8))
        rules += cv2.connectedComponents(ruled, connectivity=8)[0] - 1
        ink = cv2.subtract(ink, cv2.dilate(ruled, np.ones((3, 3), np.uint8))).astype(np.uint8)
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, _JOIN_PX), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    low, high = _LINE_HEIGHTS_PX
    boxes = [
        (int(x), int(y), int(w), int(h))
        for x, y, w, h, _ in stats[1:]
        if low <= h <= high and w >= 2.5 * h
    ]
    return boxes, rules


def _read(
    page: Pixels, boxes: list[tuple[int, int, int, int]], recogniser: Recogniser
) -> tuple[str, float]:
    crops = [page[max(0, y - 3) : y + h + 3, max(0, x - 4) : x + w + 4] for x, y, w, h in boxes]
    words, scores = [], []
    for posterior in recogniser.posteriors([np.ascontiguousarray(c) for c in crops]):
        word, score = _greedy(posterior, recogniser.columns)
        words.append(word)
        scores.extend(score)
    return "".join(words), float(np.mean(scores)) if scores else 0.0


def _greedy(posterior: NDArray[np.float32], columns: tuple[str, ...]) -> tuple[str, list[float]]:
    """The best character of each frame, repeats and blanks (column 0) left out."""
    best = posterior.argmax(axis=1)
    kept = [i for i, c in enumerate(best) if c and (i == 0 or c != best[i - 1])]
    return (
        "".join(columns[best[i]] for i in kept).replace(" ", ""),
        [float(posterior[i, best[i]]) for i in kept],
    )
