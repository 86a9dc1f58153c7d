"""One thread a process, a home of its own, and the warm engine that several rooms share."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from pathlib import Path

import pytest

from pipeline.examine.engine import Engine
from pipeline.settings import Settings


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Real models, the office's default settings, and a home that goes with the tests."""
    home: Path = tmp_path_factory.mktemp("home")
    return Engine(Settings(home=home))
