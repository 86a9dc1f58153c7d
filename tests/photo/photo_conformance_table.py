"""Drawn faces and what every check measures on them: ``photo_conformance.json`` beside this file.

``python tests/photo/photo_conformance_table.py`` writes the table anew, after a change that is
meant to move measures; its difference then tells by how much. ``test_photo_conformance_table.py``
compares.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import settings
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait

TABLE = Path(__file__).with_name("photo_conformance.json")
SEED = 20261128
FACES: dict[str, dict[str, Any]] = {
    "plain": {},
    "turned left": {"yaw_deg": -25.0},
    "turned right": {"yaw_deg": 25.0},
    "chin lifted": {"pitch_deg": 25.0},
    "chin lowered": {"pitch_deg": -20.0},
    "tilted": {"roll_deg": 18.0},
    "smiling": {"smile": 1.0, "mouth_open": 0.4},
    "mouth open": {"mouth_open": 1.0},
    "eyes shut": {"eyes_closed": 1.0},
    "one eye shut": {"eyes_closed": 1.0, "wink": True},
    "glasses": {"glasses": True},
    "sunglasses": {"sunglasses": True},
    "hat": {"hat": "cap"},
    "headscarf": {"headscarf": True},
    "shadow": {"shadow": 0.7},
    "dark": {"exposure": 0.35},
    "out of focus": {"blur_mm": 0.5},
    "shaken": {"motion_mm": 2.0},
    "small head": {"head_mm": 20.0},
    "off centre": {"offset_x_mm": 7.0},
    "dark skin": {"skin": 7},
    "light skin": {"skin": 0},
    "child": {"age": "child"},
    "old": {"age": "old"},
    "grey": {"grey": True},
}


def measured(grader: PhotoGrader, changes: dict[str, Any]) -> dict[str, Any]:
    """Every measure of one drawn face by ``check.measure``, and the verdicts by check."""
    picture = draw_portrait(PortraitSpec(**changes), np.random.default_rng(SEED), 413, 531)
    grade = grader.grade_loose(picture, 300.0)
    values = {
        f"{check.check.value}.{name}": value
        for check in grade.checks
        for name, value in ((check.unit, check.value), *check.extra)
        if value is not None and not name.endswith("threshold")
    }
    return {"verdicts": {c.check.value: c.verdict.value for c in grade.checks}, "values": values}


def main() -> None:
    """Write the table."""
    grader = PhotoGrader(ModelStore(settings.current().models))
    rows = {name: measured(grader, changes) for name, changes in FACES.items()}
    for row in rows.values():
        row["values"] = {k: float(f"{v:.4g}") for k, v in row["values"].items()}
    TABLE.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
