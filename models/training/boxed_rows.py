"""Boxed rows of real ink with what both views say of them: the raw matter of every figure.

Shared by calibration (split ``calibrate``) and the bench (split ``test``).
"""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.pin import SIGNATURE_ALPHABET
from pipeline.forms.definition import Zone
from pipeline.imaging.cells import refine_cells
from pipeline.readers.boxes.box_reader import BoxReader, Views
from pipeline.readers.ink.cell_ink import CellInk, extract
from pipeline.samples.ink import Shape, picture_shape
from pipeline.samples.paper import Preset
from pipeline.samples.real_ink import RealInk
from pipeline.samples.row_sheets import USUAL_CROSSING, RowKind, make_sheet

# What an office sees: most scans are ordinary, some are poor.
_PRESETS = (Preset.MILD, Preset.TYPICAL, Preset.HARD)
_SHARES = (0.35, 0.5, 0.15)


class TracedInk:
    """Real ink that remembers which image each character came from.

    Args:
        real: One split.
        set_aside: Digests of images that are plainly mislabelled.
    """

    def __init__(self, real: RealInk, set_aside: Collection[str] = ()) -> None:
        self._real = real
        away = set(set_aside)
        keep = np.array([digest not in away for digest in real.digests])
        self._indices: dict[str, NDArray[np.int64]] = {
            c: np.array([i for i in real.indices_of(c) if keep[i]], dtype=np.int64)
            for c in SIGNATURE_ALPHABET
        }
        self.drawn: list[str] = []

    @property
    def name(self) -> str:
        """The split."""
        return f"real:{self._real.split}"

    def covers(self, char: str) -> bool:
        """Whether there is an image of the character."""
        return len(self._indices.get(char, ())) > 0

    def glyph(self, char: str, rng: np.random.Generator) -> Shape:
        """One image at random, noted in ``drawn``."""
        index = int(rng.choice(self._indices[char]))
        self.drawn.append(self._real.digests[index])
        return picture_shape(self._real.images[index])


@dataclass(frozen=True, slots=True)
class RowEvidence:
    """One row: what was written, by which images, what was cut out, and what the views say."""

    zone: Zone
    truth: str
    digests: tuple[str, ...]
    inks: tuple[CellInk, ...]
    views: Views
    preset: str
    mode: str


def collect(
    reader: BoxReader,
    real: RealInk,
    kind: RowKind,
    sheets: int,
    seed: int,
    set_aside: Collection[str] = (),
    write: Callable[[np.random.Generator], str] | None = None,
    crossing: float = USUAL_CROSSING,
) -> Iterator[RowEvidence]:
    """Composes, scans and reads sheets of rows.

    Args:
        reader: Its views are asked; its thresholds play no part.
        real: The split that writes.
        kind: The rows.
        sheets: How many sheets.
        seed: Source of chance; the same seed makes the same sheets.
        set_aside: Digests of images not to use.
        write: Gives the text of a row, a blank for a cell left empty; by the row's kind where
            None.
        crossing: Share of characters that touch or cross a line.
    """
    for number in range(sheets):
        rng = np.random.default_rng([seed, kind.cells, number])
        ink = TracedInk(real, set_aside)
        preset = _PRESETS[int(rng.choice(len(_PRESETS), p=_SHARES))]
        sheet = make_sheet(kind, ink, rng, preset=preset, write=write, crossing=crossing)
        start = 0
        for zone, truth in zip(sheet.page.form.zones, sheet.truth, strict=True):
            inks = extract(sheet.page, zone, refine_cells(sheet.page, zone))
            written = len(truth.replace(" ", ""))
            digests = tuple(ink.drawn[start : start + written])
            start += written
            yield RowEvidence(
                zone, truth, digests, inks, reader.view(zone, inks), sheet.preset, sheet.mode
            )


def kept_rows(
    reader: BoxReader,
    real: RealInk,
    kind: RowKind,
    sheets: int,
    seed: int,
    set_aside: Collection[str],
    path: Path | None,
    crossing: float = USUAL_CROSSING,
) -> list[RowEvidence]:
    """Rows from a file where they were cut out before, else collected and put there.

    Args:
        reader: Asked for its views of rows that were kept: its networks may be others by now.
        real: As for ``collect``, like what follows.
        kind: The rows.
        sheets: How many sheets.
        seed: Source of chance.
        set_aside: Digests of images not to use.
        path: Outside the repository, as it holds images; None keeps nothing.
        crossing: As for ``collect``.
    """
    if path is not None and path.exists():
        kept: list[RowEvidence] = pickle.loads(path.read_bytes())
        return [dataclasses.replace(r, views=reader.view(r.zone, r.inks)) for r in kept]
    rows = list(collect(reader, real, kind, sheets, seed, set_aside, crossing=crossing))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(rows, protocol=5))
    return rows
