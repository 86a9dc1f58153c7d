"""Which edge is a side of the print: that of most parts, or one on which the tones begin.

What most parts have in common is measured best, but may be a line of the picture where the wall
before it is as pale as paper. What begins further out is then the print's. And no edge is a side
outside of which the form's printing is hidden: the print covers it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.photo.prints.beginnings import Begun, begun_edges
from pipeline.photo.prints.common_edges import common_edge
from pipeline.photo.prints.strips import Side, strip_of
from pipeline.photo.thresholds import Limits

Plane = NDArray[np.floating[Any]]

COMMON_PARTS, BEGINNING_PARTS = 10, 20  # of a side: for its tones, for where they begin
NARROWEST_PX = 30
APART_PX = 2.5  # less is the same edge


def side_in(pixels: Plane, clear: Plane, covered: Plane, limits: Limits) -> Side:
    """The edge in a strip whose rows run along the side, columns from the paper inwards.

    Args:
        pixels: Rows x columns x 3, shares of the paper's tone.
        clear: Rows x columns, 1 where no printing of the form is in sight, else 0.
        covered: Rows x columns, 1 where printing of the form should be and is not.
        limits: Of the artefact, part ``print``.
    """
    if pixels.shape[0] < 4 * BEGINNING_PARTS or pixels.shape[1] < NARROWEST_PX:
        return Side(math.nan, 0.0, 0.0, False)
    common = common_edge(strip_of(pixels, clear, COMMON_PARTS), limits)
    if _covers_beyond(covered, common.place, common.slope, limits):
        common = replace(common, place=math.nan, seen=False, fits=False)
    begun = [
        one
        for one in begun_edges(strip_of(pixels, clear, BEGINNING_PARTS), limits)
        if not _covers_beyond(covered, one.edge.place, one.line.slope, limits)
    ]
    return _chosen(common, begun, limits)


def _chosen(common: Side, begun: list[Begun], limits: Limits) -> Side:
    good = [
        one
        for one in begun
        if one.edge.misfit <= 1
        and one.line.share >= limits["begin_share"]
        and one.line.parts >= limits["begin_parts"]
    ]
    if common.fits and _only_seems(common, good, begun, limits):
        common = replace(common, fits=False)
    # An edge before its own beginning is none.
    outer = [one for one in good if one.edge.place >= one.line.place - 1]
    if common.fits:
        outer = [one for one in outer if one.edge.place < common.place - APART_PX]
    if outer:
        first = min(outer, key=lambda one: one.edge.place)
        seen = first.line.parts >= limits["begin_parts_sure"]
        return Side(first.edge.place, first.line.slope, first.edge.step, seen, True, common.steps)
    if common.fits or not math.isnan(common.place) or not begun:
        return common
    likeliest = max(begun, key=lambda one: one.line.parts / max(1.0, one.edge.misfit))
    line, edge = likeliest.line, likeliest.edge
    return Side(edge.place, line.slope, edge.step, False, False, common.steps)


def _only_seems(common: Side, good: list[Begun], begun: list[Begun], limits: Limits) -> bool:
    """Whether the common edge is printing's remnant or a shadow: most parts show one further in."""
    if any(abs(one.edge.place - common.place) <= APART_PX for one in begun):
        return False
    return any(
        one.line.parts >= limits["begin_parts_sure"]
        and common.place + APART_PX < one.edge.place <= one.line.place + limits["shadow_reach_px"]
        # Either nothing begins at the common edge, or it is surely a shadow that begins there.
        and (one.line.place > common.place + APART_PX or one.edge.misfit <= limits["shadow_sure"])
        for one in good
    )


def _covers_beyond(covered: Plane, place: float, slope: float, limits: Limits) -> bool:
    """Whether printing is hidden outside a line; never where the line is unknown."""
    rows = np.arange(len(covered))
    limit = place + slope * (rows - rows.mean()) - limits["covered_margin_px"]
    hidden = covered * (np.arange(covered.shape[1]) < limit[:, None])
    return int(hidden.any(axis=1).sum()) > limits["covered_rows"]
