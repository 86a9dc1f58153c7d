"""ONNX models of this room: one picture at a time, on one thread."""

from __future__ import annotations

import onnxruntime as ort

from pipeline.model_store import ModelStore


def session_of(store: ModelStore, name: str) -> ort.InferenceSession:
    """A session of a model.

    Raises:
        DefectError: If it is missing or altered.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # One picture at a time: an arena would keep 20 MiB for nothing.
    options.enable_cpu_mem_arena = False
    return ort.InferenceSession(str(store.path(name)), options, providers=["CPUExecutionProvider"])
