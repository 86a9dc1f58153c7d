"""Photo checks on real photos after print-and-scan simulation, and prints found on forms.

``python -m benchmarks.photo_bench [--full]`` prints a table; ``run`` is what ``make bench`` calls.
Real photos stand in the evaluation data only; without them the drawn portraits are measured alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from benchmarks import photo_prints
from benchmarks.intervals import Rate
from benchmarks.photo_groups import GroupCounts
from benchmarks.photo_groups import lines as group_lines
from benchmarks.photo_memory import measured_mib
from benchmarks.print_and_scan import (
    LabelledPhoto,
    Pixels,
    fitted,
    held_back,
    labelled_photos,
    printed_and_scanned,
    read,
)
from benchmarks.roc import auc_interval
from pipeline import settings
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, PhotoGrade, Verdict
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import DEFECTS, PortraitSpec, draw_portrait
from pipeline.settings import REPOSITORY

QUICK_PER_SET = {"cmu": 96, "yale": 77, "obs": 90, "sun": 40, "utk": 394}
# Sets with few photos are printed and scanned several times, each time with other dots and noise:
# more prints, not more people.
PRINTS = {"yale": 3, "utk": 3}
PRINTS_FULL = {"yale": 4, "cmu": 2, "obs": 2, "utk": 5}
BLURRED_UTK = 100  # of the tight crops, whose heads are twice the size and hide half the blur
GOODS_A_ROUND = 9  # drawn good photos for one of each defect
DRAWN_QUICK, DRAWN_FULL = 135, 540
# Taken as an applicant should be, but for how the head lies in the picture.
WELL_TAKEN = ("normal", "noglasses", "glasses")
TURNED_QUICK, TURNED_FULL = 40, 200
TURNED_UP_TO_DEG = 30.0
# Limits of the artefact from which a person looks: what measures of several units are held against.
YAW_REVIEW_DEG, PITCH_REVIEW_DEG = 10, 14
SEED = 20261123
LABELS_BY_EYE = REPOSITORY / "models" / "training" / "photo_labels.json"
Sample = tuple[str, dict[str, str], PhotoGrade]
# What counts as the defect, and what surely has not got it, by check.
Truth = dict[str, bool]


def run(full: bool) -> dict[str, Any]:
    """Measure.

    Args:
        full: Every photo instead of a sample of each set.

    Returns:
        AUC, catch and false-fail rates by check; false fails by group; milliseconds by photo,
        on the clock and of the processor; memory of the models.
    """
    grader = PhotoGrader(ModelStore(settings.current().models))
    scores: dict[str, list[tuple[float, bool, str]]] = defaultdict(list)
    groups = GroupCounts()
    times: list[tuple[float, float]] = []
    overall: dict[str, list[str]] = defaultdict(list)
    real_good: list[bool] = []

    def grade(picture: Pixels) -> PhotoGrade:
        start = time.perf_counter(), time.process_time()
        result = grader.grade_loose(picture, 300.0)
        spent = time.perf_counter() - start[0], time.process_time() - start[1]
        times.append((spent[0] * 1000, spent[1] * 1000))
        return result

    rng = np.random.default_rng(SEED)
    prints = PRINTS_FULL if full else PRINTS
    by_eye = json.loads(LABELS_BY_EYE.read_text(encoding="utf-8"))
    blurred_utk = 0
    for photo in _chosen(full, by_eye):
        graded = []
        for _ in range(prints.get(photo.labels["set"], 1)):
            graded.append(grade(printed_and_scanned(prepared(photo), rng)))
            for check, bad in _truth(photo, by_eye).items():
                _note(scores, graded[-1], check, bad)
        if photo.labels["condition"] in WELL_TAKEN:
            real_good += [_passed_but_for_framing(g) for g in graded]
        if photo.labels["set"] == "utk":
            groups.add(photo.labels, graded, held_back=held_back(photo))
            blurred_utk += 1
            if blurred_utk > BLURRED_UTK:
                continue
        if photo.labels["set"] in ("obs", "yale", "utk"):
            worse, check = _degraded(prepared(photo), rng)
            _note(scores, grade(printed_and_scanned(worse, rng)), check, True)
    names = [*["good"] * GOODS_A_ROUND, *DEFECTS]
    for index in range(DRAWN_FULL if full else DRAWN_QUICK):
        name = names[index % len(names)]
        one = np.random.default_rng(SEED + index)
        drawn = draw_portrait(getattr(PortraitSpec, name)(one), one, 413, 531)
        result = grade(printed_and_scanned(drawn, one))
        overall[DEFECTS.get(name, "good")].append(result.verdict.value)
    good = overall.pop("good")
    bad = [v for verdicts in overall.values() for v in verdicts]
    return {
        "checks": {name: _summary(rows) for name, rows in sorted(scores.items())},
        "false_fails_by_group": groups.summary(),
        "prints_on_forms": _prints(full),
        "yaw_error_deg": _yaw_error(grade, TURNED_FULL if full else TURNED_QUICK),
        "drawn_good_passed": Rate(good.count("pass"), len(good)).as_dict(),
        "real_good_passed": Rate(sum(real_good), len(real_good)).as_dict(),
        "drawn_defective_passed": Rate(bad.count("pass"), len(bad)).as_dict(),
        "ms_per_photo": _spread([t[0] for t in times]),
        "cpu_ms_per_photo": _spread([t[1] for t in times]),
        "models_memory_mib": measured_mib(),
    }


def _passed_but_for_framing(grade: PhotoGrade) -> bool:
    others = (c.verdict for c in grade.checks if c.check != PhotoCheckName.FRAMING)
    return not {Verdict.REVIEW, Verdict.FAIL} & set(others)


def _prints(full: bool) -> dict[str, Any]:
    """How well the outline of prints on forms is measured, drawn ones and real ones."""
    drawn, real = (photo_prints.run(full, real_faces=faces) for faces in (False, True))
    return {"drawn": drawn["tones"], "real_faces": real["tones"], "sure": drawn["sure"]}


def _spread(times: list[float]) -> dict[str, float]:
    return {
        "median": round(float(np.median(times)), 1),
        "p95": round(float(np.percentile(times, 95)), 1),
        "n": len(times),
    }


def _yaw_error(grade: Callable[[Pixels], PhotoGrade], count: int) -> dict[str, float]:
    """Mean error of yaw on drawn heads, the only ones whose angle is known."""
    errors = []
    for index in range(count):
        rng = np.random.default_rng(SEED + 50_000 + index)
        yaw = float(rng.uniform(-TURNED_UP_TO_DEG, TURNED_UP_TO_DEG))
        spec = dataclasses.replace(PortraitSpec.good(rng), yaw_deg=yaw)
        result = grade(printed_and_scanned(draw_portrait(spec, rng, 413, 531), rng))
        pose = next(c for c in result.checks if c.check.value == "pose")
        errors.append(abs(dict(pose.extra).get("yaw_deg", 90.0) - yaw))
    spread = 1.96 * float(np.std(errors)) / max(1.0, count**0.5)
    mean = float(np.mean(errors))
    return {
        "mean": round(mean, 2),
        "low": round(mean - spread, 2),
        "high": round(mean + spread, 2),
        "n_drawn": count,
    }


def _chosen(full: bool, by_eye: dict[str, list[str]]) -> list[LabelledPhoto]:
    photos = labelled_photos()
    if full:
        return photos
    random.Random(SEED).shuffle(photos)
    left = dict(QUICK_PER_SET)
    chosen = []
    for photo in photos:
        if left[photo.labels["set"]] > 0 or photo.labels["file"] in by_eye["head_covering"]:
            left[photo.labels["set"]] -= 1
            chosen.append(photo)
    return chosen


def prepared(photo: LabelledPhoto) -> Pixels:
    """The photo as it would be printed: cut to the print's shape; whole where it is no portrait."""
    image = read(photo)
    if photo.labels["set"] in ("obs", "yale", "utk"):
        return fitted(image)
    factor = 531 / max(image.shape[:2])
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor), np.uint8)


def _truth(photo: LabelledPhoto, by_eye: dict[str, list[str]]) -> Truth:
    """Labels that say surely whether a photo has the defect of a check."""
    labels = photo.labels
    kind, condition = labels["set"], labels["condition"]
    truth: Truth = {}
    if kind == "cmu":
        truth["pose"] = labels["pose"] != "straight"
        truth["sunglasses"] = labels["sunglasses"] == "1"
    if kind == "sun":
        truth["sunglasses"] = True
    if kind in ("yale", "utk"):
        truth["sunglasses"] = False
    # The classifier was fitted on these very photos: its card has the cross-validated figures.
    if labels["hat"] and labels["file"] not in by_eye["head_covering_doubtful"]:
        truth["head_covering"] = labels["hat"] == "1"
    if labels["file"] in by_eye["head_covering"]:
        truth["head_covering"] = True
    if kind == "yale":
        truth["pose"] = False
        truth["shadow"] = condition in ("leftlight", "rightlight")
        if condition not in ("leftlight", "rightlight"):  # there one has the eyes closed
            truth["eyes"] = condition in ("sleepy", "wink")
        if condition in ("happy", "surprised", "normal", "noglasses", "glasses"):
            truth["expression"] = condition in ("happy", "surprised")
    if kind in ("obs", "yale"):
        truth["sharpness"] = False
        truth["exposure"] = False
    return truth


def _degraded(picture: Pixels, rng: np.random.Generator) -> tuple[Pixels, str]:
    kind = int(rng.integers(3))
    if kind == 0:
        soft = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(4.5, 8)))
        return np.asarray(soft, np.uint8), "sharpness"
    if kind == 1:
        length = int(rng.integers(20, 36))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1
        spin = cv2.getRotationMatrix2D((length / 2, length / 2), float(rng.uniform(0, 180)), 1)
        kernel = cv2.warpAffine(kernel, spin, (length, length))
        return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8), "sharpness"
    return (picture * float(rng.uniform(0.18, 0.35))).astype(np.uint8), "exposure"


def _note(
    scores: dict[str, list[tuple[float, bool, str]]], result: PhotoGrade, check: str, bad: bool
) -> None:
    one = next(c for c in result.checks if c.check.value == check)
    scores[check].append((_how_bad(one), bad, one.verdict.value))


def _how_bad(one: PhotoCheck) -> float:
    """The check's value, larger where worse; NaN where it was not made.

    Where any of several measures makes a photo bad, each counts against its own limit, as in the
    check: the worst of them.
    """
    extra = dict(one.extra)
    if one.check == PhotoCheckName.POSE:
        # No angle at all is the worst.
        return max(
            abs(extra.get("yaw_deg", 90.0)) / YAW_REVIEW_DEG,
            abs(extra.get("pitch_deg", 90.0)) / PITCH_REVIEW_DEG,
        )
    if one.value is None:
        return float("nan")
    if one.check == PhotoCheckName.EXPRESSION:
        return max(
            extra["mouth_gap"] / extra["mouth_gap_threshold"],
            extra["smile"] / extra["smile_threshold"],
            extra["dark_mouth"] / extra["dark_mouth_threshold"],
        )
    # A small value is the bad one.
    falling = {PhotoCheckName.EYES: "open_ratio", PhotoCheckName.EXPOSURE: "high_levels"}
    return -extra[falling[one.check]] if one.check in falling else one.value


def _summary(rows: list[tuple[float, bool, str]]) -> dict[str, Any]:
    value = np.array([r[0] for r in rows])
    bad = np.array([r[1] for r in rows])
    known = np.isfinite(value)
    verdict = np.array([r[2] for r in rows])
    low, point, high = auc_interval(value[known], bad[known])
    caught = np.isin(verdict[bad], ["fail", "review"])
    return {
        "auc": point,
        "auc_low": low,
        "auc_high": high,
        "n_bad": int(bad.sum()),
        "n_good": int((~bad).sum()),
        "caught": Rate(int(caught.sum()), len(caught)).as_dict(),
        "false_fail": Rate(int((verdict[~bad] == "fail").sum()), int((~bad).sum())).as_dict(),
        "false_review": Rate(int((verdict[~bad] == "review").sum()), int((~bad).sum())).as_dict(),
    }


def table(result: dict[str, Any]) -> str:
    """The figures as text."""
    lines = ["check            AUC (95 %)             bad  good  caught  false fail  false review"]
    for name, row in result["checks"].items():
        area = "not measured        "
        if row["auc"] is not None:
            area = f"{row['auc']:.3f} ({row['auc_low']:.3f}-{row['auc_high']:.3f})"
        shares = [row[k]["value"] for k in ("caught", "false_fail", "false_review")]
        shown = "  ".join("   -  " if s is None else f"{100 * s:5.1f}%" for s in shares)
        lines.append(f"{name:<15}  {area}  {row['n_bad']:>4}  {row['n_good']:>4}  {shown}")
    lines.append("false fails by group, photos with the defect left out:")
    lines += group_lines(result["false_fails_by_group"])
    lines.append(f"yaw error, drawn heads: {result['yaw_error_deg']}")
    lines.append(f"drawn, good passed: {result['drawn_good_passed']}")
    lines.append(f"real, plain and front-lit, passed: {result['real_good_passed']}")
    lines.append(f"drawn, defective passed: {result['drawn_defective_passed']}")
    lines.append(f"ms a photo: {result['ms_per_photo']}, CPU {result['cpu_ms_per_photo']}")
    lines.append(f"models in memory: {result['models_memory_mib']} MiB")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    print(table(run(parser.parse_args().full)))
