"""The connected parts of the writing in a zone, found once for all who ask about them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.readers.ink.zone_ink import ZoneInk


@dataclass(frozen=True, slots=True)
class InkParts:
    """The parts of a zone's ink; the first row is what is no ink.

    Attributes:
        labels: h x w int32, which part each pixel belongs to; of the extent of the ink alone.
        left: Where ``labels`` begins in the picture of the zone.
        top: The same, down.
        stats: N x 5 int32: left, top, width, height in the picture of the zone, and area.
        centres: N x 2: x and y of each part's centre in the picture of the zone.
    """

    labels: NDArray[np.int32]
    left: int
    top: int
    stats: NDArray[np.int32]
    centres: NDArray[np.float64]


def ink_parts(ink: ZoneInk) -> InkParts:
    """The parts of a zone's ink; what touches at a corner is one."""
    held = ink.ink.astype(np.uint8)
    left, top, width, height = cv2.boundingRect(held)
    if not width:
        none = np.zeros((1, 5), np.int32)
        return InkParts(np.zeros((0, 0), np.int32), 0, 0, none, np.zeros((1, 2)))
    extent = held[top : top + height, left : left + width]
    _, labels, stats, centres = cv2.connectedComponentsWithStats(extent, connectivity=8)
    return InkParts(
        np.asarray(labels, np.int32),
        left,
        top,
        np.asarray(stats, np.int32) + np.array([left, top, 0, 0, 0], np.int32),
        np.asarray(centres) + np.array([left, top]),
    )
