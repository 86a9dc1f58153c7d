"""Where a print ends, told from the tones across its side: borders, shadows, walls, printing."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline import settings
from pipeline.photo import thresholds
from pipeline.photo.prints.edges import edge_in
from pipeline.photo.prints.greys import GREYS, as_greys
from pipeline.photo.prints.printing_in_sight import Printing, prepared_blank, printing_in_sight

LIMITS = thresholds.load(settings.current().models).limits["print"]
FRAMED = np.full((160, 160, 3), 255, np.uint8)
cv2.rectangle(FRAMED, (40, 40), (120, 120), (120, 160, 230), 1)
EDGE = 36.0
PLACE_TOLERANCE = 2.0  # samples: 0.25 mm, half of what a size may be off
WHITE_BORDER, DARK_BORDER = 0.98, 0.12


def _profile(
    *, inside: float, shadow: float = 0.0, reach: float = 5.0, soft: float = 1.0,
    border: float | None = None, edge: float = EDGE, noise: float = 0.0005,
) -> np.ndarray:  # fmt: skip
    """Tones from the paper inwards: shadow, edge, border of 8 samples, wall, as a scanner blurs."""
    fine = 8
    xs = (np.arange(72 * fine) + 0.5) / fine
    begins = edge - reach
    fall = np.array([0.5 + 0.5 * math.erf((x - begins) / soft / math.sqrt(2)) for x in xs])
    tones = np.where(xs < edge, 1 - shadow * fall, inside)
    if border is not None:
        tones = np.where((xs >= edge) & (xs < edge + 8), border, tones)
    tones = cv2.GaussianBlur(tones[None].astype(np.float64), (0, 0), fine * 1.0)[0]
    light = tones.reshape(72, fine).mean(axis=1)
    light += np.random.default_rng(3).normal(0, noise, 72)
    return np.stack([light, np.zeros(72), np.zeros(72)], axis=1)


def _first(profile: np.ndarray) -> int:
    return int(np.flatnonzero(np.abs(profile[:, 0] - 1) > LIMITS["step_share"])[0])


def _found(profile: np.ndarray) -> float:
    edge = edge_in(profile, _first(profile), LIMITS)
    assert edge.misfit <= 1
    return edge.place


@hypothesis_settings(max_examples=40, deadline=None)
@given(inside=st.floats(0.1, 0.97), edge=st.floats(30, 42))
def test_a_plain_edge_is_found_where_it_is(inside: float, edge: float) -> None:
    place = _found(_profile(inside=inside, edge=edge))
    assert place == pytest.approx(edge, abs=PLACE_TOLERANCE)


@pytest.mark.parametrize("inside", [0.15, 0.5, 0.9, 0.98])
@pytest.mark.parametrize("reach", [2.0, 4.0, 6.0])
@pytest.mark.parametrize("soft", [1.0, 2.0])
def test_the_shadow_of_the_print_is_not_the_print(inside: float, reach: float, soft: float) -> None:
    place = _found(_profile(inside=inside, shadow=0.3, reach=reach, soft=soft))
    assert place == pytest.approx(EDGE, abs=PLACE_TOLERANCE)


@pytest.mark.parametrize("border", [WHITE_BORDER, DARK_BORDER])
@pytest.mark.parametrize("shadow", [0.0, 0.25])
def test_a_border_belongs_to_the_print(border: float, shadow: float) -> None:
    place = _found(_profile(inside=0.6, border=border, shadow=shadow))
    assert place == pytest.approx(EDGE, abs=PLACE_TOLERANCE)


def test_a_grey_wall_is_no_shadow_that_ends_nowhere() -> None:
    assert _found(_profile(inside=0.75)) == pytest.approx(EDGE, abs=PLACE_TOLERANCE)


def test_an_edge_under_printing_is_told_from_both_sides_of_it() -> None:
    profile = _profile(inside=0.3)
    profile[33:38] = np.nan
    assert edge_in(profile, 33, LIMITS).place == pytest.approx(EDGE, abs=3.0)


def test_paper_alone_holds_no_edge() -> None:
    profile = _profile(inside=1.0)
    assert edge_in(profile, 30, LIMITS).misfit > 1


def _under_a_print(drawn: np.ndarray, shade: float) -> Printing:
    seen = (cv2.GaussianBlur(drawn, (0, 0), 0.7) * shade).astype(np.uint8)
    seen[:80] = 200  # a print over the upper half
    return printing_in_sight(seen, prepared_blank(FRAMED), np.array((255.0, 255.0, 255.0)))


@pytest.mark.parametrize("shade", [1.0, 0.8])
@pytest.mark.parametrize("grey", [None, *range(len(GREYS))])
def test_printing_counts_where_the_page_shows_it_and_not_where_a_print_covers_it(
    shade: float, grey: int | None
) -> None:
    drawn = FRAMED if grey is None else as_greys(FRAMED)[grey].astype(np.uint8)
    printing = _under_a_print(drawn, shade)
    for row, column in ((100, 40), (120, 80)):
        assert printing.in_sight[row, column] == 1
        assert printing.covered[row, column] == 0
    for row, column in ((40, 80), (60, 120)):
        assert printing.in_sight[row, column] == 0
        assert printing.covered[row, column] == 1


def test_a_dark_edge_beside_printing_is_not_hidden_by_it() -> None:
    seen = FRAMED.copy()
    seen[:, 43:] = 20  # begins within the rim of the frame's line
    printing = printing_in_sight(seen, prepared_blank(FRAMED), np.array((255.0, 255.0, 255.0)))
    assert printing.in_sight[80, 40] == 1
    assert not printing.in_sight[60:100, 43:48].any()
