from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.cells_bench import nominal, printed
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.geometry import BoxPx
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.cells import MAX_SHIFT_PX, refine_cells
from pipeline.imaging.mapping import Mapping
from pipeline.imaging.pages import RegisteredPage
from pipeline.imaging.registration import paper_tone
from pipeline.samples.paper import Mode, PaperSpec, Preset, scan

WITHIN_PX = 1  # a printed line is two or three pixels wide
ROUNDING_PX = 0.5
LINE_PX = 0.75  # rounding, and what the middle of a line can be told to on a scan
NOISE_PX = 0.05  # a mean over hundreds of sides

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


def by_sides(zone: Zone) -> tuple[BoxPx, ...]:
    """The definition's cells, each side rounded to a pixel by itself."""
    boxes = []
    for left, top, right, bottom in nominal(zone.cells):
        x, y = round(left), round(top)
        boxes.append(BoxPx(x, y, round(right) - x, round(bottom) - y))
    return tuple(boxes)


def sides_of(boxes) -> np.ndarray:
    return np.array([(b.x, b.y, b.x + b.w, b.y + b.h) for b in boxes], float)


def scanned(form, zone: Zone, mode: Mode, seed: int, off_px=(0.0, 0.0)) -> RegisteredPage:
    """The written form through a scanner of known geometry, laid back a little beside its place."""
    rng = np.random.default_rng(seed)
    spec = PaperSpec.drawn(Preset.TYPICAL, rng, mode)
    spec = dataclasses.replace(spec, stretch_mm=0.0, quarter_turns=0)
    seen = scan(scribbled(form, zone, seed), spec, rng)
    beside = np.array([[1, 0, -off_px[0]], [0, 1, -off_px[1]], [0, 0, 1]])
    height, width = blank_raster(form).shape[:2]
    flat = Mapping(seen.to_scan @ beside, width, height).warp(seen.pixels, paper_tone(seen.pixels))
    return dataclasses.replace(
        registered(form, flat), paper_bgr=paper_tone(seen.pixels), bilevel=seen.bilevel
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
    expected = by_sides(zone)
    assert refine_cells(registered(form, bare), zone) == expected
    noise = np.random.default_rng(0).integers(235, 255, bare.shape, dtype=np.uint8)
    for got, cell in zip(refine_cells(registered(form, noise), zone), expected, strict=True):
        assert abs(got.x - cell.x) <= WITHIN_PX
        assert abs(got.y - cell.y) <= WITHIN_PX


@pytest.mark.parametrize("mode", list(Mode))
def test_refined_cells_are_never_worse_than_the_registered_place(mode):
    refined, rounded = [], []
    for row in range(0, len(ROWS), 5):
        form, zone = ROWS[row]
        lines = printed(form, zone)
        got = sides_of(refine_cells(scanned(form, zone, mode, row), zone))
        refined.append(np.abs(got - lines).ravel())
        rounded.append(np.abs(sides_of(by_sides(zone)) - lines).ravel())
    after, before = np.concatenate(refined), np.concatenate(rounded)
    assert after.mean() <= before.mean() + NOISE_PX
    assert after.max() <= before.max() + NOISE_PX


@pytest.mark.parametrize(
    ("mode", "off_px"),
    [(Mode.COLOUR, (0.0, 0.0)), (Mode.GREY, (2.6, -1.4)), (Mode.COLOUR, (-5.3, 4.2))],
)
def test_refined_cells_are_on_the_lines_wherever_the_page_was_laid(mode, off_px):
    off = []
    for row in range(0, len(ROWS), 5):
        form, zone = ROWS[row]
        lines = printed(form, zone) + np.tile(off_px, 2)
        got = sides_of(refine_cells(scanned(form, zone, mode, row, off_px), zone))
        off.append(np.abs(got - lines).ravel())
    assert np.percentile(np.concatenate(off), 99) <= LINE_PX
    assert np.concatenate(off).max() <= LINE_PX + ROUNDING_PX


def test_marks_without_printed_boxes_stay_where_the_definition_has_them():
    """Words stand there, whose strokes look like lines."""
    for form in FORMS:
        for zone in form.zones:
            if zone.cells and zone.rule_mm == 0:
                assert refine_cells(registered(form, blank_raster(form)), zone) == by_sides(zone)


def test_a_zone_without_cells_has_none():
    form, zone = ROWS[0]
    bare = dataclasses.replace(zone, cells=())
    assert refine_cells(registered(form, blank_raster(form)), bare) == ()


def test_cells_at_the_edge_of_the_page_fall_back():
    form, zone = ROWS[0]
    cut = np.ascontiguousarray(blank_raster(form)[: zone.cells[0].to_px().y + 10])
    assert refine_cells(registered(form, cut), zone) == by_sides(zone)
