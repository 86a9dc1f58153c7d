"""Layouts that nobody drew: our forms with other widths, row heights, colours and lettering."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import BoxMm
from pipeline.forms.definition import FormDefinition

_LINE_COLOURS = ("#8fb4f6", "#9ed6a0", "#b9b9b9", "#f6b48f", "#555555", "#d9a0d6", "#222222")
_FRAME_COLOURS = ("#2b2b2b", "#1d3f72", "#1e5a2c", "#5a1e1e")


def vary(form: FormDefinition, seed: int) -> FormDefinition:
    """The form with its columns and rows moved, its colours and its lettering changed.

    Positions go through a piecewise linear stretch of each axis that keeps the sheet's edges, so
    that everything stays in its row and cell while widths and heights differ by up to a third.
    """
    rng = np.random.default_rng(seed)
    across, down = _stretch(form.page_w_mm, rng), _stretch(form.page_h_mm, rng)

    def moved(box: BoxMm) -> BoxMm:
        x0, x1 = (float(np.interp(v, *across)) for v in (box.x, box.x + box.w))
        y0, y1 = (float(np.interp(v, *down)) for v in (box.y, box.y + box.h))
        return BoxMm(x0, y0, x1 - x0, y1 - y0)

    smaller = float(rng.uniform(0.84, 0.98))
    font = str(rng.choice(["gothic", "mincho"]))
    return dataclasses.replace(
        form,
        version=f"variant-{seed}",
        zones=tuple(
            dataclasses.replace(z, box=moved(z.box), cells=tuple(moved(c) for c in z.cells))
            for z in form.zones
        ),
        labels=tuple(
            dataclasses.replace(
                label, box=moved(label.box), size_pt=label.size_pt * smaller, font=font
            )
            for label in form.labels
        ),
        rulings=tuple(dataclasses.replace(r, box=moved(r.box)) for r in form.rulings),
        colours={
            **form.colours,
            "line": str(rng.choice(_LINE_COLOURS)),
            "frame": str(rng.choice(_FRAME_COLOURS)),
        },
    )


def _stretch(
    length_mm: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    edge, parts = 12.0, 5
    knots = np.linspace(edge, length_mm - edge, parts + 1)
    steps = rng.uniform(0.8, 1.2, parts)
    steps *= (length_mm - 2 * edge) / steps.sum()
    moved = edge + np.concatenate([[0.0], np.cumsum(steps)])
    ends = np.array([0.0]), np.array([length_mm])
    return (
        np.concatenate([ends[0], knots, ends[1]]),
        np.concatenate([ends[0], moved, ends[1]]),
    )
