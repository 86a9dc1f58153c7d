"""Red eyes: the flash lights up the back of the eye through the pupil."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.imaging.pages import Pixels
from pipeline.photo.faces import Face

PUPIL = 0.6  # of the iris, about
GRAIN_PX = 1.0
LEAST_PX = 2
PERCENT = 75  # a highlight in the pupil is white, not red


def redness(picture: Pixels, face: Face) -> float:
    """a* (CIE 1976) of the redder pupil; brown irises stay below 30, in light skin and dark."""
    worst = 0.0
    for iris in face.irises:
        middle = iris[0]
        radius = PUPIL * float(np.linalg.norm(iris[1:] - middle, axis=1).mean())
        reach = max(LEAST_PX, round(radius))
        x, y = round(float(middle[0])), round(float(middle[1]))
        margin = reach + 4
        part = picture[max(0, y - margin) : y + margin + 1, max(0, x - margin) : x + margin + 1]
        if min(part.shape[:2]) < 2 * reach:
            continue
        soft = cv2.GaussianBlur(part, (0, 0), GRAIN_PX).astype(np.float32) / 255
        red = cv2.cvtColor(soft, cv2.COLOR_BGR2Lab)[..., 1]
        pupil: Pixels = np.zeros(part.shape[:2], np.uint8)
        cv2.circle(pupil, (min(x, margin), min(y, margin)), reach, (1,), -1)
        worst = max(worst, float(np.percentile(red[pupil > 0], PERCENT)))
    return worst
