"""Grey and bilevel scans, whose three channels are one."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.imaging.pages import Pixels

COLOUR_AXES = 3


def one_channel(page: Pixels) -> Pixels | None:
    """The channel that stands for all three of a page without colour, or None for a coloured one.

    Args:
        page: H x W x 3 BGR, or H x W, which stands for itself.
    """
    if page.ndim != COLOUR_AXES:
        return page
    few = page[::32, ::32]  # a few pixels tell colour at once
    if not np.array_equal(few[..., 0], few[..., 1]) or not np.array_equal(few[..., 0], few[..., 2]):
        return None
    first = cv2.extractChannel(page, 0)
    for other in (1, 2):
        if cv2.norm(first, cv2.extractChannel(page, other), cv2.NORM_INF) > 0:
            return None
    return np.asarray(first, np.uint8)
