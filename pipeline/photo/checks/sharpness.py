"""Out of focus or shaken (ピンボケ・手振れ)."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.photo.checks import verdicts
from pipeline.photo.subject import Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.SHARPNESS
OCTAVES_PX = (0.0, 0.9, 1.8, 3.6, 7.2)
FEATURES = ("fine", "detail", "middle", "broad", "direction")


def features(subject: Subject) -> NDArray[np.float64]:
    """Logarithms of energy ratios between octaves in the face, and how one-sided detail is.

    Ratios, so that neither contrast nor skin tone moves them.
    """
    region = subject.face_region()
    if region.sum() < 400:
        region = np.ones(subject.light.shape, bool)
    planes = [
        subject.light if s == 0 else cv2.GaussianBlur(subject.light, (0, 0), s) for s in OCTAVES_PX
    ]
    energy = [
        math.log(float(np.mean((a - b)[region] ** 2)) + 1e-3) for a, b in itertools.pairwise(planes)
    ]
    dx = cv2.Sobel(planes[1], cv2.CV_32F, 1, 0)[region]
    dy = cv2.Sobel(planes[1], cv2.CV_32F, 0, 1)[region]
    xx, yy, xy = float((dx * dx).mean()), float((dy * dy).mean()), float((dx * dy).mean())
    root = math.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    middle = (xx + yy) / 2
    direction = math.log((middle + root + 1e-3) / (middle - root + 1e-3))
    return np.array(
        [energy[0] - energy[3], energy[1] - energy[3], energy[2] - energy[3], energy[3], direction]
    )


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """Probability that the face is blurred, by a logistic model whose weights are limits too."""
    if subject.face is None:
        return verdicts.not_assessable(NAME, "probability")
    measured = features(subject)
    logit = limits["bias"] + sum(
        limits[f"weight_{name}"] * float(v) for name, v in zip(FEATURES, measured, strict=True)
    )
    value = 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
    verdict, limit = verdicts.above(value, limits["review"], limits["fail"])
    extra = tuple(zip(FEATURES, map(float, measured), strict=True))
    return PhotoCheck(NAME, verdict, value, "probability", limit, extra)
