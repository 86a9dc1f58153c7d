"""Person against background: MediaPipe's selfie segmentation (Apache-2.0)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.photo.lite_models import LiteModel


class Silhouettes:
    """The segmentation model."""

    def __init__(self, store: ModelStore) -> None:
        """Load the model.

        Raises:
            DefectError: If it is missing or altered.
        """
        self._model = LiteModel(store.path("selfie_segmentation"))

    def person(self, picture: Pixels) -> NDArray[np.float32]:
        """How likely each pixel of a BGR picture shows the person, H x W, 0 to 1."""
        size = self._model.input_size_px
        small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
        rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.float32) / 255
        (mask,) = self._model.run(np.asarray(rgb, np.float32))
        wide = cv2.resize(mask[..., 0], (picture.shape[1], picture.shape[0]))
        return np.asarray(wide, np.float32)
