"""Measures the readers as they are on composed forms with real ink; ``uketsuke calibrate`` asks.

    .venv/bin/python -m models.training.site_evidence --sheets 60 --seed 4

Nothing is fitted: weights and calibration are those that are in use, but that no digit is weighed
by what was learnt from its own image (``cross_fitting``). Ink of the split
``calibrate`` is written into ruled cells with a seed of its own, printed and scanned in simulation
and read. JSON on stdout: for every kind of field its risk curve, and confidence and truth of the
readings (of simulated values for My Numbers and codes).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from models.training import calibrate_dates, cross_fitting
from models.training.boxed_rows import RowEvidence, collect
from models.training.calibrate_characters import Evidence, evidence_of, readings
from pipeline.model_store import ModelStore
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.boxes.matrix_scaling import MatrixScaling
from pipeline.readers.calibrating.threshold_set import ThresholdSet
from pipeline.readers.dates.date_thresholds import KIND, DateThresholds
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.samples.real_ink import RealInk, data_folder
from pipeline.samples.row_sheets import MY_NUMBER_ROW, PIN_ROW, POSTAL_ROW
from pipeline.settings import current

# Of the pairs no more is handed over than a table needs.
_PAIRS = 20_000


def main() -> None:
    """Composes, reads, measures, and prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheets", type=int, default=60, help="sheets of 21 My Numbers")
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    settings = current()
    store = ModelStore(settings.models)
    thresholds = ThresholdSet.of(settings).characters
    reader = BoxReader(store, PaddleRecogniser(store, settings.cache), thresholds)
    real = RealInk.load(data_folder(), "calibrate")
    started = time.time()
    rows: dict[str, list[RowEvidence]] = {}
    for name, kind, sheets in (
        ("numbers", MY_NUMBER_ROW, options.sheets),
        ("pins", PIN_ROW, options.sheets),
        ("postal", POSTAL_ROW, max(1, options.sheets // 6)),
    ):
        rows[name] = list(collect(reader, real, kind, sheets, options.seed))
        print(f"{name}: {len(rows[name])} rows, {time.time() - started:.0f} s", file=sys.stderr)
    scalings = cross_fitting.load(settings.models)
    boxed = {name: readings(reader, some, thresholds, scalings) for name, some in rows.items()}
    evidence, _ = evidence_of(boxed, rows, thresholds)
    evidence[KIND] = dates(reader, real, thresholds, scalings, options.sheets, options.seed)
    print(f"dates: {evidence[KIND].total} rows, {time.time() - started:.0f} s", file=sys.stderr)
    rng = np.random.default_rng(options.seed)
    json.dump({kind: as_json(one, rng) for kind, one in evidence.items()}, sys.stdout)


def dates(
    reader: BoxReader,
    real: RealInk,
    thresholds: CharacterThresholds,
    scalings: Sequence[MatrixScaling],
    sheets: int,
    seed: int,
) -> Evidence:
    """Boxed dates, as they are read now but for the threshold."""
    shipped = DateThresholds.load(current().models)
    limits = dataclasses.replace(shipped, accept_from=0.0)
    drawn: list[calibrate_dates.WrittenDate] = []

    def write_one(rng: np.random.Generator) -> str:
        drawn.append(calibrate_dates.draw_date(rng))
        return drawn[-1].text

    outcomes = [
        calibrate_dates.judge(
            # A sheet is written whole before its first row is read: the n-th row is the n-th drawn.
            cross_fitting.read_crossed(reader, row, thresholds, scalings),
            calibrate_dates.as_measured(drawn[n], n),
            limits,
        )
        for n, row in enumerate(
            collect(reader, real, calibrate_dates.DATE_ROW, sheets, seed, write=write_one)
        )
    ]
    confidence, right = calibrate_dates.arrays(outcomes)
    curve = calibrate_dates.date_curve(confidence, right)
    return Evidence(curve, (confidence, right), len(outcomes))


def as_json(one: Evidence, rng: np.random.Generator) -> dict[str, Any]:
    """The curve whole, the pairs as a sample where there are very many."""
    confidence, right = one.pairs
    if len(confidence) > _PAIRS:
        chosen = rng.choice(len(confidence), _PAIRS, replace=False)
        confidence, right = confidence[chosen], right[chosen]
    return {
        "curve": one.curve.as_dict(),
        "total": one.total,
        "confidence": [round(float(c), 6) for c in confidence],
        "right": [bool(r) for r in right],
    }


if __name__ == "__main__":
    main()
