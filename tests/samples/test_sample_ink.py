"""Ink lands where it is meant to land, as wide as the pen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.errors import DefectError
from pipeline.domain.geometry import BoxPx
from pipeline.domain.pin import SIGNATURE_ALPHABET
from pipeline.samples import fonts
from pipeline.samples.ink import FontInk, GlyphInk, InkSource, MixedInk, StrokeInk, picture_shape
from pipeline.samples.writing import Hand, Pen, draw_hand, write_in_cell, write_text

CELL = BoxPx(60, 50, 95, 106)
PEN = Pen("black", (30, 30, 30), 0.5)
# A character kept inside may still touch the edge by the wobble of the hand.
EDGE_TOLERANCE_PX = 8


def _page() -> np.ndarray:
    return np.full((220, 240, 3), 255, np.uint8)


def _picture() -> np.ndarray:
    """A ring: something like a 0, white on black."""
    ys, xs = np.mgrid[0:28, 0:28]
    radius = np.hypot((xs - 14) / 7, (ys - 14) / 10)
    return np.where(np.abs(radius - 1) < 0.18, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("char", SIGNATURE_ALPHABET)
def test_strokes_cover_every_character_of_a_pin(char: str) -> None:
    assert StrokeInk().covers(char)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(SIGNATURE_ALPHABET),
    st.sampled_from(["strokes", "font", "picture"]),
    st.floats(0, 1),
)
def test_a_careful_writer_stays_in_the_box(seed: int, char: str, kind: str, mess: float) -> None:
    sources: dict[str, InkSource] = {
        "strokes": StrokeInk(seed % 50),
        "font": FontInk("Klee One"),
        "picture": GlyphInk({char: _picture()[None]}),
    }
    rng = np.random.default_rng(seed)
    page = _page()
    place = write_in_cell(page, char, CELL, sources[kind], draw_hand(rng, mess), PEN, rng)
    assert place is not None
    ys, xs = np.nonzero(page.min(axis=2) < 150)
    assert CELL.x - EDGE_TOLERANCE_PX <= xs.min() and xs.max() < CELL.x + CELL.w + EDGE_TOLERANCE_PX
    assert CELL.y - EDGE_TOLERANCE_PX <= ys.min() and ys.max() < CELL.y + CELL.h + EDGE_TOLERANCE_PX
    assert place.h > CELL.h * 0.25


def test_a_thin_character_that_crosses_the_line_stays_its_cells_own() -> None:
    for seed in range(300):
        rng = np.random.default_rng(seed)
        place = write_in_cell(
            _page(), "1", CELL, StrokeInk(), draw_hand(rng), PEN, rng, overshoot=1.0
        )
        assert place is not None
        inside = min(place.x + place.w, CELL.x + CELL.w) - max(place.x, CELL.x)
        assert inside >= 0.5 * place.w


def test_overshoot_crosses_the_line() -> None:
    crossed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        place = write_in_cell(
            _page(), "8", CELL, StrokeInk(), draw_hand(rng), PEN, rng, overshoot=1.0
        )
        assert place is not None
        crossed += (
            place.x < CELL.x
            or place.y < CELL.y
            or place.x + place.w > CELL.x + CELL.w
            or place.y + place.h > CELL.y + CELL.h
        )
    assert crossed > 20


def test_a_wider_pen_lays_more_ink() -> None:
    covered = []
    for width_mm in (0.3, 0.5, 0.8, 1.1):
        page = _page()
        pen = Pen("p", (0, 0, 0), width_mm)
        write_in_cell(page, "3", CELL, StrokeInk(), Hand(), pen, np.random.default_rng(5))
        covered.append(int((page < 128).sum()))
    assert covered == sorted(covered) and covered[-1] > 1.8 * covered[0]


def test_a_picture_becomes_a_smooth_shape_of_the_same_form() -> None:
    shape = picture_shape(_picture())
    left, top, right, bottom = shape.box
    assert 1.2 < (bottom - top) / (right - left) < 1.6
    middle = shape.distance.shape[0] // 2
    assert shape.distance[middle, middle] < 0  # the hole of the ring stays open


def test_a_fine_pen_leaves_out_no_part_of_a_picture() -> None:
    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 6:10] = 255  # a stem as a felt pen draws it
    picture[13:14, 10:22] = 190  # and an arm that fell between two rows of pixels
    picture[14:15, 10:22] = 120
    ink = GlyphInk({"t": np.stack([picture])}, "picture")
    fine = Pen("p", (0, 0, 0), 0.3)
    page = _page()
    place = write_in_cell(page, "t", CELL, ink, Hand(wobble=0.0), fine, np.random.default_rng(5))
    assert place is not None
    arm = page[place.y : place.y + place.h, place.x + round(0.4 * place.w) : place.x + place.w]
    columns = (arm.min(axis=2) < 128).any(axis=0)
    assert columns.mean() > 0.9


@pytest.mark.parametrize("char", "髙﨑邊邉齋齊廣櫻澤濱德眞惠")
def test_old_characters_can_be_written_by_every_font(char: str) -> None:
    for family in fonts.HAND_FAMILIES:
        assert FontInk(family).covers(char)


def test_a_missing_font_is_a_defect_with_a_remedy() -> None:
    with pytest.raises(DefectError) as caught:
        fonts.locate("No Such Hand")
    assert caught.value.code == "FONT_MISSING"
    assert caught.value.remedy_ja and caught.value.remedy_en


def test_a_character_that_nobody_can_write_is_a_defect() -> None:
    with pytest.raises(DefectError) as caught:
        MixedInk(StrokeInk()).glyph("あ", np.random.default_rng(1))
    assert caught.value.code == "INK_MISSING"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 2))
def test_text_fits_its_box_however_long(seed: int, length: int, lines: int) -> None:
    rng = np.random.default_rng(seed)
    text = "".join(rng.choice(list("山田太郎東京都千代田区1234-567"), length))
    page = np.full((260, 1100, 3), 255, np.uint8)
    box = BoxPx(100, 60, 900, 130)
    source, hand = FontInk("kiloji"), draw_hand(rng)
    place = write_text(page, text, box, source, hand, PEN, rng, lines=lines)
    assert place is not None
    slack = 20
    assert box.x - slack <= place.x and place.x + place.w <= box.x + box.w + slack
    assert box.y - slack <= place.y and place.y + place.h <= box.y + box.h + slack
