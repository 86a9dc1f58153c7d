"""A site's own last step: fitted under a prior, judged on people not seen, undone by a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.errors import DefectError
from pipeline.readers.boxes.character_thresholds import ViewWeights
from pipeline.readers.boxes.joining import joined
from pipeline.readers.boxes.log_probabilities import normalised
from pipeline.readers.calibrating.site_head import (
    HEAD_FILE,
    Cells,
    SiteHead,
    compare,
    fit_head,
    held_back,
)
from pipeline.readers.calibrating.threshold_set import ThresholdSet
from pipeline.settings import REPOSITORY, Settings

MODELS = REPOSITORY / "models"
WEIGHTS = ViewWeights(1.0, 1.0, 1.0, 1e-6)
# Distance of the classes in standard deviations: views that know it are honest.
CLEAR, FAINT = 3.2, 1.5
PEOPLE, EACH = 100, 12


def cells(confused: float, seed: int = 0) -> Cells:
    """People whose 1 the network takes for a 7, in a share of them; all else is read well."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 10, PEOPLE * EACH)
    rows = np.arange(len(truth))
    logits = CLEAR * rng.normal(0, 1, (len(truth), 10))
    logits[rows, truth] += CLEAR**2
    ones = np.flatnonzero((truth == 1) & (rng.random(len(truth)) < confused))
    logits[ones, 7] += 1.2 * CLEAR**2
    second = FAINT * rng.normal(0, 1, logits.shape)
    second[rows, truth] += FAINT**2
    return Cells(normalised(logits), normalised(second), truth, np.repeat(np.arange(PEOPLE), EACH))


def judged(found: Cells, seed: int = 3):  # type: ignore[no-untyped-def]
    away = held_back(found, seed)
    head = fit_head(found.part(~away), WEIGHTS, "m")
    return head, compare(head, found.part(away), WEIGHTS, seed)


def test_what_a_site_writes_otherwise_is_learnt_and_better_on_others() -> None:
    _, found = judged(cells(confused=0.9))
    assert found.better
    assert found.wrong_after < found.wrong_before
    assert found.wrong_before - found.cured + found.spoilt == found.wrong_after


def test_where_there_is_nothing_to_learn_the_shipped_weights_stay() -> None:
    used = sum(judged(cells(confused=0.0, seed=s), s)[1].better for s in range(12))
    # One in twenty may pass a one-sided 95 % bound by chance.
    assert used <= 3


def test_labels_at_random_are_never_used() -> None:
    shuffled = cells(0.0)
    rng = np.random.default_rng(1)
    spoilt = Cells(shuffled.first, shuffled.second, rng.permutation(shuffled.truth), shuffled.group)
    away = held_back(spoilt, 3)
    head = fit_head(spoilt.part(~away), WEIGHTS, "m")
    # Judged on what is true: nonsense in training does not get into use.
    assert not compare(head, shuffled.part(away), WEIGHTS, 3).better


def test_nobody_stands_on_both_sides() -> None:
    found = cells(0.5)
    for seed in range(5):
        away = held_back(found, seed)
        assert not set(found.group[away]) & set(found.group[~away])
        assert len(set(found.group[away])) == round(0.3 * PEOPLE)


def test_without_cells_the_map_changes_nothing() -> None:
    none = cells(0.0).part(np.zeros(PEOPLE * EACH, bool))
    head = fit_head(none, WEIGHTS, "m")
    first = cells(0.0).first
    assert head.apply(first) == pytest.approx(first, abs=1e-9)


def test_it_is_in_force_while_its_file_is_there_and_fits_the_models(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, models=MODELS)
    plain = ThresholdSet.of(settings).characters
    version = ThresholdSet.shipped_versions(MODELS)["characters"]
    found = cells(confused=0.9)
    head = fit_head(found, WEIGHTS, version)
    path = head.write(tmp_path, {})
    assert path.stat().st_mode & 0o077 == 0
    used = ThresholdSet.of(settings)
    assert head.version in used.characters.version
    assert not used.stale
    digits, capitals = used.characters.weights("0123456789"), used.characters.weights("AB")
    assert joined(found.first, found.second, digits) != pytest.approx(
        joined(found.first, found.second, plain.weights("0123456789"))
    )
    assert capitals == plain.weights("AB")
    path.unlink()
    assert ThresholdSet.of(settings).characters == plain
    SiteHead.of("another model", head.weights, head.bias).write(tmp_path, {})
    other = ThresholdSet.of(settings)
    assert other.stale
    assert other.characters == plain


def test_a_damaged_or_altered_file_is_refused(tmp_path: Path) -> None:
    path = fit_head(cells(0.9), WEIGHTS, "m").write(tmp_path, {})
    content = json.loads(path.read_text())
    content["bias"][3] += 0.5
    for text in ("", "{}", json.dumps(content)):
        (tmp_path / HEAD_FILE).write_text(text)
        with pytest.raises(DefectError) as broken:
            SiteHead.load(tmp_path)
        assert broken.value.code == "SITE_HEAD_BROKEN"
