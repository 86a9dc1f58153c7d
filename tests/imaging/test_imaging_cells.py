from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.examinations import RegistrationFigures
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.cells import MAX_SHIFT_PX, refine_cells
from pipeline.imaging.pages import RegisteredPage

WITHIN_PX = 1  # a printed line is two or three pixels wide

FORMS = Catalogue.load().forms
ROWS = [
    (form, zone)
    for form in FORMS
    for zone in form.zones
    if zone.reader == ReaderKind.BOXES and len(zone.cells) > 1
]


def registered(form, pixels: np.ndarray) -> RegisteredPage:
    return RegisteredPage(
        form, pixels, np.eye(3), RegistrationFigures(0.5, 100), 1, 300.0, False, (255, 255, 255)
    )


def scribbled(form, zone: Zone, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    image = blank_raster(form).copy()
    for cell in zone.cells:
        b = cell.to_px()
        points = rng.uniform((b.x - 4, b.y - 4), (b.x + b.w + 4, b.y + b.h + 4), (4, 2))
        cv2.polylines(image, [points.astype(np.int32)], False, (60, 30, 30), 5, cv2.LINE_AA)
    return image


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(range(len(ROWS))),
    st.integers(-MAX_SHIFT_PX + 1, MAX_SHIFT_PX - 1),
    st.integers(-MAX_SHIFT_PX + 1, MAX_SHIFT_PX - 1),
    st.integers(0, 1000),
)
def test_cells_follow_the_lines_through_handwriting(row, dx, dy, seed):
    form, zone = ROWS[row]
    image = np.roll(scribbled(form, zone, seed), (dy, dx), (0, 1))
    got = refine_cells(registered(form, image), zone)
    assert len(got) == len(zone.cells)
    for box, cell in zip(got, zone.cells, strict=True):
        expected = cell.to_px()
        assert abs(box.x - expected.x - dx) <= WITHIN_PX
        assert abs(box.y - expected.y - dy) <= WITHIN_PX
        assert abs(box.w - expected.w) <= 2 * WITHIN_PX


@pytest.mark.parametrize("row", range(0, len(ROWS), 4))
def test_where_no_line_is_seen_the_definition_stands(row):
    form, zone = ROWS[row]
    bare = np.full_like(blank_raster(form), 255)
    expected = tuple(c.to_px() for c in zone.cells)
    assert refine_cells(registered(form, bare), zone) == expected
    noise = np.random.default_rng(0).integers(235, 255, bare.shape, dtype=np.uint8)
    for got, cell in zip(refine_cells(registered(form, noise), zone), expected, strict=True):
        assert abs(got.x - cell.x) <= MAX_SHIFT_PX + 2


def test_a_zone_without_cells_has_none():
    form, zone = ROWS[0]
    bare = dataclasses.replace(zone, cells=())
    assert refine_cells(registered(form, blank_raster(form)), bare) == ()


def test_cells_at_the_edge_of_the_page_fall_back():
    form, zone = ROWS[0]
    cut = np.ascontiguousarray(blank_raster(form)[: zone.cells[0].to_px().y + 10])
    assert refine_cells(registered(form, cut), zone) == tuple(c.to_px() for c in zone.cells)
