"""Measures marks with the shipped sizes and writes the evaluation into their artefact.

    .venv/bin/python -m models.training.measure_marks

Marks of every kind (made, blacked out where a tick is asked for, ticked where black is asked for,
struck back, a stray dot, a stroke that passes through, a hair) are drawn into the cells of our
forms with all pens, printed and scanned in simulation, and read. The sizes themselves are not
fitted: they are lengths of strokes and shares of a box that a person can check with a ruler.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from pipeline.domain.geometry import BoxPx
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import ReaderKind
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import Pixels
from pipeline.readers.marks.mark_limits import ARTEFACT
from pipeline.readers.marks.mark_reader import read_marks
from pipeline.samples import marking
from pipeline.samples.paper import PaperSpec, Preset, scan
from pipeline.samples.row_sheets import laid_on_form
from pipeline.samples.writing import Pen, pens
from pipeline.settings import REPOSITORY

KINDS = ("empty", "made", "other_style", "stray_dot", "passing_line", "taken_back")
FORMS = ("application_handwritten", "application_preprinted")
_PRESETS = (Preset.MILD, Preset.TYPICAL, Preset.TYPICAL, Preset.HARD)
_RESIDUAL_PX = 0.7


def measure(pages: int, seed: int) -> dict[str, dict[str, int]]:
    """How often each kind of mark of each style was read as each state.

    Args:
        pages: Forms to mark.
        seed: Everything follows from it.
    """
    catalogue = Catalogue.load()
    counts: Counter[tuple[str, str, str]] = Counter()
    for number in range(pages):
        rng = np.random.default_rng([seed, 41, number])
        form = catalogue.get(FORMS[number % len(FORMS)])
        pixels = blank_raster(form).copy()
        pen = pens(rng)[int(rng.choice(4, p=[0.55, 0.2, 0.15, 0.1]))]
        drawn = []
        for zone in form.zones:
            if zone.reader != ReaderKind.MARKS:
                continue
            # One cell of a zone is marked: what its neighbours mean is another question.
            index = int(rng.integers(len(zone.cells)))
            kind = str(rng.choice(KINDS))
            draw(pixels, zone.cells[index].to_px(), zone.mark_style, kind, pen, rng)
            drawn.append((zone, index, kind))
        spec = PaperSpec.drawn(_PRESETS[number % len(_PRESETS)], rng)
        scanned = scan(pixels, spec, rng)
        page = laid_on_form(form, scanned.pixels, scanned.to_scan, spec, rng, _RESIDUAL_PX)
        for zone, index, kind in drawn:
            cells = read_marks(page, zone).cells
            counts[zone.mark_style, kind, cells[index].state.value] += 1
            for i, cell in enumerate(cells):
                # A line that passes through one cell may end in the next: not an empty one.
                if i != index and kind != "passing_line":
                    counts[zone.mark_style, "empty", cell.state.value] += 1
    table: dict[str, dict[str, int]] = {}
    for (style, kind, state), n in sorted(counts.items()):
        table.setdefault(f"{style} {kind}", {})[state] = n
    return table


def draw(
    page: Pixels, cell: BoxPx, style: str, kind: str, pen: Pen, rng: np.random.Generator
) -> None:
    """One mark of a kind into a cell; ``empty`` draws nothing."""
    middle = (cell.x + cell.w // 2, cell.y + cell.h // 2)
    match kind:
        case "made":
            marking.mark(page, cell, style, pen, rng)
        case "other_style":
            marking.mark(page, cell, "black" if style != "black" else "tick", pen, rng)
        case "stray_dot":
            at = (middle[0] + int(rng.integers(-8, 9)), middle[1] + int(rng.integers(-8, 9)))
            cv2.circle(page, at, int(rng.integers(1, 4)), pen.colour_bgr, -1)
        case "passing_line":
            y = middle[1] + int(rng.integers(-10, 11))
            left, right = (cell.x - 2 * cell.w, y), (cell.x + 3 * cell.w, y + 6)
            cv2.line(page, left, right, pen.colour_bgr, max(2, round(pen.width_px)))
        case "taken_back":
            marking.mark(page, cell, style, pen, rng)
            marking.mark(page, cell, "black", pen, rng)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20265)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "models" / ARTEFACT)
    options = parser.parse_args()
    artefact = json.loads(options.out.read_text(encoding="utf-8"))
    artefact["evaluation"] = {
        "pages": options.pages,
        "seed": options.seed,
        "read_as": measure(options.pages, options.seed),
    }
    options.out.write_text(json.dumps(artefact, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(json.dumps(artefact["evaluation"], ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
