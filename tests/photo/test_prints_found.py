"""The print on the page: found beside the printed box, measured, or missing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import settings
from pipeline.domain.documents import FieldName
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.geometry import PX_PER_MM
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.photo import thresholds
from pipeline.photo.prints.finding import FoundPrint, PrintFinder
from pipeline.samples.portraits import PortraitSpec, draw_portrait
from pipeline.samples.stamps import paste_photo

SIZE_TOLERANCE_MM = 0.6  # the edge's own shadow belongs to neither print nor paper
ROTATION_TOLERANCE_DEG = 0.5
PAPER = (245, 250, 252)
LIMITS = thresholds.load(settings.current().models).limits["print"]


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Pixels]:
    folder = tmp_path_factory.mktemp("forms")
    form = Catalogue.load().get("application_handwritten")
    return folder, blank_raster(form, cache_dir=folder)


# What scanners without colour see of blue, green and red.
GREYS = {"brightness": (0.114, 0.587, 0.299), "green": (0, 1, 0), "mean": (1 / 3, 1 / 3, 1 / 3)}


def _find(
    blank: tuple[Path, Pixels],
    size_mm: tuple[float, float] | None,
    turn_deg: float,
    *,
    grey: str | None = None,
    bilevel: bool = False,
    uneven: float = 0.0,
    light: float = 0.0,
) -> FoundPrint | None:
    folder, raster = blank
    form = Catalogue.load().get("application_handwritten")
    zone = form.zone(FieldName.PHOTO)
    assert zone is not None
    page = raster.copy()
    rng = np.random.default_rng(5)
    if size_mm is not None:
        width, height = (round(s * PX_PER_MM) for s in size_mm)
        photo = draw_portrait(PortraitSpec(), rng, width, height)
        photo = (photo + light * (255.0 - photo)).astype(np.uint8)
        box = zone.box.to_px()
        paste_photo(page, photo, (box.x + box.w / 2 + 4, box.y + box.h / 2 - 5), turn_deg)
    scanned = cv2.GaussianBlur(page, (0, 0), 0.8) * (np.array(PAPER) / 255)
    scanned = scanned * np.linspace(1 - uneven, 1, scanned.shape[1])[None, :, None]
    scanned = scanned + rng.normal(0, 2.5, scanned.shape)
    if grey is not None:
        scanned = np.repeat((scanned @ np.array(GREYS[grey]))[..., None], 3, axis=2)
    pixels = np.roll(np.clip(scanned, 0, 255).astype(np.uint8), 1, axis=1)
    if bilevel:
        pixels = np.where(pixels.mean(axis=2, keepdims=True) > 165, 255, 0).astype(np.uint8)
        pixels = np.repeat(pixels, 3, axis=2)
    registered = RegisteredPage(
        form, pixels, np.eye(3), RegistrationFigures(0.8, 300), 1, 300.0, bilevel, PAPER
    )
    return PrintFinder(folder).find(registered, zone, LIMITS)


@pytest.mark.parametrize("size_mm", [(35.0, 45.0), (30.0, 40.0), (24.0, 30.0), (40.0, 50.0)])
@pytest.mark.parametrize("turn_deg", [0.0, 2.2])
def test_size_and_rotation_with_the_printed_box_present(
    blank: tuple[Path, Pixels], size_mm: tuple[float, float], turn_deg: float
) -> None:
    found = _find(blank, size_mm, turn_deg)
    assert found is not None
    assert found.size.width_mm == pytest.approx(size_mm[0], abs=SIZE_TOLERANCE_MM)
    assert found.size.height_mm == pytest.approx(size_mm[1], abs=SIZE_TOLERANCE_MM)
    assert found.size.rotation_deg == pytest.approx(turn_deg, abs=ROTATION_TOLERANCE_DEG)


def test_an_empty_box_holds_no_print(blank: tuple[Path, Pixels]) -> None:
    assert _find(blank, None, 0.0) is None


@pytest.mark.parametrize("uneven", [0.0, 0.07])
@pytest.mark.parametrize("grey", [None, *GREYS])
def test_an_empty_box_holds_no_print_without_colours_and_under_uneven_light(
    blank: tuple[Path, Pixels], grey: str | None, uneven: float
) -> None:
    assert _find(blank, None, 0.0, grey=grey, uneven=uneven) is None


@pytest.mark.parametrize("grey", [None, "brightness"])
def test_a_pale_print_is_a_print(blank: tuple[Path, Pixels], grey: str | None) -> None:
    found = _find(blank, (35.0, 45.0), 0.0, grey=grey, light=0.6)
    assert found is not None


@pytest.mark.parametrize("size_mm", [(35.0, 45.0), (24.0, 30.0)])
def test_black_and_white_is_never_sure_of_a_size(
    blank: tuple[Path, Pixels], size_mm: tuple[float, float]
) -> None:
    found = _find(blank, size_mm, 0.0, bilevel=True)
    assert found is not None
    assert not found.size.sure
