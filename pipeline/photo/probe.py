"""Sunglasses, head covering, covered eyes: our classifier on an upright cut of the head."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.photo.faces import CHIN, Face, Points
from pipeline.photo.onnx_models import session_of

SIDE_PX = 224
T_SHARE = 0.30  # eyes to chin as a share of the cut's side: hats fit above, shoulders below
EYES_AT = 0.52  # height of the eyes in the cut
OUTPUTS = ("sunglasses", "head_covering", "eyes_covered")
SURROUND = (190, 190, 190)
CHIN_PER_MOUTH = 1.64  # eyes to chin over eyes to mouth, median of the real faces (1.44-1.96)

# Eye on the picture's left, eye on its right, chin.
HeadLandmarks = tuple[Points, Points, Points]


def landmarks_of(face: Face) -> HeadLandmarks:
    """Eyes and chin by the mesh."""
    left, right = face.eye_centres
    return left, right, face.mesh[CHIN, :2]


def landmarks_of_glimpse(face: Face) -> HeadLandmarks:
    """Eyes and chin by the detector alone, for a face that the mesh does not confirm."""
    left, right, mouth = face.points[0], face.points[1], face.points[3]
    middle = (left + right) / 2
    return left, right, middle + CHIN_PER_MOUTH * (mouth - middle)


def head_cut(picture: Pixels, landmarks: HeadLandmarks) -> Pixels:
    """The head upright and at a fixed size, ``SIDE_PX`` square, BGR."""
    left, right, chin = landmarks
    eyes = (left + right) / 2
    # Between the eyes and the chin: steadier than the eyes alone when the head is turned.
    down = chin - eyes
    across = right - left
    tilt = float(np.arctan2(across[1], across[0]))
    length = max(float(np.linalg.norm(down)), 0.9 * float(np.linalg.norm(across)))
    scale = SIDE_PX * T_SHARE / max(length, 1.0)
    c, s = np.cos(-tilt) * scale, np.sin(-tilt) * scale
    move = np.array(
        [
            [c, -s, SIDE_PX / 2 - c * eyes[0] + s * eyes[1]],
            [s, c, SIDE_PX * EYES_AT - s * eyes[0] - c * eyes[1]],
        ],
        np.float32,
    )
    if scale < 0.7:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.4 / scale), np.uint8)
    cut = cv2.warpAffine(
        picture, move, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_CONSTANT, borderValue=SURROUND
    )
    return np.asarray(cut, np.uint8)


def as_input(cut: Pixels) -> NDArray[np.float32]:
    """3 x side x side, RGB, the backbone's normalisation (mean and half range 127 and 128)."""
    rgb = cv2.cvtColor(cut, cv2.COLOR_BGR2RGB).astype(np.float32)
    return np.ascontiguousarray(((rgb - 127.0) / 128.0).transpose(2, 0, 1))


class HeadProbe:
    """The classifier; ``photo_head_clean`` is the variant trained on drawn faces only."""

    def __init__(self, store: ModelStore, model: str = "photo_head") -> None:
        """Load the model.

        Raises:
            DefectError: If it is missing or altered.
        """
        self._session = session_of(store, model)

    def scores(self, picture: Pixels, landmarks: HeadLandmarks) -> dict[str, float]:
        """Probability by name of output."""
        batch = as_input(head_cut(picture, landmarks))[None]
        (logits,) = self._session.run(None, {"picture": batch})
        values = 1 / (1 + np.exp(-np.clip(np.asarray(logits)[0], -30, 30)))
        return dict(zip(OUTPUTS, map(float, values), strict=True))
