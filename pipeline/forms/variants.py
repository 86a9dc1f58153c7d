"""Other layouts of a form: the same fields, other millimetres.

The true millimetres of printed forms are not public and change with each revision, so a
registration that only knows one layout proves little. A variant moves the column between captions
and answers, stretches each row by itself, and changes the drop-out colour and the frames. Photo
and QR keep their size. Variants are for tests and measurements; no office prints them.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.domain.geometry import BoxMm
from pipeline.forms.definition import FormDefinition, Label, ReaderKind, Zone

# Light warm tones with a red channel of 240 or more, each with its pale fill.
_TONES = (
    ("#f6b48f", "#fdf1e9"),
    ("#f4a9b8", "#fdeef1"),
    ("#f2c46d", "#fdf6e6"),
    ("#fa9f8a", "#fdeeea"),
    ("#f5b8dc", "#fdf0f8"),
)
_DARKS = ("#2b2b2b", "#1d2a4d", "#3a2418", "#16382c")
_MARGIN_MM = 14.0
_ROW_STRETCH = (0.94, 1.16)
_CAPTION_STRETCH = (0.86, 1.22)
_SMALLEST_CELL_MM = 6.0
_NARROWEST_CELL_MM = 3.0
_Mover = Callable[[BoxMm], BoxMm]
_KEEP_SIZE = (ReaderKind.PHOTO, ReaderKind.QR)


@dataclass(frozen=True, slots=True)
class _Scale:
    """A piecewise linear, strictly rising map of one axis, millimetres to millimetres."""

    old: tuple[float, ...]
    new: tuple[float, ...]

    def __call__(self, value: float) -> float:
        place = min(max(bisect_right(self.old, value) - 1, 0), len(self.old) - 2)
        start, end = self.old[place], self.old[place + 1]
        low, high = self.new[place], self.new[place + 1]
        return low + (value - start) * (high - low) / (end - start)


def variant(form: FormDefinition, seed: int) -> FormDefinition:
    """Another layout of a form with the same zones, readers and labels.

    Args:
        form: The form to vary.
        seed: The same seed gives the same layout.

    Returns:
        A definition whose version is that of ``form`` with ``-v<seed>`` added.
    """
    rng = random.Random(f"{form.key}/{seed}")
    across, down = _columns(form, rng), _rows(form, rng)
    kept = {zone.box for zone in form.zones if zone.reader in _KEEP_SIZE}

    def moved(box: BoxMm) -> BoxMm:
        left, top = across(box.x), down(box.y)
        right, bottom = across(box.x + box.w), down(box.y + box.h)
        if box in kept:
            left, top = (left + right - box.w) / 2, (top + bottom - box.h) / 2
            right, bottom = left + box.w, top + box.h
        return BoxMm(round(left, 3), round(top, 3), round(right - left, 3), round(bottom - top, 3))

    line, fill = rng.choice(_TONES)
    heavier = rng.uniform(0.7, 1.5)
    return replace(
        form,
        version=f"{form.version}-v{seed}",
        zones=tuple(_zone(zone, moved) for zone in form.zones),
        labels=tuple(_label(label, moved) for label in form.labels),
        rulings=tuple(
            replace(
                ruling,
                box=moved(ruling.box),
                width_mm=round(ruling.width_mm * (heavier if ruling.colour == "frame" else 1), 3),
            )
            for ruling in form.rulings
        ),
        colours={**form.colours, "line": line, "fill": fill, "frame": rng.choice(_DARKS)},
    )


def _columns(form: FormDefinition, rng: random.Random) -> _Scale:
    """Margins and the column between captions and answers; one knot, so that cells stay even."""
    caption_ends = [z.box.x for z in form.zones if z.box.x > 2 * _MARGIN_MM]
    knot = min(caption_ends)
    right = form.page_w_mm - _MARGIN_MM
    new_left = _MARGIN_MM + rng.uniform(-4, 3)
    new_right = right + rng.uniform(-3, 4)
    new_knot = new_left + (knot - _MARGIN_MM) * rng.uniform(*_CAPTION_STRETCH)
    return _Scale(
        (0.0, _MARGIN_MM, knot, right, form.page_w_mm),
        (0.0, new_left, new_knot, new_right, form.page_w_mm),
    )


def _rows(form: FormDefinition, rng: random.Random) -> _Scale:
    """Each row stretched by itself, all rows together kept on the page."""
    edges = {round(v, 2) for r in form.rulings if r.colour == "fill" for v in _ends(r.box)}
    top, bottom = 5.0, form.page_h_mm - 8.0
    knots = [top, *sorted(e for e in edges if top < e < bottom), bottom]
    heights = [(b - a) * rng.uniform(*_ROW_STRETCH) for a, b in pairwise(knots)]
    factor = (bottom - top) * rng.uniform(0.98, 1.0) / sum(heights)
    new = [top]
    for height in heights:
        new.append(new[-1] + height * factor)
    return _Scale((0.0, *knots, form.page_h_mm), (0.0, *new, form.page_h_mm))


def _ends(box: BoxMm) -> tuple[float, float]:
    return box.y, box.y + box.h


def _zone(zone: Zone, moved: _Mover) -> Zone:
    cells = []
    for cell in zone.cells:
        box = moved(cell)
        least = min(cell.h, _SMALLEST_CELL_MM)
        if box.h < least:  # a squeezed row must not squeeze its cells below what hands can fill
            box = BoxMm(box.x, round(box.y - (least - box.h) / 2, 3), box.w, least)
        narrowest = min(cell.w, _NARROWEST_CELL_MM)
        if box.w < narrowest:  # nor a squeezed column the small boxes of a mark row
            box = BoxMm(round(box.x - (narrowest - box.w) / 2, 3), box.y, narrowest, box.h)
        cells.append(box)
    return replace(zone, box=moved(zone.box), cells=tuple(cells))


def _label(label: Label, moved: _Mover) -> Label:
    box = moved(label.box)
    shrink = min(1.0, box.w / label.box.w, box.h / label.box.h)
    return replace(label, box=box, size_pt=round(label.size_pt * shrink - 0.005, 2))
