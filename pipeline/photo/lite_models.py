"""A TensorFlow Lite model with one input, run on one thread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


class LiteModel:
    """Load once, run many times; not safe for use from two threads at a time."""

    def __init__(self, path: Path) -> None:
        """Load a ``.tflite`` file."""
        with _quiet():
            self._interpreter = Interpreter(model_path=str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        (only,) = self._interpreter.get_input_details()
        self._input = only["index"]
        self.input_size_px = int(only["shape"][1])
        self._outputs = [d["index"] for d in self._interpreter.get_output_details()]

    def run(self, picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Run on a size x size x 3 RGB picture; the outputs without their batch axis."""
        self._interpreter.set_tensor(self._input, picture[None].astype(np.float32))
        self._interpreter.invoke()
        return [np.array(self._interpreter.get_tensor(i)[0], np.float32) for i in self._outputs]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the runtime's greeting off stderr: it is written past Python, and no setting stops it.

    What goes wrong while a model loads is raised, so nothing is lost.
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
