"""The mark row under the PIN: how often its marks are heard, and how often wrongly.

Rows of the reply form's boxes and marks, written and marked in many ways, printed and scanned in
simulation. A mark that is heard wrongly could make a wrong PIN look sure, so that is the figure
that counts; one that is not heard costs a flag.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from benchmarks.intervals import Rate
from pipeline.domain.documents import FieldName
from pipeline.domain.geometry import BoxMm
from pipeline.domain.pin import SIGNATURE_ALPHABET, Kind, kind_of
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import KINDS_PART, FormDefinition, Label, Zone
from pipeline.forms.drawing import blank_raster
from pipeline.readers.marks.kind_marks import read_kinds
from pipeline.samples import marking
from pipeline.samples.ink import StrokeInk
from pipeline.samples.paper import PaperSpec, Preset, scan
from pipeline.samples.row_sheets import laid_on_form
from pipeline.samples.stamps import draw_line
from pipeline.samples.writing import Pen, draw_hand, pens, write_in_cell

SEED = 20261124
_ROWS, _PITCH_MM, _TOP_MM = 12, 22.0, 14.0
_QUICK, _FULL = 3, 60
# How people mark a small box, and what they do instead. ``tail``: the tick runs on into the next
# box; ``both``: neither word; ``none``: left blank.
_WAYS = ("tick", "tail", "black", "circle", "both", "none")
_SHARES = (0.56, 0.08, 0.12, 0.06, 0.06, 0.12)
_KINDS = (Kind.LETTER, Kind.DIGIT)
_PRESETS = (Preset.MILD, Preset.TYPICAL, Preset.HARD)


def run(full: bool) -> dict[str, Any]:
    """Measures how marks are heard.

    Args:
        full: 11,520 boxes; else 576.
    """
    heard: dict[str, list[int]] = {way: [0, 0, 0] for way in _WAYS}
    form, rows = _sheet_form()
    for number in range(_FULL if full else _QUICK):
        _sheet(form, rows, np.random.default_rng([SEED, number]), heard)
    single = [heard[way] for way in ("tick", "tail", "black", "circle")]
    n = sum(sum(counts) for counts in heard.values())
    return {
        "heard_wrongly": Rate(sum(counts[1] for counts in heard.values()), n).as_dict(),
        "one_mark_heard": Rate(sum(c[0] for c in single), sum(map(sum, single))).as_dict(),
        "heard_by_way": {way: Rate(c[0], sum(c)).as_dict() for way, c in heard.items()},
        "wrongly_by_way": {way: Rate(c[1], sum(c)).as_dict() for way, c in heard.items()},
    }


def _sheet_form() -> tuple[FormDefinition, list[tuple[Zone, Zone]]]:
    """A sheet of PIN rows with their mark rows, as the newest reply form has them."""
    reply = Catalogue.load().get("reply_form")
    boxes = reply.zone(FieldName.PIN_SIGNATURE)
    marks = reply.zone(FieldName.PIN_SIGNATURE, KINDS_PART)
    assert boxes is not None and marks is not None
    print_in = [t for t in reply.labels if _holds(marks.box, t.box)]
    rows, labels = [], list[Label]()
    for number in range(_ROWS):
        down = _TOP_MM + number * _PITCH_MM - boxes.box.y
        rows.append((_moved(boxes, down), _moved(marks, down)))
        labels += [dataclasses.replace(t, box=_lower(t.box, down)) for t in print_in]
    zones = tuple(zone for row in rows for zone in row)
    form = dataclasses.replace(
        reply, version="mark-rows", zones=zones, labels=tuple(labels), rulings=()
    )
    return form, rows


def _holds(outer: BoxMm, inner: BoxMm) -> bool:
    return outer.y <= inner.y and inner.y + inner.h <= outer.y + outer.h and inner.x >= outer.x


def _lower(box: BoxMm, down_mm: float) -> BoxMm:
    return BoxMm(box.x, round(box.y + down_mm, 3), box.w, box.h)


def _moved(zone: Zone, down_mm: float) -> Zone:
    cells = tuple(_lower(cell, down_mm) for cell in zone.cells)
    return dataclasses.replace(zone, box=_lower(zone.box, down_mm), cells=cells)


def _sheet(
    form: FormDefinition,
    rows: list[tuple[Zone, Zone]],
    rng: np.random.Generator,
    heard: dict[str, list[int]],
) -> None:
    """Fills, scans and reads one sheet; counts right, wrong and silent by way."""
    pixels = blank_raster(form).copy()
    written: list[list[tuple[str, Kind]]] = []
    for boxes, marks in rows:
        pen = pens(rng)[int(rng.choice(4, p=[0.6, 0.2, 0.12, 0.08]))]
        written.append(_fill(pixels, boxes, marks, pen, rng))
    preset = _PRESETS[int(rng.choice(3, p=(0.35, 0.5, 0.15)))]
    spec = PaperSpec.drawn(preset, rng)
    scanned = scan(pixels, spec, rng)
    page = laid_on_form(form, scanned.pixels, scanned.to_scan, spec, rng, 0.7)
    for (boxes, marks), row in zip(rows, written, strict=True):
        for said, (way, kind) in zip(read_kinds(page, marks, boxes), row, strict=True):
            meant = kind if way not in ("both", "none") else None
            heard[way][2 if said is None and meant is not None else 0 if said == meant else 1] += 1


def _fill(
    pixels: np.ndarray[Any, Any], boxes: Zone, marks: Zone, pen: Pen, rng: np.random.Generator
) -> list[tuple[str, Kind]]:
    hand, ink = draw_hand(rng, float(rng.uniform(0, 1))), StrokeInk(int(rng.integers(1000)))
    done = []
    for index, cell in enumerate(boxes.cells):
        character = SIGNATURE_ALPHABET[int(rng.integers(len(SIGNATURE_ALPHABET)))]
        over = float(rng.uniform(0.3, 1.0)) if rng.random() < 0.12 else 0.0
        write_in_cell(pixels, character, cell.to_px(), ink, hand, pen, rng, overshoot=over)
        way, kind = str(rng.choice(_WAYS, p=_SHARES)), kind_of(character)
        for one in _KINDS if way == "both" else (kind,) if way != "none" else ():
            place = marks.cells[2 * index + _KINDS.index(one)].to_px()
            if way == "tail":
                long = float(rng.uniform(1.2, 2.2))
                xs = place.x + place.w * np.array([0.1, 0.4, long])
                ys = place.y + place.h * np.array([0.5, 0.9, float(rng.uniform(-0.6, 0.4))])
                draw_line(pixels, np.stack([xs, ys], axis=1), pen)
            else:
                marking.mark(pixels, place, "tick" if way == "both" else way, pen, rng)
        done.append((way, kind))
    return done
