"""Real handwriting by character, split once and for all into train, calibrate and test.

The images are not part of this repository: a data folder holds them as ``.npz`` files with
``image`` and ``codepoint`` (and ``writer`` where it is known). An image belongs to a split by the
SHA-256 of its own bytes, so that the split needs no list, survives re-ordering and cannot drift;
a writer, where one is named, belongs to one split as a whole. An image that occurs in several
files counts once.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import InputError
from pipeline.imaging.pages import Pixels

Split = Literal["train", "calibrate", "test"]
SIDE_PX = 28
DATA_VARIABLE = "UKETSUKE_DATA"

# Shares of the splits in 256ths of the first byte of the hash: 80 %, 10 %, 10 %.
_CALIBRATE_FROM, _TEST_FROM = 204, 230
_BOX_OF_SMALL_PX = 20
# EMNIST "balanced" labels these letters with the capital whatever was written; a lower-case l
# under the label L would teach the wrong thing.
_MERGED = frozenset("CIJKLMOPSUVWXYZ")
_FILES = (
    "nist_byclass",
    "nist_digits",
    "nist_balanced47",
    "mnist_train",
    "usps_train",
    "chars74k_writers_a",
)


def data_folder() -> Path:
    """The folder of shared data: ``UKETSUKE_DATA``, else ``shared/data`` beside the repository."""
    named = os.environ.get(DATA_VARIABLE)
    if named:
        return Path(named)
    return Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True, slots=True)
class RealInk:
    """The images of one split.

    Attributes:
        images: N x 28 x 28 uint8, white ink on black.
        labels: N code points.
        sources: N indices into ``source_names``.
        digests: The first 12 hexadecimal digits of each image's SHA-256, to name it in a list.
    """

    split: Split
    images: Pixels
    labels: NDArray[np.int64]
    sources: NDArray[np.int64]
    digests: tuple[str, ...]
    source_names: tuple[str, ...] = _FILES

    @classmethod
    def load(cls, data_dir: Path, split: Split) -> RealInk:
        """Reads one split.

        Args:
            data_dir: The folder that holds ``handwriting/*.npz``, or that folder itself.
            split: ``train`` (80 %), ``calibrate`` (10 %) or ``test`` (10 %).

        Raises:
            InputError: ``HANDWRITING_MISSING`` where no such file is there.
        """
        folder = data_dir / "handwriting" if (data_dir / "handwriting").is_dir() else data_dir
        seen: set[str] = set()
        images: list[Pixels] = []
        labels: list[int] = []
        sources: list[int] = []
        digests: list[str] = []
        found = False
        for index, name in enumerate(_FILES):
            path = folder / f"{name}.npz"
            if not path.is_file():
                continue
            found = True
            with np.load(path) as content:
                raw, codes = content["image"], content["codepoint"]
                writers = content["writer"] if "writer" in content.files else None
            for i in range(len(raw)):
                label = int(codes[i])
                if name == "nist_balanced47" and chr(label) in _MERGED:
                    continue
                digest = hashlib.sha256(raw[i].tobytes()).hexdigest()
                if digest in seen:
                    continue
                seen.add(digest)
                key = (
                    digest
                    if writers is None
                    else hashlib.sha256(f"{name} writer {int(writers[i])}".encode()).hexdigest()
                )
                if _split_of(key) != split:
                    continue
                images.append(_to_side(raw[i]))
                labels.append(label)
                sources.append(index)
                digests.append(digest[:12])
        if not found:
            raise InputError(
                "HANDWRITING_MISSING",
                ja="手書き文字のデータが見つかりません。",
                en="The handwriting data was not found.",
                remedy_ja=f"環境変数 {DATA_VARIABLE} にデータの場所を指定してください。",
                remedy_en=f"Name its folder in the environment variable {DATA_VARIABLE}.",
            )
        return cls(
            split,
            np.stack(images),
            np.array(labels, dtype=np.int64),
            np.array(sources, dtype=np.int64),
            tuple(digests),
        )

    @property
    def alphabet(self) -> str:
        """The characters of which there is at least one image, in code point order."""
        return "".join(chr(c) for c in np.unique(self.labels))

    def indices_of(self, character: str) -> NDArray[np.int64]:
        """Where the images of a character stand; empty where there is none."""
        return np.flatnonzero(self.labels == ord(character)).astype(np.int64)

    def of(self, character: str) -> Pixels:
        """The images of a character: K x 28 x 28, white on black."""
        chosen: Pixels = self.images[self.labels == ord(character)]
        return chosen

    def draw(self, character: str, rng: np.random.Generator) -> Pixels:
        """One image of a character: 28 x 28, white on black.

        Raises:
            KeyError: If there is none.
        """
        indices = self.indices_of(character)
        if not len(indices):
            raise KeyError(character)
        image: Pixels = self.images[int(rng.choice(indices))]
        return image


def _split_of(key: str) -> Split:
    first = int(key[:2], 16)
    if first >= _TEST_FROM:
        return "test"
    return "calibrate" if first >= _CALIBRATE_FROM else "train"


def _to_side(image: Pixels) -> Pixels:
    """A smaller image (16 x 16, ink to its edges) in the middle of the common size."""
    if image.shape == (SIDE_PX, SIDE_PX):
        return image
    inner = cv2.resize(image, (_BOX_OF_SMALL_PX, _BOX_OF_SMALL_PX), interpolation=cv2.INTER_CUBIC)
    margin = (SIDE_PX - _BOX_OF_SMALL_PX) // 2
    framed: Pixels = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    framed[margin:-margin, margin:-margin] = inner
    return framed
