"""Versions of a form that differ in one row: told apart there, or named as not to be told."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from imaging_sheets import draw_form

from pipeline.domain.findings import FindingCode, Severity
from pipeline.examine.rules import of_the_version
from pipeline.imaging.pages import PageImage
from pipeline.imaging.reference import build_reference
from pipeline.imaging.registration import Alignment, Registrar
from pipeline.imaging.versions import differing

FORM, BLANK = draw_form(0)
LATER = dataclasses.replace(FORM, version="later")


def with_row(blank: np.ndarray) -> np.ndarray:
    """The revision: a row of twelve small boxes and a word above the middle of the sheet."""
    page = blank.copy()
    page[1600:1700, 300:1500] = 255
    for k in range(12):
        x = 320 + 95 * k
        cv2.rectangle(page, (x, 1620), (x + 60, 1680), (110, 110, 110), 3)
    return page


BLANKS = {FORM.version: BLANK, "later": with_row(BLANK)}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Registrar:
    references = [build_reference(FORM, BLANK), build_reference(LATER, BLANKS["later"])]
    return Registrar([], tmp_path_factory.mktemp("cache"), references=references)


@pytest.mark.parametrize("version", list(BLANKS))
@pytest.mark.parametrize("faded", [False, True], ids=["as printed", "small, pale and written on"])
def test_one_row_tells_which_version_it_is(both: Registrar, version: str, faded: bool) -> None:
    page = BLANKS[version]
    if faded:
        page = (255 - (255 - page.astype(np.float64)) * 0.5).astype(np.uint8)
        cv2.line(page, (200, 1650), (1600, 1560), (40, 40, 40), 7)
        page = cv2.resize(page, (1654, 2339), interpolation=cv2.INTER_AREA)
    found = both.align(PageImage(page, 1, None))
    assert isinstance(found, Alignment)
    assert found.reference.form.version == version
    assert found.runner_up is None


def test_a_stain_over_the_row_leaves_both_versions_possible(both: Registrar) -> None:
    page = BLANK.copy()
    page[1540:1760, 240:1560] = 40
    found = both.align(PageImage(page, 1, 300.0))
    assert isinstance(found, Alignment)
    assert {found.reference.form.key, found.runner_up} == {FORM.key, LATER.key}


def test_prints_that_differ_by_a_hair_do_not_differ() -> None:
    ink = np.zeros((200, 200), np.uint8)
    cv2.rectangle(ink, (40, 40), (160, 120), (200,), 2)
    assert not differing(ink, np.roll(ink, 1, axis=0)).any()
    other = ink.copy()
    cv2.line(other, (20, 150), (180, 150), (200,), 2)
    assert differing(ink, other)[150, 100] and differing(other, ink)[150, 100]
    assert not differing(ink, other)[80, 100]


def test_the_finding_names_both_versions() -> None:
    assert of_the_version("a@1", None) == []
    (finding,) = of_the_version("a@1", "a@2")
    assert finding.code == FindingCode.FORM_VERSION_UNCERTAIN
    assert finding.severity == Severity.REVIEW
    assert dict(finding.evidence) == {"version": "a@1", "other_version": "a@2"}
