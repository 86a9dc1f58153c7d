"""Pen strokes and seals across real faces, printed and scanned: how many go to a person.

``python -m benchmarks.photo_ink [--first N] [--count N]`` prints the shares; ``stroke`` lies over
the middle of the print, ``pen`` and ``seal`` over the face, ``grey`` is a scan without colour, and
``none`` has no ink: what is sent to a person there is sent for nothing. Photos from ``--first`` on
(520) were not looked at when the network was trained and limits were set; people who appear before
are left out. Without the evaluation data there is nothing to measure.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.intervals import Rate
from benchmarks.photo_drawn_ink import PENS_BGR, SEALS_BGR, grey, pen_stroke, seal
from benchmarks.print_and_scan import (
    LabelledPhoto,
    Pixels,
    fitted,
    labelled_photos,
    printed_and_scanned,
    read,
)
from pipeline import settings
from pipeline.domain.photos import PhotoCheckName
from pipeline.model_store import ModelStore
from pipeline.photo.faces import Face
from pipeline.photo.grading import PhotoGrader
from pipeline.photo.subject import scaled_face

SETS = ("utk", "yale", "obs")
FIRST_HELD_BACK = 520
STROKE_PX = 6  # half a millimetre
SEED = 3


def stroked(picture: Pixels, pen: str, rng: np.random.Generator) -> Pixels:
    """The picture with an uneven stroke across its middle."""
    inked = picture.copy()
    xs = np.linspace(60, 350, 9)
    ys = rng.uniform(200, 330) + rng.normal(0, 8, 9).cumsum()
    line = np.round(np.stack([xs, ys], axis=1)).astype(np.int32)
    cv2.polylines(inked, [line], False, PENS_BGR[pen], STROKE_PX, cv2.LINE_AA)
    return inked


def photos_from(first: int, count: int) -> list[LabelledPhoto]:
    """Photos in the benchmark's order, without people who stand before ``FIRST_HELD_BACK``."""
    photos = [p for p in labelled_photos() if p.labels["set"] in SETS]
    random.Random(SEED).shuffle(photos)
    known = {p.group_key for p in photos[:FIRST_HELD_BACK]} if first >= FIRST_HELD_BACK else set()
    return [p for p in photos[first : first + count] if p.group_key not in known]


def _inked(
    picture: Pixels, face: Face, number: int, rng: np.random.Generator
) -> Iterator[tuple[str, Pixels]]:
    """A stroke, a pen's mark and a seal, each in the colour whose turn it is, and one in grey."""
    pen = list(PENS_BGR)[number % len(PENS_BGR)]
    ink = list(SEALS_BGR)[number % len(SEALS_BGR)]
    yield f"stroke {pen}", stroked(picture, pen, rng)
    yield f"pen {pen}", pen_stroke(picture, face, pen, rng)
    yield f"seal {ink}", seal(picture, face, ink, rng)
    coloured = pen_stroke(picture, face, ("blue", "red")[number % 2], rng)
    yield "pen grey", grey(coloured)
    yield "seal grey", grey(seal(picture, face, "red", rng))


def run(first: int, count: int) -> dict[str, Rate]:
    """Shares of faces that go to a person for ink, by what was drawn on them."""
    grader = PhotoGrader(ModelStore(settings.current().models))
    limit = grader.limits.of(PhotoCheckName.FACE)["ink_review"]
    seen: dict[str, list[bool]] = defaultdict(list)
    for number, photo in enumerate(photos_from(first, count)):
        rng = np.random.default_rng([SEED, number])
        picture = fitted(read(photo))
        plain = grader.examine_loose(picture, 300.0).subject
        if plain is None or plain.face is None:
            continue
        face = _in_picture(plain.face, plain.picture, picture)
        shown = [("none", picture), ("none grey", grey(picture))]
        for kind, one in [*shown, *_inked(picture, face, number, rng)]:
            subject = grader.examine_loose(printed_and_scanned(one, rng), 300.0).subject
            # A face so inked that it is none any more fails as a whole.
            lost = subject is None or subject.face is None
            if lost and kind.startswith("none"):
                continue
            ink = 1.0 if lost or subject is None else subject.scores["ink"]
            seen[kind].append(ink > limit)
    return {kind: Rate(sum(v), len(v)) for kind, v in sorted(seen.items())}


def _in_picture(face: Face, working: Pixels, picture: Pixels) -> Face:
    return scaled_face(face, picture.shape[0] / working.shape[0])


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--first", type=int, default=FIRST_HELD_BACK, help="photos to leave out at the start"
    )
    parser.add_argument("--count", type=int, default=100, help="number of photos")
    chosen = parser.parse_args()
    for kind, rate in run(chosen.first, chosen.count).items():
        print(f"{kind:18} {rate}")


if __name__ == "__main__":
    _main()
