from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.geometry import BoxMm
from pipeline.forms.definition import FormDefinition, ReaderKind, Zone
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.readers.boxed import CellState
from pipeline.readers.boxes.glyphs import GLYPH_PX, SIDE_PX, ink_extent, normalise
from pipeline.readers.ink.cell_ink import CellInk, extract
from pipeline.readers.ink.line_removal import LinePx, remove_lines

ORANGE, GREY, BLACK = "#f6b48f", "#a8a8a8", "#303030"
INK = (40, 36, 34)


def sheet(line: str, cells: int = 4) -> tuple[FormDefinition, Zone]:
    boxes = tuple(BoxMm(10 + 9 * i, 10, 9, 10) for i in range(cells))
    zone = Zone(
        FieldName.MY_NUMBER,
        ReaderKind.BOXES,
        BoxMm(10, 10, 9.0 * cells, 10),
        boxes,
        "0123456789",
        rule_mm=0.25,
    )
    form = FormDefinition(
        FormName.APPLICATION_HANDWRITTEN, "t", "t", 60, 30, (zone,), colours={"line": line}
    )
    return form, zone


def blank(form: FormDefinition, zone: Zone) -> Pixels:
    page: Pixels = np.full((354, 709, 3), 255, np.uint8)
    text = form.colours["line"]
    colour = (int(text[5:7], 16), int(text[3:5], 16), int(text[1:3], 16))
    for cell in zone.cells:
        box = cell.to_px()
        cv2.rectangle(page, (box.x, box.y), (box.x + box.w, box.y + box.h), colour, 3)
    return page


def registered(form: FormDefinition, page: Pixels, mode: str) -> RegisteredPage:
    if mode != "colour":
        grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
        if mode == "bilevel":
            grey = np.where(grey < 200, 0, 255).astype(np.uint8)
        page = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    page = np.asarray(cv2.GaussianBlur(page, (0, 0), 0.7), np.uint8)
    return RegisteredPage(
        form,
        page,
        np.eye(3),
        RegistrationFigures(0.5, 100),
        1,
        300.0,
        mode == "bilevel",
        (255, 255, 255),
    )


def cut(form: FormDefinition, zone: Zone, page: Pixels, mode: str = "colour") -> list[CellInk]:
    cells = [cell.to_px() for cell in zone.cells]
    return list(extract(registered(form, page, mode), zone, cells))


def stroke(page: Pixels, zone: Zone, cell: int, points: list[tuple[float, float]]) -> None:
    """A pen stroke through points given as shares of a cell."""
    box = zone.cells[cell].to_px()
    line = np.array([[box.x + x * box.w, box.y + y * box.h] for x, y in points]).round()
    cv2.polylines(page, [line.astype(np.int32)], False, INK, 6, cv2.LINE_AA)


@pytest.mark.parametrize("line", [ORANGE, GREY, BLACK])
@pytest.mark.parametrize("mode", ["colour", "grey", "bilevel"])
def test_empty_cells_are_blank_whatever_the_line_and_the_scanner(line: str, mode: str) -> None:
    form, zone = sheet(line)
    states = [c.state for c in cut(form, zone, blank(form, zone), mode)]
    assert states == [CellState.BLANK] * 4


@pytest.mark.parametrize("line", [ORANGE, GREY, BLACK])
@pytest.mark.parametrize("mode", ["colour", "grey", "bilevel"])
def test_a_stroke_across_the_line_stays_whole_and_with_its_cell(line: str, mode: str) -> None:
    form, zone = sheet(line)
    page = blank(form, zone)
    # A 7 whose foot crosses the bottom line and a neighbour that stays inside.
    stroke(page, zone, 1, [(0.2, 0.25), (0.75, 0.25), (0.45, 1.12)])
    stroke(page, zone, 2, [(0.5, 0.2), (0.5, 0.8)])
    cells = cut(form, zone, page, mode)
    assert [c.state for c in cells] == [
        CellState.BLANK,
        CellState.INK,
        CellState.INK,
        CellState.BLANK,
    ]
    extent = cells[1].ink_px
    assert extent is not None
    box = zone.cells[1].to_px()
    assert extent.y + extent.h > box.y + box.h + 8
    strokes, _ = cv2.connectedComponents((cells[1].ink > 100).astype(np.uint8))
    assert strokes == 2  # paper and one stroke: the cut was joined again


def test_ink_that_leans_into_the_neighbour_stays_with_its_owner() -> None:
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    stroke(page, zone, 1, [(0.3, 0.2), (1.12, 0.5), (0.3, 0.85)])
    stroke(page, zone, 2, [(0.6, 0.2), (0.6, 0.8)])
    cells = cut(form, zone, page)
    assert cells[1].state == CellState.INK
    assert cells[2].state == CellState.INK
    assert cells[2].ink_px is not None
    assert cells[2].ink_px.w < 15


def test_ink_that_runs_through_two_cells_makes_both_doubtful() -> None:
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    stroke(page, zone, 1, [(0.3, 0.3), (1.8, 0.7)])
    cells = cut(form, zone, page)
    assert cells[1].state == CellState.TOUCHING
    assert cells[2].state == CellState.TOUCHING


@pytest.mark.parametrize("mode", ["grey", "bilevel"])
def test_a_stroke_along_a_black_line_is_doubtful(mode: str) -> None:
    form, zone = sheet(BLACK)
    page = blank(form, zone)
    # A 5 whose upright lies on the cell's left line: what is left looks like another digit.
    stroke(
        page, zone, 1, [(0.8, 0.2), (0.01, 0.2), (0.01, 0.5), (0.6, 0.5), (0.6, 0.8), (0.1, 0.8)]
    )
    cells = cut(form, zone, page, mode)
    assert cells[1].state != CellState.INK


def test_two_tall_parts_side_by_side_are_noticed() -> None:
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    stroke(page, zone, 1, [(0.25, 0.2), (0.25, 0.8)])
    stroke(page, zone, 1, [(0.7, 0.2), (0.7, 0.8)])
    assert cut(form, zone, page)[1].two_parts


def test_a_filled_cell_is_doubtful_and_a_dot_is_tiny() -> None:
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    box = zone.cells[0].to_px()
    cv2.rectangle(page, (box.x + 12, box.y + 12), (box.x + 94, box.y + 106), INK, -1)
    box = zone.cells[2].to_px()
    cv2.circle(page, (box.x + 50, box.y + 60), 6, INK, -1)
    cells = cut(form, zone, page)
    assert cells[0].state == CellState.FILLED
    assert cells[2].state == CellState.TINY


def test_a_stroke_beside_an_empty_cell_is_not_lost() -> None:
    """A hurried 1 stands before its box: nobody else's, it leaves the box in doubt."""
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    first, second = (cell.to_px() for cell in zone.cells[:2])
    cv2.line(page, (first.x - 12, first.y + 14), (first.x - 1, first.y + 100), INK, 7)
    cv2.line(page, (second.x + 50, second.y + 14), (second.x + 50, second.y + 100), INK, 7)
    cells = cut(form, zone, page)
    assert cells[0].state == CellState.TOUCHING and cells[0].ink_px is not None
    assert cells[1].state == CellState.INK
    assert cells[2].state == CellState.BLANK
    # Where the box has a character of its own, the stroke is none of it.
    cv2.line(page, (first.x + 50, first.y + 14), (first.x + 50, first.y + 100), INK, 7)
    assert cut(form, zone, page)[0].state == CellState.INK


def test_specks_of_dust_are_no_ink() -> None:
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    rng = np.random.default_rng(1)
    for x, y in rng.integers((120, 120), (540, 230), (40, 2)):
        page[y, x] = 60
    assert all(c.state == CellState.BLANK for c in cut(form, zone, page))


def test_a_pale_line_is_subtracted_and_ink_over_it_kept() -> None:
    dark = np.zeros((60, 80), np.uint8)
    dark[:, 39:42] = 60
    dark[28:34, :] = 220
    clean, was_cut = remove_lines(dark, [LinePx(True, 40, 0, 60, 3)], 220.0)
    assert not was_cut.any()
    assert clean[5:20, 38:43].max() < 10
    assert clean[30, 38:43].min() > 180


def test_a_hair_that_vanishes_when_it_is_made_small_is_no_error() -> None:
    hair = np.zeros((120, 90), np.uint8)
    cv2.line(hair, (5, 5), (85, 115), (100,), 1)
    view = normalise(hair)
    assert np.isfinite(view).all() and 0 <= view.max() <= 1


def test_a_glyph_is_scaled_to_its_longer_side_and_stays_in_the_frame() -> None:
    tall = np.zeros((200, 120), np.uint8)
    tall[20:180, 50:62] = 255
    view = normalise(tall)
    assert view.shape == (SIDE_PX, SIDE_PX)
    extent = ink_extent((view * 255).astype(np.uint8))
    assert extent is not None
    assert extent[3] in (GLYPH_PX - 1, GLYPH_PX)
    assert extent[2] <= 3
    assert normalise(np.zeros((50, 50), np.uint8)).max() == 0


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
def test_the_view_does_not_depend_on_size_or_darkness(scale: float) -> None:
    glyph = np.zeros((120, 120), np.uint8)
    cv2.putText(glyph, "5", (30, 95), cv2.FONT_HERSHEY_DUPLEX, 3, (255,), 9, cv2.LINE_AA)
    paler = (
        cv2.resize(glyph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) * 0.7
    ).astype(np.uint8)
    difference = np.abs(normalise(glyph) - normalise(paler)).mean()
    assert difference < 0.06


def test_a_pen_of_the_lines_own_colour_is_still_found() -> None:
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    box = zone.cells[1].to_px()
    cv2.line(page, (box.x + 50, box.y + 25), (box.x + 50, box.y + 95), (60, 60, 225), 6)
    cells = cut(form, zone, page)
    assert cells[1].state == CellState.INK
    assert [c.state for c in cells].count(CellState.BLANK) == 3


def test_a_cell_that_the_scan_cuts_off_is_doubtful() -> None:
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    stroke(page, zone, 1, [(0.5, 0.2), (0.5, 0.8)])
    whole = registered(form, page, "colour")
    shifted = np.eye(3)
    shifted[0, 2] = -150.0  # the scan begins 150 pixels right of the form's edge
    cells = extract(
        dataclasses.replace(whole, to_page=shifted), zone, [cell.to_px() for cell in zone.cells]
    )
    assert cells[0].state == CellState.CUT
    assert cells[1].state == CellState.INK


@pytest.mark.parametrize("line", [ORANGE, GREY, BLACK])
@pytest.mark.parametrize("mode", ["colour", "grey", "bilevel"])
@pytest.mark.parametrize("cell", [1, 3])
def test_a_stroke_on_the_border_never_leaves_a_blank_cell(line: str, mode: str, cell: int) -> None:
    form, zone = sheet(line)
    page = blank(form, zone)
    stroke(page, zone, 0, [(0.4, 0.2), (0.5, 0.8)])
    stroke(page, zone, cell, [(0.99, 0.2), (0.97, 0.85)])
    states = [found.state for found in cut(form, zone, page, mode)]
    claimed = states[cell : cell + 2]
    assert any(s not in (CellState.BLANK, CellState.INK) for s in claimed)
    assert states[0] == CellState.INK


def test_a_stroke_on_a_drop_out_border_is_kept_whole() -> None:
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    stroke(page, zone, 0, [(0.4, 0.2), (0.5, 0.8)])
    stroke(page, zone, 3, [(0.99, 0.2), (0.97, 0.85)])
    found = cut(form, zone, page)[3]
    assert found.ink_px is not None
    assert found.ink_px.h > 0.6 * found.box_px.h


def test_a_neighbour_that_reaches_over_is_not_split_where_the_cell_has_its_own() -> None:
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    stroke(page, zone, 1, [(0.4, 0.2), (0.35, 0.8)])
    hook = [(-0.32, 0.45), (-0.2, 0.2), (0.1, 0.2), (0.5, 0.2), (0.6, 0.5), (0.4, 0.8)]
    stroke(page, zone, 2, hook)
    found = cut(form, zone, page)
    assert [c.state for c in found[1:3]] == [CellState.INK, CellState.INK]
    assert found[1].ink_px is not None
    assert found[1].ink_px.w < 0.2 * found[1].box_px.w


def test_strokes_of_two_cells_that_meet_stay_doubtful() -> None:
    form, zone = sheet(ORANGE)
    page = blank(form, zone)
    stroke(page, zone, 1, [(0.4, 0.2), (0.6, 0.8), (1.3, 0.5), (1.5, 0.2), (1.5, 0.8)])
    found = cut(form, zone, page)
    assert {found[1].state, found[2].state} == {CellState.TOUCHING}
