"""Computes how boxed characters are calibrated and accepted, and writes the artefact.

    .venv/bin/python -m models.training.calibrate_characters

Reads the split ``calibrate``: ink that the network never learnt from, written into ruled cells,
printed and scanned in simulation. The split ``test`` is never opened here.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.set_aside import digests_set_aside
from models.training import cross_fitting
from models.training.boxed_rows import RowEvidence, kept_rows
from models.training.calibrate_numbers import (
    CROSSING_SEED,
    MUCH_CROSSING,
    RELATIVE_OF_NUMBERS,
    SIMULATED,
    describe,
    doubt_parts,
    number_curve,
    number_figures,
    possible,
    readings,
    with_doubt,
)
from models.training.cross_fitting import fit_folds, fold_of
from models.training.simulated_numbers import (
    PARTS,
    Outcomes,
    simulate_codes,
    simulate_in_parts,
)
from pipeline.domain.pin import always_flagged
from pipeline.model_store import ModelStore
from pipeline.readers.boxed import BoxedReading, CellState
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.boxes.character_network import BOX_MODELS, MODEL
from pipeline.readers.boxes.character_thresholds import ARTEFACT, CharacterThresholds, ViewWeights
from pipeline.readers.boxes.joining import joined
from pipeline.readers.boxes.matrix_scaling import MatrixScaling
from pipeline.readers.calibrating.calibration import (
    calibration_error,
    fit_scaling,
    fit_views,
    risk_coverage,
)
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.readers.risk.acceptance import STANDARD_PER_MILLION
from pipeline.readers.risk.risk_curves import (
    FINE_STEPS,
    NEVER,
    RiskCurve,
)
from pipeline.samples.real_ink import RealInk, data_folder
from pipeline.samples.row_sheets import MY_NUMBER_ROW, PIN_ROW, POSTAL_ROW
from pipeline.settings import current

# What each kind asks, as multiples of the office's setting (370 in a million where it says
# nothing else); the setting moves all of them together.
RELATIVE = {
    "my_number": RELATIVE_OF_NUMBERS,
    # One code in 500: nothing vouches for a code but its own digits, and what is asked of a
    # whole field would leave nearly all to a person.
    "digits": 5.4,
    # 99.9 % of unflagged digits right.
    "character_digits": 2.7,
    # Wrong and unflagged PIN characters, 700 in a million. The goal is none; about one letter of
    # the ink in a thousand bears a wrong label, so no threshold can be shown to do much better on
    # it. A needless flag costs seconds, a wrong PIN a second visit to the counter.
    "character_capitals": 1.9,
}
INVALID_WRITTEN_SHARE = 0.01  # assumed: one applicant in a hundred writes a wrong digit
_WINDOW = 7  # a postal code
_CLEAR_BELOW = 0.5
_CLEAN_JUNK_PERCENTILE = 99.6
_CLEAN_OVER_PERCENTILE = 99.9
_OVER_LIMITS = (0.1, 0.97)
_CAPITAL_LOWER_PERCENTILE = 99.0
SIMULATED_CODES = 100_000
_SHARES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Cells:
    """All cells of some rows whose ink is a single clear glyph, with both views."""

    first: Floats
    second: Floats
    truth: NDArray[np.int64]
    junk: Floats
    over: Floats
    fold: NDArray[np.int64]
    alphabet: str

    @classmethod
    def of(cls, rows: Sequence[RowEvidence]) -> Cells:
        """Gathers the cells that the geometry does not doubt."""
        alphabet = rows[0].zone.alphabet
        first, second, truth, junk, over, fold = [], [], [], [], [], []
        for row in rows:
            held = [i for i, ink in enumerate(row.inks) if ink.ink_px is not None]
            for k, i in enumerate(held):
                if row.inks[i].state != CellState.INK or row.views.second is None:
                    continue
                first.append(row.views.first[k])
                second.append(row.views.second[k])
                truth.append(alphabet.index(row.truth[i]))
                junk.append(float(np.exp(row.views.network[k, -1])))
                digits = row.views.digits
                over.append(0.0 if digits is None else float(np.exp(digits[k, -1])))
                fold.append(fold_of(row.digests[i]))
        return cls(
            np.array(first),
            np.array(second),
            np.array(truth),
            np.array(junk),
            np.array(over),
            np.array(fold, np.int64),
            alphabet,
        )

    def clear(self) -> Cells:
        """Those that are probably one character."""
        clear = self.junk < _CLEAR_BELOW
        parts = (self.first, self.second, self.truth, self.junk, self.over, self.fold)
        return Cells(*(part[clear] for part in parts), self.alphabet)


def fit(cells: Cells) -> ViewWeights:
    """Weights of the views."""
    clear = cells.clear()
    return fit_views(clear.first, clear.second, clear.truth)


def fit_digits(cells: Cells) -> tuple[ViewWeights, tuple[MatrixScaling, ...]]:
    """Weights of the views of digits with their scaling, and for each fold that without it."""
    weights, clear = fit(cells), cells.clear()
    logs = np.log(joined(clear.first, clear.second, weights))
    scaling = fit_scaling(logs, clear.truth)
    folds = fit_folds(logs, clear.truth, clear.fold)
    return dataclasses.replace(weights, scaling=scaling), folds


def unflagged_cells(
    boxed: Sequence[BoxedReading], rows: Sequence[RowEvidence], *, pin: bool
) -> tuple[Floats, NDArray[np.bool_], int]:
    """Confidence and truth of cells that nothing but the threshold would flag, and their share."""
    confidence, right, total = [], [], 0
    for reading, row in zip(boxed, rows, strict=True):
        for cell, true in zip(reading.cells, row.truth, strict=True):
            if pin and always_flagged(true, row.zone.alphabet):
                continue
            total += 1
            if cell.blank or cell.doubtful or len(set(cell.views)) > 1:
                continue
            if pin and always_flagged(cell.best, row.zone.alphabet):
                continue
            confidence.append(cell.confidence)
            right.append(cell.best == true)
    return np.array(confidence), np.array(right, dtype=bool), total


def windows(
    boxed: Sequence[BoxedReading], rows: Sequence[RowEvidence]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Seven digits without a check digit: least geometric mean and whether all are right."""
    confidence, right = [], []
    for reading, row in zip(boxed, rows, strict=True):
        for start in range(0, len(reading.cells) - _WINDOW + 1, _WINDOW):
            cells = reading.cells[start : start + _WINDOW]
            if any(cell.blank or cell.doubtful for cell in cells):
                continue
            mean = float(np.exp(np.mean([np.log(cell.confidence) for cell in cells])))
            confidence.append(mean)
            right.append("".join(c.best for c in cells) == row.truth[start : start + _WINDOW])
    return np.array(confidence), np.array(right, dtype=bool)


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured for one kind of field.

    Attributes:
        curve: Risk by threshold.
        pairs: Confidence and truth of what nothing but the threshold keeps from acceptance.
        total: Readings in all, with those that something else bars.
    """

    curve: RiskCurve
    pairs: tuple[Floats, NDArray[np.bool_]]
    total: int


def evidence_of(
    boxed: dict[str, list[BoxedReading]],
    rows: dict[str, list[RowEvidence]],
    thresholds: CharacterThresholds,
) -> tuple[dict[str, Evidence], list[Outcomes]]:
    """Curves of every kind of boxed field, and the simulated My Numbers behind one of them.

    Args:
        boxed: ``numbers``, ``postal`` and ``pins`` as read.
        rows: The same with their truth.
        thresholds: Calibration and which cells are doubtful.
    """
    digit_boxed, digit_rows = boxed["numbers"] + boxed["postal"], rows["numbers"] + rows["postal"]
    simulated = simulate_in_parts(boxed["numbers"], rows["numbers"], thresholds, SIMULATED, 7)
    codes = [
        simulate_codes(
            digit_boxed[part::PARTS],
            digit_rows[part::PARTS],
            _WINDOW,
            SIMULATED_CODES // PARTS,
            8 + part,
        )
        for part in range(PARTS)
    ]
    found = {
        "my_number": Evidence(
            number_curve(simulated), _together(map(possible, simulated)), SIMULATED
        ),
        # Nothing but its digits vouches for a code: few are sure enough.
        "digits": Evidence(
            RiskCurve.measured_in_parts(codes, RELATIVE["digits"], FINE_STEPS),
            _together(codes),
            SIMULATED_CODES,
        ),
    }
    for kind, read, truth in (
        ("character_digits", digit_boxed, digit_rows),
        ("character_capitals", boxed["pins"], rows["pins"]),
    ):
        confidence, right, total = unflagged_cells(read, truth, pin=kind == "character_capitals")
        curve = RiskCurve.measured(confidence, right, RELATIVE[kind])
        found[kind] = Evidence(curve, (confidence, right), total)
    return found, simulated


def _together(
    parts: Iterable[tuple[Floats, NDArray[np.bool_]]],
) -> tuple[Floats, NDArray[np.bool_]]:
    confidences, rights = zip(*parts, strict=True)
    return np.concatenate(confidences), np.concatenate(rights)


def main() -> None:
    """Collects, fits, and writes ``models/thresholds/characters-v1.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=200, help="sheets of 21 My Numbers")
    parser.add_argument("--crossing", type=int, default=40, help="the same, more over the line")
    parser.add_argument("--pins", type=int, default=60, help="sheets of 21 rows of 16 characters")
    parser.add_argument("--postal", type=int, default=15, help="sheets of 30 rows of 28 digits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep", type=Path, help="a folder of one's own outside the repository: rows cut out once"
    )
    parser.add_argument("--out", type=Path, help="the artefact; that of the models if left out")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    started = time.time()
    settings = current()
    store = ModelStore(settings.models)
    provisional = provisional_thresholds()
    reader = BoxReader(store, PaddleRecogniser(store, settings.cache), provisional)
    real = RealInk.load(data_folder(), "calibrate")
    rows: dict[str, list[RowEvidence]] = {}
    for name, kind, sheets in (
        ("numbers", MY_NUMBER_ROW, options.numbers),
        ("crossing", MY_NUMBER_ROW, options.crossing),
        ("pins", PIN_ROW, options.pins),
        ("postal", POSTAL_ROW, options.postal),
    ):
        # Ink that plainly shows another character than its label is no error of reading.
        away = digests_set_aside(real.split)
        kept = options.keep and options.keep / f"{name}-{options.seed}-{sheets}.pickle"
        more = {"crossing": MUCH_CROSSING} if name == "crossing" else {}
        seed = options.seed + (CROSSING_SEED if more else 0)
        rows[name] = kept_rows(reader, real, kind, sheets, seed, away, kept, **more)
        print(f"{name}: {len(rows[name])} rows, {time.time() - started:.0f} s", file=sys.stderr)
    artefact, scalings = compute(reader, rows, provisional)
    artefact["made"] = {
        "on": dt.datetime.now(dt.UTC).date().isoformat(),
        "network": " ".join(store.version(name) for name in BOX_MODELS),
        "letters_network": store.version(MODEL),
        "line_model": store.version("pp_ocrv6_small_rec"),
        "split": "calibrate",
        "seed": options.seed,
    }
    path = options.out or settings.models / ARTEFACT
    cross_fitting.write(scalings, settings.models)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(artefact, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(artefact["evaluation"], indent=1))


def provisional_thresholds() -> CharacterThresholds:
    """Thresholds that shut nothing out, for collecting."""
    even = ViewWeights(1.0, 0.5, 1.0, 0.0001)
    return CharacterThresholds(
        version="provisional",
        views={"digits": even, "capitals": even},
        character={"digits": 0.0, "capitals": 0.0},
        field={"digits": 0.0, "my_number": 0.0, "my_number_corrected": 0.0},
        junk=1.0,
        lower_case=1.0,
        invalid_written_share=INVALID_WRITTEN_SHARE,
        evaluation={},
    )


def compute(
    reader: BoxReader,
    rows: dict[str, list[RowEvidence]],
    provisional: CharacterThresholds,
) -> tuple[dict[str, Any], tuple[MatrixScaling, ...]]:
    """The artefact's content from collected rows, and the scalings that it was measured with."""
    digit_rows, pin_rows = rows["numbers"] + rows["postal"], rows["pins"]
    digits, capitals = Cells.of(digit_rows), Cells.of(pin_rows)
    of_digits, scalings = fit_digits(digits)
    views = {"digits": of_digits, "capitals": fit(capitals)}
    both = np.concatenate([digits.junk, capitals.junk])
    junk = float(np.clip(np.percentile(both, _CLEAN_JUNK_PERCENTILE), 0.05, 0.9))
    over = float(np.clip(np.percentile(digits.over, _CLEAN_OVER_PERCENTILE), *_OVER_LIMITS))
    thresholds = dataclasses.replace(provisional, views=views, junk=junk, overwritten=over)
    numbers = readings(reader, rows["numbers"], thresholds, scalings)
    doubt = doubt_parts(reader, rows, thresholds, scalings)
    thresholds = with_doubt(thresholds, doubt)
    postal = readings(reader, rows["postal"], thresholds, scalings)
    pins = readings(reader, pin_rows, thresholds)
    lower = [
        cell.lower_case
        for reading in pins
        for cell in reading.cells
        if not cell.blank and cell.best.isalpha()
    ]
    lower_case = float(np.clip(np.percentile(lower, _CAPITAL_LOWER_PERCENTILE), 0.5, 0.97))
    boxed = {"numbers": numbers, "postal": postal, "pins": pins}
    evidence, simulated = evidence_of(boxed, rows, thresholds)
    curves = {kind: one.curve for kind, one in evidence.items()}
    d_conf, d_right = evidence["character_digits"].pairs
    p_conf, p_right = evidence["character_capitals"].pairs
    d_total, p_total = evidence["character_digits"].total, evidence["character_capitals"].total
    number, seven, digit, capital = (c.choose(STANDARD_PER_MILLION) for c in curves.values())
    whole = windows(numbers + postal, digit_rows)
    real_errors = int((~whole[1] & (whole[0] >= seven.threshold)).sum())
    evaluation: dict[str, Any] = {
        "targets_relative_to_setting": RELATIVE,
        **doubt["evaluation"],
        "digits": {
            **_figures(digits, of_digits),
            "cells": d_total,
            "character": describe(digit),
            "risk_coverage": risk_coverage(d_conf, d_right, _SHARES),
        },
        "capitals": {
            **_figures(capitals, views["capitals"]),
            "cells_outside_always_flagged": p_total,
            "character": describe(capital),
            "risk_coverage": risk_coverage(p_conf, p_right, _SHARES),
        },
        "my_number": number_figures(numbers, rows["numbers"], thresholds, simulated, number),
        "seven_digits": {
            **describe(seven),
            "real_rows_accepted": int((whole[0] >= seven.threshold).sum()),
            "real_rows_wrong": real_errors,
            "real_rows": len(whole[0]),
        },
    }
    content = {
        "version": "characters-v1/3",
        "views": {kind: _as_content(weights) for kind, weights in views.items()},
        "character": {"digits": digit.threshold, "capitals": capital.threshold},
        "field": {
            "my_number": number.threshold,
            "my_number_zero": number.threshold,
            # A person looks at what was changed: hardly any is as sure as a plain one.
            "my_number_corrected": NEVER,
            "digits": seven.threshold,
        },
        "curves": {name: curve.as_dict() for name, curve in curves.items()},
        **doubt["shares"],
        "junk": junk,
        "overwritten": over,
        "lower_case": lower_case,
        "invalid_written_share": INVALID_WRITTEN_SHARE,
        "evaluation": evaluation,
    }
    return content, scalings


def _as_content(weights: ViewWeights) -> dict[str, Any]:
    found = {name: value for name, value in dataclasses.asdict(weights).items() if value}
    return {k: round(v, 8) if isinstance(v, float) else v for k, v in found.items()}


def _figures(cells: Cells, weights: ViewWeights) -> dict[str, float]:
    posterior = joined(cells.first, cells.second, weights)
    right = posterior.argmax(axis=1) == cells.truth
    error = calibration_error(posterior.max(axis=1), right)
    return {"accuracy": round(float(right.mean()), 6), "calibration_error": round(error, 6)}


if __name__ == "__main__":
    main()
