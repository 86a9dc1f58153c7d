"""Coloured ink across a face never passes; make-up, lips and coloured light are no ink."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline import settings
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait

INKS_BGR = {"blue": (150, 60, 30), "red": (50, 40, 200)}
SCAN_BLUR_PX = 0.9


@pytest.fixture(scope="module")
def grader() -> PhotoGrader:
    return PhotoGrader(ModelStore(settings.current().models))


def _face(grader: PhotoGrader, picture: Pixels) -> PhotoCheck:
    scanned = np.asarray(cv2.GaussianBlur(picture, (0, 0), SCAN_BLUR_PX), np.uint8)
    check = grader.grade_loose(scanned, 300.0).check(PhotoCheckName.FACE)
    assert check is not None
    return check


@pytest.mark.parametrize("ink", INKS_BGR)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_coloured_stroke_across_the_face_goes_to_a_person(
    grader: PhotoGrader, ink: str, seed: int
) -> None:
    picture = draw_portrait(PortraitSpec(), np.random.default_rng(seed), 413, 531)
    assert _face(grader, picture).verdict == Verdict.PASS
    line = np.array([[90, 275], [180, 262], [250, 270], [330, 258]], np.int32)
    cv2.polylines(picture, [line], False, INKS_BGR[ink], 6, cv2.LINE_AA)
    assert _face(grader, picture).verdict == Verdict.REVIEW


@pytest.mark.parametrize("tint_bgr", [(0.8, 0.95, 1.0), (1.0, 0.97, 0.85)])
def test_coloured_light_is_no_ink(
    grader: PhotoGrader, tint_bgr: tuple[float, float, float]
) -> None:
    picture = draw_portrait(PortraitSpec(), np.random.default_rng(3), 413, 531)
    tinted = np.asarray(picture * np.array(tint_bgr), np.uint8)
    assert _face(grader, tinted).verdict == Verdict.PASS
