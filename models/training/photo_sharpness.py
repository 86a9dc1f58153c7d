"""Fits the sharpness check: a logistic model on ``FEATURES``, in focus against blurred and shaken.

``python -m models.training.photo_sharpness [--clean] [--write]`` prints the fit and its measures;
with ``--write`` it goes into ``models/thresholds/photo-1.json``. Learnt from the persons that are
not held back (``held_back``), each printed and scanned once as it is and once blurred or shaken;
photos that are soft themselves, as judged by eye without a verdict, train nothing. ``--clean``
learns the weights from drawn portraits alone, for ``photo_head_clean``; its two limits are set on
the same persons. Runs in the engine's environment.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.photo_bench import prepared
from benchmarks.photo_groups import VIOLATIONS
from benchmarks.print_and_scan import Pixels, held_back, labelled_photos, printed_and_scanned
from benchmarks.roc import auc
from pipeline import settings
from pipeline.domain.photos import PhotoCheckName
from pipeline.model_store import ModelStore
from pipeline.photo.checks import sharpness
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait
from pipeline.settings import REPOSITORY

SETS = ("obs", "yale", "utk")
SEED = 77
DRAWN, DRAWN_FROM = 500, 660_000
SOFTENED_PX, SHAKEN_PX = (4.5, 8.0), (20, 36)
RIDGE, STEPS = 1e-3, 50
# A photo in focus fails, and a blurred one passes, no more often than this among persons not held
# back.
FALSE_FAILS, MISSED = 0.005, 0.03
ARTEFACT = REPOSITORY / "models" / "thresholds" / "photo-1.json"
Rows = NDArray[np.float64]


def blurred(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """The photo out of focus or shaken, before it is printed."""
    if rng.random() < 0.5:
        soft = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(*SOFTENED_PX)))
        return np.asarray(soft, np.uint8)
    length = int(rng.integers(*SHAKEN_PX))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    spin = cv2.getRotationMatrix2D((length / 2, length / 2), float(rng.uniform(0, 180)), 1)
    kernel = cv2.warpAffine(kernel, spin, (length, length))
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def _photographed() -> Iterator[tuple[Pixels, bool, bool]]:
    """Printed photos, whether each is blurred, and whether its person is held back."""
    soft = set(json.loads(VIOLATIONS.read_text(encoding="utf-8"))["checks"]["sharpness"])
    for photo in labelled_photos():
        if photo.labels["set"] not in SETS:
            continue
        for bad in (False, True):
            if not bad and photo.labels["file"] in soft:
                continue
            rng = np.random.default_rng([zlib.crc32(photo.labels["file"].encode()), SEED, bad])
            picture = prepared(photo)
            picture = blurred(picture, rng) if bad else picture
            yield printed_and_scanned(picture, rng), bad, held_back(photo)


def _drawn() -> Iterator[tuple[Pixels, bool, bool]]:
    """As ``_photographed``, drawn; nobody is held back."""
    for index in range(DRAWN):
        rng = np.random.default_rng(DRAWN_FROM + index)
        picture = draw_portrait(PortraitSpec.good(rng), rng, 413, 531)
        bad = index % 2 == 1
        picture = blurred(picture, rng) if bad else picture
        yield printed_and_scanned(picture, rng), bad, False


def _collected(pictures: Iterator[tuple[Pixels, bool, bool]]) -> tuple[Rows, Rows, Rows]:
    grader = PhotoGrader(ModelStore(settings.current().models))
    # What the check itself says is not looked at, so any weights do, also where there are none yet.
    any_weights = dict.fromkeys((f"weight_{name}" for name in sharpness.FEATURES), 0.0)
    grader.limits.of(PhotoCheckName.SHARPNESS).update(any_weights)
    rows, bad, held = [], [], []
    for picture, is_bad, is_held in pictures:
        subject = grader.examine_loose(picture, 300.0).subject
        if subject is not None and subject.face is not None:
            rows.append(sharpness.features(subject))
            bad.append(is_bad)
            held.append(is_held)
    return np.array(rows), np.array(bad, float), np.array(held, bool)


def fitted_logistic(x: Rows, y: Rows) -> Rows:
    """Weights and, last, the bias: Newton's method with a ridge, both classes weighing alike."""
    mean, spread = x.mean(0), x.std(0) + 1e-9
    z = np.c_[(x - mean) / spread, np.ones(len(x))]
    weight = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    ridge = np.r_[np.full(x.shape[1], RIDGE * len(y)), 0.0]
    t = np.zeros(z.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(z @ t, -30, 30)))
        gradient = z.T @ (weight * (p - y)) + ridge * t
        t -= np.linalg.solve((z.T * (weight * p * (1 - p))) @ z + np.diag(ridge), gradient)
    weights = t[:-1] / spread
    return np.r_[weights, t[-1] - weights @ mean]


def _limits(fit: Rows, score: Rows, y: Rows, source: str) -> dict[str, Any]:
    """The check's part of the artefact."""
    fail = float(np.quantile(score[y == 0], 1 - FALSE_FAILS))
    review = min(float(np.quantile(score[y == 1], MISSED)), fail)
    names = [f"weight_{name}" for name in sharpness.FEATURES]
    entries = {
        "bias": (fit[-1], source),
        **{n: (w, source) for n, w in zip(names, fit, strict=False)},
    }
    for name, logit, why in (
        ("review", review, f"{MISSED:.0%} of blurred ones of persons not held back stay below"),
        ("fail", fail, f"{FALSE_FAILS:.1%} of sharp ones of persons not held back lie above"),
    ):
        entries[name] = (1 / (1 + np.exp(-logit)), why)
    return {n: {"value": round(float(v), 5), "why": why} for n, (v, why) in entries.items()}


def main() -> None:
    """Fit, measure on the persons held back, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean", action="store_true", help="drawn portraits only")
    parser.add_argument("--write", action="store_true", help="into the artefact")
    chosen = parser.parse_args()
    x, y, held = _collected(_photographed())
    if chosen.clean:
        drawn_x, drawn_y, _ = _collected(_drawn())
        fit = fitted_logistic(drawn_x, drawn_y)
    else:
        fit = fitted_logistic(x[~held], y[~held])
    score = x @ fit[:-1] + fit[-1]
    source = "logistic fit by models/training/photo_sharpness.py" + " --clean" * chosen.clean
    limits = _limits(fit, score[~held], y[~held], source)
    said = 1 / (1 + np.exp(-score[held]))
    good, bad = said[y[held] == 0], said[y[held] == 1]
    measured = {
        "auc_held_back_persons": round(auc(score[held], y[held] > 0), 4),
        "n_sharp": len(good),
        "n_blurred": len(bad),
        "sharp_failed": int((good > limits["fail"]["value"]).sum()),
        "sharp_to_a_person": int((good > limits["review"]["value"]).sum()),
        "blurred_passed": int((bad <= limits["review"]["value"]).sum()),
        "n_learnt_from": DRAWN if chosen.clean else int((~held).sum()),
    }
    print(json.dumps({"limits": limits, "held_back": measured}, indent=1))
    if chosen.write:
        _write(ARTEFACT, limits, measured, clean=chosen.clean)


def _write(path: Path, limits: dict[str, Any], measured: dict[str, Any], *, clean: bool) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    checks = raw["variants"]["photo_head_clean"] if clean else raw["checks"]
    checks["sharpness"] = limits
    raw["evaluation"]["sharpness_clean" if clean else "sharpness"] = measured
    path.write_text(json.dumps(raw, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
