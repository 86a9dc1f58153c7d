"""Out of focus or shaken (ピンボケ・手振れ)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.imaging.pages import Pixels
from pipeline.photo.checks import verdicts
from pipeline.photo.subject import Plane, Region, Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.SHARPNESS
OCTAVES_PX = (0.0, 0.9, 1.8, 3.6, 7.2)
REACH_PX = 30  # as far as the widest smoothing looks
MEASURES = ("fine", "detail", "middle", "broad", "direction")
# The whole face, and the eyes, nose and mouth alone: smooth skin, a small child's above all, has
# no detail to lose, while lids, nostrils and lips are sharp in everybody.
FEATURES = (*MEASURES, *(f"features_{name}" for name in MEASURES))
EYES = (
    (33, 133, 159, 145, 160, 144, 158, 153, 70, 105, 107),
    (362, 263, 386, 374, 387, 373, 385, 380, 300, 334, 336),
)
NOSE = (98, 327, 2, 94, 19, 1)
MOUTH = (61, 291, 0, 17, 37, 267, 84, 314, 40, 270, 91, 321)
ROUND_FEATURES, ROUND_NOSE = 0.07, 0.055  # of eyes to chin
LEAST_PX = 400


def features(subject: Subject) -> NDArray[np.float64]:
    """``FEATURES`` of the face, by its energy in octaves and how one-sided its detail is.

    Logarithms of ratios, so that neither contrast nor skin tone moves them.
    """
    whole = subject.face_region()
    parts = _features_region(subject)
    if whole.sum() < LEAST_PX:
        whole = np.ones(subject.light.shape, bool)
    if parts.sum() < LEAST_PX:
        parts = whole
    rows, columns = (np.flatnonzero((whole | parts).any(axis=side)) for side in (1, 0))
    cut = np.s_[
        max(0, rows[0] - REACH_PX) : rows[-1] + 1 + REACH_PX,
        max(0, columns[0] - REACH_PX) : columns[-1] + 1 + REACH_PX,
    ]
    light = np.ascontiguousarray(subject.light[cut])
    planes = [light if s == 0 else cv2.GaussianBlur(light, (0, 0), s) for s in OCTAVES_PX]
    squares = [(a - b) ** 2 for a, b in itertools.pairwise(planes)]
    dx, dy = (
        np.asarray(cv2.Sobel(planes[1], cv2.CV_32F, *way), np.float32) for way in ((1, 0), (0, 1))
    )
    return np.array(
        [
            value
            for region in (whole[cut], parts[cut])
            for value in _measures([s[region] for s in squares], dx[region], dy[region])
        ]
    )


def _measures(squares: Sequence[Plane], dx: Plane, dy: Plane) -> tuple[float, ...]:
    """``MEASURES`` of one region from its pixels."""
    energy = [math.log(float(np.mean(s)) + 1e-3) for s in squares]
    xx, yy, xy = float((dx * dx).mean()), float((dy * dy).mean()), float((dx * dy).mean())
    root = math.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    middle = (xx + yy) / 2
    direction = math.log((middle + root + 1e-3) / (middle - root + 1e-3))
    return (
        energy[0] - energy[3],
        energy[1] - energy[3],
        energy[2] - energy[3],
        energy[3],
        direction,
    )


def _features_region(subject: Subject) -> Region:
    """Eyes with their brows, nostrils and mouth; empty without a face."""
    region: Pixels = np.zeros(subject.light.shape[:2], np.uint8)
    if subject.face is None:
        return np.asarray(region > 0)
    points = subject.face.mesh[:, :2]
    rounds = (ROUND_FEATURES, ROUND_FEATURES, ROUND_NOSE, ROUND_FEATURES)
    for part, reach in zip((*EYES, NOSE, MOUTH), rounds, strict=True):
        outline = cv2.convexHull(np.round(points[list(part)]).astype(np.int32))
        one: Pixels = np.zeros_like(region)
        cv2.fillConvexPoly(one, outline, (1,))
        side = max(3, round(reach * subject.unit_px)) | 1
        region |= np.asarray(cv2.dilate(one, np.ones((side, side), np.uint8)), np.uint8)
    return np.asarray(region > 0)


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
