"""The turn of a print and its sides: pale walls, slanted pictures, borders, hidden printing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline import settings
from pipeline.photo import thresholds
from pipeline.photo.prints.beginnings import first_steps, lines_of
from pipeline.photo.prints.side_choice import side_in
from pipeline.photo.prints.turn import turn_of

LIMITS = thresholds.load(settings.current().models).limits["print"]
TURN_TOLERANCE_DEG = 0.5
PLACE_TOLERANCE_PX = 2.0  # of 8 a millimetre
ROWS, COLUMNS = 300, 72
CENTRE, HALF, REACH = (200.0, 240.0), (140.0, 180.0), 48.0


def _turned_print(turn_deg: float, slant_deg: float) -> np.ndarray:
    """A print whose picture shows dark bars that run another way than its sides do."""
    picture = np.full((480, 400, 3), 1.0, np.float32)
    lean = np.tan(np.radians(slant_deg))
    for x in range(40, 400, 60):
        ends = (round(x + 240 * lean), 0), (round(x - 240 * lean), 480)
        cv2.line(picture, ends[0], ends[1], (0.2, 0.2, 0.2), 8, cv2.LINE_AA)
    ys, xs = np.mgrid[:480, :400] + 0.5
    turn = np.radians(turn_deg)
    u = (xs - CENTRE[0]) * np.cos(turn) + (ys - CENTRE[1]) * np.sin(turn)
    v = -(xs - CENTRE[0]) * np.sin(turn) + (ys - CENTRE[1]) * np.cos(turn)
    over = (np.clip(HALF[0] - np.abs(u), 0, 1) * np.clip(HALF[1] - np.abs(v), 0, 1))[..., None]
    noise = np.random.default_rng(4).normal(0, 0.003, picture.shape)
    return np.asarray((1 - over) + over * 0.9 * picture + noise, np.float32)


@hypothesis_settings(max_examples=12, deadline=None)
@given(turn=st.floats(-6, 6), slant=st.floats(-8, 8))
def test_the_turn_is_the_outlines_and_not_the_pictures(turn: float, slant: float) -> None:
    ratio = _turned_print(turn, slant)
    plain = np.ones(ratio.shape[:2], np.float32)
    found = turn_of(ratio, plain, CENTRE, HALF, REACH)
    assert found == pytest.approx(turn, abs=TURN_TOLERANCE_DEG)


def _strip(edge: int, *, inside: float) -> np.ndarray:
    """Rows along a side, columns from the paper inwards; what lies inside begins at the edge."""
    pixels = np.ones((ROWS, COLUMNS, 3), np.float32)
    pixels[:, edge:] = inside
    pixels = cv2.GaussianBlur(pixels, (0, 0), 1.0)
    return np.asarray(pixels + np.random.default_rng(6).normal(0, 0.004, pixels.shape), np.float32)


NOTHING, EVERYTHING = np.zeros((ROWS, COLUMNS)), np.ones((ROWS, COLUMNS))


def test_a_pale_wall_does_not_make_the_picture_behind_it_the_side() -> None:
    pixels = _strip(30, inside=0.5)
    pixels[: ROWS // 2, 30:45] = 1.0  # as white as the paper along half of the side
    side = side_in(pixels, EVERYTHING, NOTHING, LIMITS)
    assert side.place == pytest.approx(30, abs=PLACE_TOLERANCE_PX)


def test_a_white_border_ends_where_the_paper_begins() -> None:
    pixels = _strip(30, inside=0.98)
    pixels[:, 38:] = 0.3
    side = side_in(pixels, EVERYTHING, NOTHING, LIMITS)
    assert side.place == pytest.approx(30, abs=PLACE_TOLERANCE_PX)


@pytest.mark.parametrize("hidden", [False, True])
def test_an_edge_inside_of_hidden_printing_is_no_side(hidden: bool) -> None:
    covered = NOTHING.copy()
    covered[60:240, 32] = hidden  # a line of the form that does not show
    side = side_in(_strip(44, inside=0.4), EVERYTHING, covered, LIMITS)
    assert side.seen is not hidden
    if not hidden:
        assert side.place == pytest.approx(44, abs=PLACE_TOLERANCE_PX)


def test_lines_are_made_of_the_parts_that_begin_on_them() -> None:
    rows = np.arange(20) * 15.0
    begins = 30 + 0.003 * (rows - rows.mean())
    begins[12:] = (50, 60, 41, 66, 55, 47, 70, np.nan)
    first = lines_of(begins, rows)[0]
    assert first.place == pytest.approx(30, abs=0.5)
    assert first.parts == 12
    assert first.free == 19


def test_a_faint_step_where_printing_ends_is_not_a_beginning() -> None:
    sizes, visible = np.zeros((1, 40)), np.ones((1, 40), bool)
    visible[0, 10:15] = False
    sizes[0, 15], sizes[0, 30] = 0.02, 0.02
    assert first_steps(sizes, visible, LIMITS)[0] == 30
    sizes[0, 15] = 0.3
    assert first_steps(sizes, visible, LIMITS)[0] == 15
