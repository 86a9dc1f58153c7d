"""Pictures for the head classifier: real faces, things drawn on them, and drawn portraits."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.photo.checks.pose import mesh_angles
from pipeline.photo.faces import CHIN, Face
from pipeline.samples.portrait_backdrops import soft_noise
from pipeline.samples.portrait_heads import HeadPainter, rotation

Pixels = NDArray[np.uint8]
KINDS = ("cap", "beanie", "brim", "scarf", "dark", "clear")


def dressed(picture: Pixels, face: Face, kind: str, rng: np.random.Generator) -> Pixels:
    """A hat, scarf or glasses drawn on a face that was found in a picture."""
    left, right = face.eye_centres
    eyes = (left + right) / 2
    chin = face.mesh[CHIN, :2]
    length = max(float(np.linalg.norm(chin - eyes)), 0.9 * float(np.linalg.norm(right - left)))
    yaw, pitch, roll = mesh_angles(face)
    half_head = length / 0.98 * float(rng.uniform(0.97, 1.08))
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    turn = rotation(float(np.clip(yaw, -40, 40)), float(np.clip(pitch / 2, -15, 20)), roll)
    shift = turn @ np.array((0, 0.02 + rng.uniform(-0.03, 0.03), 0.5), np.float32)
    view_x = (columns - eyes[0]) / half_head + shift[0]
    view_y = (rows - eyes[1]) / half_head + shift[1]
    painter = HeadPainter(
        view_x.astype(np.float32), view_y.astype(np.float32), turn, rng,
        skin=np.array((150, 180, 218), np.float32), hair=None, long_hair=False, age="adult",
    )  # fmt: skip
    if kind in ("dark", "clear"):
        painter.depth[:] = 0.0
        painter.colour[:] = picture
        painter.glasses(dark=kind == "dark")
        return np.clip(painter.colour, 0, 255).astype(np.uint8)
    if kind == "scarf":
        painter.headscarf()
    else:
        painter.hat(kind)
    figure, mask = painter.finished()
    weave = soft_noise(rng, width, height, float(rng.uniform(2, 30)))
    figure = figure * (1 + float(rng.uniform(0, 0.3)) * np.clip(weave, -2, 2)[..., None])
    if picture[..., 0].std() and np.abs(picture[..., 0].astype(int) - picture[..., 2]).max() < 3:
        figure = np.repeat(figure.mean(axis=2, keepdims=True), 3, axis=2)
    mixed = picture * (1 - mask[..., None]) + figure * mask[..., None]
    return np.clip(mixed, 0, 255).astype(np.uint8)


def varied(cut: Pixels, rng: np.random.Generator) -> Pixels:
    """Mirrored, moved, turned, dimmed and blurred a little."""
    size = cut.shape[0]
    if rng.random() < 0.5:
        cut = np.ascontiguousarray(cut[:, ::-1])
    move = cv2.getRotationMatrix2D(
        (size / 2, size / 2), float(rng.normal(0, 5)), float(rng.uniform(0.92, 1.08))
    )
    move[:, 2] += rng.normal(0, 4, 2)
    x = cv2.warpAffine(cut, move, (size, size), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    x = x * float(rng.uniform(0.75, 1.15)) + float(rng.uniform(-10, 15))
    if rng.random() < 0.3:
        x = np.repeat(x.mean(axis=2, keepdims=True), 3, axis=2)
    x = cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.2, 1.6)))
    x = x + rng.normal(0, float(rng.uniform(0, 6)), x.shape)
    return np.clip(x, 0, 255).astype(np.uint8)
