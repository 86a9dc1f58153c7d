"""What counts as a false fail of a group, and how large the gap between groups is."""

from __future__ import annotations

import json

import pytest

from benchmarks.photo_groups import CANNOT_TELL, VIOLATIONS, GroupCounts
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, PhotoGrade, Verdict


def _grade(check: PhotoCheckName, verdict: Verdict) -> PhotoGrade:
    return PhotoGrade(verdict, (PhotoCheck(check, verdict, 1.0, "deg", 1.0),))


def _labels(group: str, file: str = "x.jpg", age: str = "30") -> dict[str, str]:
    return {"group": group, "file": file, "age": age}


def _counted(*rows: tuple[dict[str, str], Verdict]) -> GroupCounts:
    counts = GroupCounts()
    for labels, verdict in rows:
        counts.add(labels, [_grade(PhotoCheckName.POSE, verdict)], held_back=False)
    return counts


def test_the_gap_is_the_largest_difference_of_shares() -> None:
    rows = [(_labels("a"), Verdict.FAIL)] + [(_labels("a"), Verdict.PASS)] * 3
    rows += [(_labels("b"), Verdict.REVIEW)] * 4
    part = _counted(*rows).summary()["checks"]["pose"]["everybody"]
    assert (part["groups"]["a"]["k"], part["groups"]["b"]["k"]) == (1, 0)
    assert part["largest_gap"] == pytest.approx(0.25)
    assert part["largest_gap_high"] >= 0.25


def test_without_any_false_fail_the_gap_is_bounded_by_the_number_of_photos() -> None:
    rows = [(_labels(g), Verdict.PASS) for g in "ab" for _ in range(10)]
    part = _counted(*rows).summary()["checks"]["pose"]["everybody"]
    assert part["largest_gap"] == 0
    assert part["largest_gap_high"] > 0.2


def test_a_fail_of_a_photo_that_has_the_defect_is_not_counted() -> None:
    named = json.loads(VIOLATIONS.read_text(encoding="utf-8"))["checks"]["pose"][0]
    counts = _counted((_labels("a", named), Verdict.FAIL), (_labels("a"), Verdict.PASS))
    assert counts.summary()["checks"]["pose"]["everybody"]["groups"]["a"]["n"] == 1


def test_infants_are_counted_apart_and_what_cannot_be_told_is_not_measured() -> None:
    counts = _counted((_labels("a", age="1"), Verdict.FAIL), (_labels("a"), Verdict.PASS))
    smiling = _grade(PhotoCheckName.EXPRESSION, Verdict.FAIL)
    counts.add(_labels("a"), [smiling], held_back=False)
    summary = counts.summary()
    assert summary["checks"]["pose"]["above_3_years"]["groups"]["a"]["k"] == 0
    assert set(summary["cannot_tell"]) == set(CANNOT_TELL)
    assert "expression" not in summary["checks"]


def test_a_photo_counts_once_and_as_most_of_its_prints_say() -> None:
    counts = GroupCounts()
    fails, passes = (_grade(PhotoCheckName.POSE, v) for v in (Verdict.FAIL, Verdict.PASS))
    counts.add(_labels("a"), [fails, passes, passes], held_back=True)
    counts.add(_labels("a"), [fails, fails, passes], held_back=False)
    parts = counts.summary()["checks"]["pose"]
    assert (parts["everybody"]["groups"]["a"]["k"], parts["everybody"]["groups"]["a"]["n"]) == (
        1,
        2,
    )
    assert (parts["held_back"]["groups"]["a"]["k"], parts["held_back"]["groups"]["a"]["n"]) == (
        0,
        1,
    )
