"""A shadow on the background (背景に影)."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.photo.checks import verdicts
from pipeline.photo.subject import Plane, Region, Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.SHADOW
MIN_SIDE_PX = 150  # wall pixels that a side needs to be compared
NEAR = 0.55  # of a face length: as far as a head throws its shadow on a wall behind it


def map_of(subject: Subject) -> tuple[Plane, Region]:
    """L* of the wall, smoothed, and where the wall is (close to the person as well)."""
    soft = cv2.GaussianBlur(subject.light, (0, 0), 0.03 * subject.unit_px)
    return np.asarray(soft, np.float32), subject.background(gap=0.06)


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The larger of two differences of L*: left to right, and far from the head to beside it."""
    face = subject.face
    light, wall = map_of(subject)
    if face is None or wall.mean() < 0.02:
        return verdicts.not_assessable(NAME, "L*")
    eyes = (face.eye_centres[0] + face.eye_centres[1]) / 2
    rows, columns = np.indices(light.shape)
    above_chin = rows < face.mesh[152, 1] + 0.3 * subject.unit_px
    left = wall & above_chin & (columns < eyes[0])
    right = wall & above_chin & (columns >= eyes[0])
    if min(left.sum(), right.sum()) < MIN_SIDE_PX:
        return verdicts.not_assessable(NAME, "L*")
    sides = abs(float(np.median(light[left]) - np.median(light[right])))
    person = (subject.person > 0.25).astype(np.uint8)
    away = cv2.distanceTransform(1 - person, cv2.DIST_L2, 3)
    beside = 0.0
    bright = float(np.percentile(light[wall & above_chin], 80))
    for side in (left, right):
        near = side & (away < NEAR * subject.unit_px)
        if near.sum() >= MIN_SIDE_PX:
            beside = max(beside, bright - float(np.percentile(light[near], 15)))
    # A patterned wall differs from place to place without any shadow: there the check is moot.
    value = max(sides, limits["beside_weight"] * beside)
    verdict, limit = verdicts.above(value, limits["review"], limits["fail"])
    extra = (("sides_levels", sides), ("beside_levels", beside))
    return PhotoCheck(NAME, Verdict(verdict), value, "L*", limit, extra)
