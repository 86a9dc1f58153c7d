"""The home of ``make run``: repeatable with the samples, never wiped once it has seen real files.

A marker stands in a home that has only ever held the sample scans. Whoever claims a file that
is no sample removes it; without the marker nothing is wiped.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.commands import inbox_filling
from pipeline.settings import REPOSITORY, Settings

MARKER = "SAMPLE_ONLY"
SAMPLES = REPOSITORY / "sample_scans"


def are_samples(paths: Sequence[Path]) -> bool:
    """Whether every path lies in the repository's sample folder."""
    return bool(paths) and all(p.resolve().is_relative_to(SAMPLES) for p in paths)


def prepare(settings: Settings, paths: Sequence[Path], *, desk_runs: bool) -> bool:
    """Make the home ready for these files; whether earlier samples were wiped.

    Samples start from an empty home where it held nothing else and no desk has it open.
    """
    marker = settings.home / MARKER
    if not are_samples(paths):
        marker.unlink(missing_ok=True)
        return False
    if desk_runs or not inbox_filling.is_empty(settings):
        return False
    if _is_empty(settings):
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        marker.touch()
        return False
    if not marker.is_file():
        return False
    for folder in _written(settings):
        shutil.rmtree(folder, ignore_errors=True)
    return True


def no_longer(settings: Settings) -> None:
    """Note that the home holds more than samples."""
    (settings.home / MARKER).unlink(missing_ok=True)


def _written(settings: Settings) -> list[Path]:
    """What a run writes. Keys and caches stay: they belong to the installation."""
    return [
        settings.inbox,
        settings.work,
        settings.quarantine,
        settings.originals,
        settings.crops,
        settings.batches,
        settings.database.parent,
        settings.published,
        settings.dagster_home,
    ]


def _is_empty(settings: Settings) -> bool:
    return not any(p.is_file() for folder in _written(settings) for p in folder.rglob("*"))
