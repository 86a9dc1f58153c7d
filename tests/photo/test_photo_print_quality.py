"""Red eyes, banding, coarse dots and photographed screens go to a person; plain prints do not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.print_and_scan import printed_and_scanned
from pipeline import settings
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.photo.faces import FaceFinder
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait

STORE = ModelStore(settings.current().models)
SEEDS = range(4)


@pytest.fixture(scope="module")
def grader() -> PhotoGrader:
    return PhotoGrader(STORE)


def _portrait(seed: int) -> tuple[Pixels, np.random.Generator]:
    rng = np.random.default_rng(87_000 + seed)
    return draw_portrait(PortraitSpec(skin=seed % 5), rng, 413, 531), rng


def _check(
    grader: PhotoGrader, picture: Pixels, rng: np.random.Generator, name: PhotoCheckName
) -> PhotoCheck:
    check = grader.grade_loose(printed_and_scanned(picture, rng), 300.0).check(name)
    assert check is not None
    return check


def _banded(picture: Pixels) -> Pixels:
    """Every seventh row of dots too faint, as by a worn printing head."""
    wave = 0.93 + 0.07 * np.cos(2 * np.pi * np.arange(picture.shape[0]) / 7)
    return np.asarray(picture * wave[:, None, None], np.uint8)


def _from_a_screen(picture: Pixels) -> Pixels:
    """Red, green and blue side by side, in rows."""
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    grid = np.stack([0.85 + 0.15 * np.cos(2 * np.pi * (columns / 4 + c / 3)) for c in range(3)], -1)
    grid *= (0.9 + 0.1 * np.cos(2 * np.pi * rows / 4))[..., None]
    return np.asarray(picture * grid, np.uint8)


@pytest.mark.parametrize("spoilt", [_banded, _from_a_screen])
def test_what_repeats_over_a_face_goes_to_a_person(grader: PhotoGrader, spoilt: object) -> None:
    for seed in SEEDS:
        picture, rng = _portrait(seed)
        face = _check(grader, spoilt(picture), rng, PhotoCheckName.FACE)  # type: ignore[operator]
        told = dict(face.extra)
        assert face.verdict == Verdict.REVIEW
        assert told["pattern"] > told["pattern_threshold"]


def test_a_plain_print_has_no_pattern_and_no_red_eyes(grader: PhotoGrader) -> None:
    for seed in SEEDS:
        picture, rng = _portrait(seed)
        face = dict(_check(grader, picture, rng, PhotoCheckName.FACE).extra)
        eyes = dict(_check(grader, picture, rng, PhotoCheckName.EYES).extra)
        assert face["pattern"] < face["pattern_threshold"]
        assert eyes["red"] < eyes["red_threshold"]


def test_red_pupils_go_to_a_person(grader: PhotoGrader) -> None:
    finder = FaceFinder(STORE)
    for seed in SEEDS:
        picture, rng = _portrait(seed)
        face = finder.landmarks(picture, finder.detect(picture, 0.5)[0])
        for iris in face.irises:
            radius = 0.5 * float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())
            place = (round(float(iris[0][0])), round(float(iris[0][1])))
            cv2.circle(picture, place, max(2, round(radius)), (40, 40, 210), -1, cv2.LINE_AA)
        eyes = _check(grader, picture, rng, PhotoCheckName.EYES)
        told = dict(eyes.extra)
        assert eyes.verdict in (Verdict.REVIEW, Verdict.FAIL)
        assert told["red"] > told["red_threshold"]
