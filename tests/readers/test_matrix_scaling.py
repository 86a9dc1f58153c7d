"""What each digit is taken for: learnt on some images, measured on others."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.training import cross_fitting
from models.training.boxed_rows import RowEvidence
from pipeline.domain.documents import FieldName
from pipeline.domain.errors import DefectError
from pipeline.domain.geometry import BoxMm, BoxPx
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.model_store import ModelStore
from pipeline.readers.boxed import BoxedReading, CellReading, CellState
from pipeline.readers.boxes.box_reader import BoxReader, Views
from pipeline.readers.boxes.character_thresholds import ARTEFACT, CharacterThresholds
from pipeline.readers.boxes.log_probabilities import normalised
from pipeline.readers.boxes.matrix_scaling import MatrixScaling
from pipeline.readers.boxes.resolve_my_number import resolve_my_number
from pipeline.readers.calibrating.calibration import fit_scaling
from pipeline.readers.ink.cell_ink import CellInk
from pipeline.settings import REPOSITORY

MODELS = REPOSITORY / "models"
A = 4
LOGS = arrays(np.float64, (3, A), elements=st.floats(-20, 0)).map(normalised)
NUMBERS = st.floats(-0.5, 0.5)
SCALINGS = st.builds(
    MatrixScaling.of,
    arrays(np.float64, (A, A), elements=NUMBERS).map(np.ndarray.tolist),
    arrays(np.float64, A, elements=NUMBERS).map(np.ndarray.tolist),
)


def mistaken(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A view that is sure of everything, and takes one 2 in ten for a 1."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, A, n)
    shown = np.where((truth == 2) & (rng.random(n) < 0.1), 1, truth)
    logits = rng.normal(0, 1, (n, A))
    logits[np.arange(n), shown] += 9
    return normalised(logits), truth


def test_a_pair_that_is_mistaken_is_less_sure_afterwards_and_others_are_not() -> None:
    scaling = fit_scaling(*mistaken(4000, 1))
    logs, truth = mistaken(4000, 2)
    before, after = np.exp(logs), np.exp(scaling.apply(logs))
    rows = np.arange(len(truth))
    assert np.log(after[rows, truth]).mean() > np.log(before[rows, truth]).mean() + 0.02
    read_as_one = logs.argmax(axis=1) == 1
    wrong = float((truth[read_as_one] != 1).mean())
    assert after[read_as_one, 2].mean() == pytest.approx(wrong, abs=0.03)
    assert after[logs.argmax(axis=1) == 3, 3].mean() > 0.99


def test_without_evidence_nothing_is_changed() -> None:
    logs, truth = mistaken(50, 3)
    scaling = fit_scaling(logs[:0], truth[:0])
    assert scaling.apply(logs) == pytest.approx(logs, abs=1e-9)


@given(SCALINGS, LOGS)
def test_what_comes_out_are_probabilities(scaling: MatrixScaling, logs: np.ndarray) -> None:
    found = np.exp(scaling.apply(logs))
    assert np.isfinite(found).all()
    assert found.sum(axis=1) == pytest.approx(1)


def test_the_check_digit_weighs_what_a_digit_is_mistaken_for() -> None:
    """Of a number that goes to a person, what is shown of each digit is what the views say."""
    zone = Zone(FieldName.MY_NUMBER, ReaderKind.BOXES, BoxMm(0, 0, 99, 9), alphabet="0123456789")
    box = BoxPx(0, 0, 1, 1)

    def cell(digit: str, weighed: float | None) -> CellReading:
        sure = {d: 0.99999 if d == digit else 1e-5 / 9 for d in "0123456789"}
        rest = {} if weighed is None else {**sure, digit: 1 - weighed, "9": weighed}
        return CellReading(sure, CellState.INK, box, weighed=rest)

    thresholds = CharacterThresholds.load(MODELS)
    # Its fifth digit may be a 9 as well: remainders 0 and 1 share the check digit 0.
    number = "384241892860"
    confidences = []
    for weighed in (None, 1e-6, 0.2):
        cells = [cell(d, weighed if n == 4 else None) for n, d in enumerate(number)]
        resolved = resolve_my_number(BoxedReading(zone, tuple(cells)), thresholds).reading
        confidences.append(resolved.confidence)
        assert resolved.value == number
    assert confidences[0] == pytest.approx(confidences[1], abs=1e-3)
    assert confidences[2] < confidences[0] and not resolved.accepted
    assert resolved.characters[4].confidence == pytest.approx(0.99999)


@pytest.mark.parametrize(
    "scaling",
    [
        {"weights": [[0.0]], "bias": [0.0, 0.0]},
        {"weights": [[float("nan")]], "bias": [0.0]},
        {"weights": "x", "bias": []},
        {"weights": [[0.0]]},
    ],
)
def test_a_damaged_scaling_is_refused(scaling: dict[str, object], tmp_path: Path) -> None:
    content = json.loads((MODELS / ARTEFACT).read_text())
    content["views"]["digits"]["scaling"] = scaling
    (tmp_path / "thresholds").mkdir()
    (tmp_path / ARTEFACT).write_text(json.dumps(content))
    with pytest.raises(DefectError) as broken:
        CharacterThresholds.load(tmp_path)
    assert broken.value.code == "THRESHOLDS_BROKEN"


def test_a_digit_that_only_the_weighing_turns_goes_to_a_person() -> None:
    """The check digit may vouch for it: the views say another digit than the one taken."""
    zone = Zone(FieldName.MY_NUMBER, ReaderKind.BOXES, BoxMm(0, 0, 99, 9), alphabet="0123456789")
    number = "123456789018"

    def cell(n: int, digit: str) -> CellReading:
        sure = {d: 1 - 9e-7 if d == digit else 1e-7 for d in "0123456789"}
        seen = {**sure, "4": 0.4, "9": 0.6} if n == 3 else sure
        return CellReading(seen, CellState.INK, BoxPx(0, 0, 1, 1), weighed=sure)

    cells = tuple(cell(n, digit) for n, digit in enumerate(number))
    thresholds = CharacterThresholds.load(MODELS)
    resolved = resolve_my_number(BoxedReading(zone, cells), thresholds)
    assert resolved.reading.value == number and not resolved.reading.accepted
    assert [c.flagged for c in resolved.reading.characters].index(True) == 3
    alike = tuple(dataclasses.replace(c, posterior=c.weighed) for c in cells)
    assert resolve_my_number(BoxedReading(zone, alike), thresholds).reading.accepted


def test_each_character_is_read_by_the_scaling_that_does_not_know_its_image() -> None:
    """Every fold's scaling moves all mass to a digit of its own, which tells who read what."""
    folds = cross_fitting.FOLDS
    scalings = [
        MatrixScaling.of(
            np.zeros((10, 10)).tolist(), np.where(np.arange(10) == f, 60.0, 0).tolist()
        )
        for f in range(folds)
    ]
    digests = tuple(f"{n:08x}" for n in (3, 1, 4, 0, 2, 3))
    boxes = [BoxPx(20 * n, 0, 18, 20) for n in range(7)]
    inks = tuple(
        CellInk(np.zeros((20, 18), np.uint8), CellState.BLANK, box)
        if n == 2
        else CellInk(np.full((20, 18), 255, np.uint8), CellState.INK, box, box)
        for n, box in enumerate(boxes)
    )
    row = RowEvidence(
        zone=Zone(
            FieldName.BIRTH_DATE, ReaderKind.BOXES, BoxMm(0, 0, 40, 5), alphabet="0123456789"
        ),
        truth="99 9999",
        digests=digests,
        inks=inks,
        views=_even_views(6),
        preset="mild",
        mode="colour",
    )
    thresholds = CharacterThresholds.load(MODELS)
    reader = BoxReader(ModelStore(MODELS), None, thresholds)
    read = cross_fitting.read_crossed(reader, row, thresholds, scalings)
    found = "".join(" " if cell.blank else cell.as_weighed().best for cell in read.cells)
    assert found == "31 4023"


def _even_views(cells: int) -> Views:
    even = np.full((cells, 10), np.log(0.1))
    characters = np.full((cells, 63), np.log(1e-4))
    return Views(characters, even, even, np.full((cells, 11), np.log(1e-4)))
