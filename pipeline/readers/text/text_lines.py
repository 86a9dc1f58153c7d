"""A line of writing as characters: two views of the same ink, joined where they agree."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import BoxPx
from pipeline.imaging.pages import Pixels
from pipeline.readers.text.alphabets import Mask
from pipeline.readers.text.ctc import Spot, decode
from pipeline.readers.text.line_cutting import TextLine

# The second view is the line a little lower, narrower and softer: a reading that does not survive
# that is not one to rely on.
_SECOND_SQUEEZE = 0.90
_SECOND_PAD = 0.10
_SECOND_BLUR_PX = 0.9
_DISAGREED = 0.5
# A blank this wide against the line's height, and against the usual blank, parts two words.
_WORD_GAP = 0.22
_WORD_GAP_RATIO = 2.2


class Recogniser(Protocol):
    """What reads lines: ``PaddleRecogniser``, or a stand-in in tests."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What each column stands for."""
        ...

    @property
    def version(self) -> str:
        """Model and hash."""
        ...

    def posteriors(self, images: Sequence[Pixels]) -> list[NDArray[np.float32]]:
        """Softmax per frame."""
        ...

    def frame_width_px(self, image: Pixels, frames: int) -> float:
        """Pixels of the image that a frame covers."""
        ...


@dataclass(frozen=True, slots=True)
class LineCharacter:
    """One character of a line.

    Attributes:
        ranked: Characters with probabilities, most probable first.
        agreed: Both views say the same.
        doubtful: Something beside the probability asks for a flag: another character almost
            came up next to it, or the views differ in length here.
        outside: Mass that fell outside the alphabet.
        after_gap: A wide blank stands before it.
    """

    ranked: tuple[tuple[str, float], ...]
    agreed: bool
    doubtful: bool
    outside: float
    after_gap: bool
    box_px: BoxPx

    @property
    def value(self) -> str:
        """The character taken."""
        return self.ranked[0][0]

    @property
    def probability(self) -> float:
        """Of the value."""
        return self.ranked[0][1]


def read_line(
    recogniser: Recogniser, line: TextLine, mask: Mask, temperature: float, *, two_views: bool
) -> list[LineCharacter]:
    """The characters of a line, left to right.

    Args:
        recogniser: What reads.
        line: The line.
        mask: What may stand here.
        temperature: Of the posteriors.
        two_views: Read a second picture of the line as well and compare.
    """
    first, frame_px = _read(recogniser, line.image, mask, temperature)
    agreed = [True] * len(first)
    doubtful = [s.near_miss for s in first]
    ranked = [s.ranked for s in first]
    if two_views and first:
        second, _ = _read(recogniser, _second_view(line.image), mask, temperature)
        _compare(first, second, agreed, doubtful, ranked)
    words = _word_starts(line, first, frame_px)
    return [
        LineCharacter(
            ranked=ranked[i],
            agreed=agreed[i],
            doubtful=doubtful[i],
            outside=spot.outside,
            after_gap=words[i],
            box_px=box,
        )
        for i, (spot, box) in enumerate(zip(first, _boxes(line, first, frame_px), strict=True))
    ]


def _read(
    recogniser: Recogniser, image: Pixels, mask: Mask, temperature: float
) -> tuple[list[Spot], float]:
    frames = recogniser.posteriors([image])[0]
    posterior, outside = mask.apply(frames)
    spots = decode(posterior, mask.characters, outside, temperature)
    return spots, recogniser.frame_width_px(image, len(frames))


def _second_view(image: Pixels) -> Pixels:
    height, width = image.shape[:2]
    pad = round(height * _SECOND_PAD)
    padded = cv2.copyMakeBorder(image, pad, pad, 4, 4, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    squeezed = cv2.resize(
        padded,
        (max(8, round(width * _SECOND_SQUEEZE)), padded.shape[0]),
        interpolation=cv2.INTER_AREA,
    )
    return cv2.GaussianBlur(squeezed, (0, 0), _SECOND_BLUR_PX).astype(np.uint8)


def _compare(
    first: list[Spot],
    second: list[Spot],
    agreed: list[bool],
    doubtful: list[bool],
    ranked: list[tuple[tuple[str, float], ...]],
) -> None:
    """Where the views differ, the first one's character stays and what the second said joins."""
    a, b = [s.value for s in first], [s.value for s in second]
    matcher = difflib.SequenceMatcher(a=a, b=b, autojunk=False)
    for what, i0, i1, j0, j1 in matcher.get_opcodes():
        if what == "equal":
            for i, j in zip(range(i0, i1), range(j0, j1), strict=True):
                ranked[i] = _mean(first[i].ranked, second[j].ranked, keep=a[i])
                doubtful[i] = doubtful[i] and second[j].near_miss
            continue
        for i in range(i0, i1):
            agreed[i] = False
            if i1 - i0 == j1 - j0:
                ranked[i] = _mean(first[i].ranked, second[j0 + i - i0].ranked, keep=a[i])
            else:
                ranked[i] = tuple((c, p * _DISAGREED) for c, p in ranked[i])
        if i1 - i0 != j1 - j0:
            # A character more or fewer: its neighbours are where the error would be.
            for i in (i0 - 1, i1):
                if 0 <= i < len(first):
                    doubtful[i] = True


def _mean(
    first: tuple[tuple[str, float], ...], second: tuple[tuple[str, float], ...], keep: str
) -> tuple[tuple[str, float], ...]:
    merged: dict[str, float] = {}
    for ranking in (first, second):
        for character, p in ranking:
            merged[character] = merged.get(character, 0.0) + p / 2
    return tuple(sorted(merged.items(), key=lambda kv: (kv[0] != keep, -kv[1])))


def _boxes(line: TextLine, spots: list[Spot], frame_px: float) -> list[BoxPx]:
    """Where each character stands: borders half-way between neighbouring runs."""
    centres = [(s.start + s.stop) / 2 * frame_px for s in spots]
    width = line.image.shape[1]
    borders = [0.0, *((a + b) / 2 for a, b in itertools.pairwise(centres)), width]
    boxes = []
    for i in range(len(spots)):
        x0 = int(line.page_x[min(width - 1, max(0, round(borders[i])))])
        x1 = int(line.page_x[min(width - 1, max(0, round(borders[i + 1]) - 1))])
        boxes.append(BoxPx(x0, line.box_px.y, max(1, x1 - x0 + 1), line.box_px.h))
    return boxes


def _word_starts(line: TextLine, spots: list[Spot], frame_px: float) -> list[bool]:
    """Before which characters a blank stands: a closed one, or one wide among its like.

    The blank between two characters is the longest run of empty columns between their middles.
    """
    starts = [False] * len(spots)
    middles = [round((s.start + s.stop) / 2 * frame_px) for s in spots]
    blanks = [_longest_blank(line.inked[low:high]) for low, high in itertools.pairwise(middles)]
    height = line.box_px.h
    # The lower half of the blanks: with two or three characters the word's end would be half.
    usual = float(np.sort(blanks)[(len(blanks) - 1) // 2]) if len(blanks) > 1 else height / 8
    for i, blank in enumerate(blanks, 1):
        closed = any(middles[i - 1] <= gap < middles[i] for gap in line.gaps)
        wide = blank >= _WORD_GAP * height and blank >= _WORD_GAP_RATIO * max(1.0, usual)
        starts[i] = closed or wide
    return starts


def _longest_blank(inked: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[True], inked, [True]]).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return int(runs.max()) if len(runs) else 0
