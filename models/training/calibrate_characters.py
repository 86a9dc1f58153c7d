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
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.boxed_rows import RowEvidence, collect
from models.training.simulated_numbers import KINDS, simulate, simulate_codes
from pipeline.domain.pin import always_flagged
from pipeline.model_store import ModelStore
from pipeline.readers.boxed import BoxedReading, CellState
from pipeline.readers.boxes import BoxReader
from pipeline.readers.calibration import (
    Threshold,
    calibration_error,
    fit_views,
    risk_coverage,
    threshold_for,
)
from pipeline.readers.joining import joined
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.readers.resolve_my_number import resolve_my_number
from pipeline.readers.thresholds import ARTEFACT, NEVER, CharacterThresholds, ViewWeights
from pipeline.samples.real_ink import RealInk, data_folder
from pipeline.samples.row_sheets import MY_NUMBER_ROW, PIN_ROW, POSTAL_ROW
from pipeline.settings import current

DIGIT_TARGET = 0.001  # 99.9 % of unflagged digits right
# Wrong and unflagged PIN characters at most. The goal is none; about one letter of the ink in a
# thousand bears a wrong label, so no threshold can be shown to do much better on it. A needless
# flag costs seconds, a wrong PIN a second visit to the counter.
PIN_TARGET = 0.0007
# One wrong code in 500: nothing vouches for a code but its own digits, and the number of errors
# asked for of a whole field would leave nearly all to a person.
CODE_TARGET = 0.002
# The target is for all My Numbers. Two in eleven have the check digit 0; a quarter of the errors
# allowed may fall there, the others on the rest.
NUMBER_SHARES = {"plain": 0.6, "zero": 1.4, "corrected": 1.0}
INVALID_WRITTEN_SHARE = 0.01  # assumed: one applicant in a hundred writes a wrong digit
_WINDOW = 7  # a postal code
_CLEAN_JUNK_PERCENTILE = 99.6
_CLEAN_OVER_PERCENTILE = 99.9
_OVER_LIMITS = (0.1, 0.97)
_CAPITAL_LOWER_PERCENTILE = 99.0
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
    alphabet: str

    @classmethod
    def of(cls, rows: Sequence[RowEvidence]) -> Cells:
        """Gathers the cells that the geometry does not doubt."""
        alphabet = rows[0].zone.alphabet
        first, second, truth, junk, over = [], [], [], [], []
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
        return cls(
            np.array(first),
            np.array(second),
            np.array(truth),
            np.array(junk),
            np.array(over),
            alphabet,
        )


def fit(cells: Cells) -> ViewWeights:
    """Weights from the cells that are probably one character."""
    clear = cells.junk < 0.5
    return fit_views(cells.first[clear], cells.second[clear], cells.truth[clear])


def readings(
    reader: BoxReader, rows: Sequence[RowEvidence], thresholds: CharacterThresholds
) -> list[BoxedReading]:
    """The rows as the reader would read them with these thresholds."""
    return [reader.assemble(row.zone, row.inks, row.views, thresholds) for row in rows]


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


def describe(threshold: Threshold) -> dict[str, Any]:
    """For the artefact."""
    return {
        k: (round(v, 8) if isinstance(v, float) else v)
        for k, v in dataclasses.asdict(threshold).items()
    }


def main() -> None:
    """Collects, fits, and writes ``models/thresholds/characters-v1.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=90, help="sheets of 21 My Numbers")
    parser.add_argument("--pins", type=int, default=60, help="sheets of 21 rows of 16 characters")
    parser.add_argument("--postal", type=int, default=15, help="sheets of 30 rows of 28 digits")
    parser.add_argument("--seed", type=int, default=1)
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
        ("pins", PIN_ROW, options.pins),
        ("postal", POSTAL_ROW, options.postal),
    ):
        rows[name] = list(collect(reader, real, kind, sheets, options.seed))
        print(f"{name}: {len(rows[name])} rows, {time.time() - started:.0f} s", file=sys.stderr)
    artefact = compute(reader, rows, provisional, settings.silent_errors_per_million / 1e6)
    artefact["made"] = {
        "on": dt.datetime.now(dt.UTC).date().isoformat(),
        "network": store.version("characters-v1"),
        "digits_network": store.version("digits-v1"),
        "line_model": store.version("pp_ocrv6_small_rec"),
        "split": "calibrate",
        "seed": options.seed,
    }
    path = settings.models / ARTEFACT
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
    target: float,
) -> dict[str, Any]:
    """The artefact's content from collected rows."""
    digit_rows, pin_rows = rows["numbers"] + rows["postal"], rows["pins"]
    digits, capitals = Cells.of(digit_rows), Cells.of(pin_rows)
    views = {"digits": fit(digits), "capitals": fit(capitals)}
    both = np.concatenate([digits.junk, capitals.junk])
    junk = float(np.clip(np.percentile(both, _CLEAN_JUNK_PERCENTILE), 0.05, 0.9))
    over = float(np.clip(np.percentile(digits.over, _CLEAN_OVER_PERCENTILE), *_OVER_LIMITS))
    thresholds = dataclasses.replace(provisional, views=views, junk=junk, overwritten=over)
    numbers = readings(reader, rows["numbers"], thresholds)
    postal = readings(reader, rows["postal"], thresholds)
    pins = readings(reader, pin_rows, thresholds)
    lower = [
        cell.lower_case
        for reading in pins
        for cell in reading.cells
        if not cell.blank and cell.best.isalpha()
    ]
    lower_case = float(np.clip(np.percentile(lower, _CAPITAL_LOWER_PERCENTILE), 0.5, 0.97))
    d_conf, d_right, d_total = unflagged_cells(numbers + postal, digit_rows, pin=False)
    p_conf, p_right, p_total = unflagged_cells(pins, pin_rows, pin=True)
    digit = threshold_for(d_conf, d_right, DIGIT_TARGET, margin=False)
    capital = threshold_for(p_conf, p_right, PIN_TARGET, margin=False)
    outcomes = number_outcomes(numbers, rows["numbers"], thresholds)
    simulated = simulate(numbers, rows["numbers"], INVALID_WRITTEN_SHARE, 60000, 7)
    number = {
        kind: threshold_for(
            np.concatenate([outcomes[kind][0], simulated[kind][0]]),
            np.concatenate([outcomes[kind][1], simulated[kind][1]]),
            target * NUMBER_SHARES[kind],
            # Under a 0 the errors seen are images that every view reads so: labels as likely as
            # readings. A margin beyond them would leave all such numbers to a person.
            margin=kind != "zero",
        )
        for kind in KINDS
    }
    seven = threshold_for(
        *simulate_codes(numbers + postal, digit_rows, _WINDOW, 40000, 8), CODE_TARGET, margin=False
    )
    whole = windows(numbers + postal, digit_rows)
    real_errors = int((~whole[1] & (whole[0] >= seven.value)).sum())
    evaluation: dict[str, Any] = {
        "target_per_field": target,
        "target_per_pin_character": PIN_TARGET,
        "target_per_code": CODE_TARGET,
        "digits": {
            "accuracy": round(float((_best(digits, views["digits"]) == digits.truth).mean()), 6),
            "calibration_error": round(_error(digits, views["digits"]), 6),
            "cells": d_total,
            "character": describe(digit),
            "risk_coverage": risk_coverage(d_conf, d_right, _SHARES),
        },
        "capitals": {
            "accuracy": round(
                float((_best(capitals, views["capitals"]) == capitals.truth).mean()), 6
            ),
            "calibration_error": round(_error(capitals, views["capitals"]), 6),
            "cells_outside_always_flagged": p_total,
            "character": describe(capital),
            "risk_coverage": risk_coverage(p_conf, p_right, _SHARES),
        },
        "my_number": {
            "rows": len(numbers),
            "rows_acceptable": {k: len(v[0]) for k, v in outcomes.items()},
            "rows_wrong": {k: int((~v[1]).sum()) for k, v in outcomes.items()},
            "simulated_wrong": {k: int((~v[1]).sum()) for k, v in simulated.items()},
            **{kind: describe(threshold) for kind, threshold in number.items()},
        },
        "seven_digits": {
            **describe(seven),
            "real_rows_accepted": int((whole[0] >= seven.value).sum()),
            "real_rows_wrong": real_errors,
            "real_rows": len(whole[0]),
        },
    }
    return {
        "version": "characters-v1/1",
        "views": {
            k: {n: round(x, 8) for n, x in dataclasses.asdict(v).items()} for k, v in views.items()
        },
        "character": {"digits": digit.value, "capitals": capital.value},
        "field": {
            "my_number": number["plain"].value,
            "my_number_zero": number["zero"].value,
            # Seen right in too few cases to be taken: a person looks at what was changed.
            "my_number_corrected": NEVER,
            "digits": seven.value,
        },
        "junk": junk,
        "overwritten": over,
        "lower_case": lower_case,
        "invalid_written_share": INVALID_WRITTEN_SHARE,
        "evaluation": evaluation,
    }


def _best(cells: Cells, weights: ViewWeights) -> NDArray[np.int64]:
    return np.asarray(joined(cells.first, cells.second, weights).argmax(axis=1), np.int64)


def _error(cells: Cells, weights: ViewWeights) -> float:
    posterior = joined(cells.first, cells.second, weights)
    return calibration_error(posterior.max(axis=1), posterior.argmax(axis=1) == cells.truth)


if __name__ == "__main__":
    main()
