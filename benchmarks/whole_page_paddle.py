"""PaddleOCR as most people use it, for comparison: detect text on the whole page, then read it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import yaml

from pipeline.model_store import ModelStore
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.settings import Settings

DET = "PP-OCRv6_small_det"
REC = "PP-OCRv6_small_rec"
DETECTION_SIDE_PX = 1536  # at full 300 dpi it takes 2.5 GB


def whole_page_reader() -> Callable[[Path], object]:
    """A function that reads all text of a page image."""
    settings = Settings()
    store = ModelStore(settings.models)
    # Warms the recogniser, which also writes the folder that PaddleOCR expects.
    recogniser = PaddleRecogniser(store, settings.cache)
    recogniser.posteriors([cv2.cvtColor(_white(), cv2.COLOR_GRAY2BGR)])
    folder = Path(tempfile.mkdtemp(prefix="whole-page-"))
    (folder / "inference.onnx").symlink_to(store.path("pp_ocrv6_small_det").resolve())
    (folder / "inference.yml").write_text(yaml.safe_dump(_description()))
    from paddleocr import PaddleOCR

    ocr = PaddleOCR(
        text_detection_model_name=DET,
        text_detection_model_dir=str(folder),
        text_recognition_model_name=REC,
        text_recognition_model_dir=str(settings.cache / "models" / REC),
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=False,
        text_det_limit_side_len=DETECTION_SIDE_PX,
        text_det_limit_type="max",
        engine="onnxruntime",
        engine_config={"intra_op_num_threads": 1, "inter_op_num_threads": 1},
    )
    return lambda path: ocr.predict(cv2.imread(str(path)))


def _white() -> Any:
    import numpy as np

    return np.full((48, 160), 255, np.uint8)


def _description() -> dict[str, Any]:
    normalise = {
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "scale": "1./255.",
        "order": "hwc",
    }
    return {
        "Global": {"model_name": DET},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"DetLabelEncode": None},
                {"DetResizeForTest": None},
                {"NormalizeImage": normalise},
                {"ToCHWImage": None},
                {"KeepKeys": {"keep_keys": ["image", "shape", "polys", "ignore_tags"]}},
            ]
        },
        "PostProcess": {
            "name": "DBPostProcess",
            "thresh": 0.2,
            "box_thresh": 0.45,
            "max_candidates": 3000,
            "unclip_ratio": 1.4,
        },
    }
