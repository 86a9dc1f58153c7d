"""What may be said of a size: near the standard more readily than of another one."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from pipeline import settings
from pipeline.photo import thresholds
from pipeline.photo.prints.outlines import Outline, SidePlace
from pipeline.photo.prints.standard_size import is_sure, with_standard_sides

LIMITS = thresholds.load(settings.current().models).limits["print"]
PX_PER_MM = 8.0
LEFT, RIGHT = 0, 1
SHAPE = (500, 500)
AT = 60.0  # working pixels: where the left and the top side of the prints lie


def _outline(width_mm: float, height_mm: float = 45.0) -> Outline:
    """Four sides beyond doubt."""
    ends = (AT, AT + width_mm * PX_PER_MM, AT, AT + height_mm * PX_PER_MM)
    sides = [SidePlace(at, 0.2, seen=True, fits=True, steps=((at, 0.2),)) for at in ends]
    return Outline(PX_PER_MM, (200.0, 220.0), 0.0, sides)


def _sure(outline: Outline, *, box_mm: float | None = 5.0, rows: int = SHAPE[0]) -> bool:
    """Whether the size is sure where a line runs so far outside of every side, in some rows."""
    in_sight = np.zeros(SHAPE, np.float32)
    if box_mm is not None:
        left, right, top, bottom = (side.place for side in outline.sides)
        for at in (left - box_mm * PX_PER_MM, right + box_mm * PX_PER_MM):
            in_sight[:rows, round(at) - 1 : round(at) + 2] = 1
        for at in (top - box_mm * PX_PER_MM, bottom + box_mm * PX_PER_MM):
            in_sight[round(at) - 1 : round(at) + 2, :rows] = 1
    return is_sure(outline, in_sight, LIMITS)


def _with(outline: Outline, number: int, **change: object) -> Outline:
    sides = list(outline.sides)
    sides[number] = dataclasses.replace(sides[number], **change)  # type: ignore[arg-type]
    return dataclasses.replace(outline, sides=sides)


@pytest.mark.parametrize("width_mm", [34.2, 35.0, 36.5, 24.0, 40.0])
def test_edges_beyond_doubt_are_believed(width_mm: float) -> None:
    outline = _outline(width_mm)
    assert _sure(outline, box_mm=max(0.5, (35.0 - width_mm) / 2))
    assert with_standard_sides(outline, LIMITS) == outline


@pytest.mark.parametrize(("box_mm", "rows", "sure"), [(1.5, 500, True), (1.5, 100, False)])
@pytest.mark.parametrize("width_mm", [32.0, 30.0, 24.0])
def test_a_print_is_too_small_only_where_the_paper_beside_it_shows_printing(
    width_mm: float, box_mm: float, rows: int, sure: bool
) -> None:
    """A white rim on white paper looks like no print at all, but hides the form's printing."""
    assert _sure(_outline(width_mm), box_mm=box_mm, rows=rows) == sure
    assert not _sure(_outline(width_mm), box_mm=None)


@pytest.mark.parametrize("width_mm", [34.2, 35.0, 36.5, 40.0])
def test_no_printing_need_show_beside_a_print_that_is_not_too_small(width_mm: float) -> None:
    assert _sure(_outline(width_mm), box_mm=None)


@pytest.mark.parametrize(
    ("width_mm", "sure"), [(34.6, True), (35.4, True), (35.7, False), (36.5, False), (24.0, False)]
)
def test_a_side_that_only_fits_counts_where_both_lengths_are_the_standard(
    width_mm: float, sure: bool
) -> None:
    assert _sure(_with(_outline(width_mm), RIGHT, seen=False)) == sure


def test_a_side_that_fits_nothing_is_never_sure() -> None:
    assert not _sure(_with(_outline(35.0), RIGHT, seen=False, fits=False))


@pytest.mark.parametrize(
    ("step", "off_mm", "sure"),
    [(0.1, 0.0, False), (0.1, 0.2, False), (0.1, 0.6, True), (0.012, 0.0, True)],
)
def test_another_size_is_in_doubt_where_the_standard_would_do_as_well(
    step: float, off_mm: float, sure: bool
) -> None:
    outline = _outline(36.6)
    rival = (AT + (35.0 + off_mm) * PX_PER_MM, step)
    steps = (*outline.sides[RIGHT].steps, rival)
    assert _sure(_with(outline, RIGHT, steps=steps)) == sure
    # The same from the other side, whose step lies where the right side puts it.
    rival = (AT + (36.6 - 35.0 - off_mm) * PX_PER_MM, step)
    assert _sure(_with(outline, LEFT, steps=(rival,))) == sure


def test_a_side_in_doubt_is_moved_to_a_step_at_the_standard_and_stays_in_doubt() -> None:
    at = AT + 35.1 * PX_PER_MM
    doubtful = _with(_outline(38.0), RIGHT, seen=False, steps=((at, 0.05),))
    moved = with_standard_sides(doubtful, LIMITS)
    assert moved.sides[RIGHT].place == at
    assert not _sure(moved)
    elsewhere = _with(doubtful, RIGHT, steps=((at + PX_PER_MM, 0.05),))
    assert with_standard_sides(elsewhere, LIMITS) == elsewhere


def test_a_side_without_a_place_is_left_as_it_is() -> None:
    unknown = _with(_outline(35.0), RIGHT, place=math.nan, seen=False, fits=False, steps=())
    assert not _sure(unknown, box_mm=None)
    assert math.isnan(with_standard_sides(unknown, LIMITS).sides[RIGHT].place)


def test_a_length_beyond_doubt_is_enough_to_say_that_the_size_is_another() -> None:
    """The right side is in doubt, the height is not, and no photo is 40 mm high."""
    in_doubt = _with(_outline(35.0, 40.0), RIGHT, seen=False)
    assert _sure(in_doubt, box_mm=2.0)
    assert not _sure(_with(in_doubt, 3, seen=False), box_mm=2.0), "neither length is"
    assert not _sure(_with(_outline(31.0), RIGHT, seen=False), box_mm=2.0), "the one off is not"
