"""The second view: the glyphs of a row set side by side and read as a line of text.

The line model has seen other writing than our network and looks at neighbours, so its errors fall
elsewhere. Because the glyphs are set at known places, its frames map back to cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels

HEIGHT_PX = 48
PITCH_PX = 24
GLYPH_HEIGHT_PX = 34
GLYPH_WIDTH_PX = 22
LEAD_PX = 16
_FLOOR = 1e-6


class LineRecogniser(Protocol):
    """What the text engine gives for lines of text."""

    def posteriors(self, images: Sequence[Pixels]) -> list[NDArray[np.float32]]:
        """T x V softmax for each BGR image, column 0 blank."""
        ...

    def frame_width_px(self, image: Pixels, frames: int) -> float:
        """Pixels of the line image that one frame covers."""
        ...

    def column_of(self, character: str) -> int | None:
        """The column of a character, or None."""
        ...


def set_side_by_side(glyphs: Sequence[Pixels]) -> Pixels:
    """Dark glyphs on white at an even pitch: ``HEIGHT_PX`` x (2 lead + n pitch) x 3.

    Args:
        glyphs: White on black, each cut to its ink.
    """
    width = 2 * LEAD_PX + PITCH_PX * len(glyphs)
    line = np.zeros((HEIGHT_PX, width), np.uint8)
    for i, glyph in enumerate(glyphs):
        h, w = glyph.shape
        scale = min(GLYPH_HEIGHT_PX / h, GLYPH_WIDTH_PX / w)
        size = (max(2, round(w * scale)), max(2, round(h * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(glyph, size, interpolation=how)
        left = LEAD_PX + i * PITCH_PX + (PITCH_PX - size[0]) // 2
        top = (HEIGHT_PX - size[1]) // 2
        line[top : top + size[1], left : left + size[0]] = small
    return np.asarray(cv2.cvtColor(255 - line, cv2.COLOR_GRAY2BGR), np.uint8)


def read_joined(
    recogniser: LineRecogniser, glyphs: Sequence[Pixels], alphabet: str
) -> NDArray[np.float64]:
    """What the line model makes of each glyph.

    Returns:
        N x len(alphabet) probabilities, rows summing to 1; a row is even where it saw nothing.
    """
    letters = len(alphabet)
    if not glyphs:
        return np.zeros((0, letters))
    image = set_side_by_side(glyphs)
    frames = np.asarray(recogniser.posteriors([image])[0], np.float64)
    columns = [recogniser.column_of(c) for c in alphabet]
    known = np.array([c is not None for c in columns])
    chosen = frames[:, [c for c in columns if c is not None]]
    frame_px = recogniser.frame_width_px(image, len(frames))
    centres = (np.arange(len(frames)) + 0.5) * frame_px
    cell = np.floor((centres - LEAD_PX) / PITCH_PX).astype(int)
    result = np.full((len(glyphs), letters), 1.0 / letters)
    for i in range(len(glyphs)):
        mass = chosen[cell == i].sum(axis=0)
        row = np.full(letters, _FLOOR)
        row[known] += mass
        result[i] = row / row.sum()
    return result
