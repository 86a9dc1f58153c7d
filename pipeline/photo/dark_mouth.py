"""How much dark there is between the lips: the inside of an open mouth.

The mesh closes mouths that are a little open. Between lips that touch there is a thin line that is
hardly darker than they are; what is behind them is far darker, in any face, and thicker.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.photo.faces import MOUTH_CORNERS, Face

UPPER_LIP, LOWER_LIP = 0, 17  # their outer edges, in the middle
STEPS = 60
BEYOND = 0.1  # how far past the lips is looked, as a share of their height
BETWEEN = slice(12, 48)  # steps where the lips meet
COLUMNS, ASIDE = 9, 0.3  # about the middle, to this share of half the mouth's width
BLACK = 8.0  # grey levels added to tones, so that noise in the dark is no depth
BESIDE_PERCENT = 75


def dark_between_lips(picture: Pixels, face: Face) -> float:
    """Height of the dark band between the lips, in eyes to chin, times its depth.

    Depth is the logarithm of the darker lip's tone over the band's: the light of the scene and the
    skin cancel. 0 where the band is no darker than the lips, as between teeth that show.
    """
    profile, step = _profile(picture, face)
    darkest = BETWEEN.start + int(np.argmin(profile[BETWEEN]))
    dark = float(profile[darkest])
    above = float(np.percentile(profile[: darkest + 1], BESIDE_PERCENT))
    below = float(np.percentile(profile[darkest:], BESIDE_PERCENT))
    lips = min(above, below)
    if lips <= dark:
        return 0.0
    lit = np.flatnonzero(profile >= (dark + lips) / 2)
    first = int(lit[lit < darkest].max(initial=-1)) + 1
    last = int(lit[lit > darkest].min(initial=STEPS)) - 1
    depth = float(np.log((lips + BLACK) / (dark + BLACK)))
    return (last - first + 1) * step / face.eye_to_chin_px * depth


def _profile(picture: Pixels, face: Face) -> tuple[NDArray[np.float32], float]:
    """Grey levels down across the lips, the median of columns; pixels from step to step."""
    top, foot = face.mesh[UPPER_LIP, :2], face.mesh[LOWER_LIP, :2]
    left, right = (face.mesh[i, :2] for i in MOUTH_CORNERS)
    down = np.linspace(-BEYOND, 1 + BEYOND, STEPS)[:, None, None] * (foot - top)
    aside = np.linspace(-ASIDE, ASIDE, COLUMNS)[None, :, None] * (right - left) / 2
    places = (top + down + aside).astype(np.float32)
    x, y = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    tones = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.cvtColor(np.asarray(tones, np.uint8), cv2.COLOR_BGR2GRAY)
    step = (1 + 2 * BEYOND) * float(np.linalg.norm(foot - top)) / STEPS
    return np.median(grey, axis=1).astype(np.float32), step
