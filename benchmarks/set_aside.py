"""Source images that are plainly mislabelled: proposed by their neighbours, decided by eye.

    .venv/bin/python -m benchmarks.set_aside --sheet sheet.png

An image is a candidate where at most two of its fifteen nearest images, of all splits and in
features that know nothing of our networks (gradients and pixels of the upright, scaled shape), bear
its label, and more than those agree on another. A person then looks at each candidate beside its
label, and only what is plainly another character goes into ``set_aside.json``; what is merely
badly written stays in every figure. Our own answers play no part. No image is copied: the list
names the source, the SHA-256 of the image as stored, and its label.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.samples.real_ink import RealInk, Split, data_folder

LIST = Path(__file__).resolve().parent / "set_aside.json"
_NEIGHBOURS, _SAME_AT_MOST = 15, 2
_COMPONENTS = 64
_HEIGHT_PX, _INK = 20, 60
_PIXELS_WEIGHT = 0.12
_DIGEST = 12
_SPLITS: tuple[Split, ...] = ("train", "calibrate", "test")
Floats = NDArray[np.float32]


@lru_cache(maxsize=3)
def digests_set_aside(split: str) -> frozenset[str]:
    """The images of a split that are set aside, by the first digits of their SHA-256."""
    if not LIST.exists():
        return frozenset()
    images = json.loads(LIST.read_text(encoding="utf-8"))["images"]
    return frozenset(one["sha256"][:_DIGEST] for one in images if one["split"] == split)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image whose neighbours bear another label.

    Attributes:
        index: Of the image in its split.
        same: How many of its neighbours bear its label.
        other: The label that most of them bear.
        agree: How many do.
    """

    split: Split
    index: int
    label: str
    same: int
    other: str
    agree: int


def features(images: NDArray[np.uint8]) -> Floats:
    """Gradients and pixels of the shapes, made upright and equally large: N x 520."""
    hog = cv2.HOGDescriptor((28, 28), (14, 14), (7, 7), (7, 7), 9)
    rows = []
    for image in images:
        shape = _scaled(_upright(image))
        small = cv2.resize(shape, (14, 14), interpolation=cv2.INTER_AREA).ravel() / 255
        rows.append(np.concatenate([np.ravel(hog.compute(shape)), small * _PIXELS_WEIGHT]))
    return np.array(rows, np.float32)


def _upright(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without slant, its centre in the middle."""
    m = cv2.moments(image)
    if m["m00"] <= 0 or abs(m["mu02"]) < 1e-2:
        return image
    slant = float(np.clip(m["mu11"] / m["mu02"], -0.6, 0.6))
    x, y = m["m10"] / m["m00"], m["m01"] / m["m00"]
    turn = np.array([[1, slant, 14 - x - slant * y], [0, 1, 14 - y]], np.float32)
    return np.asarray(cv2.warpAffine(image, turn, (28, 28)), np.uint8)


def _scaled(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As large as all others, in the middle."""
    ys, xs = np.nonzero(image > _INK)
    if not len(ys):
        return image
    scale = _HEIGHT_PX / max(np.ptp(ys) + 1, np.ptp(xs) + 1)
    y, x = (ys.max() + ys.min() + 1) / 2, (xs.max() + xs.min() + 1) / 2
    move = np.array([[scale, 0, 14 - scale * x], [0, scale, 14 - scale * y]], np.float32)
    return np.asarray(cv2.warpAffine(image, move, (28, 28)), np.uint8)


def candidates(ink: dict[Split, RealInk], digits: bool) -> list[Candidate]:
    """Images of ``calibrate`` and ``test`` whose neighbours bear another label.

    Args:
        ink: All splits.
        digits: Digits among digits, else capitals among capitals: a 0 near an O says nothing.
    """
    low, high = (ord("0"), ord("9")) if digits else (ord("A"), ord("Z"))
    chosen = {s: np.flatnonzero((r.labels >= low) & (r.labels <= high)) for s, r in ink.items()}
    labels = np.concatenate([ink[s].labels[chosen[s]] for s in ink])
    vectors = _reduced(np.concatenate([features(ink[s].images[chosen[s]]) for s in ink]))
    squares = (vectors**2).sum(axis=1)
    found, start = [], 0
    for split in ink:
        stop = start + len(chosen[split])
        for first in range(start, stop if split != "train" else start, 500):
            asked = np.arange(first, min(first + 500, stop))
            distance = squares[None] - 2 * vectors[asked] @ vectors.T
            distance[np.arange(len(asked)), asked] = np.inf
            near = np.argpartition(distance, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
            for i, around in zip(asked, labels[near], strict=True):
                names, counts = np.unique(around, return_counts=True)
                most = int(counts.argmax())
                same = int((around == labels[i]).sum())
                if same <= _SAME_AT_MOST and names[most] != labels[i]:
                    found.append(
                        Candidate(
                            split,
                            int(chosen[split][i - start]),
                            chr(labels[i]),
                            same,
                            chr(names[most]),
                            int(counts[most]),
                        )
                    )
        start = stop
    return found


def _reduced(vectors: Floats) -> Floats:
    """The directions that hold most of what differs: N x 64."""
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ directions[:, -_COMPONENTS:], np.float32)


def sheet(
    ink: dict[Split, RealInk], shown: list[Candidate], per_row: int = 16
) -> NDArray[np.uint8]:
    """The candidates with their number and label, to look at; never kept in the repository."""
    side, text = 96, 22
    rows = -(-len(shown) // per_row)
    picture = np.full((rows * (side + text), per_row * side), 255, np.uint8)
    for n, one in enumerate(shown):
        y, x = n // per_row * (side + text), n % per_row * side
        image = 255 - ink[one.split].images[one.index]
        large = cv2.resize(image, (side - 4, side - 4), interpolation=cv2.INTER_CUBIC)
        picture[y : y + side - 4, x : x + side - 4] = large
        place, font = (x + 2, y + side + 12), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(picture, f"{n}: {one.label}", place, font, 0.5, (0,))
    return picture


def main() -> None:
    """Finds candidates and writes the sheet to look at."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheet", type=Path, required=True, help="outside the repository")
    options = parser.parse_args()
    ink = {split: RealInk.load(data_folder(), split) for split in _SPLITS}
    shown = [*candidates(ink, digits=True), *candidates(ink, digits=False)]
    cv2.imwrite(str(options.sheet), sheet(ink, shown))
    for n, one in enumerate(shown):
        digest = ink[one.split].digests[one.index]
        print(f"{n}\t{one.split}\t{digest}\t{one.label}\t{one.other}\t{one.agree}")


if __name__ == "__main__":
    main()
