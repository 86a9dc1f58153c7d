"""Codes put together from characters show no more than the characters do."""

from __future__ import annotations

import numpy as np

from models.training.boxed_rows import RowEvidence
from models.training.simulated_numbers import LEAST_CHARACTERS, simulate_codes
from pipeline.domain.documents import FieldName
from pipeline.domain.geometry import BoxMm, BoxPx
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.readers.boxed import BoxedReading, CellReading, CellState
from pipeline.readers.boxes.box_reader import Views

ZONE = Zone(FieldName.REPRESENTATIVE_POSTAL_CODE, ReaderKind.BOXES, BoxMm(0, 0, 99, 9))
LENGTH = 7


def rows(count: int) -> tuple[list[BoxedReading], list[RowEvidence]]:
    """Rows of a digit that is read right, sure by 0.9, but for each tenth row's first."""
    none = np.zeros((0, 10))
    cell = CellReading({"3": 0.9, "5": 0.1}, CellState.INK, BoxPx(0, 0, 1, 1))
    boxed = [BoxedReading(ZONE, (cell,) * LENGTH)] * count
    truths = ["5333333" if n % 10 == 0 else "3333333" for n in range(count)]
    views = Views(none, none, none, none)
    return boxed, [RowEvidence(ZONE, t, (), (), views, "mild", "colour") for t in truths]


def test_from_few_characters_no_code_is_put_together() -> None:
    few = (LEAST_CHARACTERS - 1) // LENGTH
    for made in simulate_codes(*rows(few), LENGTH, 1000, 1):
        assert made.shape == (0,)


def test_codes_are_wrong_as_often_as_their_characters_make_them() -> None:
    confidence, right = simulate_codes(*rows(100), LENGTH, 20_000, 1)
    assert len(right) == 20_000
    assert np.allclose(confidence, 0.9)
    # One character in seventy is wrong.
    assert abs(right.mean() - (1 - 1 / 70) ** LENGTH) < 0.01
