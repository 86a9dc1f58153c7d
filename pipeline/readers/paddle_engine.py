"""PaddleOCR's line recogniser on onnxruntime, offline, with its posteriors.

PaddleOCR gives a text and the mean of its scores. What review needs stands one step below: the
softmax over all characters at every frame. This module runs PaddleOCR's own preprocessing and
network and hands that out. Verified against paddleocr 3.7.0 and paddlex 3.7.2.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import DefectError
from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore

MODEL = "pp_ocrv6_small_rec"
_PADDLE_NAME = "PP-OCRv6_small_rec"
INPUT_HEIGHT_PX = 48
_DEFAULT_WIDTH_PX = 320
_WIDEST_PX = 3200
# Narrower lines are padded by PaddleOCR to 320 px. A recognised line needs no such padding: the
# network is convolutional in width, and a third of the width costs a third of the time.
_NARROWEST_PX = 64


class PaddleRecogniser:
    """Recognises text lines; loaded at the first use (about 2 s, 250 MB)."""

    def __init__(self, store: ModelStore, cache_dir: Path) -> None:
        """Take where models are; nothing is loaded yet.

        Args:
            store: The verified models.
            cache_dir: Where the folder that PaddleOCR expects may be written.
        """
        self._store = store
        self._cache_dir = cache_dir
        self._predictor: Any = None
        self._columns: tuple[str, ...] = ()
        self._column_by_character: dict[str, int] = {}

    @property
    def version(self) -> str:
        """Name, version and hash of the model, for lineage."""
        return self._store.version(MODEL)

    @property
    def columns(self) -> tuple[str, ...]:
        """What each column of the posteriors stands for; column 0 is blank (empty string)."""
        self._load()
        return self._columns

    def column_of(self, character: str) -> int | None:
        """The column of a character, or None where the model does not know it."""
        self._load()
        return self._column_by_character.get(character)

    def posteriors(self, images: Sequence[Pixels]) -> list[NDArray[np.float32]]:
        """Softmax over the columns at every frame of each line.

        Lines go through one by one: on a CPU the padding of a batch costs more than it saves.

        Args:
            images: Lines of text, H x W x 3 BGR uint8, dark on light.

        Returns:
            For each image ``(frames, columns)``; ``frame_width_px`` maps frames to the image.
            An image without pixels gives no frames.
        """
        self._load()
        results = []
        for image in images:
            if image.size == 0:
                results.append(np.zeros((0, len(self._columns)), dtype=np.float32))
                continue
            normalised = self._normalised(image)
            output = self._predictor.runner(x=self._predictor.pre_tfs["ToBatch"](imgs=[normalised]))
            results.append(np.asarray(output[0][0], dtype=np.float32))
        return results

    def frame_width_px(self, image: Pixels, frames: int) -> float:
        """How many pixels of a line image one frame of its posteriors covers."""
        height, width = image.shape[:2]
        scaled = min(_WIDEST_PX, math.ceil(INPUT_HEIGHT_PX * width / height))
        padded = _padded_width(scaled)
        return float(padded / max(1, frames) * (width / scaled))

    def _normalised(self, image: Pixels) -> NDArray[np.float32]:
        height, width = image.shape[:2]
        scaled = min(_WIDEST_PX, math.ceil(INPUT_HEIGHT_PX * width / height))
        resize = self._predictor.pre_tfs["ReisizeNorm"]
        normalised: NDArray[np.float32] = resize.resize_norm_img(
            np.ascontiguousarray(image), _padded_width(scaled) / INPUT_HEIGHT_PX
        )
        return normalised

    def _load(self) -> None:
        if self._predictor is not None:
            return
        weights = self._store.path(MODEL)
        columns = _dictionary(weights)
        folder = _model_folder(self._cache_dir / "models" / _PADDLE_NAME, weights, columns)
        _keep_offline(self._cache_dir / "paddlex")
        # Imported here: it costs 2 s and 200 MB that a page without text does not need.
        from paddleocr import TextRecognition

        model = TextRecognition(
            model_name=_PADDLE_NAME,
            model_dir=str(folder),
            engine="onnxruntime",
            # One thread has no pool and so nothing that spins; a process per core does the rest.
            engine_config={"intra_op_num_threads": 1, "inter_op_num_threads": 1},
        )
        predictor = model.paddlex_predictor
        known: dict[str, int] = predictor.post_op.dict
        ordered = [""] * (max(known.values()) + 1)
        for character, column in known.items():
            ordered[column] = character
        ordered[0] = ""
        self._columns = tuple(ordered)
        self._column_by_character = {c: i for i, c in enumerate(ordered) if c}
        self._predictor = predictor


def _padded_width(scaled_px: int) -> int:
    """Input width for a line scaled to the input height, a multiple of the network's stride."""
    return max(_NARROWEST_PX, -(-scaled_px // 8) * 8)


def _keep_offline(cache_dir: Path) -> None:
    """Environment that PaddleX reads at import: no look-ups, our cache, no telemetry."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    os.environ["PADDLE_PDX_CACHE_HOME"] = str(cache_dir)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # PaddleX wants a font to draw results and would download one; nothing is drawn here.
    os.environ.setdefault("PADDLE_PDX_LOCAL_FONT_FILE_PATH", str(cache_dir / "no-font-needed.ttf"))


def _dictionary(weights: Path) -> list[str]:
    """The characters of the model, from its own metadata."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    listed = session.get_modelmeta().custom_metadata_map.get("character", "")
    characters: list[str] = listed.split("\n")
    if len(characters) < 1000:
        raise DefectError(
            "MODEL_ALTERED",
            ja="文字認識モデルに文字の一覧がありません。",
            en="The recognition model carries no list of characters.",
            remedy_ja="`uketsuke models fetch` を実行してください。",
            remedy_en="Run `uketsuke models fetch`.",
        )
    return characters


def _model_folder(folder: Path, weights: Path, characters: list[str]) -> Path:
    """The folder PaddleOCR expects: ``inference.onnx`` and an ``inference.yml`` made from it."""
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    description = {
        "Global": {"model_name": _PADDLE_NAME},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"MultiLabelEncode": {"gtc_encode": "NRTRLabelEncode"}},
                {"RecResizeImg": {"image_shape": [3, INPUT_HEIGHT_PX, _DEFAULT_WIDTH_PX]}},
                {"KeepKeys": {"keep_keys": ["image", "label_ctc", "label_gtc", "length"]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
    }
    target = folder / "inference.yml"
    if not target.exists():
        # Workers start together: each writes its own file, and the last rename wins.
        partial = folder / f".inference.{os.getpid()}.yml"
        partial.write_text(
            yaml.dump(description, allow_unicode=True, Dumper=_dumper()), encoding="utf-8"
        )
        partial.replace(target)
    link = folder / "inference.onnx"
    if not (link.is_symlink() and link.resolve() == weights.resolve()):
        fresh = folder / f".inference.{os.getpid()}.onnx"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(weights.resolve())
        fresh.replace(link)
    return folder


def _dumper() -> Any:
    import yaml

    return getattr(yaml, "CSafeDumper", yaml.SafeDumper)
