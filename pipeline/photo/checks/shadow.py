"""A shadow on the background (背景に影)."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.imaging.pages import Pixels
from pipeline.photo.checks import verdicts
from pipeline.photo.faces import CHIN, Face, Points
from pipeline.photo.subject import Plane, Region, Subject, open_to_rim
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.SHADOW
MIN_SIDE_PX = 150  # wall pixels that a side needs to be compared
NEAR = 1.0  # of a face length: as far as a head throws its shadow on a wall behind it
# The silhouette takes the shadow beside a head for half a person. Above the eyes no hair hangs
# down, so there only what surely is the person is left out; below, hair on the shoulders must be.
PERSON_ABOVE_EYES, PERSON_BELOW = 0.85, 0.25
GAP, RIM, SMOOTH = 0.04, 0.04, 0.03  # of a face length


def map_of(subject: Subject) -> tuple[Plane, Region]:
    """L* of the wall, smoothed, and where it is (close to the person as well).

    The wall alone is smoothed: the rim of dark hair would look like a shadow about the head.
    """
    wall = _wall_and_person(subject)[0]
    spread = SMOOTH * subject.unit_px
    seen = wall.astype(np.float32)
    weight = cv2.GaussianBlur(seen, (0, 0), spread) + 1e-6
    return np.asarray(cv2.GaussianBlur(subject.light * seen, (0, 0), spread) / weight), wall


def _smoothed(subject: Subject) -> Plane:
    soft = cv2.GaussianBlur(subject.light, (0, 0), SMOOTH * subject.unit_px)
    return np.asarray(soft, np.float32)


def _wall_and_person(subject: Subject) -> tuple[Region, Pixels]:
    level = np.full((subject.light.shape[0], 1), PERSON_BELOW, np.float32)
    if subject.face is not None:
        level[: max(0, round(float(_eyes(subject.face)[1])))] = PERSON_ABOVE_EYES
    person = (subject.person > level).astype(np.uint8)
    grow = max(3, int(GAP * subject.unit_px)) | 1
    wall = open_to_rim(cv2.dilate(person, np.ones((grow, grow), np.uint8)) == 0)
    rim = max(2, round(RIM * subject.unit_px))
    wall[:rim] = wall[-rim:] = False
    wall[:, :rim] = wall[:, -rim:] = False
    return wall, person


def _eyes(face: Face) -> Points:
    return (face.eye_centres[0] + face.eye_centres[1]) / 2


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The larger of two differences of L*: left to right, and far from the head to beside it.

    Light on the face alone is no shadow on the background and does not count.
    """
    face = subject.face
    light = _smoothed(subject)
    wall, person = _wall_and_person(subject)
    if face is None or wall.mean() < 0.02:
        return verdicts.not_assessable(NAME, "L*")
    eyes = _eyes(face)
    above_chin = np.arange(light.shape[0])[:, None] < face.mesh[CHIN, 1] + 0.3 * subject.unit_px
    on_left = np.arange(light.shape[1])[None] < eyes[0]
    left, right = wall & above_chin & on_left, wall & above_chin & ~on_left
    if min(left.sum(), right.sum()) < MIN_SIDE_PX:
        return verdicts.not_assessable(NAME, "L*")
    sides = abs(float(np.median(light[left]) - np.median(light[right])))
    close = cv2.distanceTransform(1 - person, cv2.DIST_L2, 3) < NEAR * subject.unit_px
    beside = 0.0
    bright = float(np.percentile(light[wall & above_chin], 80))
    for side in (left, right):
        near = side & close
        if near.sum() >= MIN_SIDE_PX:
            beside = max(beside, bright - float(np.percentile(light[near], limits["dark_percent"])))
    # A patterned wall differs from place to place without any shadow: there the check is moot.
    value = max(sides, limits["beside_weight"] * beside)
    verdict, limit = verdicts.above(value, limits["review"], limits["fail"])
    extra = (("sides_levels", sides), ("beside_levels", beside))
    return PhotoCheck(NAME, Verdict(verdict), value, "L*", limit, extra)
