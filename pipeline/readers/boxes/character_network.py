"""The first view of a cell: our networks on one glyph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.readers.boxes.glyphs import SIDE_PX, normalise
from pipeline.readers.boxes.log_probabilities import normalised

MODEL = "characters-v1"
BOX_MODELS = ("boxes-v2", "boxes-v3")
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
    """Three ONNX networks, one thread each, loaded once.

    ``boxes-v2`` and ``boxes-v3`` learnt, each from a bank and a seed of its own, from cells that
    were cut out of scanned rows, and have two heads: one for all characters, one for digits alone.
    What two that were taught apart agree on is surer than either says (deep ensembles,
    Lakshminarayanan et al. 2017), and where both are wrong another seed does not help. Letters are
    read by ``boxes-v2`` with ``characters-v1``, which learnt from single glyphs: measured on split
    calibrate, its letters err in other places, its digits add nothing (weight fitted: 0.0), and
    ``boxes-v3`` beside them makes sure letters no surer.
    """

    def __init__(self, store: ModelStore) -> None:
        """Load the weights.

        Raises:
            DefectError: ``MODEL_MISSING`` or ``MODEL_ALTERED``.
        """
        self._letters = _session(store, MODEL)
        self._boxes = [_session(store, name) for name in BOX_MODELS]
        self.version = " ".join(store.version(name) for name in (MODEL, *BOX_MODELS))

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
        digits_alone = all(c in DIGITS for c in alphabet)
        nets = self._boxes if digits_alone else self._boxes[:1]
        said = [net.run(["characters", "digits"], {"glyphs": views}) for net in nets]
        of_all = [normalised(characters.astype(np.float64)) for characters, _ in said]
        of_digits = [normalised(digits.astype(np.float64)) for _, digits in said]
        if digits_alone:
            opinions = [*of_all, *of_digits]  # a digit's column is the same in both heads
        else:
            (logits,) = self._letters.run(None, {"glyphs": views})
            opinions = of_all = [*of_all, normalised(logits.astype(np.float64))]
        first = normalised(np.mean([opinion[:, columns] for opinion in opinions], axis=0))
        return Opinion(first, _mixed(of_all), _mixed(of_digits))


def _mixed(logs: Sequence[Floats]) -> Floats:
    """The mean of probabilities, as logarithms: what is asked of what is no single character."""
    return np.asarray(np.logaddexp.reduce(logs, axis=0) - np.log(len(logs)))


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
