"""Cell corners measured: how far the sides of cells are from the printed lines, by kind of scan.

Three places are compared on the same pages: the definition's, as it was registered; the same,
rounded to pixels; and ``refine_cells``. Where the lines were printed is measured on the drawn
blank (a printer sets them on whole dots) and carried to the scan by the known geometry.

    python -m benchmarks.cells_bench [pages]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.registration_pages import DegradedPage, degraded, known, layouts, paper
from pipeline.domain.geometry import PX_PER_MM, BoxMm
from pipeline.forms.definition import FormDefinition, ReaderKind, Zone
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.cells import refine_cells
from pipeline.imaging.mapping import Mapping, displacement, project
from pipeline.imaging.registration import Registrar, Unregistered
from pipeline.samples.paper import Mode, PaperSpec, Preset

PAGES = 60
_USUAL = (Preset.TYPICAL, Preset.MILD, Preset.TYPICAL, Preset.HARD)
_BORDER_MM = (-2.0, -2.0, -2.0, -2.0)
_NEAR_PX = 4
_MIN_LEVELS = 8

Sides = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """The sides of a zone's cells on one page: N x 4 errors (left, top, right, bottom), pixels."""

    mode: str
    registered: Sides
    rounded: Sides
    refined: Sides


def usual(rng: np.random.Generator) -> PaperSpec:
    """Paper as mail has it; the stretch of the rollers is left out, for it is not known exactly."""
    preset = _USUAL[int(rng.integers(len(_USUAL)))]
    spec = PaperSpec.drawn(preset, rng, Mode(rng.choice(list(Mode))))
    return replace(spec, stretch_mm=0.0, crop_mm=_BORDER_MM)


def nominal(cells: Sequence[BoxMm]) -> Sides:
    """Sides of cells by their definition, registered pixels: N x 4."""
    return PX_PER_MM * np.array([(c.x, c.y, c.x + c.w, c.y + c.h) for c in cells])


def printed(form: FormDefinition, zone: Zone) -> Sides:
    """Where the blank has the sides of a zone's cells; by the definition where no line is drawn."""
    ink = 255 - blank_raster(form).min(axis=2)
    sides = nominal(zone.cells)
    for cell in sides:
        x0, y0, x1, y1 = (round(v) for v in cell)
        for side, place in enumerate(cell.copy()):
            low = round(place - 0.5) - _NEAR_PX
            band = np.s_[low : low + 2 * _NEAR_PX + 1]
            strip = (
                ink[y0 + 12 : y1 - 12, band] if side % 2 == 0 else ink[band, x0 + 12 : x1 - 12].T
            )
            profile = np.percentile(strip, 30, axis=0)
            profile -= profile.min()
            if profile.max() >= _MIN_LEVELS:
                cell[side] = low + 0.5 + profile @ np.arange(len(profile)) / profile.sum()
    return sides


def truth(given: DegradedPage, mapping: Mapping, sides: Sides) -> Sides:
    """Where places of the blank are on the registered page, each by the middle of its side."""
    x, y = (sides[:, 0] + sides[:, 2]) / 2, (sides[:, 1] + sides[:, 3]) / 2
    points = np.concatenate(
        [np.column_stack(p) for p in ((sides[:, 0], y), (x, sides[:, 1]), (sides[:, 2], y))]
        + [np.column_stack((x, sides[:, 3]))]
    )
    on_page = project(given.to_scan, given.bend.place(points - 0.5))
    flat = project(np.asarray(np.linalg.inv(mapping.form_to_page), np.float64), on_page)
    placed = flat
    if mapping.bend is not None:
        size = mapping.width_px, mapping.height_px
        for _ in range(30):
            placed = flat - displacement(placed, size, mapping.bend, mapping.slips)
    across, down, right, bottom = np.split(placed + 0.5, 4)
    return np.column_stack([across[:, 0], down[:, 1], right[:, 0], bottom[:, 1]])


def rows_of(registrar: Registrar, given: DegradedPage, mode: str) -> list[Row]:
    """The boxed zones of one page; none where it was not registered."""
    found = registrar.align(given.page)
    if isinstance(found, Unregistered) or found.reference.form.key != given.form.key:
        return []
    page = registrar.register(given.page)
    if isinstance(page, Unregistered):
        return []
    rows = []
    for zone in given.form.zones:
        if _boxed(zone) and zone.rule_mm > 0:
            there = truth(given, found.mapping, printed(given.form, zone))
            exact = nominal(zone.cells)
            refined = np.array([(c.x, c.y, c.x + c.w, c.y + c.h) for c in refine_cells(page, zone)])
            rows.append(Row(mode, exact - there, np.round(exact) - there, refined - there))
    return rows


def measured(count: int, seed: int) -> list[Row]:
    """Rows of as many pages, half of them usual and half of them harsh."""
    cv2.setNumThreads(1)
    forms = [f for f in layouts() if any(_boxed(z) for z in f.zones)]
    with tempfile.TemporaryDirectory() as cache:
        registrar = Registrar(known(), Path(cache))
    rows: list[Row] = []
    for number in range(count):
        treat = usual if number % 2 else paper
        given = degraded(forms[number % len(forms)], seed, number, treat)
        rows += rows_of(registrar, given, _mode(given))
    return rows


def _boxed(zone: Zone) -> bool:
    return zone.reader is ReaderKind.BOXES and bool(zone.cells)


def _mode(given: DegradedPage) -> str:
    if given.page.bilevel:
        return "bilevel"
    blue, _, red = cv2.split(given.page.pixels[::7, ::7])
    return "grey" if np.array_equal(blue, red) else "colour"


def table(rows: Sequence[Row]) -> str:
    """Errors of sides by kind of scan."""
    lines = []
    for mode in ("colour", "grey", "bilevel"):
        own = [r for r in rows if r.mode == mode]
        for name in ("registered", "rounded", "refined"):
            if own:
                off = np.abs(np.concatenate([getattr(r, name).ravel() for r in own]))
                lines.append(
                    f"{mode:8} {name:11} {len(own):4} rows {len(off):5} sides: median"
                    f" {np.median(off):.2f} px, 99 % {np.percentile(off, 99):.2f},"
                    f" most {off.max():.2f}, above 1 px {100 * np.mean(off > 1):.2f} %"
                )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(measured(int(sys.argv[1]) if len(sys.argv) > 1 else PAGES, 20261127)))
