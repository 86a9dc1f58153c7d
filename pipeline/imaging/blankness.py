"""Whether a page holds anything at all."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels

_MARGIN_SHARE = 0.04  # a scanner's dark edge and the shadow of the sheet's own edge lie here
_GREY_AXES = 2
_SPECK_PX = 2  # at 75 dpi, 0.7 mm: dust
_MIN_MARKS = 12
_DARKEST_PAPER = 90.0  # kraft envelopes measure 130 and more
_MIN_LARGE_MARK_PX = 30  # 10 mm: a line, a photo, a stroke


def is_blank(work: Pixels) -> bool:
    """Whether a page is bare paper, with dust at most.

    A page that is dark all over is not bare paper: a lamp that failed or an open lid hides a
    document, and taking it for an empty back would lose it.

    Args:
        work: The page at ``ink.WORK_DPI``, BGR or one channel.
    """
    height, width = work.shape[:2]
    dy, dx = int(height * _MARGIN_SHARE), int(width * _MARGIN_SHARE)
    inner = work[dy : height - dy, dx : width - dx]
    if inner.size == 0:
        return True
    half = cv2.resize(inner, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    grey = half if half.ndim == _GREY_AXES else cv2.cvtColor(half, cv2.COLOR_BGR2GRAY)
    mean, deviation = (float(v[0][0]) for v in cv2.meanStdDev(grey))
    if mean < _DARKEST_PAPER:
        return False
    if deviation < 1.5:
        return True
    # Against its own paper, in absolute levels: the ink map of a blank would amplify its noise.
    paper = cv2.medianBlur(cv2.resize(grey, None, fx=0.25, fy=0.25), 9)
    ground = cv2.resize(paper, (grey.shape[1], grey.shape[0]))
    dark = (cv2.subtract(ground, grey) > 28).astype(np.uint8)
    # A long mark in a band across the middle settles it: most pages are forms, full of lines.
    band = dark[dark.shape[0] * 3 // 8 : dark.shape[0] * 5 // 8]
    if band.size and int(_extents(band).max(initial=0)) >= _MIN_LARGE_MARK_PX:
        return False
    extent = _extents(dark)
    marks = int((extent > _SPECK_PX).sum())
    return marks < _MIN_MARKS and int(extent.max(initial=0)) < _MIN_LARGE_MARK_PX


def _extents(dark: Pixels) -> NDArray[np.int32]:
    """The longer side of every mark."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    return np.maximum(stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT])
