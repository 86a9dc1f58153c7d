"""The dark between lips that do not touch, where the mesh draws a closed mouth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline import settings
from pipeline.domain.photos import PhotoCheckName, Verdict
from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.photo.dark_mouth import LOWER_LIP, UPPER_LIP, dark_between_lips
from pipeline.photo.faces import Face
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait

BAND = 0.06  # of eyes to chin
TONE_TOLERANCE = 0.2  # of the measure, where all the photo is printed darker


@pytest.fixture(scope="module")
def grader() -> PhotoGrader:
    return PhotoGrader(ModelStore(settings.current().models))


def _closed(grader: PhotoGrader, skin: int) -> tuple[Pixels, Face]:
    """A drawn face with its lips closed, at the working scale."""
    picture = draw_portrait(PortraitSpec(skin=skin), np.random.default_rng(3), 413, 531)
    subject = grader.examine_loose(picture, 300.0).subject
    assert subject is not None
    assert subject.face is not None
    return subject.picture, subject.face


def _parted(picture: Pixels, face: Face) -> Pixels:
    """The same face with a dark band between its lips."""
    lips = face.mesh[[UPPER_LIP, LOWER_LIP], :2].mean(axis=0)
    size = (round(0.25 * face.eye_to_chin_px), round(BAND / 2 * face.eye_to_chin_px))
    place = (round(float(lips[0])), round(float(lips[1])))
    parted = cv2.ellipse(picture.copy(), place, size, 0, 0, 360, (12, 10, 14), -1, cv2.LINE_AA)
    return np.asarray(parted, np.uint8)


@pytest.mark.parametrize("skin", [0, 2, 4])
def test_lips_that_touch_are_not_dark_and_parted_ones_are(grader: PhotoGrader, skin: int) -> None:
    limit = grader.limits.of(PhotoCheckName.EXPRESSION)["dark_review"]
    picture, face = _closed(grader, skin)
    assert dark_between_lips(picture, face) < limit / 2
    assert dark_between_lips(_parted(picture, face), face) > limit


def test_a_darker_print_of_the_same_mouth_measures_the_same(grader: PhotoGrader) -> None:
    picture, face = _closed(grader, 2)
    parted = _parted(picture, face)
    darker = np.asarray(parted * 0.7, np.uint8)
    expected = dark_between_lips(parted, face)
    assert dark_between_lips(darker, face) == pytest.approx(expected, rel=TONE_TOLERANCE)


def test_parted_lips_go_to_a_person_and_say_why(grader: PhotoGrader) -> None:
    picture, face = _closed(grader, 2)
    check = grader.grade_loose(_parted(picture, face), None).check(PhotoCheckName.EXPRESSION)
    assert check is not None
    told = dict(check.extra)
    assert check.verdict in (Verdict.REVIEW, Verdict.FAIL)
    assert told["dark_mouth"] > told["dark_mouth_threshold"]
