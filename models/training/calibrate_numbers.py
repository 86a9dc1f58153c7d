"""How My Numbers are accepted, measured with the calibration of characters as it stands.

    .venv/bin/python -m models.training.calibrate_numbers

What is asked of a whole number can be measured on many more rows than what a character is, and
without moving anything that other fields rest on: the views, limits and curves of characters stay,
and so do the thresholds of dates. ``calibrate_characters`` measures all of it together.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.set_aside import digests_set_aside
from models.training import cross_fitting
from models.training.boxed_rows import RowEvidence, kept_rows
from models.training.cross_fitting import read_crossed
from models.training.simulated_numbers import KINDS, Outcomes, simulate_in_parts
from pipeline.model_store import ModelStore
from pipeline.readers.boxed import BoxedReading, CellState
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.boxes.character_thresholds import ARTEFACT, CharacterThresholds
from pipeline.readers.boxes.matrix_scaling import MatrixScaling
from pipeline.readers.boxes.resolve_my_number import resolve_my_number
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.readers.risk.acceptance import STANDARD_PER_MILLION
from pipeline.readers.risk.risk_curves import Choice, RiskCurve, upper_bound
from pipeline.samples.real_ink import RealInk, data_folder
from pipeline.samples.row_sheets import MY_NUMBER_ROW, USUAL_CROSSING
from pipeline.settings import current

# The number decides whose card it is: 100 in a million, as a multiple of the office's setting.
RELATIVE_OF_NUMBERS = 0.27
# States of a cell that was cut out with doubt and still holds one digit as it was written.
DOUBT_STATES = (CellState.TOUCHING, CellState.ON_LINE)
# About where a digit needs no flag. Of cells in doubt, those above err a tenth as often.
DOUBT_SURE_FROM = 0.98
# So many characters over the line that there are enough cells in doubt to say how they err.
MUCH_CROSSING, CROSSING_SEED = 0.6, 50
# Close together where My Numbers are decided.
NUMBER_STEPS = (*(round(0.5 + 0.01 * i, 2) for i in range(50)), 1.0)
SIMULATED = 2_000_000
_TABLE = (0.9, 0.99, 0.995, 0.998, 0.999, 0.9995)

Floats = NDArray[np.float64]
Rows = Mapping[str, Sequence[RowEvidence]]


def readings(
    reader: BoxReader,
    rows: Sequence[RowEvidence],
    thresholds: CharacterThresholds,
    scalings: Sequence[MatrixScaling] = (),
) -> list[BoxedReading]:
    """The rows as the reader would read them with these thresholds.

    Args:
        reader: Puts the views together.
        rows: The rows.
        thresholds: The thresholds.
        scalings: Of digits, one for each fold of images, fitted without it.
    """
    return [read_crossed(reader, row, thresholds, scalings) for row in rows]


def doubt_shares(
    boxed: Sequence[BoxedReading], rows: Sequence[RowEvidence], *, sure: bool
) -> tuple[dict[str, float], dict[str, tuple[int, int]]]:
    """How often doubtful cells are read wrong: upper bounds by state, and wrong of n.

    Args:
        boxed: Rows as read.
        rows: The same rows with their truth.
        sure: Of cells that are sure of their digit all the same, else of the others.
    """
    seen = {state: [0, 0] for state in DOUBT_STATES}
    for reading, row in zip(boxed, rows, strict=True):
        for cell, true in zip(reading.cells, row.truth, strict=True):
            of_these = (cell.confidence >= DOUBT_SURE_FROM) == sure
            if cell.state in seen and not cell.blank and of_these:
                seen[cell.state][0] += cell.best != true
                seen[cell.state][1] += 1
    shares = {state.value: upper_bound(wrong, n) for state, (wrong, n) in seen.items()}
    return shares, {state.value: (wrong, n) for state, (wrong, n) in seen.items()}


def doubt_parts(
    reader: BoxReader,
    rows: Rows,
    thresholds: CharacterThresholds,
    scalings: Sequence[MatrixScaling],
) -> dict[str, Any]:
    """How often cells in doubt are read wrong: ``shares`` for the artefact, and ``evaluation``.

    Args:
        reader: Puts the views together.
        rows: ``numbers``, and ``crossing`` with many characters over the lines.
        thresholds: Calibration and which cells are doubtful.
        scalings: As for ``readings``.
    """
    every = [*rows["numbers"], *rows["crossing"]]
    boxed = readings(reader, every, thresholds, scalings)
    unsure, of_unsure = doubt_shares(boxed, every, sure=False)
    sure, of_sure = doubt_shares(boxed, every, sure=True)
    return {
        "shares": {
            "doubt": {state: round(share, 6) for state, share in unsure.items()},
            "doubt_sure": {state: round(share, 6) for state, share in sure.items()},
            "doubt_sure_from": DOUBT_SURE_FROM,
        },
        "evaluation": {"doubtful_cells": of_unsure, "doubtful_cells_sure": of_sure},
    }


def with_doubt(thresholds: CharacterThresholds, parts: Mapping[str, Any]) -> CharacterThresholds:
    """The thresholds with ``shares`` of ``doubt_parts``."""
    return dataclasses.replace(thresholds, **parts["shares"])


def number_curve(simulated: Sequence[Outcomes]) -> RiskCurve:
    """The risk of numbers that are valid as read, by threshold."""
    parts = [possible(part) for part in simulated]
    return RiskCurve.measured_in_parts(parts, RELATIVE_OF_NUMBERS, NUMBER_STEPS)


def number_figures(
    boxed: Sequence[BoxedReading],
    rows: Sequence[RowEvidence],
    thresholds: CharacterThresholds,
    simulated: Sequence[Outcomes],
    choice: Choice,
) -> dict[str, Any]:
    """What was seen of rows and of numbers put together anew, for the artefact."""
    outcomes = number_outcomes(boxed, rows, thresholds)
    taken = {k: v[0] >= choice.threshold for k, v in outcomes.items()}
    return {
        "rows": len(rows),
        "rows_acceptable": {k: len(v[0]) for k, v in outcomes.items()},
        "rows_wrong": {k: int((~v[1]).sum()) for k, v in outcomes.items()},
        "accepted_of_real_rows": {k: int(t.sum()) for k, t in taken.items()},
        "wrong_of_real_accepted": {k: int((~outcomes[k][1] & t).sum()) for k, t in taken.items()},
        "simulated": SIMULATED,
        "simulated_by_kind": {k: by_kind(simulated, k) for k in KINDS},
        **describe(choice),
    }


def number_outcomes(
    boxed: Sequence[BoxedReading], rows: Sequence[RowEvidence], thresholds: CharacterThresholds
) -> dict[str, tuple[Floats, NDArray[np.bool_]]]:
    """My Numbers that could be accepted: confidence and truth, by kind."""
    outcomes: dict[str, tuple[list[float], list[bool]]] = {k: ([], []) for k in KINDS}
    fields = {"my_number": 0.0, "my_number_zero": 0.0, "my_number_corrected": 0.0}
    open_thresholds = dataclasses.replace(thresholds, field={**thresholds.field, **fields})
    for reading, row in zip(boxed, rows, strict=True):
        resolved = resolve_my_number(reading, open_thresholds)
        if not resolved.reading.accepted:
            continue
        kind = "zero" if reading.plain.endswith("0") else "plain"
        if resolved.reading.value != reading.plain:
            kind = "corrected"
        outcomes[kind][0].append(resolved.reading.confidence)
        outcomes[kind][1].append(resolved.reading.value == row.truth)
    return {k: (np.array(c), np.array(r, dtype=bool)) for k, (c, r) in outcomes.items()}


def describe(choice: Choice) -> dict[str, Any]:
    """For the artefact."""
    return {
        "value": choice.threshold,
        "accepted": choice.step.held if choice.supported else 0,
        "errors": choice.step.errors if choice.supported else 0,
        "n": choice.n,
        "risk_bound": round(choice.step.bound, 8),
        "target": choice.target,
        "supports_target": choice.supported,
    }


def possible(part: Outcomes) -> tuple[Floats, NDArray[np.bool_]]:
    """Confidence and truth of numbers that are valid as read: others are never accepted."""
    plain, zero = part["plain"], part["zero"]
    return np.concatenate([plain[0], zero[0]]), np.concatenate([plain[1], zero[1]])


def by_kind(parts: Sequence[Outcomes], kind: str) -> list[dict[str, float]]:
    """Accepted, wrong and the risk as stated, over the thresholds: is the posterior honest?"""
    confidence = np.concatenate([part[kind][0] for part in parts])
    right = np.concatenate([part[kind][1] for part in parts])
    table = []
    for threshold in _TABLE:
        taken = confidence >= threshold
        if taken.any():
            table.append(
                {
                    "from": threshold,
                    "accepted": int(taken.sum()),
                    "wrong": int((taken & ~right).sum()),
                    "stated": round(float((1 - confidence[taken]).sum()), 1),
                }
            )
    return table


def main() -> None:
    """Collects, measures, and puts what is asked of My Numbers into the artefact of characters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=200, help="sheets of 21 My Numbers")
    parser.add_argument("--crossing", type=int, default=40, help="the same, more over the line")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep", type=Path, help="a folder of one's own outside the repository: rows cut out once"
    )
    options = parser.parse_args()
    cv2.setNumThreads(1)
    started = time.time()
    settings = current()
    path = settings.models / ARTEFACT
    thresholds = CharacterThresholds.load(settings.models)
    store = ModelStore(settings.models)
    reader = BoxReader(store, PaddleRecogniser(store, settings.cache), thresholds)
    real = RealInk.load(data_folder(), "calibrate")
    away = digests_set_aside(real.split)
    rows: dict[str, list[RowEvidence]] = {}
    for name, sheets, seed, crossing in (
        ("numbers", options.numbers, options.seed, USUAL_CROSSING),
        ("crossing", options.crossing, options.seed + CROSSING_SEED, MUCH_CROSSING),
    ):
        kept = options.keep and options.keep / f"{name}-{options.seed}-{sheets}.pickle"
        rows[name] = kept_rows(reader, real, MY_NUMBER_ROW, sheets, seed, away, kept, crossing)
        print(f"{name}: {len(rows[name])} rows, {time.time() - started:.0f} s", file=sys.stderr)
    content = json.loads(path.read_text(encoding="utf-8"))
    put_into(content, reader, rows, thresholds, cross_fitting.load(settings.models))
    content["made"]["numbers_on"] = dt.datetime.now(dt.UTC).date().isoformat()
    content["made"]["numbers_seed"] = options.seed
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(content["evaluation"]["my_number"], indent=1))


def put_into(
    content: dict[str, Any],
    reader: BoxReader,
    rows: Rows,
    thresholds: CharacterThresholds,
    scalings: Sequence[MatrixScaling],
) -> None:
    """Measures My Numbers and changes what an artefact says of them.

    Args:
        content: The artefact; changed.
        reader: Puts the views together.
        rows: ``numbers`` and ``crossing``.
        thresholds: Of the artefact.
        scalings: As for ``readings``.
    """
    doubt = doubt_parts(reader, rows, thresholds, scalings)
    thresholds = with_doubt(thresholds, doubt)
    boxed = readings(reader, rows["numbers"], thresholds, scalings)
    simulated = simulate_in_parts(boxed, rows["numbers"], thresholds, SIMULATED, 7)
    curve = number_curve(simulated)
    choice = curve.choose(STANDARD_PER_MILLION)
    content |= doubt["shares"]
    content["field"] |= {"my_number": choice.threshold, "my_number_zero": choice.threshold}
    content["curves"]["my_number"] = curve.as_dict()
    figures = number_figures(boxed, rows["numbers"], thresholds, simulated, choice)
    content["evaluation"] |= {**doubt["evaluation"], "my_number": figures}


if __name__ == "__main__":
    main()
