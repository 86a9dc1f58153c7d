"""Marks by hand: a circle round a word, a tick in a box, a box blacked out."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import BoxPx
from pipeline.samples.stamps import draw_line
from pipeline.samples.writing import Pen, union

Pixels = NDArray[np.uint8]


def mark(page: Pixels, cell: BoxPx, style: str, pen: Pen, rng: np.random.Generator) -> BoxPx | None:
    """One mark.

    Args:
        page: H x W x 3, BGR; changed.
        cell: The box to mark, registered pixels.
        style: ``circle``, ``tick`` or ``black``.
        pen: What draws.
        rng: Randomness.

    Returns:
        Where the ink is.
    """
    if style == "circle":
        return draw_line(page, _circle(cell, rng), pen)
    if style == "black":
        return _blacken(page, cell, pen, rng)
    return draw_line(page, _tick(cell, rng), pen)


def faint(page: Pixels, cell: BoxPx, pen: Pen, rng: np.random.Generator) -> BoxPx | None:
    """A half-hearted mark in a box meant to be blacked out: one can take it either way."""
    pale = dataclasses.replace(pen, opacity=0.45, width_mm=0.4)
    rows = []
    for share in (0.3, 0.5, 0.7):
        y = cell.y + share * cell.h
        ends = rng.normal(0, 0.05, 2) * cell.w + (cell.x + 0.2 * cell.w)
        rows += [(ends[0], y + 3), (ends[1] + 0.5 * cell.w, y - 3)]
    return draw_line(page, np.array(rows), pale)


def _circle(cell: BoxPx, rng: np.random.Generator) -> NDArray[np.float64]:
    start = float(rng.uniform(-2.4, -1.2))
    turns = np.linspace(start, start + 2 * math.pi * float(rng.uniform(0.97, 1.12)), 40)
    radius = 0.5 + 0.10 * float(rng.uniform(-0.4, 1.0))
    wobble = 1 + 0.05 * np.sin(turns * 2 + float(rng.uniform(0, 6))) + np.linspace(0, 0.06, 40)
    x = cell.x + cell.w / 2 + np.cos(turns) * cell.w * radius * wobble
    y = cell.y + cell.h / 2 + np.sin(turns) * cell.h * radius * wobble
    shift = rng.normal(0, 0.04, 2) * (cell.w, cell.h)
    return np.stack([x, y], axis=1) + shift


def _tick(cell: BoxPx, rng: np.random.Generator) -> NDArray[np.float64]:
    corners = np.array([[0.12, 0.50], [0.42, 0.86], [1.02, -0.02]]) + rng.normal(0, 0.06, (3, 2))
    points = []
    for a, b in itertools.pairwise(corners):
        share = np.linspace(0, 1, 8)[:, None]
        bow = np.sin(share * math.pi) * rng.normal(0, 0.03, 2)
        points.append(a + (b - a) * share + bow)
    return np.vstack(points) * (cell.w, cell.h) + (cell.x, cell.y)


def _blacken(page: Pixels, cell: BoxPx, pen: Pen, rng: np.random.Generator) -> BoxPx | None:
    """Strokes to and fro until little white is left, now and then over the edge."""
    step = max(2.0, pen.width_px * 0.62)
    places = []
    for _ in range(2):
        slope = float(rng.uniform(-0.25, 0.25)) * cell.h
        over = float(rng.uniform(-0.02, 0.10))
        rows = []
        ys = np.arange(cell.y + 0.05 * cell.h, cell.y + 0.98 * cell.h, step)
        for number, y in enumerate(ys):
            left = cell.x - over * cell.w + float(rng.normal(0, 0.03)) * cell.w
            right = cell.x + (1 + over) * cell.w + float(rng.normal(0, 0.03)) * cell.w
            ends = [(left, y + slope / 4), (right, y - slope / 4)]
            rows += ends if number % 2 == 0 else ends[::-1]
        place = draw_line(page, np.array(rows), pen)
        if place is not None:
            places.append(place)
    return union(places)
