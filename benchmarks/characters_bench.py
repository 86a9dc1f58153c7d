"""Boxed characters: rows of held-back real ink, ruled, printed and scanned in simulation.

Every figure has its n and an exact interval. Images that are plainly mislabelled are set aside by
the list in ``benchmarks/set_aside.json``, made by looking at the images and their labels alone.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import cv2
import numpy as np

from benchmarks import kind_marks_bench, own_hand_bench
from benchmarks.intervals import Rate, expected_calibration_error
from benchmarks.set_aside import digests_set_aside
from models.training.boxed_rows import RowEvidence, collect
from pipeline.domain.documents import FieldName
from pipeline.domain.findings import FindingCode
from pipeline.domain.pin import Kind, always_flagged, kind_of
from pipeline.model_store import ModelStore
from pipeline.readers.boxed import BoxedReading
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.boxes.resolve_digits import resolve_digits
from pipeline.readers.boxes.resolve_my_number import resolve_my_number
from pipeline.readers.boxes.resolve_pin import resolve_pin
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.samples.real_ink import RealInk, data_folder
from pipeline.samples.row_sheets import MY_NUMBER_ROW, PIN_ROW, POSTAL_ROW, RowKind
from pipeline.settings import current

SEED = 20261123
# Sheets of 21 My Numbers, of 21 rows of 16 PIN characters, of 30 rows of 4 postal codes.
_QUICK, _FULL = (36, 24, 4), (477, 120, 40)
_POSTAL = 7


def run(full: bool) -> dict[str, Any]:
    """Measures everything on the split ``test``.

    Args:
        full: 10,000 My Numbers and 40,000 PIN characters, in about an hour; else 750 and 8,000.
    """
    cv2.setNumThreads(1)
    if not (data_folder() / "handwriting").is_dir():
        return {"skipped": "the handwriting data is not here (UKETSUKE_DATA)"}
    settings = current()
    store = ModelStore(settings.models)
    thresholds = CharacterThresholds.load(settings.models)
    reader = BoxReader(store, PaddleRecogniser(store, settings.cache), thresholds)
    real = RealInk.load(data_folder(), "test")
    away = digests_set_aside("test")
    numbers, pins, postal = _FULL if full else _QUICK
    result: dict[str, Any] = {"set_aside_images": len(away), "thresholds": thresholds.version}
    for name, kind, sheets, measure in (
        ("my_number", MY_NUMBER_ROW, numbers, measure_numbers),
        ("pin", PIN_ROW, pins, measure_pins),
        ("postal_code", POSTAL_ROW, postal, measure_postal),
    ):
        rows, boxed = _read(reader, real, kind, sheets, thresholds)
        kept = [i for i, row in enumerate(rows) if not away & set(row.digests)]
        result[name] = {
            "rows_set_aside": len(rows) - len(kept),
            **measure([rows[i] for i in kept], [boxed[i] for i in kept], thresholds),
        }
        if len(kept) < len(rows):
            result[name]["with_every_row"] = measure(rows, boxed, thresholds)
    result["mark_row"] = kind_marks_bench.run(full)
    result["own_hand"] = own_hand_bench.run()
    result["reading_ms"] = reading_time(reader, real)
    return result


Rows = tuple[list[RowEvidence], list[BoxedReading]]


def _read(
    reader: BoxReader,
    real: RealInk,
    kind: RowKind,
    sheets: int,
    thresholds: CharacterThresholds,
) -> Rows:
    rows, boxed = [], []
    started = time.perf_counter()
    for row in collect(reader, real, kind, sheets, SEED):
        rows.append(row)
        boxed.append(reader.assemble(row.zone, row.inks, row.views, thresholds))
    spent = time.perf_counter() - started
    print(f"characters: {kind.field} {len(rows)} rows, {spent:.0f} s", file=sys.stderr)
    return rows, boxed


def measure_numbers(
    rows: list[RowEvidence], boxed: list[BoxedReading], thresholds: CharacterThresholds
) -> dict[str, Any]:
    """Digits and whole My Numbers."""
    resolved = [resolve_my_number(b, thresholds).reading for b in boxed]
    truth = [row.truth for row in rows]
    n = len(rows)
    accepted = [r.accepted for r in resolved]
    silent = sum(r.accepted and r.value != t for r, t in zip(resolved, truth, strict=True))
    by_preset: dict[str, Any] = {}
    for preset in ("mild", "typical", "hard"):
        chosen = [i for i, row in enumerate(rows) if row.preset == preset]
        by_preset[preset] = Rate(sum(accepted[i] for i in chosen), len(chosen)).as_dict()
    return {
        "digits": _characters(rows, boxed, thresholds),
        "plain_right": _rate(sum(b.plain == t for b, t in zip(boxed, truth, strict=True)), n),
        "whole_right": _rate(sum(r.value == t for r, t in zip(resolved, truth, strict=True)), n),
        "accepted": _rate(sum(accepted), n),
        "silent_errors": _rate(silent, sum(accepted)),
        "accepted_by_preset": by_preset,
    }


def measure_pins(
    rows: list[RowEvidence], boxed: list[BoxedReading], thresholds: CharacterThresholds
) -> dict[str, Any]:
    """PIN characters, uniform over A-Z and 0-9."""
    silent = wrong = flagged = outside = total = lower = unseen = 0
    for row, reading in zip(rows, boxed, strict=True):
        resolved = resolve_pin(FieldName.PIN_SIGNATURE, reading, thresholds)
        lower += sum(f.code == FindingCode.PIN_LOWER_CASE for f in resolved.findings)
        # A PIN of which nothing was seen is named as missing: no character of it goes unnoticed.
        missing = any(f.code == FindingCode.PIN_MISSING for f in resolved.findings)
        unseen += missing
        characters = resolved.reading.characters
        for i, true in enumerate(row.truth):
            read = characters[i] if i < len(characters) else None
            total += 1
            right = read is not None and read.value == true
            flag = missing or (read is not None and read.flagged)
            wrong += not right
            silent += not right and not flag
            if not always_flagged(true, row.zone.alphabet):
                outside += 1
                flagged += flag
    return {
        "characters": _characters(rows, boxed, thresholds),
        "wrong": _rate(wrong, total),
        "wrong_and_unflagged": _rate(silent, total),
        "flagged_outside_always_flagged": _rate(flagged, outside),
        "lower_case_findings": _rate(lower, total),
        "rows_named_missing": _rate(unseen, len(rows)),
        "choices": measure_choices(rows, boxed, thresholds),
        "with_a_mark_row": measure_marked(rows, boxed, thresholds),
    }


def measure_choices(
    rows: list[RowEvidence], boxed: list[BoxedReading], thresholds: CharacterThresholds
) -> dict[str, Any]:
    """What a reviewer finds where a flagged character was read wrongly: the true one, and where."""
    wrong = first = listed = 0
    for row, reading in zip(rows, boxed, strict=True):
        read = resolve_pin(FieldName.PIN_SIGNATURE, reading, thresholds).reading
        for character, true in zip(read.characters, row.truth, strict=False):
            if not character.flagged or not character.value or character.value == true:
                continue
            offered = [a.value for a in character.alternatives]
            wrong += 1
            first += offered[:1] == [true]
            listed += true in offered
    return {"true_one_first": _rate(first, wrong), "true_one_listed": _rate(listed, wrong)}


def measure_marked(
    rows: list[RowEvidence], boxed: list[BoxedReading], thresholds: CharacterThresholds
) -> dict[str, Any]:
    """The same cells where the writer has marked letter or digit, rightly, and once wrongly.

    What the marks say is taken from the truth here; ``kind_marks`` measures how they are read.
    A wrong mark under 0, O, 1 or I cannot be seen in the shape, so it is counted apart.
    """
    rng = np.random.default_rng(SEED)
    n = flagged = silent = alike = alike_flagged = caught = slips = 0
    for row, reading in zip(rows, boxed, strict=True):
        kinds = [kind_of(c) for c in row.truth]
        right = resolve_pin(FieldName.PIN_SIGNATURE, reading, thresholds, kinds).reading
        for character, true in zip(right.characters, row.truth, strict=False):
            n += 1
            flagged += character.flagged
            silent += character.value != true and not character.flagged
            if always_flagged(true, row.zone.alphabet):
                alike += 1
                alike_flagged += character.flagged
        at = int(rng.integers(len(kinds)))
        if always_flagged(row.truth[at], row.zone.alphabet) or reading.cells[at].blank:
            continue
        other = Kind.LETTER if kinds[at] == Kind.DIGIT else Kind.DIGIT
        slipped = [*kinds[:at], other, *kinds[at + 1 :]]
        answer = resolve_pin(FieldName.PIN_SIGNATURE, reading, thresholds, slipped).reading
        slips += 1
        caught += answer.characters[at].flagged
    return {
        "flagged": _rate(flagged, n),
        "flagged_of_0O1I": _rate(alike_flagged, alike),
        "wrong_and_unflagged": _rate(silent, n),
        "wrong_mark_flagged": _rate(caught, slips),
    }


def measure_postal(
    rows: list[RowEvidence], boxed: list[BoxedReading], thresholds: CharacterThresholds
) -> dict[str, Any]:
    """Seven digits without a check digit, in small cells."""
    n = right = accepted = silent = 0
    field = FieldName.REPRESENTATIVE_POSTAL_CODE
    for row, reading in zip(rows, boxed, strict=True):
        for start in range(0, len(reading.cells), _POSTAL):
            part = BoxedReading(reading.zone, reading.cells[start : start + _POSTAL])
            resolved = resolve_digits(field, part, thresholds).reading
            true = row.truth[start : start + _POSTAL]
            n += 1
            right += part.plain == true
            accepted += resolved.accepted
            silent += resolved.accepted and resolved.value != true
    return {
        "digits": _characters(rows, boxed, thresholds),
        "whole_right": _rate(right, n),
        "accepted": _rate(accepted, n),
        "silent_errors": _rate(silent, accepted),
    }


def _characters(
    rows: list[RowEvidence], boxed: list[BoxedReading], thresholds: CharacterThresholds
) -> dict[str, Any]:
    """Right, flagged by the character threshold, wrong and unflagged, calibration error."""
    least = thresholds.for_character(rows[0].zone.alphabet)
    confidence, right, flagged, blank = [], [], [], 0
    for row, reading in zip(rows, boxed, strict=True):
        for cell, true in zip(reading.cells, row.truth, strict=True):
            blank += cell.blank
            confidence.append(cell.confidence if not cell.blank else 0.0)
            right.append(cell.best == true)
            flagged.append(cell.blank or cell.doubtful or cell.confidence < least)
    sure, is_right = np.array(confidence), np.array(right)
    is_flagged = np.array(flagged)
    n = len(sure)
    return {
        "right": _rate(int(is_right.sum()), n),
        "flagged": _rate(int(is_flagged.sum()), n),
        "wrong_of_unflagged": _rate(int((~is_right & ~is_flagged).sum()), int((~is_flagged).sum())),
        "not_found": _rate(blank, n),
        "calibration_error": round(expected_calibration_error(sure, is_right), 5),
    }


def reading_time(reader: BoxReader, real: RealInk) -> dict[str, float]:
    """Milliseconds on one core for a row of twelve: cutting out, and both views."""
    rows = list(collect(reader, real, MY_NUMBER_ROW, 1, SEED + 1))
    started = time.process_time()
    for row in rows:
        reader.read_inks(row.zone, row.inks)
    return {"views_of_twelve_cells": round((time.process_time() - started) / len(rows) * 1e3, 1)}


def _rate(k: int, n: int) -> dict[str, Any]:
    return Rate(int(k), int(n)).as_dict()
