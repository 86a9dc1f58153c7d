"""The wall behind the person: plain in any light colour, or not plain."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from benchmarks.print_and_scan import printed_and_scanned
from pipeline import settings
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.model_store import ModelStore
from pipeline.photo.checks import background
from pipeline.photo.grading import GradedPhoto, PhotoGrader
from pipeline.photo.subject import open_to_rim
from pipeline.samples.portraits import PortraitSpec, draw_portrait

PRINT_PX = (413, 531)
SAMPLE_PX = (275, 354)  # the same print on a page scanned at 200 dpi
SEEDS = range(3)


@pytest.fixture(scope="module")
def grader() -> PhotoGrader:
    return PhotoGrader(ModelStore(settings.current().models))


def _examined(grader: PhotoGrader, wall: str, seed: int, scan_px: tuple[int, int]) -> GradedPhoto:
    rng = np.random.default_rng(31_000 + seed)
    spec = dataclasses.replace(PortraitSpec.good(rng), background=wall)
    picture = printed_and_scanned(draw_portrait(spec, rng, *PRINT_PX), rng)
    seen = cv2.resize(picture, scan_px, interpolation=cv2.INTER_AREA)
    return grader.examine_loose(np.asarray(seen, np.uint8), None)


def _check(graded: GradedPhoto) -> PhotoCheck:
    check = graded.grade.check(PhotoCheckName.BACKGROUND)
    assert check is not None
    return check


@pytest.mark.parametrize("scan_px", [PRINT_PX, SAMPLE_PX])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("wall", ["planks", "bricks", "shelf"])
def test_a_wall_with_a_pattern_never_passes(
    grader: PhotoGrader, wall: str, seed: int, scan_px: tuple[int, int]
) -> None:
    assert _check(_examined(grader, wall, seed, scan_px)).verdict != Verdict.PASS


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("wall", ["plain", "coloured"])
def test_a_plain_wall_passes_in_any_light_colour(grader: PhotoGrader, wall: str, seed: int) -> None:
    assert _check(_examined(grader, wall, seed, PRINT_PX)).verdict == Verdict.PASS


def test_soft_planks_are_seen_by_structure_where_edges_see_nothing(grader: PhotoGrader) -> None:
    graded = _examined(grader, "planks", 0, PRINT_PX)
    assert graded.subject is not None
    soft = cv2.GaussianBlur(graded.subject.picture, (0, 0), 4.0)
    light = cv2.GaussianBlur(graded.subject.light, (0, 0), 4.0)
    blurred = dataclasses.replace(
        graded.subject, picture=np.asarray(soft, np.uint8), light=np.asarray(light, np.float32)
    )
    limits = grader.limits.of(PhotoCheckName.BACKGROUND)
    check = background.assess(blurred, limits)
    assert dict(check.extra)["edges_levels_px"] < limits["edges_review"]
    assert check.verdict != Verdict.PASS


def test_structure_is_zero_on_the_person_and_where_light_falls_off_evenly(
    grader: PhotoGrader,
) -> None:
    graded = _examined(grader, "plain", 1, PRINT_PX)
    assert graded.subject is not None
    across = np.linspace(60, 95, graded.subject.light.shape[1], dtype=np.float32)
    even = dataclasses.replace(
        graded.subject,
        picture=np.full_like(graded.subject.picture, 200),
        light=np.broadcast_to(across, graded.subject.light.shape).copy(),
    )
    seen = background.structure(even, even.background())
    assert seen.shape == even.light.shape
    assert not seen[~even.background()].any()
    assert np.percentile(seen[even.background()], 90) < 0.5  # levels of L*


def test_hair_behind_the_neck_is_no_wall() -> None:
    person = np.zeros((60, 40), bool)
    person[10:, 8:32] = True
    hole = np.zeros_like(person)
    hole[40:50, 12:16] = True
    wall = open_to_rim(~person | hole)
    assert not wall[hole].any()
    assert (wall == ~person).all()


def test_wall_below_a_raised_strand_still_reaches_the_side() -> None:
    wall = np.ones((30, 30), bool)
    wall[10:12, 5:] = False
    assert (open_to_rim(wall) == wall).all()
