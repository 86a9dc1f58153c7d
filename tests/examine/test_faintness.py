"""A scan that lost its pale strokes proves no field empty."""

import cv2
import numpy as np
import pytest

from pipeline.domain.documents import FieldName
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.findings import FindingCode
from pipeline.domain.readings import Reading
from pipeline.examine.faintness import LEAST_PRINT_KEPT, doubt_blanks, print_kept
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.resolved import Resolved

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
    assert print_kept(faint) < LEAST_PRINT_KEPT
    phone, sex = doubt_blanks(faint, read())
    assert not phone.reading.accepted
    assert sex.reading.accepted
    assert [f.code for f in phone.findings] == [FindingCode.TEXT_UNCLEAR]


@pytest.mark.parametrize("threshold", [110, 215])
def test_only_bilevel_scans_lose_strokes_without_a_trace(threshold: int) -> None:
    assert doubt_blanks(page(threshold, bilevel=False), read()) == read()
