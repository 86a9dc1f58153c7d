"""The whole way from a scanned row to characters, with the weights that ship."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.errors import DefectError
from pipeline.domain.findings import FindingCode
from pipeline.model_store import ModelStore
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.boxes.character_network import CHARACTERS, CharacterNetworks, columns_of
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.boxes.joined_view import (
    HEIGHT_PX,
    LEAD_PX,
    PITCH_PX,
    read_joined,
    set_side_by_side,
)
from pipeline.readers.boxes.resolve_my_number import resolve_my_number
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.samples.ink import StrokeInk
from pipeline.samples.paper import Preset
from pipeline.samples.row_sheets import MY_NUMBER_ROW, PIN_ROW, RowSheet, make_sheet
from pipeline.settings import REPOSITORY, current

MODELS = REPOSITORY / "models"
# Our own stroke ink is easier than real ink; a reader that works gets nearly all of it.
LEAST_DIGITS_RIGHT = 0.98
LEAST_PIN_RIGHT = 0.85
ORANGE = "#f6b48f"


@pytest.fixture(scope="module")
def reader() -> BoxReader:
    store = ModelStore(MODELS)
    recogniser = PaddleRecogniser(store, current().cache)
    return BoxReader(store, recogniser, CharacterThresholds.load(MODELS))


@pytest.fixture(scope="module")
def numbers() -> RowSheet:
    return make_sheet(MY_NUMBER_ROW, StrokeInk(3), np.random.default_rng(4), line=ORANGE)


def test_my_numbers_in_stroke_ink_are_read_and_none_is_silently_wrong(
    reader: BoxReader, numbers: RowSheet
) -> None:
    thresholds = CharacterThresholds.load(MODELS)
    right = accepted = 0
    rows = list(zip(numbers.page.form.zones, numbers.truth, strict=True))[:8]
    for zone, truth in rows:
        boxed = reader.read(numbers.page, zone)
        right += sum(cell.best == true for cell, true in zip(boxed.cells, truth, strict=True))
        resolved = resolve_my_number(boxed, thresholds).reading
        accepted += resolved.accepted
        assert not resolved.accepted or resolved.value == truth
    assert right / (12 * len(rows)) >= LEAST_DIGITS_RIGHT
    assert accepted >= len(rows) // 2


def test_every_cell_has_a_full_posterior_and_a_place(reader: BoxReader, numbers: RowSheet) -> None:
    zone = numbers.page.form.zones[0]
    boxed = reader.read(numbers.page, zone)
    for cell, expected in zip(boxed.cells, zone.cells, strict=True):
        assert set(cell.posterior) == set(zone.alphabet)
        assert sum(cell.posterior.values()) == pytest.approx(1.0)
        assert abs(cell.box_px.x - expected.to_px().x) <= 8
        assert len(cell.views) == 2
    assert "characters-v1@" in boxed.model_version
    assert "boxes-v2@" in boxed.model_version


def test_a_digit_written_over_another_is_doubtful(reader: BoxReader) -> None:
    sheet = make_sheet(MY_NUMBER_ROW, StrokeInk(2), np.random.default_rng(11), line=ORANGE)
    pixels = sheet.page.pixels.copy()
    zones = sheet.page.form.zones
    below, above = zones[0].cells, zones[1].cells
    written = 0
    for a, b, x, y in zip(below, above, sheet.truth[0], sheet.truth[1], strict=True):
        box, other = a.inset(1.0).to_px(), b.inset(1.0).to_px()
        if x in "17" or y in "17" or x == y:
            continue  # such strokes may vanish in what is written over them
        here = pixels[box.y : box.y + box.h, box.x : box.x + box.w]
        there = pixels[other.y : other.y + box.h, other.x : other.x + box.w]
        np.minimum(here, there, out=here)
        written += 1
    boxed = reader.read(dataclasses.replace(sheet.page, pixels=pixels), zones[0])
    assert written >= 4
    assert sum(cell.doubtful for cell in boxed.cells) >= written / 2


def test_pin_characters_are_read_over_the_whole_alphabet(reader: BoxReader) -> None:
    sheet = make_sheet(PIN_ROW, StrokeInk(1), np.random.default_rng(9), preset=Preset.MILD)
    right = total = 0
    for zone, truth in list(zip(sheet.page.form.zones, sheet.truth, strict=True))[:6]:
        boxed = reader.read(sheet.page, zone)
        right += sum(a.best == b for a, b in zip(boxed.cells, truth, strict=True))
        total += len(truth)
    assert right / total >= LEAST_PIN_RIGHT


def test_one_view_alone_reads_too(numbers: RowSheet) -> None:
    alone = BoxReader(ModelStore(MODELS), None, CharacterThresholds.load(MODELS))
    boxed = alone.read(numbers.page, numbers.page.form.zones[1])
    same = sum(a == b for a, b in zip(boxed.plain, numbers.truth[1], strict=True))
    assert same >= 11
    assert boxed.model_version.endswith("one view")


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    (folder / "weights").mkdir(parents=True)
    shutil.copy(MODELS / "manifest.toml", folder)
    (folder / "weights" / "characters-v1.onnx").write_bytes(b"not the network")
    with pytest.raises(DefectError) as altered:
        BoxReader(ModelStore(folder), None, CharacterThresholds.load(MODELS))
    assert altered.value.code == "MODEL_ALTERED"
    (folder / "weights" / "characters-v1.onnx").unlink()
    with pytest.raises(DefectError) as missing:
        BoxReader(ModelStore(folder), None, CharacterThresholds.load(MODELS))
    assert missing.value.code == "MODEL_MISSING"


def test_the_networks_are_asked_over_the_alphabet_of_the_zone() -> None:
    networks = CharacterNetworks(ModelStore(MODELS))
    rng = np.random.default_rng(1)
    glyphs = [
        (np.clip(StrokeInk(2).glyph(c, rng).distance, 0, 1) * 255).astype(np.uint8) for c in "A7K3"
    ]
    for alphabet in ("0123456789", CHARACTERS[:36], "73AK"):
        opinion = networks.opinion(glyphs, alphabet)
        assert opinion.first.shape == (4, len(alphabet))
        for view in (opinion.first, opinion.characters, opinion.digits):
            assert np.exp(view).sum(axis=1) == pytest.approx(1.0)
        read = "".join(alphabet[i] for i in opinion.first.argmax(axis=1))
        assert all(a == b for a, b in zip(read, "A7K3", strict=True) if b in alphabet)
        assert networks.opinion([], alphabet).first.shape == (0, len(alphabet))
    with pytest.raises(KeyError):
        networks.opinion(glyphs, "あ")


class _Frames:
    """A recogniser that says a known character at each cell's middle."""

    def __init__(self, text: str) -> None:
        self.text = text

    def posteriors(self, images: list[np.ndarray]) -> list[np.ndarray]:
        width = images[0].shape[1]
        frames = np.full((width // 8, 11), 1e-4, np.float32)
        frames[:, 0] = 1.0
        for i, c in enumerate(self.text):
            at = int((LEAD_PX + (i + 0.5) * PITCH_PX) // 8)
            frames[at] = 1e-4
            frames[at, 1 + int(c)] = 0.9
        return [frames]

    def frame_width_px(self, image: np.ndarray, frames: int) -> float:
        return image.shape[1] / frames

    def column_of(self, character: str) -> int | None:
        return None if character == "9" else 1 + int(character)


@pytest.mark.parametrize("inset_px", [-8, 6])
def test_boxes_full_of_ink_have_no_value(
    reader: BoxReader, numbers: RowSheet, inset_px: int
) -> None:
    """Each box blackened, or the whole row in one go."""
    zone = numbers.page.form.zones[0]
    pixels = numbers.page.pixels.copy()
    for cell in zone.cells:
        box = cell.to_px()
        pixels[box.y + 6 : box.y + box.h - 6, box.x + inset_px : box.x + box.w - inset_px] = 40
    boxed = reader.read(dataclasses.replace(numbers.page, pixels=pixels), zone)
    assert all(cell.blank and cell.doubtful and cell.unreadable for cell in boxed.cells)
    resolved = resolve_my_number(boxed, CharacterThresholds.load(MODELS))
    assert resolved.reading.value is None
    assert not resolved.reading.accepted
    assert {f.code for f in resolved.findings} == {FindingCode.MY_NUMBER_AMBIGUOUS}


def test_frames_of_the_line_model_come_back_to_their_cells() -> None:
    glyphs = [np.full((60, 40), 255, np.uint8)] * 12
    assert set_side_by_side(glyphs).shape == (HEIGHT_PX, 2 * LEAD_PX + 12 * PITCH_PX, 3)
    result = read_joined(_Frames("012345678012"), glyphs, "0123456789")
    assert result.sum(axis=1) == pytest.approx(1.0)
    assert "".join(str(row.argmax()) for row in result) == "012345678012"
    assert (result[:, 9] < 0.01).all()


def test_the_columns_of_an_alphabet_are_those_of_the_network() -> None:
    assert [CHARACTERS[i] for i in columns_of("A0z")] == ["A", "0", "z"]
    with pytest.raises(KeyError):
        columns_of("あ")
