"""Closed and covered eyes, and shadows on the wall beside a head, after print and scan."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from benchmarks.print_and_scan import printed_and_scanned
from models.training.photo_eye_cover import COVERED, with_cover
from pipeline import settings
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, PhotoGrade, Verdict
from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.photo.faces import FaceFinder
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait

PRINT_PX = (413, 531)
STORE = ModelStore(settings.current().models)
SEEDS = range(3)
COVERED_TRIED, COVERED_CAUGHT_SHARE = 8, 0.75


@pytest.fixture(scope="module")
def grader() -> PhotoGrader:
    return PhotoGrader(STORE)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(STORE)


def _portrait(seed: int, **changes: object) -> tuple[Pixels, np.random.Generator]:
    rng = np.random.default_rng(52_000 + seed)
    spec = dataclasses.replace(PortraitSpec.good(rng), **changes)  # type: ignore[arg-type]
    return draw_portrait(spec, rng, *PRINT_PX), rng


def _check(grade: PhotoGrade, name: PhotoCheckName) -> PhotoCheck:
    check = grade.check(name)
    assert check is not None
    return check


@pytest.mark.parametrize("kind", COVERED)
def test_hair_a_rim_or_glare_across_the_eyes_mostly_goes_to_a_person(
    grader: PhotoGrader, finder: FaceFinder, kind: str
) -> None:
    caught = 0
    for seed in range(COVERED_TRIED):
        picture, rng = _portrait(seed, glasses=False)
        face = finder.landmarks(picture, finder.detect(picture, 0.5)[0])
        covered = printed_and_scanned(with_cover(picture, face, kind, rng), rng)
        eyes = _check(grader.grade_loose(covered, 300.0), PhotoCheckName.EYES)
        caught += eyes.verdict in (Verdict.REVIEW, Verdict.FAIL)
    assert caught >= COVERED_CAUGHT_SHARE * COVERED_TRIED


@pytest.mark.parametrize("glasses", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_open_eyes_pass_with_and_without_glasses(
    grader: PhotoGrader, seed: int, glasses: bool
) -> None:
    picture, rng = _portrait(seed, glasses=glasses)
    grade = grader.grade_loose(printed_and_scanned(picture, rng), 300.0)
    assert _check(grade, PhotoCheckName.EYES).verdict == Verdict.PASS


@pytest.mark.parametrize("wink", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_closed_eye_never_passes(grader: PhotoGrader, seed: int, wink: bool) -> None:
    shut = {"wink": True} if wink else {"eyes_closed": 1.0}
    picture, rng = _portrait(seed, glasses=False, **shut)
    grade = grader.grade_loose(printed_and_scanned(picture, rng), 300.0)
    assert _check(grade, PhotoCheckName.EYES).verdict in (Verdict.REVIEW, Verdict.FAIL)


@pytest.mark.parametrize("depth", [0.35, 0.9])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_shadow_on_the_wall_is_seen_weak_or_strong(
    grader: PhotoGrader, seed: int, depth: float
) -> None:
    picture, rng = _portrait(seed, shadow=depth)
    grade = grader.grade_loose(printed_and_scanned(picture, rng), 300.0)
    assert _check(grade, PhotoCheckName.SHADOW).verdict in (Verdict.REVIEW, Verdict.FAIL)


@pytest.mark.parametrize("long_hair", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_hair_on_the_shoulders_is_no_shadow(
    grader: PhotoGrader, seed: int, long_hair: bool
) -> None:
    picture, rng = _portrait(seed, long_hair=long_hair, hair=0)
    grade = grader.grade_loose(printed_and_scanned(picture, rng), 300.0)
    assert _check(grade, PhotoCheckName.SHADOW).verdict == Verdict.PASS


def test_light_from_one_side_on_the_face_alone_is_no_shadow(grader: PhotoGrader) -> None:
    picture, _ = _portrait(1, skin=3)
    lit = grader.examine_loose(picture, 300.0)
    assert lit.subject is not None
    person = cv2.resize(lit.subject.person, PRINT_PX)[..., None] > 0.9
    across = np.linspace(0.45, 1.0, PRINT_PX[0])[None, :, None]
    shaded = np.where(person, picture * across, picture).astype(np.uint8)
    check = _check(grader.grade_loose(shaded, 300.0), PhotoCheckName.SHADOW)
    assert check.verdict == Verdict.PASS


@pytest.mark.parametrize(
    "picture", [np.zeros((531, 413, 3), np.uint8), np.full((20, 20, 3), 200, np.uint8)]
)
def test_a_wall_without_anybody_before_it_is_not_judged(
    grader: PhotoGrader, picture: Pixels
) -> None:
    grade = grader.grade_loose(picture, None)
    for name in PhotoCheckName:
        if name not in (PhotoCheckName.FACE, PhotoCheckName.EXPOSURE):
            assert _check(grade, name).verdict == Verdict.NOT_ASSESSABLE


def test_loading_the_models_writes_nothing_to_the_error_stream(
    capfd: pytest.CaptureFixture[str],
) -> None:
    PhotoGrader(STORE)
    assert capfd.readouterr().err == ""
