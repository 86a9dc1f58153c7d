"""What scanners without colour make of a form's colours."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels

LEVELS_APART = 6.0  # of 255: channels of a grey scan differ by no more than its compression makes
# Shares of blue, green and red in a grey: by brightness (ITU-R BT.601), by green, all alike.
GREYS = ((0.114, 0.587, 0.299), (0.0, 1.0, 0.0), (1 / 3, 1 / 3, 1 / 3))


def is_grey(crop: Pixels) -> bool:
    """Whether a scanner that sees no colours made it."""
    small = cv2.resize(crop, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(int)
    return float(np.percentile(np.ptp(small, axis=2), 99)) <= LEVELS_APART


def as_greys(colours: NDArray[Any]) -> NDArray[np.float32]:
    """Colours, H x W x 3 of blue, green and red, in each kind of grey: G x H x W x 3."""
    greys = colours @ np.array(GREYS, np.float32).T
    return np.repeat(np.moveaxis(greys, 2, 0)[..., None], 3, axis=3)
