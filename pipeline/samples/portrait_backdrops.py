"""Walls behind a portrait: plain ones, and those that the checklist does not accept."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]

PLAIN_TONES = ((232, 232, 232), (238, 230, 222), (225, 215, 205), (214, 214, 214), (240, 240, 238))
COLOURED_TONES = ((200, 160, 110), (150, 180, 150), (160, 150, 205), (120, 190, 225))


def draw_backdrop(kind: str, rng: np.random.Generator, width_px: int, height_px: int) -> Plane:
    """A backdrop, height x width x 3, BGR, float32 from 0 to 255.

    Raises:
        ValueError: If the kind is unknown.
    """
    makers = {
        "plain": _plain,
        "coloured": _coloured,
        "gradient": _gradient,
        "bricks": _bricks,
        "planks": _planks,
        "shelf": _shelf,
        "outdoor": _outdoor,
        "stipple": _stipple,
    }
    if kind not in makers:
        raise ValueError(f"unknown backdrop {kind!r}")
    return np.asarray(makers[kind](rng, width_px, height_px), np.float32)


def soft_noise(rng: np.random.Generator, width_px: int, height_px: int, grain_px: float) -> Plane:
    """Smooth noise of unit variance whose features are about ``grain_px`` wide."""
    w, h = max(2, int(width_px / grain_px) + 2), max(2, int(height_px / grain_px) + 2)
    small = rng.normal(0, 1, (h, w)).astype(np.float32)
    return np.asarray(
        cv2.resize(small, (width_px, height_px), interpolation=cv2.INTER_CUBIC), np.float32
    )


def _flat(tone: tuple[int, int, int], width_px: int, height_px: int) -> Plane:
    return np.full((height_px, width_px, 3), tone, np.float32)


def _plain(rng: np.random.Generator, width_px: int, height_px: int) -> Plane:
    wall = _flat(PLAIN_TONES[int(rng.integers(len(PLAIN_TONES)))], width_px, height_px)
    # Light always falls off a little towards a corner.
    rows, columns = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    slope = rng.uniform(-4, 4, 2)
    fall = slope[0] * columns / width_px + slope[1] * rows / height_px
    return np.asarray(wall + fall[..., None], np.float32)


def _coloured(rng: np.random.Generator, width_px: int, height_px: int) -> Plane:
    return _flat(COLOURED_TONES[int(rng.integers(len(COLOURED_TONES)))], width_px, height_px)


def _gradient(rng: np.random.Generator, width_px: int, height_px: int) -> Plane:
    wall = _plain(rng, width_px, height_px)
    columns = np.linspace(float(rng.uniform(0.55, 0.7)), 1.0, width_px, dtype=np.float32)
    if rng.random() < 0.5:
        columns = columns[::-1]
    return np.asarray(wall * columns[None, :, None], np.float32)


def _stipple(rng: np.random.Generator, width_px: int, height_px: int) -> Plane:
    wall = _plain(rng, width_px, height_px)
    grain = soft_noise(rng, width_px, height_px, max(2.0, height_px / 130))
    return np.asarray(wall + 9 * grain[..., None], np.float32)


def _bricks(rng: np.random.Generator, width_px: int, height_px: int) -> Plane:
    wall = _flat((150, 160, 170), width_px, height_px)
    tall, long = max(6, height_px // int(rng.integers(9, 15))), max(12, width_px // 4)
    for row, top in enumerate(range(0, height_px, tall)):
        for left in range(-(row % 2) * long // 2, width_px, long):
            shade = float(rng.uniform(-22, 22))
            colour = (70 + shade, 88 + shade, 150 + shade)
            corner = (left + long - 3, top + tall - 3)
            cv2.rectangle(wall, (left + 2, top + 2), corner, colour, -1)
    return wall


def _planks(rng: np.random.Generator, width_px: int, height_px: int) -> Plane:
    wall = _flat((110, 140, 170), width_px, height_px)
    wide = max(8, width_px // int(rng.integers(6, 11)))
    upright = rng.random() < 0.5
    for start in range(0, max(width_px, height_px), wide):
        shade = float(rng.uniform(-35, 35))
        colour = (100 + shade, 130 + shade, 160 + shade)
        first, last = (start, 0), (start + wide - 3, height_px)
        if not upright:
            first, last = (0, start), (width_px, start + wide - 3)
        cv2.rectangle(wall, first, last, colour, -1)
    return np.asarray(wall + 6 * soft_noise(rng, width_px, height_px, 5)[..., None], np.float32)


def _shelf(rng: np.random.Generator, width_px: int, height_px: int) -> Plane:
    wall = _flat((60, 80, 110), width_px, height_px)
    tall = height_px // 4
    for top in range(0, height_px, tall):
        left = 0
        while left < width_px:
            wide = int(rng.integers(max(4, width_px // 40), max(6, width_px // 14)))
            low = top + int(rng.integers(0, max(2, tall // 4)))
            colour = tuple(float(c) for c in rng.uniform(30, 230, 3))
            cv2.rectangle(wall, (left, low), (left + wide - 2, top + tall - 5), colour, -1)
            left += wide
    return wall


def _outdoor(rng: np.random.Generator, width_px: int, height_px: int) -> Plane:
    wall = _flat((225, 205, 175), width_px, height_px)
    horizon = int(height_px * rng.uniform(0.25, 0.6))
    wall[horizon:] = (70, 120, 90)
    for _ in range(40):
        centre = (int(rng.integers(width_px)), int(rng.integers(horizon // 2, height_px)))
        size = int(rng.integers(max(4, width_px // 30), max(6, width_px // 7)))
        colour = (float(rng.uniform(30, 90)), float(rng.uniform(70, 160)), 70.0)
        cv2.circle(wall, centre, size, colour, -1)
    return np.asarray(cv2.GaussianBlur(wall, (0, 0), float(rng.uniform(0.5, 3.0))), np.float32)
