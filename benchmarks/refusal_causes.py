"""Why digits are wrong or flagged and My Numbers refused: the image, the scan, the cutting.

    .venv/bin/python -m benchmarks.refusal_causes --sheets 60

Rows of the split ``calibrate``, as thresholds are measured on. Every character is read twice: cut
out of the scanned row, and from its source image as the writer left it, which no pen, line or
scanner has touched. What is wrong or unsure even there is the image's; what only the row loses is
the scan's, or the cutting's where the geometry says that the ink was cut out with doubt.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.set_aside import digests_set_aside
from models.training.boxed_rows import RowEvidence, kept_rows
from pipeline.domain.geometry import BoxPx
from pipeline.model_store import ModelStore
from pipeline.readers.boxed import BoxedReading, CellReading, CellState
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.boxes.character_network import CharacterNetworks
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.boxes.joining import joined
from pipeline.readers.boxes.resolve_my_number import resolve_my_number, spread
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.samples.real_ink import RealInk, data_folder
from pipeline.samples.row_sheets import MY_NUMBER_ROW
from pipeline.settings import current

_DIGITS = "0123456789"
_NOWHERE = BoxPx(0, 0, 1, 1)
_AT_ONCE = 256
_NO_SINGLE = (CellState.STRUCK, CellState.OVERWRITTEN, CellState.TWO)
IMAGE, SCAN, CUTTING, NOT_FOUND, NO_SINGLE = (
    "the image itself",
    "pen, paper and scanner",
    "cut out with doubt",
    "ink not found",
    "no single character",
)


def from_source(
    networks: CharacterNetworks,
    real: RealInk,
    digests: Sequence[str],
    thresholds: CharacterThresholds,
) -> dict[str, CellReading]:
    """Every image as a cell that was cut out without any doubt, by its digest."""
    at = {digest: i for i, digest in enumerate(real.digests)}
    found: dict[str, CellReading] = {}
    for start in range(0, len(digests), _AT_ONCE):
        these = digests[start : start + _AT_ONCE]
        opinion = networks.opinion([real.images[at[d]] for d in these], _DIGITS)
        posterior = joined(opinion.first, None, thresholds.weights(_DIGITS))
        junk = np.exp(opinion.characters[:, -1]) >= thresholds.junk
        over = np.exp(opinion.digits[:, -1]) >= thresholds.overwritten
        for i, digest in enumerate(these):
            state = CellState.STRUCK if junk[i] or over[i] else CellState.INK
            chances = {d: float(p) for d, p in zip(_DIGITS, posterior[i], strict=True)}
            found[digest] = CellReading(chances, state, _NOWHERE)
    return found


def causes(
    boxed: Sequence[BoxedReading],
    rows: Sequence[RowEvidence],
    source: dict[str, CellReading],
    thresholds: CharacterThresholds,
) -> dict[str, Any]:
    """Counts by cause, each with its n."""
    least = thresholds.for_character(_DIGITS)

    def flagged(cell: CellReading) -> bool:
        return cell.blank or cell.doubtful or cell.confidence < least

    wrong, flags, refused = Counter[str](), Counter[str](), Counter[str]()
    cells = accepted = accepted_clean = 0
    for reading, row in zip(boxed, rows, strict=True):
        for cell, true, digest in zip(reading.cells, row.truth, row.digests, strict=True):
            image = source[digest]
            why = _why(cell, image_fails=image.best != true or flagged(image))
            cells += 1
            wrong[why] += cell.best != true
            flags[why] += flagged(cell)
        taken = resolve_my_number(reading, thresholds).reading.accepted
        as_left = dataclasses.replace(
            reading,
            cells=tuple(dataclasses.replace(source[d], state=CellState.INK) for d in row.digests),
        )
        clean = resolve_my_number(as_left, thresholds).reading.accepted
        accepted += taken
        accepted_clean += clean
        if not taken:
            refused[_why_refused(reading, thresholds, clean=clean)] += 1
    return {
        "rows": len(rows),
        "images": len(source),
        "images_wrong_or_flagged_as_they_are": sum(flagged(c) for c in source.values()),
        "digits": cells,
        "digits_wrong": dict(wrong.most_common()),
        "digits_flagged": dict(flags.most_common()),
        "numbers_accepted": accepted,
        "numbers_refused": dict(refused.most_common()),
        "numbers_accepted_from_the_images_as_they_are": accepted_clean,
    }


def _why(cell: CellReading, *, image_fails: bool) -> str:
    if cell.blank:
        return NOT_FOUND
    if cell.state in _NO_SINGLE:
        return NO_SINGLE
    if cell.doubtful:
        return CUTTING
    return IMAGE if image_fails else SCAN


def _why_refused(reading: BoxedReading, thresholds: CharacterThresholds, *, clean: bool) -> str:
    if any(cell.blank for cell in reading.cells):
        return NOT_FOUND
    left = [spread(cell, thresholds) for cell in reading.cells]
    if any(cell.state in _NO_SINGLE for cell in left):
        return NO_SINGLE
    if any(cell.doubtful for cell in left):
        return CUTTING
    if not clean:
        return IMAGE
    return CUTTING if any(cell.doubtful for cell in reading.cells) else SCAN


def main() -> None:
    """Collects rows and prints the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheets", type=int, default=60, help="sheets of 21 My Numbers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=Path, help="rows kept by models.training.calibrate_numbers")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    settings = current()
    store = ModelStore(settings.models)
    thresholds = CharacterThresholds.load(settings.models)
    reader = BoxReader(store, PaddleRecogniser(store, settings.cache), thresholds)
    real = RealInk.load(data_folder(), "calibrate")
    away = digests_set_aside(real.split)
    rows = kept_rows(reader, real, MY_NUMBER_ROW, options.sheets, options.seed, away, options.rows)
    digests = sorted({digest for row in rows for digest in row.digests})
    source = from_source(CharacterNetworks(store), real, digests, thresholds)
    boxed = [reader.assemble(row.zone, row.inks, row.views, thresholds) for row in rows]
    print(json.dumps(causes(boxed, rows, source, thresholds), indent=1))


if __name__ == "__main__":
    main()
