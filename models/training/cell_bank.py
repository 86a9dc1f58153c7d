"""Pre-made training views: what reading would hand to a network, many of them, on disk.

    .venv-train/bin/python -m models.training.cell_bank --out FOLDER --rows 300000 --drawn 200000

Three kinds of shards. ``rows`` went the whole way that a reading goes: characters of the split
``train`` written into ruled cells of several sizes and line colours, over the lines now and then,
printed and scanned in simulation, cut out by our own cutter after our own removal of lines.
``drawn`` are single glyphs bent and damaged on a canvas, with fonts, pen strokes, ink that is no
character, and one digit over another. ``plain`` are all images of the split as they are but for
the width of the stroke, so that none is left out. The bank lies outside the repository: it holds
images.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.font_glyphs import font_glyphs
from models.training.ink_augmentation import augment, junk, overwritten, sharpen, to_canvas
from pipeline.domain.documents import FieldName
from pipeline.imaging.cells import refine_cells
from pipeline.imaging.pages import Pixels
from pipeline.readers.boxed import CellState
from pipeline.readers.boxes.glyphs import SIDE_PX, normalise
from pipeline.readers.ink.cell_ink import extract
from pipeline.samples.ink import Shape, picture_shape
from pipeline.samples.paper import Preset
from pipeline.samples.real_ink import RealInk, Split, data_folder
from pipeline.samples.row_sheets import RowKind, make_sheet

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
JUNK = len(CHARACTERS)
OVERWRITTEN = JUNK + 1
SHARD = 10_000

# Cells as forms have them, width and height in millimetres; the pitch leaves a little air.
_CELLS_MM = ((9.0, 10.0), (7.0, 8.5), (6.0, 8.0), (5.0, 6.0))
_CELL_SHARES = (0.4, 0.2, 0.15, 0.25)
# A little harsher than an office sees, so that the poor scans are learnt too.
_PRESETS, _PRESET_SHARES = (Preset.MILD, Preset.TYPICAL, Preset.HARD), (0.3, 0.45, 0.25)
_CROSSING = 0.18
_RESIDUAL_PX = 0.9
_SHARE_FONT = 0.08
_SHARE_PEN_STROKES = 0.10
# Shares of digits, capitals, small letters; in drawn shards also of junk and overwritten digits.
_ROW_SHARES = (0.47, 0.43, 0.10)
_DRAWN_SHARES = (0.34, 0.36, 0.10, 0.10, 0.10)


class SplitInk:
    """Every image of a split in turn, shuffled, by character."""

    def __init__(self, real: RealInk, rng: np.random.Generator) -> None:
        self._real = real
        self._rng = rng
        pen = real.sources == real.source_names.index("chars74k_writers_a")
        self._pools = {
            (c, on): np.flatnonzero((real.labels == ord(c)) & (pen == on))
            for c in CHARACTERS
            for on in (False, True)
        }
        self._next: dict[tuple[str, bool], int] = {}
        self.fonts: dict[str, list[Pixels]] = {c: [] for c in CHARACTERS}
        for character, pixels in font_glyphs(CHARACTERS):
            self.fonts[character].append(pixels)

    @property
    def name(self) -> str:
        """The split."""
        return f"real:{self._real.split}"

    def covers(self, char: str) -> bool:
        """Whether there is an image of the character."""
        return len(self._pools.get((char, False), ())) > 0

    def picture(self, char: str, pen: bool = False) -> Pixels:
        """The next image of a character, white on black, 28 x 28."""
        key = (char, pen and len(self._pools[char, True]) > 0)
        pool, at = self._pools[key], self._next.get(key, 0)
        if at % len(pool) == 0:
            self._rng.shuffle(pool)
        self._next[key] = at + 1
        image: Pixels = self._real.images[pool[at % len(pool)]]
        return image

    def glyph(self, char: str, rng: np.random.Generator) -> Shape:
        """One image of a character as a shape to write."""
        return picture_shape(self.picture(char, rng.random() < _SHARE_PEN_STROKES / 2))

    def any(self) -> Pixels:
        """An image of any digit or capital."""
        return self.picture(CHARACTERS[int(self._rng.integers(36))])

    def any_digit(self) -> Pixels:
        """An image of any digit."""
        return self.picture(CHARACTERS[int(self._rng.integers(10))])


def _classes(shares: tuple[float, ...]) -> NDArray[np.float64]:
    """Probability of each class from the shares of its kinds."""
    sizes = (10, 26, 26, 1, 1)[: len(shares)]
    of = np.concatenate([np.full(n, s / n) for n, s in zip(sizes, shares, strict=True)])
    return np.asarray(of / of.sum())


def row_views(ink: SplitInk, rng: np.random.Generator) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Views and classes of one sheet of ruled rows, as reading cuts them out."""
    width, height = _CELLS_MM[int(rng.choice(len(_CELLS_MM), p=_CELL_SHARES))]
    group = int(rng.choice([0, 4, 7]))
    gap = 3.0 if group else 0.0
    cells = int(182 // (width + (gap / group if group else 0.0)))
    kind = RowKind(
        FieldName.MY_NUMBER, CHARACTERS, cells, (width, height), height + 1.8, group, gap
    )
    shares = _classes(_ROW_SHARES)

    def write(chance: np.random.Generator) -> str:
        return "".join(CHARACTERS[i] for i in chance.choice(62, cells, p=shares))

    sheet = make_sheet(
        kind,
        ink,
        rng,
        preset=_PRESETS[int(rng.choice(3, p=_PRESET_SHARES))],
        write=write,
        crossing=_CROSSING,
        residual_px=_RESIDUAL_PX,
    )
    for zone, text in zip(sheet.page.form.zones, sheet.truth, strict=True):
        inks = extract(sheet.page, zone, refine_cells(sheet.page, zone))
        for cell, true in zip(inks, text, strict=True):
            if cell.ink_px is not None and cell.state in (CellState.INK, CellState.ON_LINE):
                yield _stored(normalise(cell.ink)), CHARACTERS.index(true)


def drawn_views(
    ink: SplitInk, rng: np.random.Generator, count: int
) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Views and classes of glyphs damaged on a canvas."""
    for of in rng.choice(OVERWRITTEN + 1, count, p=_classes(_DRAWN_SHARES)):
        if of == JUNK:
            view = junk(rng, ink.any)
        elif of == OVERWRITTEN:
            view = overwritten(rng, ink.any_digit)
        else:
            character, draw = CHARACTERS[of], rng.random()
            fonts = ink.fonts[character]
            if draw < _SHARE_FONT and fonts:
                picture = fonts[int(rng.integers(len(fonts)))]
            else:
                picture = ink.picture(character, draw > 1 - _SHARE_PEN_STROKES)
            view = augment(picture, character, rng, ink.any)
        yield _stored(view), int(of)


def plain_views(real: RealInk, rng: np.random.Generator) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Views and classes of every image of a split, its strokes thicker or thinner."""
    for at in rng.permutation(len(real.images)):
        character = chr(real.labels[at])
        if character not in CHARACTERS:
            continue
        canvas = sharpen(to_canvas(real.images[at]), float(rng.uniform(0.32, 0.65)), 0.3)
        picture = np.round(canvas * 255).astype(np.uint8)
        yield _stored(normalise(picture)), CHARACTERS.index(character)


def _stored(view: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(view * 255).astype(np.uint8)


def save(folder: Path, name: str, held: list[tuple[NDArray[np.uint8], int]]) -> None:
    """Writes one shard; a reader never sees half of it."""
    whole = folder / f"{name}.npz"
    part = folder / f"{name}.part"
    with part.open("wb") as file:
        np.savez(
            file,
            views=np.stack([view for view, _ in held]),
            classes=np.array([of for _, of in held], np.uint8),
        )
    part.replace(whole)


def load_shard(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Views N x 32 x 32 and classes N of one shard."""
    with np.load(path) as content:
        views, classes = content["views"], content["classes"]
    assert views.shape[1:] == (SIDE_PX, SIDE_PX)
    return views, classes


def make(
    folder: Path, rows: int, drawn: int, seed: int, minutes: float, split: Split = "train"
) -> int:
    """Fills the bank; returns how many views it made.

    Args:
        folder: Where the shards go; made if it is not there.
        rows: Views that went the whole way.
        drawn: Views drawn on a canvas; where 0, no plain views either.
        seed: Source of chance.
        minutes: Most wall time; what is there by then is the bank.
        split: Whose ink: ``train`` to learn from, ``calibrate`` to look at.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    real = RealInk.load(data_folder(), split)
    ink = SplitInk(real, rng)
    ends = time.monotonic() + 60 * minutes
    plain = list(plain_views(real, rng)) if drawn else []
    for start in range(0, len(plain), SHARD):
        save(folder, f"plain-{seed}-{start:07d}", plain[start : start + SHARD])
    made = {"rows": 0, "drawn": 0}
    wanted = {"rows": rows, "drawn": drawn}
    held: dict[str, list[tuple[NDArray[np.uint8], int]]] = {"rows": [], "drawn": []}
    while time.monotonic() < ends:
        behind = [k for k in wanted if made[k] < wanted[k]]
        if not behind:
            break
        kind = min(behind, key=lambda k: made[k] / wanted[k])
        held[kind].extend(row_views(ink, rng) if kind == "rows" else drawn_views(ink, rng, 400))
        if len(held[kind]) >= SHARD or made[kind] + len(held[kind]) >= wanted[kind]:
            save(folder, f"{kind}-{seed}-{made[kind]:07d}", held[kind])
            made[kind] += len(held[kind])
            held[kind] = []
            print(f"bank {made}", file=sys.stderr)
    for kind, rest in held.items():
        if rest:
            save(folder, f"{kind}-{seed}-{made[kind]:07d}", rest)
            made[kind] += len(rest)
    return len(plain) + made["rows"] + made["drawn"]


def main() -> None:
    """Makes the bank."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("TMPDIR", "/tmp")) / "bank")
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--drawn", type=int, default=200_000)
    parser.add_argument("--minutes", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--split", choices=("train", "calibrate"), default="train")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    wanted = (options.rows, options.drawn, options.seed, options.minutes, options.split)
    print(f"{make(options.out, *wanted)} views")


if __name__ == "__main__":
    main()
