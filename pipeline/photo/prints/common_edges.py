"""The outermost edge that most parts of a side have in common."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.photo.prints.edges import Edge, edge_in
from pipeline.photo.prints.strips import Side, Strip
from pipeline.photo.thresholds import Limits

Plane = NDArray[np.floating[Any]]

ENOUGH_STRAIGHT = 6


def common_edge(strip: Strip, limits: Limits) -> Side:
    """The edge at the first common step that the tones of an edge fit, else the likeliest."""
    side, least, tried = Side(math.nan, 0.0, 0.0, False), math.inf, -99
    common = strip.common()
    steps = np.flatnonzero(common > limits["step_share"])
    for first in steps:
        if first - tried < 4:
            continue
        tried = int(first)
        while tried > 3 and not np.isfinite(strip.tones[:, tried - 1, 0]).any():
            tried -= 1  # it may lie anywhere under the printing
        at = tried + int(common[tried : tried + 5].argmax())
        line = _line(at, strip.sizes, strip.rows, limits)
        edge = edge_in(strip.profile(line.slope), tried, limits)
        if edge.misfit < least or math.isnan(side.place):
            side, least = _side_at(edge, line, limits), edge.misfit
        if edge.misfit <= 1:
            break
    return replace(side, steps=tuple((float(at), float(common[at])) for at in steps))


def _side_at(edge: Edge, line: Side, limits: Limits) -> Side:
    seen = line.seen and edge.misfit <= 1
    fits = edge.misfit <= limits["standard_misfit"]
    return Side(edge.place, line.slope, edge.step, seen, fits)


def _line(at: int, sizes: Plane, rows: Plane, limits: Limits) -> Side:
    """A straight line through the steps of the parts near a column."""
    low, high = max(0, at - 3), min(sizes.shape[1], at + 4)
    window = sizes[:, low:high]
    sharp = np.clip(window - 0.35 * window.max(axis=1, keepdims=True), 0, None)
    places = (sharp * np.arange(low, high)).sum(axis=1) / np.maximum(sharp.sum(axis=1), 1e-9)
    trust = np.minimum(window.max(axis=1), 0.1)
    strong = trust > 0.5 * limits["step_share"]
    middle, keep = float(rows.mean()), strong
    slope, place, off = 0.0, float(at), np.zeros(len(rows))
    for _ in range(3):
        if keep.sum() < 4:
            return Side(float(at), 0.0, 0.0, False)
        slope, place = np.polyfit(rows[keep] - middle, places[keep], 1, w=np.sqrt(trust[keep]))
        off = np.abs(places - (slope * (rows - middle) + place))
        keep = strong & (off <= max(0.6, 2 * float(np.median(off[keep]))))
    straight = (
        float(np.median(off[keep])) <= limits["line_px"] and int(keep.sum()) >= ENOUGH_STRAIGHT
    )
    enough = int(keep.sum()) >= ENOUGH_STRAIGHT
    return Side(float(place), float(slope), 0.0, straight and enough)
