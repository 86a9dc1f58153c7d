"""A TensorFlow Lite model with one input, run on one thread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


class LiteModel:
    """Load once, run many times; not safe for use from two threads at a time."""

    def __init__(self, path: Path) -> None:
        """Load a ``.tflite`` file."""
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
