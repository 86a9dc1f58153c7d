"""What the evidence pictures show: the ink, the glare and the shadow that was found, no others."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.photo_drawn_ink import pen_stroke
from pipeline import settings
from pipeline.domain.photos import PhotoCheckName, Verdict
from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.photo.checks import shadow
from pipeline.photo.faces import FaceFinder
from pipeline.photo.grading import GradedPhoto, PhotoGrader
from pipeline.photo.overlays import overlays
from pipeline.photo.subject import Region
from pipeline.samples.portraits import PortraitSpec, draw_portrait

STORE = ModelStore(settings.current().models)
ADDED_LEVELS = 25  # a pixel that evidence was painted on differs by more
LEAK_LEVELS = 3.0


@pytest.fixture(scope="module")
def grader() -> PhotoGrader:
    return PhotoGrader(STORE)


def _portrait(seed: int) -> tuple[Pixels, np.random.Generator]:
    rng = np.random.default_rng(93_000 + seed)
    return draw_portrait(PortraitSpec(hair=0), rng, 413, 531), rng


def _painted(graded: GradedPhoto, name: PhotoCheckName) -> Region:
    assert graded.subject is not None
    shown = overlays(graded)[name].astype(int)
    return np.abs(shown - graded.subject.picture).max(axis=2) > ADDED_LEVELS


def test_ink_across_a_face_is_painted_where_it_lies(grader: PhotoGrader) -> None:
    plain, rng = _portrait(0)
    finder = FaceFinder(STORE)
    face = finder.landmarks(plain, finder.detect(plain, 0.5)[0])
    inked = pen_stroke(plain, face, "black", rng)
    graded = grader.examine_loose(inked, 300.0)
    check = graded.grade.check(PhotoCheckName.FACE)
    assert check is not None
    assert (check.verdict, check.unit) == (Verdict.REVIEW, "ink probability")
    assert graded.subject is not None
    size = (graded.subject.picture.shape[1], graded.subject.picture.shape[0])
    stroke = cv2.resize(np.abs(inked.astype(np.int16) - plain).max(axis=2).astype(np.uint8), size)
    painted = _painted(graded, PhotoCheckName.FACE)
    assert painted[stroke > 60].mean() > 0.4
    assert painted.sum() > 1.3 * _painted(grader.examine_loose(plain, 300.0), check.check).sum()


def test_glare_on_a_face_is_painted(grader: PhotoGrader) -> None:
    plain, _ = _portrait(1)
    spotted = cv2.circle(plain.copy(), (206, 330), 26, (255, 255, 255), -1, cv2.LINE_AA)
    graded = grader.examine_loose(np.asarray(spotted, np.uint8), 300.0)
    check = graded.grade.check(PhotoCheckName.EXPOSURE)
    assert check is not None
    assert check.verdict == Verdict.REVIEW
    assert check.unit == "glare L*"
    assert graded.subject is not None
    scale = graded.subject.picture.shape[0] / plain.shape[0]
    assert _painted(graded, check.check)[round(330 * scale), round(206 * scale)]


def test_dark_hair_throws_no_shadow_on_the_map(grader: PhotoGrader) -> None:
    plain, _ = _portrait(2)
    subject = grader.examine_loose(plain, 300.0).subject
    assert subject is not None
    light, wall = shadow.map_of(subject)
    even = float(np.median(light[wall]))
    # Away from the border of the mask, where half of a pixel may be hair itself.
    inside = cv2.erode(wall.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert float(np.percentile(even - light[inside], 99)) < LEAK_LEVELS
