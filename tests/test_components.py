"""The list of components: complete, hashed, and with licences that somebody looked at."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.settings import REPOSITORY

SCRIPT = REPOSITORY / "tools" / "components.py"


@pytest.fixture(scope="module")
def components() -> ModuleType:
    spec = importlib.util.spec_from_file_location("components", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["components"] = module
    spec.loader.exec_module(module)
    return module


def test_everything_installed_is_locked_hashed_and_licensed(tmp_path: Path) -> None:
    out = tmp_path / "components.cdx.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--out", str(out)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    listed = json.loads(out.read_text())
    assert listed["bomFormat"] == "CycloneDX"
    names = {c["name"] for c in listed["components"]}
    assert {"duckdb", "dagster", "paddleocr", "pp-ocrv6-small-rec", "htmx.min.js"} <= {
        n.replace("_", "-") for n in names
    }
    assert all(len(h["content"]) == 64 for c in listed["components"] for h in c["hashes"])


def test_what_the_lock_does_not_name_is_told(components: ModuleType) -> None:
    lock = components.locked((REPOSITORY / "requirements.lock").read_text())
    assert components.packages(lock)[1] == []
    version, sums = lock.pop("duckdb")
    assert any("duckdb is installed" in w for w in components.packages(lock)[1])
    lock["duckdb"] = (version + ".1", sums)
    assert any(version in w for w in components.packages(lock)[1])


def test_no_component_is_under_a_licence_that_would_bind_the_whole(
    components: ModuleType,
) -> None:
    found, _ = components.collect()
    for component in found:
        words = component.licence.upper().replace("LGPL", "").replace("LESSER GENERAL", "")
        assert "GPL" not in words and "GENERAL PUBLIC" not in words, component.name
