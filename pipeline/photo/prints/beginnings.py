"""Straight lines on which the tones of a strip begin to change, on the way in from the paper.

Each part of a side tells where its first step lies. What lies on the outline, or in the shadow
along it, lies on one line; a wall as white as the paper begins somewhere inside, at whatever the
picture shows there, and says nothing of the outline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.photo.prints.edges import Edge, edge_in
from pipeline.photo.prints.strips import Strip
from pipeline.photo.thresholds import Limits

Plane = NDArray[np.floating[Any]]

LEANS = np.arange(-0.006, 0.0061, 0.003)  # columns a row: what the turn may be off by
MOST_LEAN = 0.008  # the same, of a line fitted to its parts
NEAR = 1.3  # columns from a line that a part still counts for it
APART = 3.0  # columns between two lines
FEWEST_PARTS = 4
ENOUGH_TO_FIT = 6  # parts that say a lean better than the turn does
MOST_LINES = 4
ROUNDS = 3  # of lines, each without the steps of those that turned out to be no edge
SAME = 2.0  # columns: a line that was there before
LEAD = 2  # columns before a line at which its edge may begin
RIM = 4.0  # columns: an edge further in than that leaves something between it and its beginning


@dataclass(frozen=True, slots=True)
class Line:
    """A line of beginnings.

    Attributes:
        place: Column at the middle row.
        slope: Columns a row.
        members: Which parts begin on it.
        free: How many parts could have shown a step there, being neither hidden nor begun before.
    """

    place: float
    slope: float
    members: NDArray[np.bool_]
    free: int

    @property
    def parts(self) -> int:
        """How many parts begin on it."""
        return int(self.members.sum())

    @property
    def share(self) -> float:
        """Of the parts that could show a step there."""
        return self.parts / max(self.free, 1)


@dataclass(frozen=True, slots=True)
class Begun:
    """A line of beginnings with the edge that the tones of its parts show."""

    line: Line
    edge: Edge


def begun_edges(strip: Strip, limits: Limits) -> list[Begun]:
    """Every line that parts of a strip begin on, with its edge, whether that fits or not."""
    found: list[Begun] = []
    sizes = strip.sizes.copy()
    for _ in range(ROUNDS):
        none_lost = True
        for line in lines_of(first_steps(sizes, strip.visible, limits), strip.rows):
            if any(abs(line.place - one.line.place) < SAME for one in found):
                continue
            edge = _edge_of(strip.profile(line.slope, line.members), line, limits)
            found.append(Begun(line, edge))
            if edge.misfit > limits["standard_misfit"]:
                # A remnant of printing, or a mark: its parts may begin again further in.
                none_lost = False
                off = np.arange(sizes.shape[1]) - line.place - strip.shifts(line.slope)[:, None]
                sizes[(np.abs(off) <= APART) & line.members[:, None]] = 0
        if none_lost:
            break
    return found


def _edge_of(profile: Plane, line: Line, limits: Limits) -> Edge:
    """The edge of a line; of a white border its outer one, though the inner is far stronger."""
    first = max(round(line.place) - LEAD, 0)
    edge = edge_in(profile, first, limits)
    if edge.place <= line.place + RIM:
        return edge
    rim = slice(int(line.place + LEAD), int(edge.place - LEAD))
    paper = slice(max(0, rim.start - 20), max(1, rim.start - 2 * LEAD))
    if not (np.isfinite(profile[rim, 0]).any() and np.isfinite(profile[paper, 0]).any()):
        return edge
    level = np.nanmedian(profile[rim], axis=0)
    step = float(np.abs(level - np.nanmedian(profile[paper], axis=0)).max())
    if not limits["step_share"] < step < limits["shadow_from"]:
        return edge  # as dark as a shadow, which the edge ends
    alone = profile.copy()
    alone[rim.start + 1 :] = level
    outer = edge_in(alone, first, limits)
    return outer if outer.misfit <= 1 else edge


def first_steps(sizes: Plane, visible: NDArray[np.bool_], limits: Limits) -> Plane:
    """Column of the first step of each part, NaN where there is none.

    Where printing ends a faint step is what the scanner's blur left of it.

    Args:
        sizes: Parts x columns, by how much the tone changes there.
        visible: Of the same shape: not hidden by printing.
        limits: Of the artefact, part ``print``.
    """
    found = np.full(len(sizes), np.nan)
    for part, (size, seen) in enumerate(zip(sizes, visible, strict=True)):
        over = np.flatnonzero(size > limits["step_share"])
        plain = limits["step_beside_printing"]
        clear = [c for c in over if size[c] > plain or seen[max(0, c - 2) : c + 1].all()]
        if not clear:
            continue
        at = int(clear[0])
        while at + 1 < len(size) and size[at + 1] > size[at]:
            at += 1
        found[part] = at
    return found


def lines_of(begins: Plane, rows: Plane) -> list[Line]:
    """Lines that several parts begin on, those with the most first."""
    middle = float(rows.mean())
    left = np.isfinite(begins)
    lines: list[Line] = []
    while len(lines) < MOST_LINES and left.sum() >= FEWEST_PARTS:
        upright = begins[left] - LEANS[:, None] * (rows[left] - middle)  # leans x parts
        near = np.abs(upright[:, :, None] - upright[:, None, :]) <= NEAR
        lean, part = np.unravel_index(int(near.sum(axis=2).argmax()), upright.shape)
        members = left.copy()
        members[left] = near[lean, part]
        if members.sum() < FEWEST_PARTS:
            break
        slope, place = np.polyfit(rows[members] - middle, begins[members], 1)
        if abs(slope) > MOST_LEAN or members.sum() < ENOUGH_TO_FIT:
            slope, place = float(LEANS[lean]), float(np.median(upright[lean][near[lean, part]]))
        off = begins - (slope * (rows - middle) + place)
        members = np.abs(np.where(left, off, np.inf)) <= NEAR
        if members.sum() < FEWEST_PARTS:
            break
        free = int((off >= -NEAR).sum())
        if all(abs(place - line.place) >= APART for line in lines):
            lines.append(Line(float(place), float(slope), members, free))
        left &= ~members
    return lines
