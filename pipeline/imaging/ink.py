"""The ink map: how dark each place is against the paper round it, whatever the scanner did.

Dividing every channel by its local background removes paper tone, colour cast, shading and fold
shadows; taking the darkest channel keeps drop-out lines, which are pale in two channels but not
in the third.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.channels import COLOUR_AXES
from pipeline.imaging.pages import Pixels

A4_AREA_MM2 = 210.0 * 297.0
WORK_DPI = 150.0
_MM_PER_INCH = 25.4
_BACKGROUND_CELL = 16  # 2.7 mm at 150 dpi: wider than any printed stroke
_FULL_INK_PERCENTILE = 99.5
_WHOLE_FROM = 0.75  # 1.75 work pixels and more are reduced by two: linear sampling skips none
_NEAR_ENOUGH = (0.88, 1.14)  # of ``WORK_DPI``; the features and the warp take any scale


def scaling(scale_x: float, scale_y: float) -> NDArray[np.float64]:
    """The 3 x 3 map of pixel centres when an image is resized by these factors."""
    return np.array(
        [[scale_x, 0.0, (scale_x - 1) / 2], [0.0, scale_y, (scale_y - 1) / 2], [0.0, 0.0, 1.0]]
    )


def probable_dpi(height_px: int, width_px: int, stated_dpi: float | None) -> float:
    """The resolution of a scan: as stated where that makes a sheet, else as if it were A4.

    Phone pictures say 72 and some scanners say nothing; a stated value counts only where it gives
    a page between a quarter and three times the area of A4.
    """
    if stated_dpi is not None:
        area_mm2 = height_px * width_px * (_MM_PER_INCH / stated_dpi) ** 2
        if 0.25 * A4_AREA_MM2 <= area_mm2 <= 3.0 * A4_AREA_MM2:
            return stated_dpi
    return float(np.sqrt(height_px * width_px / A4_AREA_MM2)) * _MM_PER_INCH


def work_image(pixels: Pixels, dpi: float) -> tuple[Pixels, NDArray[np.float64]]:
    """The page at about ``WORK_DPI``.

    Returns:
        The image (H x W x 3 BGR, or H x W as given) and the 3 x 3 map from its pixels to pixels
        of the page.
    """
    to_page = np.eye(3)
    whole = int(dpi / WORK_DPI + 1 - _WHOLE_FROM)
    if whole >= 2:
        # Whole factors have a path in OpenCV that is ten times faster.
        height, width = (side // whole for side in pixels.shape[:2])
        if min(height, width) < 1:
            return pixels[:1, :1], to_page
        even = pixels[: height * whole, : width * whole]
        pixels = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA).astype(
            np.uint8, copy=False
        )
        to_page = scaling(whole, whole)
        dpi /= whole
    height, width = pixels.shape[:2]
    factor = WORK_DPI / dpi
    if _NEAR_ENOUGH[0] < factor < _NEAR_ENOUGH[1]:
        return pixels, to_page
    new_w, new_h = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(pixels, (new_w, new_h), interpolation=cv2.INTER_LINEAR)
    return (
        small.astype(np.uint8, copy=False),
        to_page @ scaling(width / new_w, height / new_h),
    )


def halved(ink: Pixels) -> Pixels:
    """An ink map reduced by two; an odd last row or column is left out."""
    height, width = (side // 2 for side in ink.shape[:2])
    even = ink[: 2 * height, : 2 * width]
    return cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA).astype(
        np.uint8, copy=False
    )


def ink_map(bgr: Pixels) -> Pixels:
    """Darkness against the local paper, 0 (paper) to 255 (full ink), H x W uint8.

    Args:
        bgr: H x W x 3, or H x W of a page without colour.
    """
    height, width = bgr.shape[:2]
    cells = (max(1, width // _BACKGROUND_CELL), max(1, height // _BACKGROUND_CELL))
    # Whole cells only (the fast path); the odd strip at the edges is a cell's width at most.
    whole = bgr[: cells[1] * _BACKGROUND_CELL, : cells[0] * _BACKGROUND_CELL]
    ground = cv2.resize(whole, cells, interpolation=cv2.INTER_AREA)
    # The area mean of a cell with ink is too dark; the largest mean near by is paper.
    ground = cv2.dilate(ground, np.ones((5, 5), np.uint8))
    ground = cv2.blur(ground, (5, 5))
    # Where everything is dark (a photo, a black edge) there is no paper to compare with.
    ground = cv2.max(ground, np.full_like(ground, 60))
    level = cv2.resize(ground, (width, height), interpolation=cv2.INTER_LINEAR)
    ratio = cv2.divide(bgr, level, scale=255.0)
    darkest = ratio
    if bgr.ndim == COLOUR_AXES:
        blue, green, red = (cv2.extractChannel(ratio, k) for k in range(COLOUR_AXES))
        darkest = cv2.min(cv2.min(blue, green), red)
    ink = cv2.bitwise_not(darkest).astype(np.uint8, copy=False)
    full = _full_ink(ink)
    return cv2.convertScaleAbs(ink, alpha=255.0 / full).astype(np.uint8, copy=False)


def _full_ink(ink: Pixels) -> float:
    sample = ink[::4, ::4]
    present = sample[sample > 24]
    if present.size < 200:
        return 255.0
    return max(48.0, float(np.percentile(present.astype(np.float64), _FULL_INK_PERCENTILE)))
