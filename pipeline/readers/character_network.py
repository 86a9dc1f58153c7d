"""The first view of a cell: our networks on one glyph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.readers.glyphs import SIDE_PX, normalise

MODEL = "characters-v1"
DIGITS_MODEL = "digits-v1"
DIGITS = "0123456789"
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
JUNK = len(CHARACTERS)
# Lower-case letters whose shape, not only their size, differs from the capital's.
DISTINCT_LOWER = "abdefghnqrt"
_COLUMN = {c: i for i, c in enumerate(CHARACTERS)}


class CharacterNetwork:
    """The ONNX network, one thread, loaded once."""

    def __init__(self, store: ModelStore) -> None:
        """Load the weights.

        Raises:
            DefectError: ``MODEL_MISSING`` or ``MODEL_ALTERED``.
        """
        self._session = _session(store, MODEL)
        self.version = store.version(MODEL)

    def log_probabilities(self, glyphs: Sequence[Pixels]) -> NDArray[np.float64]:
        """The network's opinion of glyphs.

        Args:
            glyphs: Ink of one character each, white on black, any size.

        Returns:
            N x 63 natural logarithms; the columns are ``CHARACTERS`` and "no single character".
        """
        return _log_probabilities(self._session, glyphs, JUNK + 1)


class DigitNetwork:
    """The digits-only ONNX network, one thread, loaded once."""

    def __init__(self, store: ModelStore) -> None:
        """Load the weights.

        Raises:
            DefectError: ``MODEL_MISSING`` or ``MODEL_ALTERED``.
        """
        self._session = _session(store, DIGITS_MODEL)
        self.version = store.version(DIGITS_MODEL)

    def log_probabilities(self, glyphs: Sequence[Pixels]) -> NDArray[np.float64]:
        """The network's opinion of glyphs that should be digits.

        Args:
            glyphs: Ink of one character each, white on black, any size.

        Returns:
            N x 11 natural logarithms; the columns are ``DIGITS`` and "one digit written over
            another".
        """
        return _log_probabilities(self._session, glyphs, len(DIGITS) + 1)


def _session(store: ModelStore, name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        store.path(name), options, providers=["CPUExecutionProvider"]
    )


def _log_probabilities(
    session: onnxruntime.InferenceSession, glyphs: Sequence[Pixels], classes: int
) -> NDArray[np.float64]:
    if not glyphs:
        return np.zeros((0, classes))
    views = np.stack([normalise(glyph) for glyph in glyphs])[:, None]
    assert views.shape[1:] == (1, SIDE_PX, SIDE_PX)
    logits = session.run(None, {"glyphs": views})[0].astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))


def columns_of(alphabet: str) -> NDArray[np.int64]:
    """The network's columns for an alphabet.

    Raises:
        KeyError: For a character that the network does not know.
    """
    return np.array([_COLUMN[c] for c in alphabet], dtype=np.int64)
