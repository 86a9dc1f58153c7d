"""The bank of training views, made from stroke ink in the place of real handwriting."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.training.cell_bank import (
    CHARACTERS,
    JUNK,
    OVERWRITTEN,
    SplitInk,
    load_shard,
    make,
    row_views,
)
from pipeline.model_store import ModelStore
from pipeline.readers.boxes import character_network
from pipeline.readers.boxes.character_network import CharacterNetworks
from pipeline.readers.boxes.glyphs import SIDE_PX
from pipeline.samples.ink import StrokeInk
from pipeline.samples.real_ink import RealInk
from pipeline.settings import REPOSITORY

EACH = 3  # images of a character
# Poor scans, crossed lines and small cells are in the bank on purpose.
LEAST_READ = 0.8


def picture(character: str, rng: np.random.Generator) -> np.ndarray:
    """A character in our own strokes, as small as a stored image."""
    distance = StrokeInk(int(rng.integers(4))).glyph(character, rng).distance
    cover = (np.clip(distance + 4, 0, 1) * 255).astype(np.uint8)
    return cv2.resize(cover, (28, 28), interpolation=cv2.INTER_AREA)


def stroke_images(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    drawn = [c for c in CHARACTERS if StrokeInk().covers(c)]
    capitals = {c: c if c in drawn else c.upper() for c in CHARACTERS}
    labels = [c for c in CHARACTERS for _ in range(EACH)]
    return (
        np.stack([picture(capitals[c], rng) for c in labels]),
        np.array([ord(c) for c in labels]),
    )


@pytest.fixture(scope="module")
def ink() -> SplitInk:
    images, labels = stroke_images(1)
    real = RealInk("train", images, labels, np.zeros(len(labels), np.int64), ("",) * len(labels))
    return SplitInk(real, np.random.default_rng(2))


def test_every_image_is_used_before_one_is_used_again(ink: SplitInk) -> None:
    for _ in range(2):
        used = {ink.picture("A").tobytes() for _ in range(EACH)}
        assert len(used) == EACH


def test_rows_give_the_ink_of_each_cell_under_its_own_class(ink: SplitInk) -> None:
    held = list(row_views(ink, np.random.default_rng(5)))
    views = np.stack([view for view, _ in held])
    classes = np.array([of for _, of in held])
    assert views.shape[1:] == (SIDE_PX, SIDE_PX) and views.dtype == np.uint8
    assert classes.min() >= 0 and classes.max() < JUNK
    digits = classes < 10
    networks = CharacterNetworks(ModelStore(REPOSITORY / "models"))
    said = networks.opinion(list(views[digits]), character_network.DIGITS).first.argmax(axis=1)
    assert digits.sum() > 50
    assert (said == classes[digits]).mean() >= LEAST_READ


def test_the_bank_holds_all_kinds_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = stroke_images(3)
    (tmp_path / "handwriting").mkdir()
    np.savez(tmp_path / "handwriting" / "nist_byclass.npz", image=images, codepoint=labels)
    # Whoever is in which split by chance of a hash: every class must have an image here.
    monkeypatch.setattr("pipeline.samples.real_ink._split_of", lambda key: "train")
    monkeypatch.setenv("UKETSUKE_DATA", str(tmp_path))
    count = make(tmp_path / "bank", rows=200, drawn=300, seed=1, minutes=5)
    shards = [load_shard(path) for path in sorted((tmp_path / "bank").glob("*.npz"))]
    classes = np.concatenate([c for _, c in shards])
    assert len(classes) == count >= 200 + 300
    assert {JUNK, OVERWRITTEN} <= set(classes.tolist())
    assert not list((tmp_path / "bank").glob("*.part"))
    again = make(tmp_path / "again", rows=0, drawn=20, seed=1, minutes=5)
    assert again >= 20
