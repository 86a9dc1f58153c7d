"""Computes from which confidence a boxed date is accepted, and writes the artefact.

    .venv/bin/python -m models.training.calibrate_dates

Dates in real ink of the split ``calibrate``, which the network never learnt from, are written
into ruled cells, printed and scanned in simulation, and read; a share names no day of the
calendar. Half of them are days of birth, half days of application at some day of arrival: those
are read with what is probable about them (``pipeline.readers.dates.date_prior``), a few against
it, and every third as a day of which nothing is probable. The curve of wrong dates by threshold
goes into the artefact, with the exact interval at every step; the office's target picks from it.
The split ``test`` is never opened.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.set_aside import digests_set_aside
from models.training import cross_fitting
from models.training.boxed_rows import collect
from models.training.calibrate_characters import describe
from models.training.cross_fitting import read_crossed
from pipeline.domain import era as eras
from pipeline.domain.documents import FieldName
from pipeline.domain.findings import FindingCode
from pipeline.model_store import ModelStore
from pipeline.readers.boxed import BoxedReading
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.calibrating.calibration import calibration_error, risk_coverage
from pipeline.readers.dates.date_prior import SHAPES
from pipeline.readers.dates.date_thresholds import ARTEFACT, DateThresholds
from pipeline.readers.dates.resolve_date import resolve_date
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.readers.resolved import Resolved
from pipeline.readers.risk.acceptance import STANDARD_PER_MILLION
from pipeline.readers.risk.risk_curves import NEVER, STEPS, RiskCurve
from pipeline.samples.real_ink import RealInk, data_folder
from pipeline.samples.row_sheets import RowKind
from pipeline.settings import current

# At most one wrong date in two hundred accepted, at the upper end of the interval. Stricter than
# the goal of one in a hundred; much stricter cannot be shown: nothing vouches for a date but the
# calendar, and about one image of a digit in two thousand bears a wrong label.
# As a multiple of the office's setting, which moves it: 13.5 times 370 in a million.
RELATIVE = 13.5
# No single date that is less sure is taken, however right all of them together are.
LEAST_SURE = 0.95
IMPOSSIBLE_SHARE = 0.01  # assumed: one date in a hundred is written as no day
PADDED_SHARE = 0.4
# How applications come in, assumed: after twenty days on average, a few after up to three years.
DELAY_DAYS = 20.0
# About where a digit needs no flag. What dates with such digits risk is in the curve below.
SHARED_SURE_FROM = 0.99
LONG_DELAY_SHARE = 0.03
LONG_DELAY_DAYS = 1100
DATE_ROW = RowKind(FieldName.BIRTH_DATE, "0123456789", 6, (7.0, 9.0), 12.0, 2, 4.6)
# Close together where dates are decided.
DATE_STEPS = (*STEPS[:-4], 0.965, 0.97, 0.975, 0.98, 0.985, 0.99, 1.0)
_THIRD = 3
_FIELDS = (FieldName.BIRTH_DATE, FieldName.APPLICATION_DATE, FieldName.STAY_LIMIT_DATE)
_COVERAGE = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
_IMPOSSIBLE_STEPS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as it was written.

    Attributes:
        text: Six characters, a blank for an empty cell.
        day: What it names; None where it names no day.
        arrived: When the paper came in; None where nothing is known.
    """

    text: str
    day: dt.date | None
    field: FieldName
    era: str
    arrived: dt.date | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One date as read: could it be accepted, how sure, and right?"""

    acceptable: bool
    confidence: float
    right: bool
    written_impossible: bool


def draw_date(rng: np.random.Generator) -> WrittenDate:
    """A day of birth or of application; a small share names no day."""
    return _birth(rng) if rng.random() < 0.5 else _application(rng)


def as_measured(written: WrittenDate, number: int) -> WrittenDate:
    """Every third date as one of a field that nothing is known of: its digits stand alone."""
    if number % _THIRD:
        return written
    return dataclasses.replace(written, field=FieldName.STAY_LIMIT_DATE, arrived=None)


def _birth(rng: np.random.Generator) -> WrittenDate:
    day = dt.date(1927, 1, 1) + dt.timedelta(days=int(rng.integers(0, 22500)))
    text, named = _spelled(rng, day.year - 1925, day, "昭和")
    arrived = dt.date(2024, 6, 1) + dt.timedelta(days=int(rng.integers(0, 2500)))
    return WrittenDate(text, named, FieldName.BIRTH_DATE, "昭和", arrived)


def _application(rng: np.random.Generator) -> WrittenDate:
    arrived = dt.date(2024, 6, 1) + dt.timedelta(days=int(rng.integers(0, 2500)))
    slow = rng.random() < LONG_DELAY_SHARE
    days = rng.integers(0, LONG_DELAY_DAYS) if slow else rng.exponential(DELAY_DAYS)
    day = arrived - dt.timedelta(days=int(days))
    text, named = _spelled(rng, day.year - 2018, day, "令和")
    return WrittenDate(text, named, FieldName.APPLICATION_DATE, "令和", arrived)


def _spelled(
    rng: np.random.Generator, year: int, day: dt.date, era: str
) -> tuple[str, dt.date | None]:
    numbers = [year, day.month, day.day]
    if rng.random() < IMPOSSIBLE_SHARE:
        numbers[1:] = [(2, 30), (4, 31), (13, 1), (6, 31), (2, 31)][int(rng.integers(5))]
    pattern = "{:02d}" if rng.random() < PADDED_SHARE else "{:2d}"
    return "".join(pattern.format(n) for n in numbers), eras.to_date(era, *numbers)


def resolved(reading: BoxedReading, written: WrittenDate, limits: DateThresholds) -> Resolved:
    """A date as the reader takes it."""
    return resolve_date(
        written.field,
        None,
        reading,
        None,
        printed_era=written.era,
        thresholds=limits,
        arrived=written.arrived,
    )


def judge(reading: BoxedReading, written: WrittenDate, limits: DateThresholds) -> Outcome:
    """A date as the reader would take it with these thresholds."""
    found = resolved(reading, written, limits).reading
    right = written.day is not None and found.value == written.day.isoformat()
    return Outcome(found.accepted, found.confidence, right, written.day is None)


def arrays(outcomes: Sequence[Outcome]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence and truth of the dates that nothing but the threshold keeps from acceptance."""
    held = [o for o in outcomes if o.acceptable]
    return np.array([o.confidence for o in held]), np.array([o.right for o in held], bool)


def date_curve(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> RiskCurve:
    """The risk of dates by threshold."""
    return RiskCurve.measured(confidence, right, RELATIVE, DATE_STEPS).down_to(LEAST_SURE)


def impossible_threshold(
    rows: Sequence[tuple[str, WrittenDate, BoxedReading]],
) -> tuple[float, list[dict[str, float]]]:
    """The step at which the finding of an impossible date is right most often, and the table."""
    table = []
    for step in _IMPOSSIBLE_STEPS:
        limits = DateThresholds(
            "trial",
            NEVER,
            step,
            {},
            impossible_share=IMPOSSIBLE_SHARE,
            shared_sure_from=SHARED_SURE_FROM,
        )
        told = wrong = missed = 0
        for _, written, reading in rows:
            findings = resolved(reading, written, limits).findings
            said = any(f.code == FindingCode.DATE_IMPOSSIBLE for f in findings)
            truly = written.day is None
            told += said
            wrong += said and not truly
            missed += truly and not said
        table.append({"from": step, "told": told, "wrong": wrong, "missed": missed})
    best = min(table, key=lambda row: (row["wrong"] + row["missed"], row["from"]))
    return float(best["from"]), table


def main() -> None:
    """Collects, measures, and writes ``models/thresholds/dates-v1.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheets", type=int, default=100, help="sheets of 22 dates")
    parser.add_argument("--minutes", type=float, default=600, help="stop collecting after these")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    until = time.monotonic() + 60 * options.minutes
    settings = current()
    store = ModelStore(settings.models)
    thresholds = CharacterThresholds.load(settings.models)
    reader = BoxReader(store, PaddleRecogniser(store, settings.cache), thresholds)
    real = RealInk.load(data_folder(), "calibrate")
    scalings = cross_fitting.load(settings.models)
    rows: list[tuple[str, WrittenDate, BoxedReading]] = []
    drawn: list[WrittenDate] = []

    def write_one(rng: np.random.Generator) -> str:
        drawn.append(draw_date(rng))
        return drawn[-1].text

    # As for the characters: what plainly shows another digit than its label is no wrong reading.
    away = digests_set_aside(real.split)
    evidence = collect(reader, real, DATE_ROW, options.sheets, options.seed, away, write=write_one)
    for row in evidence:
        reading = read_crossed(reader, row, thresholds, scalings)
        # A sheet is written whole before its first row is read: the n-th row is the n-th drawn.
        rows.append((row.preset, as_measured(drawn[len(rows)], len(rows)), reading))
        if len(rows) % 220 == 0:
            print(f"{len(rows)} dates read", file=sys.stderr)
        if time.monotonic() > until:
            break
    artefact = compute(rows)
    write(artefact, reader.model_version, options.seed, settings.models / ARTEFACT)


def write(artefact: dict[str, Any], characters: str, seed: int, path: Path) -> None:
    """Writes the artefact with what it was made from, and prints it."""
    artefact["made"] = {
        "on": dt.datetime.now(dt.UTC).date().isoformat(),
        "characters": characters,
        "split": "calibrate",
        "seed": seed,
    }
    path.write_text(json.dumps(artefact, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(artefact, indent=1))


def compute(rows: Sequence[tuple[str, WrittenDate, BoxedReading]]) -> dict[str, Any]:
    """The artefact's content from rows as read (preset, written, reading)."""
    impossible_from, table = impossible_threshold(rows)
    limits = DateThresholds(
        "collecting",
        0.0,
        impossible_from,
        {},
        impossible_share=IMPOSSIBLE_SHARE,
        shared_sure_from=SHARED_SURE_FROM,
    )
    stood = [judge(reading, written, limits) for _, written, reading in rows]
    confidence, right = arrays(stood)
    curve = date_curve(confidence, right)
    choice = curve.choose(STANDARD_PER_MILLION)
    possible = sum(not o.written_impossible for o in stood)
    by_field = {}
    for field in _FIELDS:
        own = [o for o, row in zip(stood, rows, strict=True) if row[1].field == field]
        taken = [o for o in own if o.acceptable and o.confidence >= choice.threshold]
        by_field[field.value] = {
            "possible": sum(not o.written_impossible for o in own),
            "accepted": len(taken),
            "errors": sum(not o.right for o in taken),
        }
    return {
        "version": "dates-v1/6",
        "accept_from": choice.threshold,
        "impossible_from": impossible_from,
        "impossible_share": IMPOSSIBLE_SHARE,
        "shared_sure_from": SHARED_SURE_FROM,
        "curve": curve.as_dict(),
        "prior": SHAPES,
        "evaluation": {
            "as_they_stood": {
                **describe(choice),
                "dates": len(stood),
                "possible": possible,
                "accepted_of_possible": round(
                    choice.step.held * choice.supported / max(1, possible), 4
                ),
                "calibration_error": round(calibration_error(confidence, right), 5),
            },
            "by_field": by_field,
            "risk_coverage": risk_coverage(confidence, right, _COVERAGE),
            "impossible": table,
        },
    }


if __name__ == "__main__":
    main()
