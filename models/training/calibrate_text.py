"""Calibrates the text reader: ``python -m models.training.calibrate_text``.

Reads composed text (fonts of handwriting under jitter and a scanner), compares with the truth and
writes ``models/thresholds/text-v1.json``: for each class of fields the calibration of characters
and values, the probability below which a character is flagged, and the confidence from which a
value is accepted, with n and the bound that zero errors among n can prove (3/n). The ink is of
fonts, not of people: for handwriting the bound holds for such ink only, and the artefact says so.
"""

from __future__ import annotations

import argparse
import datetime as dt
import difflib
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training.printed_sheets import printed_sheets
from models.training.text_pages import composed_pages
from pipeline.domain import era
from pipeline.domain.documents import DATE_FIELDS
from pipeline.domain.findings import Severity
from pipeline.domain.readings import Reading
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.model_store import ModelStore
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.readers.risk.acceptance import STANDARD_PER_MILLION
from pipeline.readers.risk.risk_curves import NEVER, RiskCurve, upper_bound
from pipeline.readers.text.text_reader import TextReader
from pipeline.readers.text.text_thresholds import ARTEFACT, TextClass, TextThresholds, class_of
from pipeline.settings import REPOSITORY

PRINTED = ("printed_number", "printed_text")
CLASSES = ("printed", *PRINTED, "name", "address", "kana", "digits", "other")
TEMPERATURE = 1.8
# Below this many accepted values without an error, three over n is no claim worth acting on.
LEAST_ACCEPTED = 150
LEAST_CONFIDENCE = 0.97
# One wrong value in a hundred at most, as a multiple of the office's setting, which moves it:
# 27 times 370 in a million. Some hundreds of values of a class can show no less.
RELATIVE = 27.0
ERRORS_FLAGGED_SHARE = 0.97
# Above this a flag would fall on a third of all right characters and stop meaning anything; what
# is left is for whoever accepts values, and that threshold is set apart.
HIGHEST_FLAG = 0.99
# Ink of fonts says too little of how people write their names and addresses: those are flagged by
# what was measured, and accepted by a person.
BY_A_PERSON = ("name", "address", "kana")
PLAIN = TextThresholds(
    "plain", TEMPERATURE, {c: TextClass(0.0, 1.01, 0.0, 1.0, 0.0, 1.0) for c in CLASSES}, {}
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One field as read: class, whole value right, raw confidence, characters, other doubts."""

    kind: str
    right: bool
    raw: float
    characters: tuple[tuple[float, bool, bool], ...]  # probability, right, flagged for itself
    missed: int  # characters of the truth that the reading lacks
    barred: bool  # something other than a probability forbids acceptance


def collect(count: int, seed: int, cache: Path) -> Iterator[Sample]:
    """Every written text field of the pages of a seed."""
    reader = TextReader(PaddleRecogniser(ModelStore(REPOSITORY / "models"), cache), PLAIN)
    for page, truth in composed_pages(count, seed, cache):
        for zone in page.form.zones:
            if zone.reader != ReaderKind.TEXT or zone.field in DATE_FIELDS:
                continue
            wanted = truth.fields.get(zone.field.value) or ""
            if not wanted:
                continue
            resolved = reader.read(page, zone)
            barred = any(f.severity != Severity.INFO for f in resolved.findings)
            yield sample_of(class_of(zone), resolved.reading, wanted, barred)


def collect_printed(sheets: int, seed: int, cache: Path) -> Iterator[Sample]:
    """Every value of sheets full of print."""
    reader = TextReader(PaddleRecogniser(ModelStore(REPOSITORY / "models"), cache), PLAIN)
    for page, truth in printed_sheets(sheets, seed):
        for zone, wanted in truth:
            resolved = reader.read(page, zone)
            barred = any(f.severity != Severity.INFO for f in resolved.findings)
            yield sample_of(class_of(zone), resolved.reading, spelled(zone, wanted), barred)


def spelled(zone: Zone, value: str) -> str:
    """What stands in a zone for a value: days are written in eras."""
    return era.write(dt.date.fromisoformat(value)) if zone.field in DATE_FIELDS else value


def sample_of(kind: str, reading: Reading, wanted: str, barred: bool) -> Sample:
    """A reading against the truth, blanks left out of account."""
    read = [c for c in reading.characters if c.value.strip()]
    truth = wanted.replace(" ", "")
    if kind == "digits":
        read = [c for c in read if c.value.isdigit()]
        truth = "".join(c for c in truth if c.isdigit())
    text = [c.value for c in read]
    right = [False] * len(read)
    missed = 0
    matcher = difflib.SequenceMatcher(a=text, b=list(truth), autojunk=False)
    for what, i0, i1, j0, j1 in matcher.get_opcodes():
        if what == "equal":
            right[i0:i1] = [True] * (i1 - i0)
        elif j1 - j0 > i1 - i0:
            missed += (j1 - j0) - (i1 - i0)
    characters = tuple((c.confidence, ok, c.flagged) for c, ok in zip(read, right, strict=True))
    return Sample(kind, "".join(text) == truth, reading.confidence, characters, missed, barred)


def logistic(raw: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Offset and slope of ``sigmoid(offset + slope * logit(raw))``, lightly held to (0, 1)."""
    x = np.log(np.clip(raw, 1e-6, 1 - 1e-6) / (1 - np.clip(raw, 1e-6, 1 - 1e-6)))
    y = right.astype(np.float64)
    w = np.array([0.0, 1.0])
    prior = np.diag([0.05, 2.0])
    design = np.stack([np.ones_like(x), x], axis=1)
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(design @ w, -30, 30)))
        gradient = design.T @ (p - y) + prior @ (w - np.array([0.0, 1.0]))
        hessian = (design * (p * (1 - p))[:, None]).T @ design + prior
        w = w - np.linalg.solve(hessian, gradient)
    return float(w[0]), float(max(0.05, w[1]))


def error_of_calibration(p: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins of equal count."""
    order = np.argsort(p)
    parts = np.array_split(order, 10)
    gaps = [abs(p[i].mean() - right[i].mean()) * len(i) for i in parts if len(i)]
    return float(sum(gaps) / max(1, len(p)))


def fit(kind: str, samples: list[Sample]) -> tuple[dict[str, Any], dict[str, object]]:
    """The thresholds of a class and the evaluation behind them."""
    probability = np.array([c[0] for s in samples for c in s.characters])
    right = np.array([c[1] for s in samples for c in s.characters], bool)
    doubt = np.array([c[2] for s in samples for c in s.characters], bool)
    c_offset, c_slope = logistic(probability, right)
    calibrated = np.array([_apply(p, c_offset, c_slope) for p in probability])
    flag_below = _flag_threshold(calibrated, right, doubt)
    offset, slope = logistic(
        np.array([s.raw for s in samples]), np.array([s.right for s in samples], bool)
    )
    values, clean, correct = _standing(samples, (offset, slope), (c_offset, c_slope), flag_below)
    least, _ = _accept_threshold(values, clean, correct)
    # No step lies below the threshold that keeps its distance from the errors seen.
    surest = clean & (values >= min(least, 1.0))
    curve = RiskCurve.measured(values[surest], correct[surest], RELATIVE)
    choice = curve.choose(STANDARD_PER_MILLION)
    accept_from = choice.threshold if least <= 1 else NEVER
    accepted = int((surest & (values >= accept_from)).sum())
    flagged = doubt | (calibrated < flag_below)
    wrong = ~right
    missed = sum(s.missed for s in samples)
    silent_values = int((clean & ~correct).sum())
    evaluation: dict[str, object] = {
        "values": len(samples),
        "values_right": int(correct.sum()),
        "characters": len(right),
        "characters_wrong": int(wrong.sum()) + missed,
        "wrong_and_flagged": int((wrong & flagged).sum()),
        "flagged_share": round(float(flagged.mean()), 4),
        "calibration_error_character": round(error_of_calibration(calibrated, right), 4),
        "calibration_error_value": round(error_of_calibration(values, correct), 4),
        "unflagged_values_wrong": silent_values,
        "accepted": accepted,
        "accepted_wrong": 0,
        "bound_95": round(upper_bound(0, accepted), 5) if accepted else None,
        "ink": "printed" if kind.startswith("printed") else "fonts of handwriting, not people",
    }
    limits: dict[str, Any] = {
        "flag_below": round(flag_below, 5),
        "accept_from": round(accept_from, 5),
        "offset": round(offset, 4),
        "slope": round(slope, 4),
        "character_offset": round(c_offset, 4),
        "character_slope": round(c_slope, 4),
        "curve": curve.as_dict() if least <= 1 else None,
    }
    return limits, evaluation


def _standing(
    samples: list[Sample],
    value: tuple[float, float],
    character: tuple[float, float],
    flag_below: float,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Calibrated confidence of values, which nothing but it keeps from acceptance, and truth."""
    values = np.array([_apply(s.raw, *value) for s in samples])
    clean = [
        not s.barred
        and all(not f and _apply(p, *character) >= flag_below for p, _, f in s.characters)
        for s in samples
    ]
    return values, np.array(clean, bool), np.array([s.right for s in samples], bool)


def _apply(raw: float, offset: float, slope: float) -> float:
    clipped = min(max(raw, 1e-6), 1 - 1e-6)
    return 1 / (1 + math.exp(-(offset + slope * math.log(clipped / (1 - clipped)))))


def _flag_threshold(
    p: NDArray[np.float64], right: NDArray[np.bool_], doubt: NDArray[np.bool_]
) -> float:
    """The least threshold that flags nearly every wrong character not flagged for itself."""
    wrong = p[~right & ~doubt]
    allowed = int((1 - ERRORS_FLAGGED_SHARE) * int((~right).sum()))
    if len(wrong) <= allowed:
        return 0.90
    ordered = np.sort(wrong)[::-1]
    # Above the worst error that must be flagged, with a little to spare towards one.
    return float(min(HIGHEST_FLAG, max(0.90, 1 - (1 - ordered[allowed]) * 0.8)))


def _accept_threshold(
    p: NDArray[np.float64], clean: NDArray[np.bool_], right: NDArray[np.bool_]
) -> tuple[float, int]:
    """The least confidence above every wrong value, and how many values it accepts."""
    wrong = p[clean & ~right]
    start = float(wrong.max()) if len(wrong) else 0.0
    # Half of the remaining doubt to spare: the next error need not be as mild as the last.
    threshold = max(LEAST_CONFIDENCE, 1 - (1 - start) * 0.5)
    accepted = int((clean & (p >= threshold)).sum())
    return (threshold, accepted) if accepted >= LEAST_ACCEPTED else (1.01, 0)


def main() -> None:
    """Collect, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=600, help="stop collecting after these")
    parser.add_argument("--seed", type=int, default=20261)
    parser.add_argument("--cache", type=Path, default=REPOSITORY / "var" / "cache")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "models" / ARTEFACT)
    parser.add_argument("--sheets", type=int, default=60, help="sheets full of print")
    parser.add_argument("--print-only", action="store_true", help="leave all other classes alone")
    options = parser.parse_args()
    grouped: dict[str, list[Sample]] = defaultdict(list)
    for sample in collect_printed(options.sheets, options.seed, options.cache):
        grouped[sample.kind].append(sample)
    if options.print_only:
        write_printed(grouped, options.out, options.sheets, options.seed)
        return
    until = time.monotonic() + 60 * options.minutes
    for number, sample in enumerate(collect(options.pages, options.seed, options.cache), 1):
        grouped[sample.kind].append(sample)
        if number % 50 == 0:
            print(f"{number} values read", file=sys.stderr)
        if time.monotonic() > until:
            break
    write(grouped, options.out, options.pages, options.seed)


def write_printed(grouped: dict[str, list[Sample]], out: Path, sheets: int, seed: int) -> None:
    """Put the classes of print into the artefact and leave the others as they are.

    Each class is calibrated by itself; the curve is of all print together, for a probability is
    comparable once it is calibrated, and half of one class proves too little.
    """
    artefact = json.loads(out.read_text(encoding="utf-8"))
    confidence, truth = [], []
    for kind in PRINTED:
        limits, figures = fit(kind, grouped.get(kind, []))
        figures |= {"sheets": sheets, "seed": seed}
        values, clean, correct = _standing(
            grouped.get(kind, []),
            (limits["offset"], limits["slope"]),
            (limits["character_offset"], limits["character_slope"]),
            limits["flag_below"],
        )
        surest = clean & (values >= LEAST_CONFIDENCE)
        confidence.append(values[surest])
        truth.append(correct[surest])
        artefact["classes"][kind], artefact["evaluation"][kind] = limits, figures
    curve = RiskCurve.measured(np.concatenate(confidence), np.concatenate(truth), RELATIVE)
    choice = curve.choose(STANDARD_PER_MILLION)
    for kind, own, right in zip(PRINTED, confidence, truth, strict=True):
        taken = own >= choice.threshold
        artefact["classes"][kind] |= {"accept_from": choice.threshold, "curve": curve.as_dict()}
        artefact["evaluation"][kind] |= {
            "accepted": int(taken.sum()),
            "accepted_wrong": int((taken & ~right).sum()),
            "bound_95": round(choice.step.bound, 5),
            "bound_is_of": "all print together",
        }
    artefact["version"] = "text-v1/3"
    out.write_text(json.dumps(artefact, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write(grouped: dict[str, list[Sample]], out: Path, pages: int, seed: int) -> None:
    """Fit every class and write the artefact; a class with little data borrows all handwriting."""
    for kind in PRINTED:
        grouped["printed"] = [*grouped.get("printed", []), *grouped.get(kind, [])]
    hand = [s for k, samples in grouped.items() if not k.startswith("printed") for s in samples]
    classes: dict[str, object] = {}
    evaluation: dict[str, object] = {"pages_at_most": pages, "seed": seed}
    for kind in CLASSES:
        own = grouped.get(kind, [])
        limits, figures = fit(kind, own if len(own) >= 60 else hand)
        if len(own) < 60:
            limits |= {"accept_from": NEVER, "curve": None}
            figures["borrowed"] = "all handwriting: too few values of this class"
        if kind in BY_A_PERSON:
            limits |= {"accept_from": NEVER, "curve": None}
            figures |= {"accepted": 0, "bound_95": None, "not_accepted": "no ink of people seen"}
        classes[kind], evaluation[kind] = limits, figures
    artefact = {
        "version": "text-v1/3",
        "temperature": TEMPERATURE,
        "classes": classes,
        "evaluation": evaluation,
    }
    out.write_text(json.dumps(artefact, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
