"""Dagster's home folder and the variables its processes get; Dagster itself is not imported."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.settings import REPOSITORY, Settings

CONFIGURATION = "dagster.yaml"
DEFINITIONS = "assets.definitions"


def prepare(settings: Settings) -> Path:
    """Make Dagster's home with our configuration in it; the folder."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(REPOSITORY / CONFIGURATION, home / CONFIGURATION)
    return home


def environment(settings: Settings) -> dict[str, str]:
    """Variables for Dagster's processes: where its home is, and no call out."""
    return {
        "DAGSTER_HOME": str(settings.dagster_home.resolve()),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "UKETSUKE_HOME": str(settings.home.resolve()),
        "PYTHONUNBUFFERED": "1",
        # Warnings about Dagster's own deprecations are not the operator's concern.
        "PYTHONWARNINGS": "ignore",
    }
