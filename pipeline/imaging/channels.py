"""Grey and bilevel scans, whose three channels are one."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.imaging.pages import Pixels

COLOUR_AXES = 3
# The channels of so many rows stay in the processor's cache while they are compared: a page of
# 600 dpi is told in a quarter of the time that whole channels took, which go through memory thrice.
_BAND_ROWS = 64


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
    height, width = page.shape[:2]
    first = np.empty((height, width), np.uint8)
    second, third = np.empty((2, min(height, _BAND_ROWS), width), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        band = first[top : top + _BAND_ROWS]
        others = second[: len(band)], third[: len(band)]
        cv2.split(page[top : top + _BAND_ROWS], [band, *others])
        if any(cv2.norm(band, other, cv2.NORM_INF) > 0 for other in others):
            return None
    return first
