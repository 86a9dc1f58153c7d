"""How a head is turned, also where the mesh does not take it for a face any more."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.print_and_scan import printed_and_scanned
from pipeline import settings
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, PhotoGrade, Verdict
from pipeline.model_store import ModelStore
from pipeline.photo import thresholds
from pipeline.photo.checks.pose import judged
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait

PRINT_PX = (413, 531)
MEAN_ERROR_DEG = 3.0
STORE = ModelStore(settings.current().models)
LIMITS = thresholds.load(settings.current().models).of(PhotoCheckName.POSE)


@pytest.fixture(scope="module")
def grader() -> PhotoGrader:
    return PhotoGrader(STORE)


@pytest.fixture(scope="module")
def doubter() -> PhotoGrader:
    """A grader whose mesh confirms no face, so that the detector alone sees one."""
    doubting = PhotoGrader(STORE)
    limits = dict(doubting.limits.limits)
    limits["face"] = {**limits["face"], "mesh_fail": 1.1}
    limits["pose"] = {**limits["pose"], "turned_mesh": 1.1}
    doubting.limits = thresholds.PhotoThresholds(doubting.limits.version, limits)
    return doubting


def _grade(grader: PhotoGrader, seed: int, **changes: float) -> PhotoGrade:
    rng = np.random.default_rng(41_000 + seed)
    spec = dataclasses.replace(PortraitSpec.good(rng), **changes)  # type: ignore[arg-type]
    picture = printed_and_scanned(draw_portrait(spec, rng, *PRINT_PX), rng)
    return grader.grade_loose(picture, 300.0)


def _pose(grade: PhotoGrade) -> PhotoCheck:
    check = grade.check(PhotoCheckName.POSE)
    assert check is not None
    return check


def test_yaw_errs_by_three_degrees_or_less_on_average(grader: PhotoGrader) -> None:
    errors = []
    for seed, yaw in enumerate(np.linspace(-30, 30, 13)):
        measured = dict(_pose(_grade(grader, seed, yaw_deg=float(yaw))).extra)["yaw_deg"]
        errors.append(abs(measured - yaw))
    assert np.mean(errors) <= MEAN_ERROR_DEG


@pytest.mark.parametrize("seed", range(3))
def test_a_face_that_the_mesh_does_not_confirm_never_passes_as_straight(
    doubter: PhotoGrader, seed: int
) -> None:
    grade = _grade(doubter, seed, yaw_deg=0.0)
    pose, face = _pose(grade), grade.check(PhotoCheckName.FACE)
    assert face is not None
    assert face.verdict == Verdict.FAIL
    assert pose.verdict in (Verdict.REVIEW, Verdict.FAIL)
    assert set(dict(pose.extra)) == {"yaw_deg", "pitch_deg", "roll_deg"}


@pytest.mark.parametrize("yaw_deg", [-38.0, 38.0])
def test_the_detector_alone_tells_to_which_side_a_head_is_turned(
    doubter: PhotoGrader, yaw_deg: float
) -> None:
    pose = _pose(_grade(doubter, 5, yaw_deg=yaw_deg))
    assert pose.verdict == Verdict.FAIL
    assert dict(pose.extra)["yaw_deg"] * yaw_deg > 0


@pytest.mark.parametrize("quarter", [1, 2, 3])
@pytest.mark.parametrize("seed", range(2))
def test_a_print_pasted_on_its_side_or_upside_down_fails(
    grader: PhotoGrader, seed: int, quarter: int
) -> None:
    rng = np.random.default_rng(seed)
    upright = printed_and_scanned(draw_portrait(PortraitSpec.good(rng), rng, *PRINT_PX), rng)
    pose = _pose(grader.grade_loose(np.ascontiguousarray(np.rot90(upright, quarter)), None))
    assert pose.verdict == Verdict.FAIL
    assert abs(dict(pose.extra)["roll_deg"]) == pytest.approx(180 if quarter == 2 else 90, abs=12)


@pytest.mark.parametrize(("pitch", "verdict"), [(21.0, Verdict.REVIEW), (27.0, Verdict.FAIL)])
def test_a_lifted_chin_fails_only_where_a_small_child_would_not_be_read_so(
    pitch: float, verdict: Verdict
) -> None:
    assert judged(0.0, pitch, 0.0, LIMITS)[0] == verdict


def test_a_lowered_chin_is_surer_than_a_lifted_one() -> None:
    assert judged(0.0, -21.0, 0.0, LIMITS)[0] == Verdict.FAIL


def test_a_turn_just_past_the_rule_goes_to_a_person_and_a_clear_one_fails() -> None:
    assert judged(16.5, 0.0, 0.0, LIMITS)[:2] == (Verdict.REVIEW, 16.5)
    assert judged(-22.0, 0.0, 0.0, LIMITS)[:2] == (Verdict.FAIL, -22.0)
