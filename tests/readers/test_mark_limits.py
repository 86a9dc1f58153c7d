"""The sizes that decide marks come from an artefact, and move what they name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.domain.documents import FieldName as F
from pipeline.domain.documents import FormName
from pipeline.domain.errors import DefectError
from pipeline.domain.examinations import RegistrationFigures
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.marks.mark_limits import ARTEFACT, MarkThresholds
from pipeline.readers.marks.mark_reader import MarkState, read_marks
from pipeline.readers.marks.presence import read_presence
from pipeline.settings import REPOSITORY

FORM = Catalogue.load().get(FormName.APPLICATION_HANDWRITTEN)
SHIPPED = MarkThresholds.load(REPOSITORY / "models")


def page() -> RegisteredPage:
    pixels = blank_raster(FORM).copy()
    return RegisteredPage(
        FORM, pixels, np.eye(3), RegistrationFigures(0.5, 100), 1, 300.0, False, (255, 255, 255)
    )


def zone_of(field: F):  # type: ignore[no-untyped-def]
    return next(z for z in FORM.zones if z.field == field)


def test_what_counts_as_blacked_out_follows_the_artefact() -> None:
    sheet, zone = page(), zone_of(F.NO_SIGNATURE_CERTIFICATE)
    cell = zone.cells[0].to_px()
    sheet.pixels[cell.y : cell.y + round(0.6 * cell.h), cell.x : cell.x + cell.w] = 30
    limits = SHIPPED.marks
    assert read_marks(sheet, zone, limits).cells[0].state == MarkState.MARKED
    harsher = dataclasses.replace(limits, black_filled=0.9)
    assert read_marks(sheet, zone, harsher).cells[0].state == MarkState.UNCLEAR


def test_what_counts_as_a_signature_follows_the_artefact() -> None:
    sheet, zone = page(), zone_of(F.SIGNATURE)
    box = zone.box.to_px()
    start = (box.x + 200, box.y + 80)
    cv2.line(sheet.pixels, start, (start[0] + 300, start[1] + 10), (30, 30, 30), 6)
    assert read_presence(sheet, zone, SHIPPED.presence).reading.value == "1"
    harsher = dataclasses.replace(SHIPPED.presence, signature_mm=60.0)
    assert read_presence(sheet, zone, harsher).reading.value is None


def test_the_shipped_limits_are_in_order_and_say_what_they_rest_on() -> None:
    marks, presence = SHIPPED.marks, SHIPPED.presence
    assert marks.stray_mm < marks.tick_mm < marks.tick_whole_mm
    assert marks.black_stray < marks.black_unclear < marks.black_filled < marks.black_sure
    assert marks.circle_unclear < marks.circle_around < marks.circle_sure
    assert presence.signature_unclear_mm < presence.signature_mm
    assert presence.seal_unclear_mm2 < presence.seal_mm2
    assert SHIPPED.evaluation


def test_missing_or_broken_limits_of_marks_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DefectError) as missing:
        MarkThresholds.load(tmp_path)
    assert missing.value.code == "THRESHOLDS_MISSING"
    (tmp_path / "thresholds").mkdir()
    whole = json.loads((REPOSITORY / "models" / ARTEFACT).read_text())
    below = {**whole, "marks": {**whole["marks"], "tick_mm": -1}}
    for content in ("{", '{"version": "x"}', json.dumps(below)):
        (tmp_path / ARTEFACT).write_text(content)
        with pytest.raises(DefectError) as broken:
            MarkThresholds.load(tmp_path)
        assert broken.value.code == "THRESHOLDS_BROKEN"


def test_a_word_blacked_over_is_asked_about_and_a_circle_is_a_mark() -> None:
    zone = zone_of(F.SEX)
    cell = zone.cells[0].to_px()
    middle = (cell.x + cell.w // 2, cell.y + cell.h // 2)
    circled, blacked = page(), page()
    for sheet in (circled, blacked):
        cv2.circle(sheet.pixels, middle, cell.w // 2 + 4, (30, 30, 30), 7)
    cv2.circle(blacked.pixels, middle, cell.w // 2, (30, 30, 30), -1)
    assert read_marks(circled, zone).cells[0].state == MarkState.MARKED
    assert read_marks(blacked, zone).cells[0].state == MarkState.UNCLEAR
