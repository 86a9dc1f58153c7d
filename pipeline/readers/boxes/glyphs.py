"""One character's ink, brought to the size and place that the character network knows.

The same function serves training and reading, so the two cannot drift apart.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.order_statistics import percentile
from pipeline.imaging.pages import Pixels

SIDE_PX = 32
GLYPH_PX = 24
# Below this level a pixel is no ink when the glyph's extent is measured.
INK_LEVEL = 80


def ink_extent(ink: Pixels) -> tuple[int, int, int, int] | None:
    """The bounding box (x, y, w, h) of the ink, or None where there is none.

    Args:
        ink: H x W uint8, white ink on black.
    """
    points = ink > INK_LEVEL
    columns, rows = np.flatnonzero(points.any(axis=0)), np.flatnonzero(points.any(axis=1))
    if not len(columns):
        return None
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1


def normalise(ink: Pixels) -> NDArray[np.float32]:
    """The network's view of one glyph.

    The longer side of the ink becomes ``GLYPH_PX``, its centre of mass the middle of the frame as
    far as the frame allows, its darkest stroke full white. Proportions are kept: a 1 stays thin.

    Args:
        ink: H x W uint8, white ink on black, without form lines and neighbours.

    Returns:
        ``SIDE_PX`` x ``SIDE_PX`` float32 in 0..1; all zero where there is no ink.
    """
    frame = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    extent = ink_extent(ink)
    if extent is None:
        return frame
    x, y, w, h = extent
    glyph = ink[y : y + h, x : x + w]
    scale = GLYPH_PX / max(w, h)
    size = (max(2, round(w * scale)), max(2, round(h * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(glyph, size, interpolation=how).astype(np.float32)
    inked = small[small > INK_LEVEL / 2]
    # Of a hair nothing may be left at this size.
    strong = float(percentile(inked, 90)) if inked.size else 255.0
    small = np.minimum(small / max(strong, 60.0), 1.0)
    mass = float(small.sum()) or 1.0
    centre_x = float((small.sum(axis=0) * (np.arange(size[0]) + 0.5)).sum()) / mass
    centre_y = float((small.sum(axis=1) * (np.arange(size[1]) + 0.5)).sum()) / mass
    left = int(np.clip(round(SIDE_PX / 2 - centre_x), 0, SIDE_PX - size[0]))
    top = int(np.clip(round(SIDE_PX / 2 - centre_y), 0, SIDE_PX - size[1]))
    frame[top : top + size[1], left : left + size[0]] = small
    return frame
