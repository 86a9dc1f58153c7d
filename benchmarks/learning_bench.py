"""Learning measured: how many zones of a blank form are right before any hand touches them.

Our own forms and generated layouts of them (``forms.variants`` and ``benchmarks.layouts``, with
seeds that nothing was developed on), each as its vector PDF and as a scan. A zone is right where
its field and part, its reader and its number of cells are right and its box covers the true one
(intersection over union at least ``GOOD_IOU``). On a scan the truth goes through the scan's known
geometry: where a sheet lies on the glass, and its scale, are not the form's.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.intervals import Rate
from benchmarks.layouts import vary
from pipeline.domain.errors import UketsukeError
from pipeline.domain.geometry import PX_PER_MM, BoxMm
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.checking import check
from pipeline.forms.definition import FormDefinition, Zone
from pipeline.forms.drawing import blank_raster, draw_pdf
from pipeline.forms.variants import variant
from pipeline.imaging.mapping import project
from pipeline.learning.learning import learn
from pipeline.learning.proposal import Proposal
from pipeline.model_store import ModelStore
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.samples.paper import Mode, PaperSpec, Preset, scan
from pipeline.settings import current

GOOD_IOU = 0.8
QUICK_LAYOUTS, FULL_LAYOUTS = 8, 40
# Development looked at seeds 0 to 9 and 700 to 707.
FIRST_SEED = 800
_ATTRIBUTES = ("alphabet", "mark_style", "printed", "optional", "lines")


@dataclass(slots=True)
class Tally:
    """Counts over many blanks."""

    blanks: int = 0
    refused: int = 0
    right: int = 0
    zones: int = 0
    extra: int = 0
    attributes: int = 0
    passing: int = 0
    said: int = 0
    wrong: int = 0
    cell_mm: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    wrong_zones: dict[str, int] = field(default_factory=dict)


def layouts(count: int, first_seed: int = FIRST_SEED) -> Iterator[FormDefinition]:
    """Our forms, then generated layouts of them, both generators by turns."""
    ours = Catalogue.load().forms
    yield from ours
    for k in range(count):
        make = variant if k % 2 == 0 else vary
        yield make(ours[k % len(ours)], first_seed + k)


def overlap(one: BoxMm, other: BoxMm) -> float:
    """Intersection over union."""
    width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (one.w * one.h + other.w * other.h - width * height)


def judge(truth: FormDefinition, proposal: Proposal, tally: Tally) -> None:
    """Compare a proposal with the form that it should be."""
    learned = proposal.definition
    doubted = {d.field for d in proposal.doubts}
    for zone in truth.zones:
        found = learned.zone(zone.field, zone.part)
        tally.zones += 1
        if found is None or not _is_right(zone, found):
            name = f"{zone.field}/{zone.part}" if zone.part else str(zone.field)
            tally.wrong_zones[name] = tally.wrong_zones.get(name, 0) + 1
            tally.wrong += 1
            sure = next((z.confidence for z in proposal.zones if z.zone is found), 0.0)
            tally.said += zone.field in doubted or sure < 0.85
            continue
        tally.right += 1
        tally.attributes += all(getattr(zone, a) == getattr(found, a) for a in _ATTRIBUTES)
        for cell, other in zip(zone.cells, found.cells, strict=True) if zone.rule_mm > 0 else ():
            tally.cell_mm.append(
                max(
                    abs(cell.x - other.x),
                    abs(cell.y - other.y),
                    abs(cell.x + cell.w - other.x - other.w),
                    abs(cell.y + cell.h - other.y - other.h),
                )
            )
    tally.extra += sum(truth.zone(z.field, z.part) is None for z in learned.zones)
    tally.passing += not any(p.bars for p in check(learned))


def _is_right(zone: Zone, found: Zone) -> bool:
    return (
        zone.reader == found.reader
        and len(zone.cells) == len(found.cells)
        and overlap(zone.box, found.box) >= GOOD_IOU
    )


def moved(form: FormDefinition, matrix: NDArray[np.float64]) -> FormDefinition:
    """A form whose zones went through a map of registered pixels."""

    def place(box: BoxMm) -> BoxMm:
        corners = np.array(
            [
                [box.x, box.y],
                [box.x + box.w, box.y],
                [box.x, box.y + box.h],
                [box.x + box.w, box.y + box.h],
            ]
        )
        a, b, c, d = project(matrix, corners * PX_PER_MM) / PX_PER_MM
        x, y = float(a[0] + c[0]) / 2, float(a[1] + b[1]) / 2
        return BoxMm(x, y, float(b[0] + d[0]) / 2 - x, float(c[1] + d[1]) / 2 - y)

    return replace(
        form,
        zones=tuple(
            replace(z, box=place(z.box), cells=tuple(place(c) for c in z.cells)) for z in form.zones
        ),
    )


def scanned(form: FormDefinition, rng: np.random.Generator) -> tuple[bytes, NDArray[np.float64]]:
    """The blank as an office scans it: upright or not, colour or grey, without a fold."""
    mode = Mode(rng.choice([Mode.COLOUR, Mode.COLOUR, Mode.GREY]))
    drawn = PaperSpec.drawn(Preset.TYPICAL, rng, mode)
    dpi = int(rng.choice([240, 300, 300, 400]))
    spec = replace(drawn, folds=0, dpi=dpi, stretch_mm=0.0)
    seen = scan(blank_raster(form), spec, rng)
    buffer = io.BytesIO()
    Image.fromarray(seen.pixels[:, :, ::-1]).save(
        buffer, "TIFF", compression="tiff_lzw", dpi=(seen.dpi, seen.dpi)
    )
    return buffer.getvalue(), seen.to_scan


def run(full: bool, seed: int = 20261124) -> dict[str, Any]:
    """Measure both kinds of blanks."""
    cv2.setNumThreads(1)
    settings = current()
    recogniser = PaddleRecogniser(ModelStore(settings.models), settings.cache)
    recogniser.posteriors([np.full((48, 160, 3), 255, np.uint8)])
    rng = np.random.default_rng(seed)
    tallies = {"vector_pdf": Tally(), "scan": Tally()}
    for form in layouts(FULL_LAYOUTS if full else QUICK_LAYOUTS):
        for kind, tally in tallies.items():
            content, to_scan = (
                (draw_pdf(form), None) if kind == "vector_pdf" else scanned(form, rng)
            )
            tally.blanks += 1
            begun = time.process_time()
            try:
                proposal = learn(content, version="learned", recogniser=recogniser)
            except UketsukeError as error:
                tally.refused += 1
                tally.zones += len(form.zones)
                tally.wrong += len(form.zones)
                tally.said += len(form.zones)
                tally.wrong_zones[error.code] = tally.wrong_zones.get(error.code, 0) + 1
                continue
            tally.cpu_s.append(time.process_time() - begun)
            truth = form
            if to_scan is not None:
                truth = moved(form, np.linalg.inv(proposal.to_source) @ to_scan)
            judge(truth, proposal, tally)
    return {
        "layouts": tallies["scan"].blanks,
        **{kind: _figures(tally) for kind, tally in tallies.items()},
    }


def _figures(tally: Tally) -> dict[str, Any]:
    cells = np.array(tally.cell_mm or [np.nan])
    return {
        "zones_right": Rate(tally.right, tally.zones).as_dict(),
        "attributes_right_of_those": Rate(tally.attributes, tally.right).as_dict(),
        "wrong_ones_said_to_be_doubtful": Rate(tally.said, tally.wrong).as_dict(),
        "definitions_pass_forms_check": Rate(tally.passing, tally.blanks - tally.refused).as_dict(),
        "zones_too_many": tally.extra,
        "blanks_refused": tally.refused,
        "cell_edges_off_mm_p50": round(float(np.median(cells)), 3),
        "cell_edges_off_mm_p95": round(float(np.percentile(cells, 95)), 3),
        "cell_edges_off_mm_max": round(float(cells.max()), 3),
        "cells": len(tally.cell_mm),
        "cpu_seconds_p50": round(float(np.median(tally.cpu_s or [np.nan])), 1),
        "wrong_zones": ", ".join(f"{k} {v}" for k, v in sorted(tally.wrong_zones.items())) or "-",
    }
