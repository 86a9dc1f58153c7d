"""Pages per second and memory, beside whole-page PaddleOCR and tesseract in the same run.

Each engine runs in a process of its own on the same pages, one thread, so that its peak memory
is its own. Only the ratios mean anything beyond this machine.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.composed_forms import composed_forms

SEED = 7
DEFAULT_PAGES = 12
FULL_PAGES = 60
ENGINES = ("uketsuke", "paddleocr_whole_page", "tesseract_whole_page")


def run(full: bool) -> dict[str, Any]:
    """Time every engine on the same pages."""
    count = FULL_PAGES if full else DEFAULT_PAGES
    # Composed pages hold synthetic values only; the folder goes with the measurement.
    with tempfile.TemporaryDirectory() as folder:
        for i, (page, _) in enumerate(composed_forms(count, SEED)):
            cv2.imwrite(str(Path(folder) / f"{i:04d}.png"), page.pixels)
        result: dict[str, Any] = {"pages": count, "threads": 1}
        for name in ENGINES:
            result[name] = _measure_apart(name, folder)
    ours = result["uketsuke"].get("seconds_per_page")
    for name in ENGINES[1:]:
        theirs = result[name].get("seconds_per_page")
        result[name]["times_ours"] = round(theirs / ours, 1) if ours and theirs else None
    return result


def _measure_apart(name: str, folder: str) -> dict[str, Any]:
    if name == "tesseract_whole_page" and shutil.which("tesseract") is None:
        return {"missing": "tesseract is not installed"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed_bench", name, folder],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"},
    )
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1:] or ["no message"]}
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def _reader(name: str) -> Callable[[Path], object]:
    if name == "uketsuke":
        from pipeline.domain.documents import Channel
        from pipeline.examine.document import examine_file
        from pipeline.examine.engine import Engine
        from pipeline.settings import Settings

        engine = Engine(Settings())
        return lambda path: list(examine_file(engine, path, Channel.COUNTER, name="page"))
    if name == "paddleocr_whole_page":
        from benchmarks.whole_page_paddle import whole_page_reader

        return whole_page_reader()
    return lambda path: (
        subprocess.run(
            ["tesseract", str(path), "-", "-l", "jpn"], capture_output=True, check=True
        ).stdout
    )


def _measure_here(name: str, folder: Path) -> dict[str, Any]:
    read = _reader(name)
    pages = sorted(folder.iterdir())
    read(pages[0])  # warm: models loaded, caches filled
    seconds: list[float] = []
    reading_ms: list[float] = []
    for page in pages:
        begin, begin_cpu = time.perf_counter(), time.process_time()
        done = read(page)
        cpu_ms = 1000 * (time.process_time() - begin_cpu)
        seconds.append(time.perf_counter() - begin)
        if name == "uketsuke":
            reading_ms.append(cpu_ms * _share_of("read", done))
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    figures: dict[str, Any] = {
        "seconds_per_page": round(float(np.median(seconds)), 3),
        "pages_per_s": round(len(seconds) / sum(seconds), 3),
        "peak_memory_mib": round(peak / 1024, 0),
    }
    if reading_ms:
        figures["reading_all_zones_cpu_ms"] = {
            "median": round(float(np.median(reading_ms)), 1),
            "p95": round(float(np.percentile(reading_ms, 95)), 1),
            "n": len(reading_ms),
        }
    return figures


def _share_of(stage: str, examined: object) -> float:
    """A stage's share of the time of a page: of its CPU time, too, as nothing waits."""
    assert isinstance(examined, list)
    spent = [document.stage_ms for document in examined]
    whole = sum(sum(stages.values()) for stages in spent)
    return float(sum(stages.get(stage, 0.0) for stages in spent) / whole) if whole else 0.0


if __name__ == "__main__":
    print(json.dumps(_measure_here(sys.argv[1], Path(sys.argv[2]))))
