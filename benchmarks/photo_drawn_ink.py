"""Ink laid over a photo as pens and seals do: translucent, uneven, with the paper's rough edge."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.print_and_scan import Pixels
from pipeline.photo.faces import CHIN, OVAL, Face
from pipeline.samples.stamps import press_seal

PENS_BGR = {
    "blue": (150, 60, 30),
    "red": (50, 40, 200),
    "black": (30, 28, 28),
    "blue-black": (72, 44, 34),
}
SEALS_BGR = {"red": (52, 46, 205), "black": (40, 36, 36)}
PEN_MM = (0.35, 0.8)
SEAL_MM = (10.5, 18.0)
PX_PER_MM = 300 / 25.4
NAMES = ("山田", "佐藤", "鈴木", "受付", "長谷川", "林")
PEN_COVER = 0.93  # of a gel pen or a ball pen pressed hard


def pen_stroke(picture: Pixels, face: Face, pen: str, rng: np.random.Generator) -> Pixels:
    """The picture with a stroke from one side of the face to the other, near its middle."""
    oval = face.mesh[list(OVAL), :2]
    middle = oval.mean(axis=0) + rng.normal(0, 0.12, 2) * face.eye_to_chin_px
    angle = float(rng.uniform(0, np.pi))
    along = np.array((np.cos(angle), np.sin(angle)))
    beside = np.array((-along[1], along[0]))
    reach = float(rng.uniform(0.8, 1.15)) * float(np.ptp((oval - middle) @ along)) / 2
    t = np.linspace(-1, 1, 9)
    bend = rng.normal(0, 0.02, 9).cumsum() * face.eye_to_chin_px
    line = middle + t[:, None] * reach * along + (bend - bend.mean())[:, None] * beside
    cover = np.zeros(picture.shape[:2], np.uint8)
    width = max(2, round(float(rng.uniform(*PEN_MM)) * PX_PER_MM))
    cv2.polylines(cover, [np.round(line).astype(np.int32)], False, (255,), width, cv2.LINE_AA)
    coarse = rng.uniform(0.75, 1.0, (24, 18)).astype(np.float32)
    uneven = cv2.resize(coarse, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return _laid(picture, cover / 255 * uneven * PEN_COVER, PENS_BGR[pen])


def seal(picture: Pixels, face: Face, ink: str, rng: np.random.Generator) -> Pixels:
    """The picture with a seal pressed on the face, its centre inside the oval."""
    centre = (face.mesh[list(OVAL), :2].mean(axis=0) + face.mesh[CHIN, :2]) / 2
    centre = centre - (0, 0.5 * face.eye_to_chin_px)
    x, y = centre + rng.normal(0, 0.2, 2) * face.eye_to_chin_px
    blank = np.full_like(picture, 255)
    text = str(rng.choice(NAMES))
    press_seal(blank, text, (float(x), float(y)), rng, diameter_mm=float(rng.uniform(*SEAL_MM)))
    # The green of the red seal on white is how much it covers.
    cover = np.clip((255 - blank[..., 1].astype(np.float32)) / (255 - 46), 0, 1)
    return _laid(picture, cover, SEALS_BGR[ink])


def grey(picture: Pixels) -> Pixels:
    """The picture as a grey scan has it."""
    plane = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR), np.uint8)


def _laid(picture: Pixels, cover: NDArray[np.floating], ink_bgr: tuple[int, int, int]) -> Pixels:
    """Ink filters the print under it: what is dark stays dark."""
    through = np.array(ink_bgr, np.float32) / 255
    tone = picture.astype(np.float32)
    layer = tone * (1 - cover[..., None] * (1 - through))
    return np.clip(layer, 0, 255).astype(np.uint8)
