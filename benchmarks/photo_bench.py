"""Photo checks on real photos after print-and-scan simulation, and prints found on forms.

``python -m benchmarks.photo_bench [--full]`` prints a table; ``run`` is what ``make bench`` calls.
Real photos stand in the evaluation data only; without them the drawn portraits are measured alone.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from typing import Any

import cv2
import numpy as np

from benchmarks.intervals import Rate
from benchmarks.print_and_scan import (
    LabelledPhoto,
    Pixels,
    fitted,
    labelled_photos,
    printed_and_scanned,
    read,
)
from pipeline import settings
from pipeline.domain.photos import PhotoGrade
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import DEFECTS, PortraitSpec, draw_portrait

QUICK_PER_SET = {"cmu": 96, "yale": 77, "obs": 90, "sun": 40, "utk": 100}
DRAWN_QUICK, DRAWN_FULL = 84, 420
SEED = 20261123
Sample = tuple[str, dict[str, str], PhotoGrade]
# What counts as the defect, and what surely has not got it, by check.
Truth = dict[str, bool]


def run(full: bool) -> dict[str, Any]:
    """Measure.

    Args:
        full: Every photo instead of a sample of each set.

    Returns:
        AUC, catch and false-fail rates by check; false fails by group; milliseconds by photo.
    """
    grader = PhotoGrader(ModelStore(settings.current().models))
    scores: dict[str, list[tuple[float, bool, str]]] = defaultdict(list)
    groups: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    times: list[float] = []
    overall: dict[str, list[str]] = defaultdict(list)

    def grade(picture: Pixels) -> PhotoGrade:
        start = time.perf_counter()
        result = grader.grade_loose(picture, 300.0)
        times.append((time.perf_counter() - start) * 1000)
        return result

    rng = np.random.default_rng(SEED)
    for photo in _chosen(full):
        result = grade(printed_and_scanned(_prepared(photo), rng))
        for check, bad in _truth(photo).items():
            _note(scores, result, check, bad)
        if photo.labels["set"] == "utk":
            for one in result.checks:
                groups[one.check.value][photo.labels["group"]].append(one.verdict.value == "fail")
        if photo.labels["set"] in ("obs", "yale", "utk"):
            worse, check = _degraded(_prepared(photo), rng)
            _note(scores, grade(printed_and_scanned(worse, rng)), check, True)
    names = ["good", "good", *DEFECTS]
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
        "false_fails_by_group": {
            check: {g: Rate(sum(v), len(v)).as_dict() for g, v in sorted(rows.items())}
            for check, rows in groups.items()
        },
        "drawn_good_passed": Rate(good.count("pass"), len(good)).as_dict(),
        "drawn_defective_passed": Rate(bad.count("pass"), len(bad)).as_dict(),
        "ms_per_photo": {
            "median": round(float(np.median(times)), 1),
            "p95": round(float(np.percentile(times, 95)), 1),
            "n": len(times),
        },
    }


def _chosen(full: bool) -> list[LabelledPhoto]:
    photos = labelled_photos()
    if full:
        return photos
    random.Random(SEED).shuffle(photos)
    left = dict(QUICK_PER_SET)
    chosen = []
    for photo in photos:
        if left[photo.labels["set"]] > 0:
            left[photo.labels["set"]] -= 1
            chosen.append(photo)
    return chosen


def _prepared(photo: LabelledPhoto) -> Pixels:
    image = read(photo)
    if photo.labels["set"] in ("obs", "yale", "utk"):
        return fitted(image)
    factor = 531 / max(image.shape[:2])
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor), np.uint8)


def _truth(photo: LabelledPhoto) -> Truth:
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
    if labels["hat"]:
        truth["head_covering"] = labels["hat"] == "1"
    if kind == "yale":
        truth["pose"] = False
        truth["shadow"] = condition in ("leftlight", "rightlight")
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


# Whether a large value is the bad one; expression and pose fail by any of several measures.
_FALLING = frozenset({"eyes", "exposure"})


def _note(
    scores: dict[str, list[tuple[float, bool, str]]], result: PhotoGrade, check: str, bad: bool
) -> None:
    one = next(c for c in result.checks if c.check.value == check)
    extra = dict(one.extra)
    if check == "pose":
        value = max(abs(extra.get("yaw_deg", 90.0)), abs(extra.get("pitch_deg", 90.0)))
    elif check == "expression" and one.value is not None:
        value = one.value + max(0.0, extra["smile"])
    elif one.value is None:
        value = float("nan")
    else:
        value = -one.value if check in _FALLING else one.value
    scores[check].append((value, bad, one.verdict.value))


def _summary(rows: list[tuple[float, bool, str]]) -> dict[str, Any]:
    value = np.array([r[0] for r in rows])
    bad = np.array([r[1] for r in rows])
    known = np.isfinite(value)
    verdict = np.array([r[2] for r in rows])
    low, point, high = _auc_interval(value[known], bad[known])
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


def _auc(value: np.ndarray[Any, Any], bad: np.ndarray[Any, Any]) -> float:
    n, m = int(bad.sum()), int((~bad).sum())
    if not n or not m:
        return float("nan")
    wins = (value[bad][:, None] > value[~bad][None]).sum()
    ties = (value[bad][:, None] == value[~bad][None]).sum()
    return float((wins + ties / 2) / (n * m))


def _auc_interval(
    value: np.ndarray[Any, Any], bad: np.ndarray[Any, Any]
) -> tuple[float | None, float | None, float | None]:
    """The area under the ROC curve with its 95 % bootstrap interval; None where not measured."""
    point = _auc(value, bad)
    if not np.isfinite(point):
        return None, None, None
    rng = np.random.default_rng(1)
    draws = []
    for _ in range(200):
        pick = rng.integers(0, len(bad), len(bad))
        draws.append(_auc(value[pick], bad[pick]))
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return round(float(low), 4), round(point, 4), round(float(high), 4)


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
    lines.append("false fails by group (n of photos in the set of groups):")
    for check, rows in result["false_fails_by_group"].items():
        cells = "  ".join(f"{g} {r['k']}/{r['n']}" for g, r in rows.items())
        lines.append(f"  {check:<14} {cells}")
    lines.append(f"drawn, good passed: {result['drawn_good_passed']}")
    lines.append(f"drawn, defective passed: {result['drawn_defective_passed']}")
    lines.append(f"ms a photo: {result['ms_per_photo']}")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    print(table(run(parser.parse_args().full)))
