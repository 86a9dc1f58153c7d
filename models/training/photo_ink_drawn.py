"""Ink of any kind drawn over a face, for teaching what is none of the face's own lines.

Strokes, crosses, ticks, scribbles, rings, squares and characters, in black, blue-black, blue and
red, wet and dry; the benchmark draws its own in another way (``benchmarks/photo_drawn_ink.py``).
And what is allowed and looks like it: moles, creases, rims of glasses, stray hair above the brows.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.photo.faces import OVAL, Face

Pixels = NDArray[np.uint8]
Cover = NDArray[np.float32]
MM_PER_T = 16.0  # eyes to chin of a head 32 mm high
INKS_BGR = (
    (28, 26, 26), (45, 42, 42), (70, 44, 34), (110, 52, 34), (150, 62, 32), (165, 90, 40),
    (40, 34, 190), (60, 52, 210), (52, 46, 160), (90, 40, 120),
)  # fmt: skip
BRUSH_SHIFT = 3
INNER = 0.85  # of the oval of the face
SOFT_PX = (0.5, 1.1)  # a scan's blur at 128 px from eyes to chin


def with_ink(picture: Pixels, face: Face, rng: np.random.Generator) -> Pixels:
    """The picture with one to three marks, at least one of them well inside the face."""
    unit = face.eye_to_chin_px
    oval = face.mesh[list(OVAL), :2]
    cover = np.zeros(picture.shape[:2], np.float32)
    inside = np.zeros(picture.shape[:2], np.uint8)
    inner = oval.mean(axis=0) + INNER * (oval - oval.mean(axis=0))
    cv2.fillConvexPoly(inside, cv2.convexHull(np.round(inner).astype(np.int32)), (1,))
    # Enough of a mark has to lie on the face: half as long as from the eyes to the chin.
    while _reach(cover, inside) < 0.5 * unit:
        cover = np.maximum(cover, _mark(picture.shape[:2], oval, unit, rng))
    cover = cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(*SOFT_PX)) * unit / 128)
    size = (int(rng.integers(3, 30)), int(rng.integers(3, 30)))
    worn = rng.uniform(float(rng.uniform(0.5, 0.95)), 1.0, size).astype(np.float32)
    cover = cover * cv2.resize(worn, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    cover = np.clip(cover * float(rng.uniform(0.7, 1.0)), 0, 1)
    through = np.array(INKS_BGR[int(rng.integers(len(INKS_BGR)))], np.float32) / 255
    through = np.clip(through * rng.uniform(0.8, 1.25), 0.05, 1)
    layer = picture.astype(np.float32) * (1 - cover[..., None] * (1 - through))
    layer += rng.normal(0, float(rng.uniform(0.3, 1.5)), layer.shape)
    return np.asarray(np.clip(layer, 0, 255), np.uint8)


def with_blemishes(picture: Pixels, face: Face, rng: np.random.Generator) -> Pixels:
    """The picture with moles and soft creases, which are the face's own."""
    unit = face.eye_to_chin_px
    oval = face.mesh[list(OVAL), :2]
    cover = np.zeros(picture.shape[:2], np.float32)
    for _ in range(int(rng.integers(1, 6))):
        at = _spot(oval, unit, rng, 0.25)
        radius = float(rng.uniform(0.008, 0.04)) * unit
        _disc(cover, at, radius)
    creases = np.zeros_like(cover)
    for _ in range(int(rng.integers(0, 4))):
        line = _curve(_spot(oval, unit, rng, 0.25), float(rng.uniform(0.1, 0.35)) * unit, unit, rng)
        _stroke(creases, line, max(1, round(float(rng.uniform(0.01, 0.03)) * unit)), False)
    creases = cv2.GaussianBlur(creases, (0, 0), 0.015 * unit) * float(rng.uniform(0.1, 0.3))
    cover = cv2.GaussianBlur(cover, (0, 0), 0.008 * unit) * float(rng.uniform(0.4, 0.8))
    layer = picture.astype(np.float32) * (1 - 0.8 * np.maximum(cover, creases)[..., None])
    return np.asarray(np.clip(layer, 0, 255), np.uint8)


def _reach(cover: Cover, inside: Pixels) -> float:
    rows, columns = np.nonzero((cover > 0.5) & (inside > 0))
    if not len(rows):
        return 0.0
    return float(np.hypot(np.ptp(rows), np.ptp(columns)))


def _spot(
    oval: NDArray[np.floating], unit: float, rng: np.random.Generator, spread: float
) -> NDArray[np.float64]:
    return np.asarray(oval.mean(axis=0) + rng.normal(0, spread, 2) * unit, np.float64)


def _mark(
    shape: tuple[int, ...], oval: NDArray[np.floating], unit: float, rng: np.random.Generator
) -> Cover:
    cover = np.zeros(shape[:2], np.float32)
    width = max(1, round(float(rng.uniform(0.3, 0.95)) / MM_PER_T * unit))
    at = _spot(oval, unit, rng, 0.22)
    kind = rng.choice(
        ["stroke", "cross", "scribble", "ring", "square", "writing"],
        p=(0.3, 0.06, 0.08, 0.36, 0.12, 0.08),
    )
    if kind == "stroke":
        _stroke(cover, _curve(at, float(rng.uniform(0.5, 2.2)) * unit, unit, rng), width, False)
    elif kind == "cross":
        for _ in range(2):
            _stroke(cover, _curve(at, float(rng.uniform(0.5, 1.6)) * unit, unit, rng), width, False)
    elif kind == "scribble":
        steps = rng.normal(0, float(rng.uniform(0.1, 0.35)), (int(rng.integers(4, 12)), 2)) * unit
        _stroke(cover, at + steps, width, False)
    elif kind == "writing":
        _characters(cover, at, float(rng.uniform(0.18, 0.5)) * unit, width, rng)
    else:
        side = float(rng.uniform(9, 32)) / MM_PER_T * unit
        _outline(cover, at, side, width, kind == "ring", rng)
        if rng.random() < 0.8:
            _characters(cover, at, side * float(rng.uniform(0.25, 0.5)), width, rng)
    return cover


def _curve(
    at: NDArray[np.float64], length: float, unit: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    angle = float(rng.uniform(0, np.pi))
    along = np.array((np.cos(angle), np.sin(angle)))
    beside = np.array((-along[1], along[0]))
    t = np.linspace(-0.5, 0.5, 10)
    shake = rng.normal(0, float(rng.uniform(0, 0.025)), 10).cumsum() * unit
    bow = float(rng.normal(0, 0.15)) * length * (0.25 - t * t) * 4
    return at + t[:, None] * length * along + (shake + bow)[:, None] * beside


def _outline(
    cover: Cover,
    at: NDArray[np.float64],
    side: float,
    width: int,
    ring: bool,
    rng: np.random.Generator,
) -> None:
    turn = float(rng.uniform(0, 2 * np.pi))
    flat = float(rng.uniform(0.7, 1.0)) if rng.random() < 0.3 else 1.0
    if ring:
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        shape = np.stack([np.cos(angle), flat * np.sin(angle)], axis=1)
    else:
        shape = np.array([[-1, -flat], [1, -flat], [1, flat], [-1, flat]]) * 0.9
    c, s = np.cos(turn), np.sin(turn)
    shape = shape @ np.array([[c, s], [-s, c]])
    _stroke(cover, at + shape * side / 2, width, True)
    if rng.random() < 0.2:
        _stroke(
            cover, at + shape * side / 2 * float(rng.uniform(0.72, 0.88)), max(1, width - 1), True
        )


def _characters(
    cover: Cover, at: NDArray[np.float64], size: float, width: int, rng: np.random.Generator
) -> None:
    """Something like two or three characters: short strokes along two directions."""
    count = int(rng.integers(1, 4))
    along = np.array(((0.0, 1.0), (1.0, 0.0)))[int(rng.integers(2))]
    for number in range(count):
        middle = at + along * (number - (count - 1) / 2) * size * 1.1
        for _ in range(int(rng.integers(3, 8))):
            ends = rng.uniform(-0.5, 0.5, (2, 2)) * size
            if rng.random() < 0.75:
                axis = int(rng.integers(2))
                ends[1, axis] = ends[0, axis]
            _stroke(cover, middle + ends, max(1, round(width * 0.8)), False)


def _stroke(cover: Cover, line: NDArray[np.floating], width: int, closed: bool) -> None:
    points = np.round(line * 2**BRUSH_SHIFT).astype(np.int32)
    cv2.polylines(cover, [points], closed, (1.0,), width, cv2.LINE_AA, BRUSH_SHIFT)


def _disc(cover: Cover, at: NDArray[np.floating], radius: float) -> None:
    fine = 2**BRUSH_SHIFT
    middle = (round(float(at[0]) * fine), round(float(at[1]) * fine))
    cv2.circle(cover, middle, max(1, round(radius * fine)), (1.0,), -1, cv2.LINE_AA, BRUSH_SHIFT)
