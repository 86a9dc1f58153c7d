"""Decoding, masks and cutting of lines, without a model."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.documents import FieldName as F
from pipeline.domain.geometry import BoxPx
from pipeline.readers.ink.ink_parts import ink_parts
from pipeline.readers.ink.zone_ink import ZoneInk
from pipeline.readers.text.address_check import check_address
from pipeline.readers.text.alphabets import Mask, alphabet_of, folded
from pipeline.readers.text.ctc import decode
from pipeline.readers.text.exemption import separate
from pipeline.readers.text.line_cutting import TextLine, levelled

CHARACTERS = ("", *"0123456789")


def _posterior(text: str, sure: float = 0.9) -> np.ndarray:
    rows = []
    for character in text:
        for symbol in (CHARACTERS.index(character), 0):
            row = np.full(len(CHARACTERS), (1 - sure) / (len(CHARACTERS) - 1))
            row[symbol] = sure
            rows.append(row)
    return np.array(rows).reshape(-1, len(CHARACTERS))


@given(st.text("0123456789", max_size=12), st.floats(0.6, 0.999))
def test_decoding_gives_back_what_was_coded(text: str, sure: float) -> None:
    spots = decode(_posterior(text, sure), CHARACTERS, np.zeros(2 * len(text)), 1.8)
    assert "".join(s.value for s in spots) == text
    for spot in spots:
        assert 0 < spot.probability <= 1
        assert sum(p for _, p in spot.ranked) <= 1 + 1e-9
        assert all(a[1] >= b[1] for a, b in zip(spot.ranked[1:], spot.ranked[2:], strict=False))


def test_a_higher_temperature_is_milder() -> None:
    cold = decode(_posterior("5"), CHARACTERS, np.zeros(2), 1.0)[0].probability
    warm = decode(_posterior("5"), CHARACTERS, np.zeros(2), 1.8)[0].probability
    assert warm < cold


def test_a_character_that_almost_came_up_marks_its_neighbours() -> None:
    posterior = _posterior("12", 0.98)
    posterior[1] = 0.01
    posterior[1, 0] = 0.6
    posterior[1, 8] = 0.3
    spots = decode(posterior, CHARACTERS, np.zeros(4), 1.8)
    assert [s.near_miss for s in spots] == [True, True]


def test_masks_keep_simplified_chinese_out() -> None:
    mask = Mask(("", "结", "結", "A", "Ａ"), alphabet_of(F.NAME))
    assert mask.characters == ("", "結", "A", "A")
    posterior = np.array([[0.1, 0.7, 0.15, 0.03, 0.02]], np.float32)
    kept, outside = mask.apply(posterior)
    assert kept.sum() == pytest.approx(1.0)
    assert outside[0] == pytest.approx(0.7, abs=1e-6)
    assert "﨑" in mask.unknown
    assert folded("∪") == "U"


def _zone(lines: list[tuple[int, int]], gap: int = 0) -> ZoneInk:
    dark = np.zeros((200, 1500), np.uint8)
    for top, drift in lines:
        for i in range(8):
            x = 100 + i * 60 + (gap if i >= 4 else 0)
            y = top + round(drift * (x - 100) / 1000)
            cv2.rectangle(dark, (x, y), (x + 40, y + 40), (220,), 6)
            cv2.line(dark, (x, y + 20), (x + 40, y + 20), (220,), 5)
    return ZoneInk(dark, BoxPx(600, 300, 1500, 200), np.zeros(dark.shape, bool))


def _cut(ink: ZoneInk, inner: BoxPx, most: int) -> list[TextLine]:
    written = levelled(ink, ink_parts(ink), inner)
    return written.lines(written.rows(most))


INNER = BoxPx(600, 300, 1500, 200)


def test_one_line_is_trimmed_to_its_ink() -> None:
    (line,) = _cut(_zone([(80, 0)]), INNER, 1)
    assert line.box_px.x == pytest.approx(700, abs=8)
    assert line.box_px.y == pytest.approx(380, abs=8)
    assert line.image.shape[1] == len(line.page_x)
    assert line.gaps == ()


@settings(max_examples=20)
@given(st.integers(-30, 30))
def test_two_lines_are_parted_though_they_drift(drift: int) -> None:
    lines = _cut(_zone([(45, drift), (115, drift)]), INNER, 2)
    assert len(lines) == 2
    assert lines[0].box_px.y < lines[1].box_px.y


def test_a_wide_blank_is_closed_and_remembered() -> None:
    (plain,) = _cut(_zone([(80, 0)]), INNER, 1)
    (wide,) = _cut(_zone([(80, 0)], gap=300), INNER, 1)
    assert len(wide.gaps) == 1
    assert wide.image.shape[1] < plain.image.shape[1] + 40
    assert np.all(np.diff(wide.page_x) >= 0)


def test_specks_and_nothing_are_no_line() -> None:
    assert _cut(_zone([]), INNER, 2) == []
    specks = _zone([])
    specks.dark[50:53, 300:303] = 200
    assert _cut(specks, INNER, 2) == []


@pytest.mark.parametrize(
    ("lines", "name", "has_reason"),
    [
        (["山田 太郎", "(病気により左目が開かないため)"], "山田 太郎", True),
        (["山田 太郎（宗教上の理由により頭部を覆っています)"], "山田 太郎", True),
        (["佐藤 花子 治療のため帽子を着用しています"], "佐藤 花子", True),
        (["山田 太郎"], "山田 太郎", False),
        (["長谷川 ため"], "長谷川 ため", False),
        (["NGUYEN VAN AN"], "NGUYEN VAN AN", False),
    ],
)
def test_a_reason_in_the_name_field(lines: list[str], name: str, has_reason: bool) -> None:
    found = separate(lines)
    assert found.name == name
    assert bool(found.reason) is has_reason


def test_addresses_against_the_postal_list() -> None:
    exact = check_address("東京都千代田区丸の内1-1-1")
    assert (exact.known, exact.postal_codes) == ("exact", ("1000005",))
    near = check_address("東京都千代用区丸の内1-1-1")
    assert (near.known, near.candidate) == ("near", "東京都千代田区丸の内")
    assert check_address("千代田区丸の内1-1").candidate == "東京都千代田区丸の内"
    assert check_address("架空県夢見市幻町1-2").known == "unknown"
