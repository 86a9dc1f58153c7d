"""The first view of a cell: our networks on one glyph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.readers.glyphs import SIDE_PX, normalise
from pipeline.readers.joining import normalised

MODEL = "characters-v1"
BOX_MODEL = "boxes-v2"
DIGITS = "0123456789"
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
JUNK = len(CHARACTERS)
OVERWRITTEN = len(DIGITS)
# Lower-case letters whose shape, not only their size, differs from the capital's.
DISTINCT_LOWER = "abdefghnqrt"
_COLUMN = {c: i for i, c in enumerate(CHARACTERS)}

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What our networks say of N glyphs, natural logarithms of probabilities.

    Attributes:
        first: N x A over the alphabet asked for, rows summing to 1.
        characters: N x 63; the columns are ``CHARACTERS`` and "no single character".
        digits: N x 11; the columns are ``DIGITS`` and "one written over another".
    """

    first: Floats
    characters: Floats
    digits: Floats


class CharacterNetworks:
    """Two ONNX networks, one thread each, loaded once.

    ``boxes-v2`` learnt from cells that were cut out of scanned rows, and has two heads: one for
    all characters, one for digits alone. ``characters-v1`` learnt from single glyphs and is asked
    of letters only: measured on split calibrate, its digits add nothing to those of ``boxes-v2``
    (weight fitted: 0.0), while its letters err in other places.
    """

    def __init__(self, store: ModelStore) -> None:
        """Load the weights.

        Raises:
            DefectError: ``MODEL_MISSING`` or ``MODEL_ALTERED``.
        """
        self._letters = _session(store, MODEL)
        self._boxes = _session(store, BOX_MODEL)
        self.version = f"{store.version(MODEL)} {store.version(BOX_MODEL)}"

    def opinion(self, glyphs: Sequence[Pixels], alphabet: str) -> Opinion:
        """The networks' opinion of glyphs.

        Args:
            glyphs: Ink of one character each, white on black, any size.
            alphabet: What may be written there.

        Raises:
            KeyError: For a character of the alphabet that the networks do not know.
        """
        columns = columns_of(alphabet)
        if not glyphs:
            sizes = (len(alphabet), JUNK + 1, OVERWRITTEN + 1)
            return Opinion(*(np.zeros((0, n)) for n in sizes))
        views = np.stack([normalise(glyph) for glyph in glyphs])[:, None]
        assert views.shape[1:] == (1, SIDE_PX, SIDE_PX)
        outputs = self._boxes.run(["characters", "digits"], {"glyphs": views})
        characters, digits = (normalised(logits.astype(np.float64)) for logits in outputs)
        if all(c in DIGITS for c in alphabet):
            other, mean = digits, characters  # a digit's column is the same in both heads
        else:
            (logits,) = self._letters.run(None, {"glyphs": views})
            other = normalised(logits.astype(np.float64))
            mean = np.asarray(np.logaddexp(characters, other) - np.log(2.0))
        first = normalised((characters[:, columns] + other[:, columns]) / 2)
        return Opinion(first, mean, digits)


def _session(store: ModelStore, name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        store.path(name), options, providers=["CPUExecutionProvider"]
    )


def columns_of(alphabet: str) -> NDArray[np.int64]:
    """The networks' columns for an alphabet.

    Raises:
        KeyError: For a character that the networks do not know.
    """
    return np.array([_COLUMN[c] for c in alphabet], dtype=np.int64)
