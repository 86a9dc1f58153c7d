"""The list of mislabelled source images, and that a full bench is a larger one."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

import benchmarks.__main__ as bench
from benchmarks import set_aside
from benchmarks.set_aside import LIST, Candidate, candidates, digests_set_aside, features, sheet
from pipeline.samples.real_ink import RealInk, Split


def test_the_list_names_source_hash_label_and_what_is_shown_and_holds_no_image() -> None:
    content = json.loads(LIST.read_text(encoding="utf-8"))
    assert content["images"]
    for one in content["images"]:
        assert re.fullmatch(r"[0-9a-f]{64}", one["sha256"])
        assert one["split"] in ("calibrate", "test")
        assert one["label"] != one["shows"]
        assert one["proposed_by"] == "neighbours"  # never by an answer of ours
    assert LIST.stat().st_size < 20_000
    for split in ("calibrate", "test"):
        named = {i["sha256"][:12] for i in content["images"] if i["split"] == split}
        assert digests_set_aside(split) == named
    assert digests_set_aside("train") == frozenset()


def bars(split: Split, count: int, seed: int) -> RealInk:
    """Upright bars labelled 1 and lying ones labelled 2."""
    rng = np.random.default_rng(seed)
    images = np.zeros((2 * count, 28, 28), np.uint8)
    for i in range(count):
        a, b = rng.integers(2, 5, 2)
        images[i, 4:24, 12 : 12 + a] = 255
        images[count + i, 12 : 12 + b, 4:24] = 255
    labels = np.repeat([ord("1"), ord("2")], count)
    digests = tuple(f"{split}{i}" for i in range(2 * count))
    return RealInk(split, images, labels, np.zeros(2 * count, np.int64), digests)


def test_an_image_among_strangers_is_proposed_and_no_other() -> None:
    splits: tuple[Split, ...] = ("train", "calibrate", "test")
    ink = {split: bars(split, 40, n) for n, split in enumerate(splits)}
    wrong = ink["test"]
    wrong.labels[3] = ord("2")
    found = candidates(ink, digits=True)
    assert [(c.split, c.index, c.label, c.other) for c in found] == [("test", 3, "2", "1")]
    assert sheet(ink, found).shape[0] > 0
    assert isinstance(found[0], Candidate)
    assert features(wrong.images[:2]).shape[0] == 2


@pytest.mark.parametrize(("given", "full"), [("1", True), ("", False)])
def test_full_reaches_every_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, given: str, full: bool
) -> None:
    asked: list[bool] = []

    def part(is_full: bool) -> dict[str, Any]:
        asked.append(is_full)
        return {"n": 1}

    monkeypatch.setenv("FULL", given)
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "benchmarks" / "results")
    (tmp_path / "benchmarks").mkdir()
    monkeypatch.setattr(bench, "PARTS", {"one": part, "two": part})
    bench.main([])
    assert asked == [full, full]
    written = tmp_path / "benchmarks" / "results" / ("full.json" if full else "latest.json")
    assert json.loads(written.read_text())["made"]["full"] is full
    assert set_aside.LIST.name == "set_aside.json"
