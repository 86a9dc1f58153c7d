"""One thread a process, a home of its own, and the warm engine that several rooms share."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from pipeline.examine.engine import Engine
from pipeline.settings import Settings

# How long one example takes says how busy the machine is, not whether a rule holds.
hypothesis_settings.register_profile("rules", deadline=None)
hypothesis_settings.load_profile("rules")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Real models, the office's default settings, and a home that goes with the tests."""
    home: Path = tmp_path_factory.mktemp("home")
    return Engine(Settings(home=home))
