"""What is said of a print's size: a statement where all edges are seen, else a question."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pipeline import settings
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.photo import thresholds
from pipeline.photo.checks import size
from pipeline.photo.subject import PrintSize, Subject

LIMITS = thresholds.load(settings.current().models).of(PhotoCheckName.SIZE)
STRAIGHT_DEG, ASKEW_DEG = 0.4, 7.0


def _said(measured: PrintSize) -> PhotoCheck:
    picture = np.zeros((8, 8, 3), np.uint8)
    plane = np.zeros((8, 8))
    return size.assess(Subject(picture, plane, plane, (), 1.0, measured, {}, 0.0), LIMITS)


@pytest.mark.parametrize(
    ("width_mm", "verdict"),
    [(35.3, Verdict.PASS), (36.5, Verdict.REVIEW), (24.0, Verdict.FAIL)],
)
def test_a_size_whose_edges_are_all_seen_is_judged(width_mm: float, verdict: Verdict) -> None:
    seen = PrintSize(width_mm, 45.0, STRAIGHT_DEG, sure=True)
    assert _said(seen).verdict == verdict


@pytest.mark.parametrize("width_mm", [35.0, 36.5, 38.47, 24.0])
@pytest.mark.parametrize("turn_deg", [STRAIGHT_DEG, ASKEW_DEG])
def test_nothing_is_said_of_a_size_with_an_edge_unseen(width_mm: float, turn_deg: float) -> None:
    said = _said(PrintSize(width_mm, 45.0, turn_deg, sure=False))
    assert said.verdict == Verdict.NOT_ASSESSABLE
    assert (said.value, said.threshold) == (None, None)


def test_a_print_of_the_right_size_that_lies_askew_is_looked_at() -> None:
    straight = PrintSize(35.0, 45.0, STRAIGHT_DEG, sure=True)
    assert _said(straight).verdict == Verdict.PASS
    assert _said(dataclasses.replace(straight, rotation_deg=ASKEW_DEG)).verdict == Verdict.REVIEW
