"""How a field is written: dirt, strikes, insertions and second lines, without a model."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.documents import FieldName as F
from pipeline.domain.errors import DefectError
from pipeline.domain.geometry import PX_PER_MM, BoxPx
from pipeline.readers.ink.ink_parts import ink_parts
from pipeline.readers.ink.zone_ink import ZoneInk
from pipeline.readers.text.lexicons import RELATIONS, RESIDENT_CATEGORIES, has_lexicon, is_known
from pipeline.readers.text.line_cutting import TextLine, levelled
from pipeline.readers.text.text_layout import crowded, notices
from pipeline.readers.text.text_limits import ARTEFACT, TextLimits
from pipeline.settings import REPOSITORY

LIMITS = TextLimits.load(REPOSITORY / "models")
MARGIN = 19


def _cut(ink: ZoneInk, inner: BoxPx, most: int) -> list[TextLine]:
    written = levelled(ink, ink_parts(ink), inner)
    return written.lines(written.rows(most))


INNER = BoxPx(MARGIN, MARGIN, 700, 120)


def canvas() -> np.ndarray:
    return np.zeros((INNER.h + 2 * MARGIN, INNER.w + 2 * MARGIN), np.uint8)


def character(dark: np.ndarray, x: int, y: int = 45, size: int = 62, pen: int = 6) -> None:
    """A square with a cross: as dense as a plain kanji."""
    cv2.rectangle(dark, (x, y), (x + size, y + size), (200,), pen)
    cv2.line(dark, (x + size // 2, y), (x + size // 2, y + size), (200,), pen)
    cv2.line(dark, (x, y + size // 2), (x + size, y + size // 2), (200,), pen)


def word(count: int = 5) -> np.ndarray:
    dark = canvas()
    for i in range(count):
        character(dark, 60 + 80 * i)
    return dark


def seen(dark: np.ndarray, *, printed: bool = False, room: int = 1) -> tuple[str, ...]:
    ink = ZoneInk(dark, BoxPx(0, 0, dark.shape[1], dark.shape[0]), np.zeros(dark.shape, bool))
    lines = _cut(ink, INNER, room)
    assert lines
    return notices(ink, ink_parts(ink), INNER, lines, LIMITS, printed=printed)


def test_plain_writing_gives_no_notice() -> None:
    assert seen(word()) == ()
    assert seen(word(), printed=True) == ()


def test_a_fibre_bent_into_a_digit_is_dirt() -> None:
    dark = canvas()
    points = np.array([[300, 60], [340, 62], [328, 76], [302, 60]], np.int32)
    cv2.polylines(dark, [points], False, (160,), 2)
    assert seen(dark) == ("dirt",)


def test_a_speck_is_dirt_and_a_small_character_is_not() -> None:
    speck = canvas()
    cv2.circle(speck, (300, 70), 8, (200,), -1)
    assert "dirt" in seen(speck)
    small = canvas()
    character(small, 300, size=44, pen=5)
    assert "dirt" not in seen(small)


@pytest.mark.parametrize("slope_px", [0, 12, -12])
def test_a_stroke_through_two_characters_is_a_strike(slope_px: int) -> None:
    dark = word()
    cv2.line(dark, (130, 76 - slope_px // 2), (320, 76 + slope_px // 2), (200,), 6)
    assert "struck out" in seen(dark)


def test_a_character_squeezed_in_above_the_line_is_seen() -> None:
    dark = word()
    character(dark, 145, y=14 + MARGIN - 19, size=24, pen=4)
    assert "inserted" in seen(dark)


def test_writing_over_the_edge_is_seen() -> None:
    dark = word()
    character(dark, INNER.x + INNER.w - 30, size=45)
    assert "crosses the edge" in seen(dark)


def test_two_lines_where_there_is_room_for_one_are_crowded() -> None:
    dark = canvas()
    for i in range(5):
        character(dark, 60 + 60 * i, y=24, size=44, pen=5)
        character(dark, 70 + 60 * i, y=90, size=44, pen=5)
    ink = ZoneInk(dark, BoxPx(0, 0, dark.shape[1], dark.shape[0]), np.zeros(dark.shape, bool))
    assert crowded(_cut(ink, INNER, 2), _cut(ink, INNER, 1), LIMITS)
    plain = word()
    ink = ZoneInk(plain, BoxPx(0, 0, dark.shape[1], dark.shape[0]), np.zeros(dark.shape, bool))
    assert not crowded(_cut(ink, INNER, 2), _cut(ink, INNER, 1), LIMITS)


@settings(max_examples=30)
@given(st.integers(1, 8), st.integers(40, 70), st.integers(4, 9))
def test_writing_of_any_size_is_no_dirt(count: int, size: int, pen: int) -> None:
    dark = canvas()
    for i in range(count):
        character(dark, 40 + 80 * i, size=size, pen=pen)
    assert "dirt" not in seen(dark)
    assert size / PX_PER_MM > LIMITS.least_height_mm


def test_only_known_relations_pass() -> None:
    for word_ in ("父", "成年後見人", "父・親権者", "母(法定代理人)", "長 男"):
        assert is_known(F.REPRESENTATIVE_RELATION, word_)
    for dirt in ("4", "一", "人", "父4", "", "父父"):
        assert not is_known(F.PROXY_RELATION, dirt)
    assert is_known(F.FOREIGN_RESIDENT_CATEGORY, "中長期在留者")
    assert not is_known(F.FOREIGN_RESIDENT_CATEGORY, "中長期在留")
    assert is_known(F.NAME, "4")
    assert not has_lexicon(F.NAME)
    assert has_lexicon(F.PROXY_RELATION)
    assert not RELATIONS & RESIDENT_CATEGORIES


def test_missing_or_broken_limits_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DefectError) as missing:
        TextLimits.load(tmp_path)
    assert missing.value.code == "THRESHOLDS_MISSING"
    (tmp_path / "thresholds").mkdir()
    for content in ("{", '{"version": "x"}', "[]"):
        (tmp_path / ARTEFACT).write_text(content)
        with pytest.raises(DefectError) as broken:
            TextLimits.load(tmp_path)
        assert broken.value.code == "THRESHOLDS_BROKEN"
