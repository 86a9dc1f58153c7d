"""Eyes that are not free, made on faces found in pictures: hair, a rim or glare across them.

And what looks like it and is allowed: hair that ends above the eyes, a glint beside the pupil.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.photo.faces import Face

Pixels = NDArray[np.uint8]
COVERED = ("hair", "rim", "glare")
ALLOWED = ("bangs", "glint")
HAIR_TONES = ((20, 18, 20), (28, 30, 34), (34, 46, 66), (60, 100, 140), (165, 168, 172))  # BGR
BRUSH_SHIFT = 3  # cv2 draws in fractions of a pixel: 1/8


def with_cover(picture: Pixels, face: Face, kind: str, rng: np.random.Generator) -> Pixels:
    """The picture with something over one eye or both.

    Args:
        picture: BGR, with ``face`` in its pixels.
        face: Where the eyes are.
        kind: One of ``COVERED`` or ``ALLOWED``.
        rng: What the kind leaves open.
    """
    eyes = list(zip(face.eye_centres, _widths(face), strict=True))
    if kind != "bangs" and rng.random() < 0.4:
        eyes = [eyes[int(rng.integers(2))]]
    if kind in ("hair", "bangs"):
        return _haired(picture, face, eyes, rng, ends_above=kind == "bangs")
    if kind == "rim":
        return _rimmed(picture, face, eyes, rng)
    return _glaring(picture, face, eyes, rng, small=kind == "glint")


Eyes = list[tuple[NDArray[np.floating], float]]  # type: ignore[type-arg]


def _widths(face: Face) -> tuple[float, float]:
    left, right = (float(np.linalg.norm(lids[8] - lids[0])) for lids in face.lids)
    return max(left, 4.0), max(right, 4.0)


def _down(face: Face) -> NDArray[np.float32]:
    left, right = face.eye_centres
    across = (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
    return np.array((-across[1], across[0]), np.float32)


def _haired(
    picture: Pixels, face: Face, eyes: Eyes, rng: np.random.Generator, *, ends_above: bool
) -> Pixels:
    down = _down(face)
    across = np.array((down[1], -down[0]), np.float32)
    tone = np.array(HAIR_TONES[int(rng.integers(len(HAIR_TONES)))], float)
    layer = picture.astype(np.float32).copy()
    for eye, width in eyes:
        count = int(rng.integers(14, 60))
        for _ in range(count):
            top = eye - down * width * float(rng.uniform(1.5, 2.6))
            top = top + across * width * float(rng.normal(0, 0.45))
            reach = float(rng.uniform(-0.75, -0.5) if ends_above else rng.uniform(0.25, 1.2))
            end = eye + down * width * reach + across * width * float(rng.normal(0, 0.4))
            bend = (top + end) / 2 + across * width * float(rng.normal(0, 0.15))
            t = np.linspace(0, 1, 12)[:, None]
            line = (1 - t) ** 2 * top + 2 * t * (1 - t) * bend + t**2 * end
            shade = tuple(float(c) for c in np.clip(tone * rng.uniform(0.6, 1.5), 0, 255))
            points = np.round(line * 2**BRUSH_SHIFT).astype(np.int32)
            thick = max(1, round(width * float(rng.uniform(0.02, 0.08))))
            cv2.polylines(layer, [points], False, shade, thick, cv2.LINE_AA, BRUSH_SHIFT)
    return _grey_like(picture, layer)


def _rimmed(picture: Pixels, face: Face, eyes: Eyes, rng: np.random.Generator) -> Pixels:
    down = _down(face)
    tone = tuple(float(v) for v in np.full(3, rng.uniform(10, 90)))
    layer = picture.astype(np.float32).copy()
    # A rim that runs through the eye: a frame that has slipped down, or sits too low.
    slip = float(rng.uniform(-0.12, 0.1))
    tall, wide = float(rng.uniform(0.5, 0.7)), float(rng.uniform(0.8, 1.05))
    side = float(rng.choice((-1.0, 1.0)))
    angle = float(np.degrees(np.arctan2(-down[0], down[1])))
    for eye, width in eyes:
        middle = eye + down * width * (slip + side * tall)
        axes = (round(width * wide), round(width * tall))
        thick = max(2, round(width * float(rng.uniform(0.1, 0.22))))
        at = (round(float(middle[0])), round(float(middle[1])))
        cv2.ellipse(layer, at, axes, angle, 0, 360, tone, thick, cv2.LINE_AA)
    return _grey_like(picture, layer)


def _glaring(
    picture: Pixels, face: Face, eyes: Eyes, rng: np.random.Generator, *, small: bool
) -> Pixels:
    height, width_px = picture.shape[:2]
    down = _down(face)
    rows, columns = np.mgrid[0:height, 0:width_px].astype(np.float32)
    veil = np.zeros((height, width_px), np.float32)
    power = float(rng.uniform(2, 6))
    for eye, width in eyes:
        size = float(rng.uniform(0.05, 0.1) if small else rng.uniform(0.3, 0.7)) * width
        drift = rng.normal(0, 0.35 if small else 0.12, 2) * width
        x = (columns - eye[0] - drift[0]) * down[1] - (rows - eye[1] - drift[1]) * down[0]
        y = (columns - eye[0] - drift[0]) * down[0] + (rows - eye[1] - drift[1]) * down[1]
        lean = float(rng.normal(0, 0.4))
        far = (np.abs((x + lean * y) / (1.4 * size)) ** power + np.abs(y / size) ** power) ** (
            1 / power
        )
        veil = np.maximum(veil, np.clip((1.15 - far) / 0.3, 0, 1))
    strength = float(rng.uniform(0.55, 0.98))
    tint = np.array((255, 250, 245), np.float32) * float(rng.uniform(0.85, 1.0))
    tint = tint * np.array((1, rng.uniform(0.94, 1), rng.uniform(0.88, 1)), np.float32)
    layer = picture * (1 - strength * veil[..., None]) + tint * strength * veil[..., None]
    return _grey_like(picture, layer)


def _grey_like(picture: Pixels, layer: NDArray[np.float32]) -> Pixels:
    if np.abs(picture[..., 0].astype(int) - picture[..., 2]).max() < 3:
        layer = np.repeat(layer.mean(axis=2, keepdims=True), 3, axis=2)
    return np.clip(layer, 0, 255).astype(np.uint8)
