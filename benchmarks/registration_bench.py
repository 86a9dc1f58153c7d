"""Registration measured: is the form right, is the page upright, how far off are the zones.

Pages are composed (writing, photo, stamps), bent by a known smooth stretch, treated by
``samples.paper`` with a known homography, and registered among all layouts. The true error is the
distance, at every zone corner, between where the registration says it is and where it is.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.intervals import Rate
from benchmarks.layouts import vary
from pipeline.domain.geometry import PX_PER_MM
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition
from pipeline.imaging.gate import zone_corners
from pipeline.imaging.mapping import project
from pipeline.imaging.pages import PageImage, Pixels
from pipeline.imaging.registration import Registrar, Unregistered
from pipeline.samples.composing import compose, draw_style
from pipeline.samples.paper import Mode, PaperSpec, Preset, scan
from pipeline.samples.people import make_applicant

QUICK_PAGES, FULL_PAGES = 60, 1000
VARIANTS = 8
GOAL_PX, NEVER_PX = 1.5, 4.0
_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Bend:
    """A smooth stretch of the paper, at most ``reach_px`` at 300 dpi."""

    reach_px: float
    phase: NDArray[np.float64]
    size: tuple[int, int]

    def shift(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """What a place of the bent sheet shows lies this far from it on the flat one."""
        u, v = x / self.size[0], y / self.size[1]
        p = self.phase
        dx = 0.6 * np.sin(2.3 * v + p[0]) + 0.4 * np.sin(3.1 * u + p[1])
        dy = 0.5 * np.sin(2.7 * u + p[2]) + 0.5 * np.sin(3.6 * v + p[3])
        return self.reach_px * dx, self.reach_px * dy

    def bent(self, page: Pixels) -> Pixels:
        """The page as its bent self."""
        height, width = page.shape[:2]
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        dx, dy = self.shift(x, y)
        moved = cv2.remap(
            page,
            (x + dx).astype(np.float32),
            (y + dy).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(255, 255, 255),
        )
        return moved.astype(np.uint8, copy=False)

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where places of the flat sheet lie on the bent one (by fixed point iteration)."""
        placed = points.copy()
        for _ in range(25):
            dx, dy = self.shift(placed[:, 0], placed[:, 1])
            placed = points - np.column_stack([dx, dy])
        return placed


@dataclass(frozen=True, slots=True)
class Trial:
    """What happened to one page."""

    form_right: bool
    upright: bool
    registered: bool
    error_px: float
    cpu_ms: float
    wrong_form_passed: bool


def pages(
    forms: tuple[FormDefinition, ...], count: int, seed: int
) -> Iterator[tuple[FormDefinition, PageImage, NDArray[np.float64], Bend]]:
    """Degraded pages: the form, the scan, the true homography and the true bend."""
    rng = np.random.default_rng(seed)
    for n in range(count):
        form = forms[n % len(forms)]
        composed = compose(form, make_applicant(rng), draw_style(rng), rng).pixels
        height, width = composed.shape[:2]
        bend = Bend(
            float(rng.uniform(0, 1.0)) * PX_PER_MM * float(rng.random() < 0.5),
            rng.uniform(0, 2 * np.pi, 4),
            (width, height),
        )
        spec = paper(rng)
        seen = scan(bend.bent(composed) if bend.reach_px else composed, spec, rng)
        told = float(seen.dpi) if rng.random() < 0.7 else None
        yield form, PageImage(seen.pixels, 1, told, seen.bilevel), seen.to_scan, bend


def paper(rng: np.random.Generator) -> PaperSpec:
    """A treatment harsher than mail: any quarter turn, skew, 0.9-1.1 scale, 150-600 dpi."""
    preset = Preset(rng.choice([Preset.TYPICAL, Preset.HARD], p=[0.4, 0.6]))
    drawn = PaperSpec.drawn(preset, rng)
    scale = rng.uniform(0.92, 1.08)
    skew = drawn.skew_deg if rng.random() < 0.7 else float(rng.uniform(-10, 10))
    # What the turn, the scale and the slide of the sheet need beyond A4, so that zones stay on.
    needs = max(0.0, (scale - 1) * 150) + abs(math.sin(math.radians(skew))) * 150
    needs += max(abs(v) for v in drawn.shift_mm)
    margin = -needs - 2.0
    crop = tuple(
        margin + (float(rng.uniform(0, 5)) if rng.random() < 0.3 else 0.0) for _ in range(4)
    )
    mode = Mode(rng.choice(list(Mode), p=[0.5, 0.25, 0.25]))
    return replace(
        drawn,
        mode=mode,
        dpi=int(rng.choice([150, 200, 240, 300, 400, 600], p=[0.15, 0.25, 0.1, 0.35, 0.1, 0.05])),
        quarter_turns=int(rng.integers(_QUARTERS)),
        skew_deg=skew,
        scale_x=float(scale * rng.uniform(0.985, 1.015)),
        scale_y=float(scale * rng.uniform(0.985, 1.015)),
        stretch_mm=0.0,
        crop_mm=(crop[0], crop[1], crop[2], crop[3]),
    )


def layouts() -> tuple[FormDefinition, ...]:
    """Our forms and generated variants of them."""
    ours = Catalogue.load().forms
    return (*ours, *(vary(ours[k % len(ours)], 100 + k) for k in range(VARIANTS)))


def trial(
    registrar: Registrar,
    form: FormDefinition,
    page: PageImage,
    to_scan: NDArray[np.float64],
    bend: Bend,
) -> Trial:
    """Register one page and compare with the truth."""
    begun = time.process_time()
    found = registrar.align(page)
    cpu_ms = 1000 * (time.process_time() - begun)
    if isinstance(found, Unregistered):
        return Trial(False, False, False, math.nan, cpu_ms, False)
    right = found.reference.form.key == form.key
    passed = not found.doubts.any
    if not right:
        return Trial(False, False, passed, math.nan, cpu_ms, passed)
    corners = zone_corners(found.reference)
    truth = project(to_scan, bend.place(corners))
    off = np.linalg.norm(found.mapping.place(corners) - truth, axis=1)
    ends = project(to_scan, np.array([[0.0, 0.0], [100.0, 0.0]]))
    angle = math.degrees(math.atan2(*(ends[1] - ends[0])[::-1]))
    upright = found.figures.rotation_quarters == round(angle / 90) % _QUARTERS
    error = float(off.max()) / found.mapping.page_px_per_form_px()
    return Trial(True, upright, passed, error, cpu_ms, False)


def strangers(count: int, seed: int) -> Iterator[Pixels]:
    """Pages of no known form: letters, tables, photos, unknown layouts, blanks, black."""
    rng = np.random.default_rng(seed)
    ours = Catalogue.load().forms
    for n in range(count):
        kind = n % 6
        page = np.full((3508, 2480, 3), 255, np.uint8)
        if kind == 0:
            for y in range(300, 3000, 70):
                for x in range(300, int(rng.integers(900, 2200)), 46):
                    bits = (rng.random((9, 9)) < 0.45).astype(np.uint8) * 255
                    glyph = cv2.resize(bits, (36, 36), interpolation=cv2.INTER_NEAREST)
                    page[y : y + 36, x : x + 36] = 255 - glyph[..., None]
        elif kind == 1:
            for v in range(200, 3300, int(rng.integers(60, 160))):
                cv2.line(page, (150, v), (2330, v), (60, 60, 60), 3)
            for v in range(150, 2331, int(rng.integers(60, 300))):
                cv2.line(page, (v, 200), (v, 3300), (60, 60, 60), 3)
        elif kind == 2:
            coarse = rng.integers(0, 255, (35, 25, 3), dtype=np.uint8)
            page = cv2.resize(coarse, (2480, 3508), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
        elif kind == 3:
            from pipeline.forms.drawing import blank_raster

            turned = blank_raster(ours[n % len(ours)])[::-1]
            page = np.ascontiguousarray(turned)  # a mirrored form is no form
        elif kind == 4:
            page[:] = rng.integers(225, 255, 3, dtype=np.uint8)
        else:
            page[:] = 8
        yield scan(page, paper(rng), rng).pixels


def _share(name: str, hits: int, n: int) -> dict[str, Any]:
    rate = Rate(int(hits), n)
    return {"figure": name, "n": n, "value": rate.value, "low": rate.low, "high": rate.high}


def run(full: bool, seed: int = 20261123) -> dict[str, Any]:
    """Measure. ``full`` takes ``FULL_PAGES`` pages, else ``QUICK_PAGES``."""
    cv2.setNumThreads(1)
    forms = layouts()
    with tempfile.TemporaryDirectory() as cache:
        registrar = Registrar(forms, Path(cache))
    count = FULL_PAGES if full else QUICK_PAGES
    trials = [trial(registrar, *page) for page in pages(forms, count, seed)]
    passed = [t for t in trials if t.form_right and t.registered]
    errors = np.array([t.error_px for t in passed])
    found = [t for t in trials if t.form_right]
    foreign = 120 if full else 18
    forced = 0
    for pixels in strangers(foreign, seed + 1):
        result = registrar.align(PageImage(pixels, 1, None))
        forced += not isinstance(result, Unregistered) and not result.doubts.any
    milliseconds = np.array([t.cpu_ms for t in trials])
    return {
        "layouts": len(forms),
        "pages": count,
        "shares": [
            _share("form right", len(found), count),
            _share("orientation right", sum(t.upright for t in found), count),
            _share("passed the gate", len(passed), count),
            _share(f"passed within {GOAL_PX} px", int((errors <= GOAL_PX).sum()), len(passed)),
            _share(f"passed above {NEVER_PX} px", int((errors > NEVER_PX).sum()), len(passed)),
            _share("passed as a wrong form", sum(t.wrong_form_passed for t in trials), count),
            _share("strangers forced on a form", int(forced), foreign),
        ],
        "error_px": {
            name: round(float(np.percentile(errors, p)), 3) if len(errors) else None
            for name, p in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))
        },
        "cpu_ms": {
            name: round(float(np.percentile(milliseconds, p)), 1)
            for name, p in (("p50", 50), ("p95", 95))
        },
    }


def table(result: dict[str, Any]) -> str:
    """The result for a terminal."""
    lines = [f"registration: {result['pages']} pages of {result['layouts']} layouts"]
    for row in result["shares"]:
        lines.append(
            f"  {row['figure']:<28} {row['value']:8.2%}  n={row['n']:<5}"
            f" 95 % [{row['low']:.2%}, {row['high']:.2%}]"
        )
    lines.append(f"  true error, px at 300 dpi    {result['error_px']}")
    lines.append(f"  align, CPU ms a page         {result['cpu_ms']}")
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    print(table(run("--full" in sys.argv)))
