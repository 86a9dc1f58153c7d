"""A print on a page does not pass where its size cannot be seen; a loose photo may."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import settings
from pipeline.domain.documents import FieldName
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.geometry import PX_PER_MM
from pipeline.domain.photos import PhotoCheckName, PhotoGrade, Verdict
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait

PAPER = (245, 250, 252)
PRINT_PX = (round(35 * PX_PER_MM), round(45 * PX_PER_MM))


@pytest.fixture(scope="module")
def grader() -> PhotoGrader:
    return PhotoGrader(ModelStore(settings.current().models))


@pytest.fixture(scope="module")
def portrait() -> Pixels:
    return draw_portrait(PortraitSpec(), np.random.default_rng(5), *PRINT_PX)


def _on_page(grader: PhotoGrader, photo: Pixels, folder: Path, *, bilevel: bool) -> PhotoGrade:
    """The photo without any shadow, its wall fading into the paper's white to the left."""
    form = Catalogue.load().get("application_handwritten")
    zone = form.zone(FieldName.PHOTO)
    assert zone is not None
    page = blank_raster(form, cache_dir=folder).copy()
    box = zone.box.to_px()
    width, height = PRINT_PX
    x, y = box.x + (box.w - width) // 2 + 4, box.y + (box.h - height) // 2 - 5
    shown = np.clip(np.linspace(-0.2, 4.0, width), 0, 1)[None, :, None]
    page[y : y + height, x : x + width] = photo * shown + 255 * (1 - shown)
    scanned = cv2.GaussianBlur(page, (0, 0), 0.8) * (np.array(PAPER) / 255)
    scanned = scanned + np.random.default_rng(5).normal(0, 2.5, page.shape)
    pixels = np.clip(scanned, 0, 255).astype(np.uint8)
    figures = RegistrationFigures(0.8, 300)
    registered = RegisteredPage(form, pixels, np.eye(3), figures, 1, 300.0, bilevel, PAPER)
    return grader.grade_on_page(registered, zone)


def test_an_edge_that_cannot_be_seen_keeps_a_photo_from_passing(
    grader: PhotoGrader, portrait: Pixels, tmp_path: Path
) -> None:
    grade = _on_page(grader, portrait, tmp_path, bilevel=False)
    size = grade.check(PhotoCheckName.SIZE)
    assert size is not None
    assert size.verdict == Verdict.NOT_ASSESSABLE
    assert all(c.verdict == Verdict.PASS for c in grade.checks if c is not size)
    assert grade.verdict == Verdict.REVIEW


def test_a_scan_of_black_and_white_is_not_assessable_as_a_whole(
    grader: PhotoGrader, portrait: Pixels, tmp_path: Path
) -> None:
    grade = _on_page(grader, portrait, tmp_path, bilevel=True)
    assert grade.verdict == Verdict.NOT_ASSESSABLE


def test_a_loose_photo_passes_without_a_size(grader: PhotoGrader, portrait: Pixels) -> None:
    grade = grader.grade_loose(portrait, None)
    size = grade.check(PhotoCheckName.SIZE)
    assert size is not None
    assert (size.verdict, grade.verdict) == (Verdict.NOT_ASSESSABLE, Verdict.PASS)
