"""A scan that lost its pale strokes proves no field empty."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.domain.documents import FieldName
from pipeline.domain.errors import DefectError
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.readings import Reading
from pipeline.examine.faintness import (
    ARTEFACT,
    FaintnessLimits,
    doubt_blanks,
    lost_strokes,
    print_kept,
    solid_share,
)
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.resolved import Resolved
from pipeline.settings import REPOSITORY

LIMITS = FaintnessLimits.load(REPOSITORY / "models")
FORM = Catalogue.load().get("application_handwritten")


def page(threshold: int, *, bilevel: bool = True) -> RegisteredPage:
    """The blank as a scanner sees it that calls everything under the threshold black."""
    soft = cv2.GaussianBlur(cv2.cvtColor(blank_raster(FORM), cv2.COLOR_BGR2GRAY), (0, 0), 3)
    two_levels = np.where(soft < threshold, 0, 255).astype(np.uint8)
    pixels = cv2.cvtColor(two_levels, cv2.COLOR_GRAY2BGR)
    return RegisteredPage(
        FORM, pixels, np.eye(3), RegistrationFigures(0.2, 300), 1, 300.0, bilevel, (255, 255, 255)
    )


def read() -> list[Resolved]:
    return [
        Resolved(Reading(FieldName.PHONE, "", 0.999, accepted=True)),
        Resolved(Reading(FieldName.SEX, "男", 0.999, accepted=True)),
    ]


def test_a_good_bilevel_scan_keeps_its_print_and_its_blanks() -> None:
    good = page(215)
    assert print_kept(good) > 0.9
    assert doubt_blanks(good, read()) == read()


def test_a_faint_scan_is_seen_and_no_empty_field_is_accepted() -> None:
    faint = page(110)
    assert print_kept(faint) < LIMITS.least_print_kept
    phone, sex = doubt_blanks(faint, read())
    assert not phone.reading.accepted
    assert sex.reading.accepted
    assert [f.code for f in phone.findings] == [FindingCode.TEXT_UNCLEAR]


@pytest.mark.parametrize("threshold", [110, 215])
def test_only_bilevel_scans_lose_strokes_without_a_trace(threshold: int) -> None:
    assert doubt_blanks(page(threshold, bilevel=False), read()) == read()


def written(pen_px: int, broken: float) -> RegisteredPage:
    """A bilevel form with strokes in its fields, a share of their pixels lost."""
    good = page(215)
    rng = np.random.default_rng(5)
    for zone in FORM.zones:
        if zone.field not in (FieldName.NAME, FieldName.ADDRESS, FieldName.SIGNATURE):
            continue
        box = zone.box.inset(2.0).to_px()
        ink = np.zeros((box.h, box.w), np.uint8)
        for i in range(8):
            cv2.circle(ink, (60 + 90 * i, box.h // 2), 30, (255,), pen_px)
        ink[rng.random(ink.shape) < broken] = 0
        good.pixels[box.y : box.y + box.h, box.x : box.x + box.w][ink > 0] = 0
    return good


def full() -> list[Resolved]:
    """The same fields, with those that everybody fills."""
    name = Resolved(Reading(FieldName.NAME, "見本", 0.9, accepted=False))
    return [*read(), name]


def test_broken_strokes_elsewhere_on_the_sheet_cast_doubt_on_its_empty_fields() -> None:
    whole, broken = written(6, 0.0), written(6, 0.45)
    assert (solid_share(whole) or 0) > 0.95
    assert (solid_share(broken) or 1) < LIMITS.least_solid
    assert lost_strokes(whole, full(), LIMITS) is None
    assert doubt_blanks(whole, full()) == full()
    assert lost_strokes(broken, full(), LIMITS) == "broken strokes"
    assert not doubt_blanks(broken, full())[0].reading.accepted


def test_where_nothing_is_written_no_field_is_trusted_and_nobody_gets_a_return() -> None:
    missing = Finding(FindingCode.NAME_MISSING, Severity.RETURN, FieldName.NAME)
    empty = Resolved(Reading(FieldName.NAME, "", 0.999, accepted=False), (missing,))
    phone, _, name = doubt_blanks(page(215), [*read(), empty])
    assert not phone.reading.accepted
    assert [f.severity for f in name.findings] == [Severity.REVIEW]
    kept = doubt_blanks(page(215, bilevel=False), [*read(), empty])
    assert kept == [*read(), empty]


def test_missing_or_broken_limits_of_faintness_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DefectError) as missing:
        FaintnessLimits.load(tmp_path)
    assert missing.value.code == "THRESHOLDS_MISSING"
    (tmp_path / "thresholds").mkdir()
    (tmp_path / ARTEFACT).write_text('{"version": "x"}')
    with pytest.raises(DefectError) as broken:
        FaintnessLimits.load(tmp_path)
    assert broken.value.code == "THRESHOLDS_BROKEN"
