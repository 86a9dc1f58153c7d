"""A spot blown out by a lamp goes to a person, on glasses as on skin; bright skin does not."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest

from benchmarks.print_and_scan import printed_and_scanned
from pipeline import settings
from pipeline.domain.photos import PhotoCheckName, PhotoGrade, Verdict
from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait

STORE = ModelStore(settings.current().models)
SPOT_PX = 34  # 3 mm
PLACES = {"cheek": (265, 300), "forehead": (205, 188), "lens": (165, 235)}


@pytest.fixture(scope="module")
def grader() -> PhotoGrader:
    return PhotoGrader(STORE)


@lru_cache
def _portrait(glasses: bool) -> Pixels:
    spec = PortraitSpec(glasses=glasses, skin=3)
    return draw_portrait(spec, np.random.default_rng(5), 413, 531)


def _verdicts(grade: PhotoGrade) -> set[Verdict]:
    checks = (grade.check(n) for n in (PhotoCheckName.EXPOSURE, PhotoCheckName.EYES))
    return {c.verdict for c in checks if c is not None}


@pytest.mark.parametrize("place", PLACES)
def test_glare_goes_to_a_person(grader: PhotoGrader, place: str) -> None:
    picture = _portrait(place == "lens").copy()
    veil = np.zeros(picture.shape[:2], np.float32)
    cv2.ellipse(veil, PLACES[place], (SPOT_PX, SPOT_PX * 3 // 4), 20, 0, 360, (1.0,), -1)
    veil = cv2.GaussianBlur(veil, (0, 0), 2.5)[..., None]
    lit = np.asarray(picture * (1 - veil) + 254 * veil, np.uint8)
    grade = grader.grade_loose(printed_and_scanned(lit, np.random.default_rng(8)), 300.0)
    assert Verdict.REVIEW in _verdicts(grade) or Verdict.FAIL in _verdicts(grade)


@pytest.mark.parametrize("glasses", [False, True])
def test_a_face_in_good_light_and_a_glint_pass(grader: PhotoGrader, glasses: bool) -> None:
    picture = _portrait(glasses).copy()
    cv2.circle(picture, (265, 300), 3, (254, 254, 254), -1, cv2.LINE_AA)
    grade = grader.grade_loose(printed_and_scanned(picture, np.random.default_rng(8)), 300.0)
    assert _verdicts(grade) == {Verdict.PASS}
