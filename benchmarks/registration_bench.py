"""Registration measured: is the form right, is the page upright, how far off are the zones.

Pages are made by ``registration_pages`` with known geometry and registered among all layouts. The
true error is the distance, at every zone corner, between where the registration says it is and
where it is. Pages of no known form are made by ``registration_strangers``, sheets that
are scanned twice by ``registration_repeats``.
"""

from __future__ import annotations

import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.intervals import Rate
from benchmarks.registration_pages import DegradedPage, known, layouts, pages
from benchmarks.registration_repeats import repeats
from benchmarks.registration_strangers import strangers
from pipeline.imaging.gate import zone_corners
from pipeline.imaging.mapping import project
from pipeline.imaging.registration import Registrar, Unregistered

QUICK_PAGES, FULL_PAGES = 100, 1000
QUICK_STRANGERS, FULL_STRANGERS = 24, 240
QUICK_SHEETS, FULL_SHEETS = 30, 200
GOAL_PX, NEVER_PX = 1.5, 4.0
_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Trial:
    """What happened to one page."""

    form_right: bool
    upright: bool
    registered: bool
    error_px: float
    cpu_ms: float
    wrong_form_passed: bool
    treatments: frozenset[str]


def trial(registrar: Registrar, given: DegradedPage) -> Trial:
    """Register one page and compare with the truth."""
    begun = time.process_time()
    found = registrar.align(given.page)
    cpu_ms = 1000 * (time.process_time() - begun)
    done = given.treatments
    if isinstance(found, Unregistered):
        return Trial(False, False, False, math.nan, cpu_ms, False, done)
    passed = not found.doubts.any
    if found.reference.form.key != given.form.key:
        return Trial(False, False, passed, math.nan, cpu_ms, passed, done)
    corners = zone_corners(found.reference)
    truth = project(given.to_scan, given.bend.place(corners))
    off = np.linalg.norm(found.mapping.place(corners) - truth, axis=1)
    ends = project(given.to_scan, np.array([[0.0, 0.0], [100.0, 0.0]]))
    angle = math.degrees(math.atan2(*(ends[1] - ends[0])[::-1]))
    # Between two quarters either is right: a sheet thrown on the glass at 45 degrees.
    away = (angle / 90 - found.figures.rotation_quarters + 2) % _QUARTERS - 2
    error = float(off.max()) / found.mapping.page_px_per_form_px()
    return Trial(True, abs(away) < 0.55, passed, error, cpu_ms, False, done)


def by_treatment(trials: list[Trial]) -> dict[str, dict[str, Any]]:
    """For every treatment: pages, passed, passed within the goal, the 95th percentile in px."""
    told: dict[str, dict[str, Any]] = {}
    for name in sorted({t for one in trials for t in one.treatments}):
        own = [t for t in trials if name in t.treatments]
        errors = np.array([t.error_px for t in own if t.form_right and t.registered])
        told[name] = {
            "pages": len(own),
            "form_right": sum(t.form_right for t in own),
            "passed": len(errors),
            "within_goal": int((errors <= GOAL_PX).sum()),
            "error_px_p95": round(float(np.percentile(errors, 95)), 2) if len(errors) else None,
        }
    return told


def _share(name: str, hits: int, n: int) -> dict[str, Any]:
    rate = Rate(int(hits), n)
    return {"figure": name, "n": n, "value": rate.value, "low": rate.low, "high": rate.high}


def run(full: bool, seed: int = 20261123) -> dict[str, Any]:
    """Measure. ``full`` takes ``FULL_PAGES`` pages, else ``QUICK_PAGES``."""
    cv2.setNumThreads(1)
    forms = layouts()
    with tempfile.TemporaryDirectory() as cache:
        registrar = Registrar(known(), Path(cache))
    count = FULL_PAGES if full else QUICK_PAGES
    trials = [trial(registrar, page) for page in pages(forms, count, seed)]
    passed = [t for t in trials if t.form_right and t.registered]
    errors = np.array([t.error_px for t in passed])
    found = [t for t in trials if t.form_right]
    foreign = FULL_STRANGERS if full else QUICK_STRANGERS
    forced = 0
    for _, page in strangers(foreign, seed + 1):
        result = registrar.align(page)
        forced += not isinstance(result, Unregistered) and not result.doubts.any
    again = repeats(registrar, FULL_SHEETS if full else QUICK_SHEETS, seed + 2)
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
            _share("sheet scanned twice known again", again.known_again, again.sheets),
            _share("another sheet taken for it", again.confused, again.pairs),
        ],
        "error_px": {
            name: round(float(np.percentile(errors, p)), 3) if len(errors) else None
            for name, p in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))
        },
        "by_treatment": by_treatment(trials),
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
            f"  {row['figure']:<32} {row['value']:8.2%}  n={row['n']:<5}"
            f" 95 % [{row['low']:.2%}, {row['high']:.2%}]"
        )
    lines.append(f"  true error, px at 300 dpi    {result['error_px']}")
    lines.append(f"  align, CPU ms a page         {result['cpu_ms']}")
    lines += [
        f"  {name:<28} {t['pages']:>5} pages, {t['form_right']:>5} right, {t['passed']:>5} passed,"
        f" {t['within_goal']:>5} within {GOAL_PX} px, 95 % {t['error_px_p95']} px"
        for name, t in result["by_treatment"].items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    print(table(run("--full" in sys.argv)))
