"""A pattern that repeats over a face: banding of a printer, coarse dots, the grid of a screen.

A face has no period. What repeats evenly over it stands out in its spectrum as a narrow peak.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.photo.faces import OVAL, Face

SIDE_PX = 128  # a square about the middle of the face, in scanned pixels
COARSE_PX = 3.0  # tones that change more slowly than this are features and light
# Waves across the square: fewer are wrinkles and hair, more are grain.
WAVES = (10, 60)
ROUND_PX = 15  # a peak is measured against the mean of so many waves about it


def _looked_at() -> NDArray[np.bool_]:
    rows, columns = np.mgrid[-SIDE_PX // 2 : SIDE_PX // 2, -SIDE_PX // 2 : SIDE_PX // 2]
    waves = np.hypot(rows, columns)
    return np.asarray((waves > WAVES[0]) & (waves < WAVES[1]))


LOOKED_AT = _looked_at()
WINDOW = np.outer(np.hanning(SIDE_PX), np.hanning(SIDE_PX)).astype(np.float32)


def peak(picture: Pixels, face: Face) -> float:
    """The strongest wave over the face by the mean of those about it; 0 for a face too small.

    Args:
        picture: As scanned, BGR: made smaller, fine patterns would be gone.
        face: In that picture.
    """
    oval = face.mesh[list(OVAL), :2]
    left, top = (
        max(0, round(float(v) - SIDE_PX / 2)) for v in (oval.min(axis=0) + oval.max(axis=0)) / 2
    )
    part = picture[top : top + SIDE_PX, left : left + SIDE_PX]
    if part.shape[:2] != (SIDE_PX, SIDE_PX):
        return 0.0
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).astype(np.float32)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), COARSE_PX)
    spectrum = np.abs(np.fft.fftshift(np.fft.fft2(fine * WINDOW))).astype(np.float32)
    about = cv2.blur(spectrum, (ROUND_PX, ROUND_PX))
    return float((spectrum / (about + 1e-3))[LOOKED_AT].max())
