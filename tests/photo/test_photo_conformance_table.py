"""Drawn faces are measured as the table says: no change of a model or a check goes unnoticed."""

from __future__ import annotations

import json

import pytest
from photo_conformance_table import FACES, TABLE, measured

from pipeline import settings
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader

# Other processors and builds of the runtimes round otherwise; a changed model moves values further.
RELATIVE = 0.03
ABSOLUTE = {"deg": 0.6, "mm": 0.3, "probability": 0.03, "levels": 0.5, "L*": 0.5}
ABSOLUTE_ELSE = 0.02


@pytest.fixture(scope="module")
def grader() -> PhotoGrader:
    return PhotoGrader(ModelStore(settings.current().models))


def _tolerance(name: str) -> float:
    fitting = (v for unit, v in ABSOLUTE.items() if unit in name)
    return next(fitting, ABSOLUTE_ELSE)


def test_the_table_has_the_faces_that_are_drawn() -> None:
    assert set(json.loads(TABLE.read_text(encoding="utf-8"))) == set(FACES)


@pytest.mark.parametrize("face", FACES)
def test_a_drawn_face_is_measured_as_in_the_table(grader: PhotoGrader, face: str) -> None:
    expected = json.loads(TABLE.read_text(encoding="utf-8"))[face]
    found = measured(grader, FACES[face])
    assert found["verdicts"] == expected["verdicts"]
    assert found["values"].keys() == expected["values"].keys()
    for name, value in expected["values"].items():
        allowed = pytest.approx(value, rel=RELATIVE, abs=_tolerance(name))
        assert found["values"][name] == allowed, name
