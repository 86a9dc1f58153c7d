"""Features and labels for the head classifier, from real faces, things drawn on them, portraits.

Run in the engine's environment, from the repository:
``python -m models.training.photo_head_features BACKBONE.onnx FEATURES.npz``. Labels that were given
by eye stand in ``photo_labels.json``. Photos of real people stay where they are; what is written
holds features and labels only.
"""

from __future__ import annotations

import argparse
import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from benchmarks.photo_bench import prepared
from benchmarks.print_and_scan import LabelledPhoto, labelled_photos, printed_and_scanned, read
from models.training.photo_eye_cover import ALLOWED, COVERED, with_cover
from models.training.photo_head_data import dressed, varied
from pipeline import settings
from pipeline.model_store import ModelStore
from pipeline.photo.faces import Face, FaceFinder
from pipeline.photo.probe import as_input, head_cut, landmarks_of
from pipeline.samples.portraits import DEFECTS, PortraitSpec, draw_portrait

UNKNOWN = -1
DRAWN = 900
HATS = ("cap", "beanie", "brim", "scarf")
LABELS = Path(__file__).with_name("photo_labels.json")
Labels = tuple[int, int, int]  # sunglasses, head covering, eyes covered: 1, 0 or UNKNOWN
REAL_HAT_WEIGHT, REAL_WEIGHT = 8.0, 2.0
Pixels = NDArray[np.uint8]


@dataclass(slots=True)
class Collector:
    """Gathers features row by row."""

    session: ort.InferenceSession
    features: list[NDArray[np.float32]] = field(default_factory=list)
    labels: list[Labels] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)

    def add(self, cut: Pixels, labels: Labels, kind: str, group: str) -> None:
        """One cut: ``kind`` is real, varied, printed, dressed or drawn."""
        (row,) = self.session.run(None, {"picture": as_input(cut)[None]})
        self.features.append(np.asarray(row[0], np.float32))
        self.labels.append(labels)
        self.kinds.append(kind)
        self.groups.append(zlib.crc32(group.encode()) % 9973)

    def save(self, path: Path) -> None:
        """Write everything as one archive."""
        labels, kinds = np.array(self.labels), np.array(self.kinds)
        photographed = np.isin(kinds, ["real", "varied", "printed"])
        boost = np.where(photographed, REAL_WEIGHT, 1.0)
        boost[(labels[:, 1] == 1) & photographed] = REAL_HAT_WEIGHT
        np.savez(
            path, features=np.stack(self.features), labels=labels, real=kinds == "printed",
            drawn=kinds == "drawn", group=np.array(self.groups), boost=boost,
        )  # fmt: skip


def _labels(photo: LabelledPhoto, by_eye: dict[str, list[str]]) -> Labels:
    row = photo.labels
    name = row["file"]
    sunglasses = 1 if row["sunglasses"] == "1" else 0
    hat = 1 if row["hat"] == "1" or name in by_eye["head_covering"] else 0
    # Bands and cloths that leave the hair free, sunglasses pushed up, edges of something.
    if name in by_eye["head_covering_doubtful"]:
        hat = UNKNOWN
    covered = 1 if name in by_eye["eyes_covered"] else 0
    if sunglasses == 1 or name in by_eye["eyes_covered_doubtful"]:
        covered = UNKNOWN
    return sunglasses, hat, covered


def _largest(finder: FaceFinder, picture: Pixels) -> Face | None:
    found = sorted(finder.detect(picture, 0.5), key=lambda d: -d.box[2])
    if not found or (len(found) > 1 and found[1].box[2] > 0.6 * found[0].box[2]):
        return None
    face = finder.landmarks(picture, found[0])
    return face if face.mesh_score > 0.5 else None


def _add_real(
    collector: Collector, finder: FaceFinder, photo: LabelledPhoto,
    by_eye: dict[str, list[str]], rng: np.random.Generator,
) -> None:  # fmt: skip
    picture = read(photo)
    factor = min(1.0, 600 / max(picture.shape[:2]))
    if factor < 1:
        picture = np.asarray(
            cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8
        )
    face = _largest(finder, picture)
    if face is None:
        return
    sunglasses, hat, covered = labels = _labels(photo, by_eye)
    place, group = landmarks_of(face), photo.group_key
    cut = head_cut(picture, place)
    collector.add(cut, labels, "real", group)
    for _ in range(3 if hat == 1 else 1):
        if hat == 1 or rng.random() < 0.2:
            collector.add(varied(cut, rng), labels, "varied", group)
    # As it comes in: cut to the print's shape, which takes the top off a hat, printed and scanned.
    for _ in range(4 if hat == 1 else 1):
        printed = printed_and_scanned(prepared(photo), rng)
        seen = _largest(finder, printed)
        if seen is not None:
            collector.add(head_cut(printed, landmarks_of(seen)), labels, "printed", group)
    if photo.labels["set"] not in ("obs", "utk", "yale"):
        return

    def add(worn: Pixels, what: Labels) -> None:
        collector.add(varied(head_cut(worn, place), rng), what, "dressed", group)

    if hat == 0:
        for kind in rng.choice(HATS, 2, replace=False):
            add(dressed(picture, face, str(kind), rng), (sunglasses, 1, covered))
        kind = str(rng.choice(["dark", "clear"]))
        worn = dressed(picture, face, kind, rng)
        dark = kind == "dark"
        add(worn, (1 if dark else sunglasses, hat, UNKNOWN if dark else covered))
    if sunglasses == 0 and covered == 0:
        kind = str(rng.choice(COVERED))
        add(with_cover(picture, face, kind, rng), (sunglasses, hat, 1))
        glasses = kind == "glare" and rng.random() < 0.5
        worn = dressed(picture, face, "clear", rng) if glasses else picture
        add(with_cover(worn, face, str(rng.choice(ALLOWED)), rng), labels)


def _add_drawn(collector: Collector, finder: FaceFinder, index: int, name: str) -> None:
    rng = np.random.default_rng(10_000 + index)
    spec = getattr(PortraitSpec, name)(rng)
    portrait = draw_portrait(spec, rng, 240, 308)
    face = _largest(finder, portrait)
    if face is None:
        return
    covered = UNKNOWN if spec.sunglasses else 0
    if covered == 0 and index % 3:
        kind = str(rng.choice(COVERED if index % 3 == 1 else ALLOWED))
        portrait = with_cover(portrait, face, kind, rng)
        covered = int(kind in COVERED)
    labels = (int(spec.sunglasses), int(bool(spec.hat) or spec.headscarf), covered)
    cut = varied(head_cut(portrait, landmarks_of(face)), rng)
    collector.add(cut, labels, "drawn", f"drawn {index}")


def main() -> None:
    """Collect and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backbone", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    by_eye = json.loads(LABELS.read_text(encoding="utf-8"))
    cv2.setNumThreads(1)
    one = ort.SessionOptions()
    one.intra_op_num_threads = 1
    session = ort.InferenceSession(str(options.backbone), one, providers=["CPUExecutionProvider"])
    collector = Collector(session)
    finder = FaceFinder(ModelStore(settings.current().models))
    names = ["with_hat", "good", "with_headscarf", "good", "with_sunglasses", *DEFECTS]
    for index in range(DRAWN):
        _add_drawn(collector, finder, index, names[index % len(names)])
    print("drawn", len(collector.features), flush=True)
    rng = np.random.default_rng(0)
    for index, photo in enumerate(labelled_photos()):
        _add_real(collector, finder, photo, by_eye, rng)
        if index % 200 == 0:
            print(index, len(collector.features), flush=True)
            collector.save(options.out)
    collector.save(options.out)


if __name__ == "__main__":
    main()
