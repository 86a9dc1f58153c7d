"""``python -m benchmarks.photo_memory``: MiB that the models of the photo checks take.

In a process of its own: what is resident before the models are loaded is taken off what is
resident once a photo was graded.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from pipeline import settings
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait

KIB_PER_MIB = 1024


def measured_mib() -> float:
    """Run in a fresh process and read its answer."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.photo_memory"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout)


def _resident_mib() -> float:
    with Path("/proc/self/status").open(encoding="ascii") as stream:
        for line in stream:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / KIB_PER_MIB
    raise OSError("no VmRSS")


def main() -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    portrait = draw_portrait(PortraitSpec(), np.random.default_rng(1), 413, 531)
    store = ModelStore(settings.current().models)
    before = _resident_mib()
    grader = PhotoGrader(store)
    grader.grade_loose(portrait, 300.0)
    print(f"{_resident_mib() - before:.1f}")


if __name__ == "__main__":
    main()
