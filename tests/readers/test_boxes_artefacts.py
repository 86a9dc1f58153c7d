from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.errors import DefectError, InputError
from pipeline.readers.boxes.character_network import BOX_MODELS, MODEL
from pipeline.readers.boxes.character_thresholds import ARTEFACT, CharacterThresholds, ViewWeights
from pipeline.readers.boxes.joining import joined
from pipeline.readers.boxes.log_probabilities import normalised
from pipeline.readers.calibrating.calibration import (
    calibration_error,
    fit_views,
    risk_coverage,
    threshold_for,
)
from pipeline.samples.real_ink import RealInk
from pipeline.settings import REPOSITORY

MODELS = REPOSITORY / "models"


def test_the_shipped_artefact_says_where_each_threshold_comes_from() -> None:
    thresholds = CharacterThresholds.load(MODELS)
    evaluation = thresholds.evaluation
    for kind in ("digits", "capitals"):
        part = evaluation[kind]
        assert isinstance(part, dict)
        assert part["character"]["n"] > 1000
        assert part["character"]["value"] == pytest.approx(thresholds.character[kind], abs=1e-6)
        assert 0 <= part["calibration_error"] < 0.02
    numbers = evaluation["my_number"]
    assert isinstance(numbers, dict)
    assert numbers["value"] == pytest.approx(thresholds.field["my_number"], abs=1e-6)
    assert 0 < numbers["risk_bound"] <= numbers["target"]
    # The threshold for a corrected number is never laxer than that for one that was read plainly.
    assert thresholds.field["my_number_corrected"] >= thresholds.field["my_number"]
    # A cell that need not bar a number still costs it some of its probability.
    assert all(0 < share < 0.5 for share in thresholds.doubt.values())
    assert thresholds.doubt_sure.keys() == thresholds.doubt.keys()
    for state, share in thresholds.doubt_sure.items():
        assert 0 < share < thresholds.doubt[state]


def test_the_artefact_was_made_with_the_weights_that_ship() -> None:
    content = json.loads((MODELS / ARTEFACT).read_text())
    for role, names in (("network", BOX_MODELS), ("letters_network", (MODEL,))):
        for name, said in zip(names, content["made"][role].split(), strict=True):
            digest = hashlib.sha256((MODELS / "weights" / f"{name}.onnx").read_bytes()).hexdigest()
            assert said.startswith(f"{name}@") and said.endswith(digest[:8])
    assert content["made"]["split"] == "calibrate"


def test_missing_and_broken_artefacts_are_named(tmp_path: Path) -> None:
    with pytest.raises(DefectError) as missing:
        CharacterThresholds.load(tmp_path)
    assert missing.value.code == "THRESHOLDS_MISSING"
    (tmp_path / "thresholds").mkdir()
    for text in ("", "{}", '{"version": 1, "views": []}', '{"views": {"digits": {"first": "x"}}}'):
        (tmp_path / ARTEFACT).write_text(text)
        with pytest.raises(DefectError) as broken:
            CharacterThresholds.load(tmp_path)
        assert broken.value.code == "THRESHOLDS_BROKEN"


def test_a_probability_out_of_range_is_refused(tmp_path: Path) -> None:
    content = json.loads((MODELS / ARTEFACT).read_text())
    content["junk"] = 7
    (tmp_path / "thresholds").mkdir()
    (tmp_path / ARTEFACT).write_text(json.dumps(content))
    with pytest.raises(DefectError):
        CharacterThresholds.load(tmp_path)


def drawn(n: int, sharpness: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log probabilities of a view that is honest at power 1, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 10, n)
    logits = rng.normal(0, 1, (n, 10)) * sharpness
    logits[np.arange(n), truth] += sharpness**2
    return logits, truth


def test_an_over_confident_view_is_brought_back() -> None:
    honest, truth = drawn(6000, 2.2, 1)
    loud = normalised(2.5 * honest)
    weights = fit_views(loud, np.zeros_like(loud), truth)
    assert weights.first == pytest.approx(1 / 2.5, rel=0.1)
    assert weights.first_alone == pytest.approx(1 / 2.5, rel=0.1)


def test_two_independent_views_are_better_than_one_and_stay_honest() -> None:
    one, truth = drawn(6000, 1.8, 2)
    rng = np.random.default_rng(3)
    two = rng.normal(0, 1, one.shape) * 1.8
    two[np.arange(len(truth)), truth] += 1.8**2
    weights = fit_views(normalised(one), normalised(two), truth)
    alone = joined(normalised(one), None, weights)
    both = joined(normalised(one), normalised(two), weights)
    right = both.argmax(axis=1) == truth
    assert right.mean() > (alone.argmax(axis=1) == truth).mean() + 0.05
    assert calibration_error(both.max(axis=1), right) < 0.02
    assert both.sum(axis=1) == pytest.approx(1.0)


def test_the_floor_leaves_every_character_possible() -> None:
    sure = normalised(np.array([[0.0, -1000.0, -1000.0]]))
    posterior = joined(sure, None, ViewWeights(1, 1, 1, 0.003))
    assert posterior[0] == pytest.approx([0.998, 0.001, 0.001])


def test_a_threshold_shuts_out_the_errors_and_admits_what_it_cannot_prove() -> None:
    confidence = np.linspace(0.9, 0.9999, 1000)
    right = np.ones(1000, bool)
    right[200] = False
    found = threshold_for(confidence, right, 0.02)
    assert found.errors == 0
    assert found.value > confidence[200]
    assert found.risk_bound == pytest.approx(1 - 0.05 ** (1 / found.accepted), rel=1e-6)
    tight = threshold_for(confidence, right, 1e-6)
    assert not tight.supports_target


def test_where_the_most_confident_is_wrong_nothing_is_accepted() -> None:
    found = threshold_for(np.array([0.99, 0.999]), np.array([True, False]), 0.001)
    assert found.accepted == 0
    assert found.value > 1


def test_risk_falls_with_coverage_on_honest_confidence() -> None:
    rng = np.random.default_rng(5)
    confidence = rng.uniform(0.5, 1, 20000)
    right = rng.random(20000) < confidence
    risks = [risk for _, risk in risk_coverage(confidence, right, (0.25, 0.5, 1.0))]
    assert risks == sorted(risks)
    assert calibration_error(confidence, right) < 0.01


def ink_folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "handwriting"
    folder.mkdir()
    images = rng.integers(0, 255, (600, 28, 28), dtype=np.uint8)
    codes = rng.integers(48, 58, 600).astype(np.uint8)
    np.savez(folder / "nist_byclass.npz", image=images, codepoint=codes)
    np.savez(folder / "nist_digits.npz", image=images[:50], codepoint=codes[:50])
    np.savez(
        folder / "chars74k_writers_a.npz",
        image=rng.integers(0, 255, (300, 28, 28), dtype=np.uint8),
        codepoint=np.full(300, 65, np.uint8),
        writer=np.repeat(np.arange(30), 10),
    )
    return tmp_path


def test_splits_share_no_image_and_duplicates_count_once(tmp_path: Path) -> None:
    folder = ink_folder(tmp_path)
    splits = [RealInk.load(folder, name) for name in ("train", "calibrate", "test")]
    digests = [set(split.digests) for split in splits]
    assert sum(len(d) for d in digests) == len(set().union(*digests)) == 900
    assert len(splits[0].images) > 5 * len(splits[1].images)


def test_a_writer_belongs_to_one_split(tmp_path: Path) -> None:
    folder = ink_folder(tmp_path)
    counts = [
        int((RealInk.load(folder, name).labels == 65).sum())
        for name in ("train", "calibrate", "test")
    ]
    assert sum(counts) == 300
    assert all(count % 10 == 0 for count in counts)


def test_no_handwriting_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        RealInk.load(tmp_path, "train")
    assert error.value.code == "HANDWRITING_MISSING"
    assert "UKETSUKE_DATA" in error.value.remedy_en
