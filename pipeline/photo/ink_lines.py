"""Ink across a face: a pen stroke or a seal, told from features, frames, beards and hair.

Ink lies on a print as thin lines darker or more coloured than what is on both their sides; edges
of shadows, hair and clothes have that on one side only. Such lines are measured in a view of the
face that is upright and of fixed size, where brows, lids, nostrils, lips and the rims of glasses
stand in known places, and a small network says whether some of them are none of the face's own.
It sees lines only, never the tone of the skin.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.photo.faces import CHIN, Face
from pipeline.photo.onnx_models import session_of

VIEW_W_PX, VIEW_H_PX = 112, 128
EYES_AT_PX = (56.0, 44.0)  # middle of the eyes in the view
T_PX = 64.0  # eyes to chin in the view
# Half a pen's widest stroke (0.8 mm where eyes to chin are 16 mm) and its blur.
APART_PX = 4
ALONG_PX = 7  # lines shorter than this are averaged away: grain, stubble, ink dots
FULL = (0.6, 15.0, 15.0)  # log of tone, a*, b*: what counts as a full line
LUMA = (0.114, 0.587, 0.299)
BLACK = 0.05  # added to tones, so that noise in the dark is no line

Plane = NDArray[np.float32]


def line_view(picture: Pixels, face: Face) -> Plane:
    """Dark, reddish and bluish lines of the upright face, 3 x height x width, 0 to 1."""
    move = _to_view(face)
    scale = float(np.hypot(*move[0, :2]))
    soft = cv2.GaussianBlur(picture, (0, 0), max(0.5, 0.4 / scale))
    view = cv2.warpAffine(
        soft, move, (VIEW_W_PX, VIEW_H_PX), borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    view /= 255
    dark = -np.log(view @ np.array(LUMA, np.float32) + BLACK)
    lab = cv2.cvtColor(view, cv2.COLOR_BGR2Lab)
    planes = (dark, lab[..., 1], -lab[..., 2])
    lines = [_lines(np.ascontiguousarray(p)) / f for p, f in zip(planes, FULL, strict=True)]
    return np.clip(np.stack(lines), 0, 1).astype(np.float32)


def lines_on(picture: Pixels, face: Face) -> Plane:
    """The strongest line of any colour at each pixel of the picture, 0 to 1: what was looked at."""
    lines = line_view(picture, face).max(axis=0)
    size = (picture.shape[1], picture.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(lines, _to_view(face), size, flags=flags), np.float32)


def _to_view(face: Face) -> Plane:
    """2 x 3: from the picture to the view of the upright face."""
    left, right = face.eye_centres
    eyes = (left + right) / 2
    across = right - left
    tilt = float(np.arctan2(across[1], across[0]))
    length = max(float(np.linalg.norm(face.mesh[CHIN, :2] - eyes)), 1.0)
    c, s = np.cos(-tilt) * T_PX / length, np.sin(-tilt) * T_PX / length
    return np.array(
        [
            [c, -s, EYES_AT_PX[0] - c * eyes[0] + s * eyes[1]],
            [s, c, EYES_AT_PX[1] - s * eyes[0] - c * eyes[1]],
        ],
        np.float32,
    )


def _lines(plane: Plane) -> Plane:
    """How far each pixel rises above what lies on both sides of it, in the best of four ways."""
    slant = round(APART_PX / 2**0.5)
    diagonal = np.eye(round(ALONG_PX / 2**0.5), dtype=np.float32) / round(ALONG_PX / 2**0.5)
    rising = np.ascontiguousarray(diagonal[::-1])
    rim = APART_PX
    padded = np.asarray(
        cv2.copyMakeBorder(plane, rim, rim, rim, rim, cv2.BORDER_REPLICATE), np.float32
    )
    ways = (
        (cv2.blur(_above_sides(padded, APART_PX, 0), (1, ALONG_PX))),
        (cv2.blur(_above_sides(padded, 0, APART_PX), (ALONG_PX, 1))),
        (cv2.filter2D(_above_sides(padded, slant, slant), -1, rising)),
        (cv2.filter2D(_above_sides(padded, slant, -slant), -1, diagonal)),
    )
    return np.asarray(np.maximum.reduce(ways), np.float32)


def _above_sides(padded: Plane, dx: int, dy: int) -> Plane:
    rim = APART_PX
    height, width = padded.shape[0] - 2 * rim, padded.shape[1] - 2 * rim

    def moved(x: int, y: int) -> Plane:
        return padded[rim + y : rim + y + height, rim + x : rim + x + width]

    return np.asarray(moved(0, 0) - np.maximum(moved(dx, dy), moved(-dx, -dy)), np.float32)


class InkReader:
    """The network ``photo_ink``."""

    def __init__(self, store: ModelStore) -> None:
        """Load the model.

        Raises:
            DefectError: If it is missing or altered.
        """
        self._session = session_of(store, "photo_ink")

    def probability(self, picture: Pixels, face: Face) -> float:
        """That there is ink across the face."""
        (logit,) = self._session.run(None, {"lines": line_view(picture, face)[None]})
        return float(1 / (1 + np.exp(-np.clip(np.asarray(logit).ravel()[0], -30, 30))))
