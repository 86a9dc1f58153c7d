"""Views for the ink network: lines of faces with ink drawn over them, and without.

Run in the engine's environment: ``python -m models.training.photo_ink_views OUT.npz [--drawn]``.
Faces are real photos of the evaluation data up to ``--count`` in the benchmark's order, printed
and scanned in simulation, or with ``--drawn`` our drawn portraits. Views of real faces are
personal: they stay out of the project.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.photo_ink import SEED, SETS
from benchmarks.print_and_scan import Pixels, fitted, labelled_photos, printed_and_scanned, read
from models.training.photo_ink_drawn import with_blemishes, with_ink
from pipeline import settings
from pipeline.model_store import ModelStore
from pipeline.photo.faces import Face, FaceFinder
from pipeline.photo.ink_lines import line_view
from pipeline.photo.subject import scaled, scaled_face, working_scale
from pipeline.samples.portraits import PortraitSpec, draw_portrait

PRINTS, INKED = 2, 8
GREY_SHARE = 0.3
MIN_SCORE, MIN_MESH = 0.5, 0.3
MESH_DRIFT = 0.012  # of eyes to chin: a mesh never lies twice in the same place
DRAWN_FROM = 880_000


def _photos(count: int) -> Iterator[tuple[int, Pixels, np.random.Generator]]:
    photos = [p for p in labelled_photos() if p.labels["set"] in SETS]
    random.Random(SEED).shuffle(photos)
    for number, photo in enumerate(photos[:count]):
        for turn in range(PRINTS):
            rng = np.random.default_rng([SEED, number, turn])
            yield number, printed_and_scanned(fitted(read(photo)), rng), rng


def _portraits(count: int) -> Iterator[tuple[int, Pixels, np.random.Generator]]:
    for number in range(count):
        rng = np.random.default_rng(DRAWN_FROM + number)
        spec = PortraitSpec.good(rng)
        if number % 2:
            spec = dataclasses.replace(spec, glasses=True)
        yield number, printed_and_scanned(draw_portrait(spec, rng, 413, 531), rng), rng


def _grey(picture: Pixels) -> Pixels:
    plane = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR), np.uint8)


def _drifted(face: Face, rng: np.random.Generator) -> Face:
    mesh = face.mesh.copy()
    mesh[:, :2] += rng.normal(0, MESH_DRIFT, 2) * face.eye_to_chin_px
    return dataclasses.replace(face, mesh=mesh)


def main() -> None:
    """Write views (bytes, N x 3 x 128 x 112), labels and the number of the person."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--drawn", action="store_true")
    parser.add_argument("--count", type=int, default=520)
    chosen = parser.parse_args()
    finder = FaceFinder(ModelStore(settings.current().models))
    source = _portraits(chosen.count) if chosen.drawn else _photos(chosen.count)
    views, inked, persons = [], [], []
    for number, picture, rng in source:
        found = finder.detect(picture, MIN_SCORE)
        face = finder.landmarks(picture, found[0]) if found else None
        if face is None or face.mesh_score < MIN_MESH:
            continue
        factor = working_scale(picture, face)
        working, face = scaled(picture, factor), scaled_face(face, factor)
        shown = [working, working, _grey(working), with_blemishes(working, face, rng)]
        for _ in range(INKED):
            marked = with_ink(working, face, rng)
            shown.append(_grey(marked) if rng.random() < GREY_SHARE else marked)
        for index, one in enumerate(shown):
            lines = line_view(one, face if index == 0 else _drifted(face, rng))
            views.append(np.round(lines * 255).astype(np.uint8))
            inked.append(index >= len(shown) - INKED)
            persons.append(number)
    np.savez(chosen.out, x=np.array(views), y=np.array(inked, np.uint8), k=np.array(persons))


if __name__ == "__main__":
    main()
