"""What is fitted on images is measured on others: scalings of digits, a fifth of the images apart.

A matrix scaling has 110 numbers. On the images that it was fitted on it looks better than it is,
so thresholds are measured with, for every character, the scaling that was fitted without its
image. The shipped scaling is fitted on all; the others stand beside the artefact for whoever
measures again.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.boxed_rows import RowEvidence
from pipeline.readers.boxed import BoxedReading
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.boxes.matrix_scaling import MatrixScaling
from pipeline.readers.calibrating.calibration import fit_scaling

FOLDS = 5
FILE = Path("thresholds") / "characters-v1-folds.json"

Floats = NDArray[np.float64]


def fold_of(digest: str) -> int:
    """Which fifth an image is in."""
    return int(digest[:8], 16) % FOLDS


def fit_folds(
    logs: Floats, truth: NDArray[np.int64], folds: NDArray[np.int64]
) -> tuple[MatrixScaling, ...]:
    """For every fold the scaling that was fitted on the others.

    Args:
        logs: N x A log probabilities of the views as they are joined.
        truth: N columns of the true characters.
        folds: N, of the images.
    """
    return tuple(fit_scaling(logs[folds != f], truth[folds != f]) for f in range(FOLDS))


def scaled(thresholds: CharacterThresholds, scaling: MatrixScaling | None) -> CharacterThresholds:
    """The same with another scaling of digits."""
    digits = dataclasses.replace(thresholds.views["digits"], scaling=scaling)
    return dataclasses.replace(thresholds, views={**thresholds.views, "digits": digits})


def read_crossed(
    reader: BoxReader,
    row: RowEvidence,
    thresholds: CharacterThresholds,
    scalings: Sequence[MatrixScaling],
) -> BoxedReading:
    """A row as the reader would read it, had it never learnt from the row's images.

    Args:
        reader: Puts the views together.
        row: The row.
        thresholds: With what everything but digits is read.
        scalings: One for each fold; with none, the thresholds as they are.
    """
    whole = reader.assemble(row.zone, row.inks, row.views, thresholds)
    if not scalings:
        return whole
    digests = iter(row.digests)
    folds = [None if character == " " else fold_of(next(digests)) for character in row.truth]
    cells = list(whole.cells)
    for fold in {f for f in folds if f is not None}:
        apart = scaled(thresholds, scalings[fold])
        read = reader.assemble(row.zone, row.inks, row.views, apart)
        for place, of_cell in enumerate(folds):
            if of_cell == fold:
                cells[place] = read.cells[place]
    return dataclasses.replace(whole, cells=tuple(cells))


def write(scalings: Sequence[MatrixScaling], models: Path) -> None:
    """Keep them beside the artefact."""
    content = [dataclasses.asdict(scaling) for scaling in scalings]
    (models / FILE).write_text(json.dumps(content) + "\n", encoding="utf-8")


def load(models: Path) -> tuple[MatrixScaling, ...]:
    """Those that were kept."""
    content = json.loads((models / FILE).read_text(encoding="utf-8"))
    return tuple(MatrixScaling.of(**scaling) for scaling in content)
