"""Red and blue strokes drawn across real faces, printed and scanned: how many are seen.

``python -m benchmarks.photo_ink [--first N] [--count N]`` prints the shares. Photos from
``--first`` on (520) were not looked at when limits were set. Without the evaluation data there is
nothing to measure.
"""

from __future__ import annotations

import argparse
import random

import cv2
import numpy as np

from benchmarks.intervals import Rate
from benchmarks.print_and_scan import Pixels, fitted, labelled_photos, printed_and_scanned, read
from pipeline import settings
from pipeline.domain.photos import PhotoCheckName
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader

SETS = ("utk", "yale", "obs")
INKS_BGR = {"blue": (150, 60, 30), "red": (50, 40, 200)}
STROKE_PX = 6  # half a millimetre
SEED = 3


def stroked(picture: Pixels, ink: str, rng: np.random.Generator) -> Pixels:
    """The picture with an uneven stroke across the middle of the face."""
    inked = picture.copy()
    xs = np.linspace(60, 350, 9)
    ys = rng.uniform(200, 330) + rng.normal(0, 8, 9).cumsum()
    line = np.round(np.stack([xs, ys], axis=1)).astype(np.int32)
    cv2.polylines(inked, [line], False, INKS_BGR[ink], STROKE_PX, cv2.LINE_AA)
    return inked


def run(first: int, count: int) -> dict[str, Rate]:
    """Shares of faces with a stroke longer than the limit, by ink; ``none`` are false alarms."""
    grader = PhotoGrader(ModelStore(settings.current().models))
    limit = grader.limits.of(PhotoCheckName.FACE)["ink_stroke_review"]
    photos = [p for p in labelled_photos() if p.labels["set"] in SETS]
    random.Random(SEED).shuffle(photos)
    seen: dict[str, list[bool]] = {"none": [], **{ink: [] for ink in INKS_BGR}}
    for number, photo in enumerate(photos[first : first + count]):
        rng = np.random.default_rng([SEED, number])
        picture = fitted(read(photo))
        ink = list(INKS_BGR)[number % len(INKS_BGR)]
        for kind, shown in (("none", picture), (ink, stroked(picture, ink, rng))):
            grade = grader.grade_loose(printed_and_scanned(shown, rng), 300.0)
            check = grade.check(PhotoCheckName.FACE)
            if check is not None and "ink_stroke" in dict(check.extra):
                seen[kind].append(dict(check.extra)["ink_stroke"] > limit)
    return {kind: Rate(sum(v), len(v)) for kind, v in seen.items()}


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--first", type=int, default=520, help="photos to leave out at the start")
    parser.add_argument("--count", type=int, default=100, help="number of photos")
    chosen = parser.parse_args()
    for kind, rate in run(chosen.first, chosen.count).items():
        print(f"{kind:5} {rate}")


if __name__ == "__main__":
    _main()
