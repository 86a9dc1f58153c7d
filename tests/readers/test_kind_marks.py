"""The mark row under the PIN, drawn for the test: clear marks speak, all else is silent."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.domain.documents import FieldName
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.geometry import BoxPx
from pipeline.domain.pin import Kind
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import KINDS_PART
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.marks.kind_marks import read_kinds
from pipeline.samples import marking
from pipeline.samples.stamps import draw_line
from pipeline.samples.writing import Pen

FORM = Catalogue.load().get("reply_form@2026.2")
BLACK = Pen("black", (38, 34, 32), 0.5)
PENS = {"black": BLACK, "felt": Pen("felt", (30, 26, 26), 0.9, 0.97)}
KINDS = (Kind.LETTER, Kind.DIGIT)
Said = tuple[Kind | None, ...]
_ROW, _BOXES = FORM.zone(FieldName.PIN_SIGNATURE, KINDS_PART), FORM.zone(FieldName.PIN_SIGNATURE)
assert _ROW is not None and _BOXES is not None
ROW, BOXES = _ROW, _BOXES


class Sheet:
    """A blank reply form to mark."""

    def __init__(self) -> None:
        self.pixels = blank_raster(FORM).copy()
        self.rng = np.random.default_rng(5)

    def cell(self, index: int, kind: Kind) -> BoxPx:
        return ROW.cells[2 * index + KINDS.index(kind)].to_px()

    def mark(self, index: int, kind: Kind, style: str = "tick", pen: Pen = BLACK) -> None:
        marking.mark(self.pixels, self.cell(index, kind), style, pen, self.rng)

    def line(self, *points: tuple[float, float]) -> None:
        draw_line(self.pixels, np.array(points), BLACK)

    def said(self, grey: bool = False) -> Said:
        pixels = self.pixels
        if grey:
            flat = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
            pixels = np.asarray(cv2.cvtColor(flat, cv2.COLOR_GRAY2BGR), np.uint8)
        figures = RegistrationFigures(0.5, 100)
        page = RegisteredPage(FORM, pixels, np.eye(3), figures, 1, 300.0, False, (255, 255, 255))
        return read_kinds(page, ROW, BOXES)


def at(index: int, kind: Kind) -> Said:
    return tuple(kind if i == index else None for i in range(16))


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("pen", PENS)
@pytest.mark.parametrize("style", ["tick", "black"])
def test_every_clear_mark_is_heard(style: str, pen: str, grey: bool) -> None:
    sheet = Sheet()
    wanted = tuple(KINDS[i % 3 == 0] for i in range(12))
    for i, kind in enumerate(wanted):
        sheet.mark(i, kind, style, PENS[pen])
    said = sheet.said(grey)
    assert said[12:] == (None,) * 4
    wrong = [i for i in range(12) if said[i] not in (None, wanted[i])]
    assert wrong == []
    # A broad felt tick may run into the next cell and then says nothing.
    assert sum(k is not None for k in said) >= (12 if pen == "black" else 9)


def test_an_unmarked_row_says_nothing() -> None:
    assert Sheet().said() == Sheet().said(grey=True) == (None,) * 16


def test_both_marked_is_no_word() -> None:
    sheet = Sheet()
    for kind in KINDS:
        sheet.mark(3, kind)
    assert sheet.said() == (None,) * 16


def test_a_faint_or_half_mark_is_no_word() -> None:
    sheet = Sheet()
    box = sheet.cell(2, Kind.DIGIT)
    sheet.line((box.x + 14, box.y + 18), (box.x + 24, box.y + 26))
    marking.mark(
        sheet.pixels,
        sheet.cell(5, Kind.LETTER),
        "tick",
        Pen("pale", (214, 214, 214), 0.4),
        sheet.rng,
    )
    assert sheet.said() == (None,) * 16


def test_a_tail_from_the_box_above_is_no_mark() -> None:
    sheet = Sheet()
    for i, kind in ((4, Kind.LETTER), (6, Kind.DIGIT)):
        box, cell = BOXES.cells[i].to_px(), sheet.cell(i, kind)
        x = cell.x + cell.w / 2
        sheet.line((x, box.y + 10.0), (x, cell.y + cell.h - 4.0))
    assert sheet.said() == (None,) * 16


def test_a_tick_that_runs_into_the_next_box_is_not_the_next_ones_mark() -> None:
    sheet = Sheet()
    own, other = sheet.cell(4, Kind.DIGIT), sheet.cell(5, Kind.LETTER)
    sheet.line(
        (own.x + 4.0, own.y + 16.0),
        (own.x + 14.0, own.y + 34.0),
        (other.x + other.w * 0.9, other.y + 2.0),
    )
    said = sheet.said()
    assert said[5] is None
    assert said[4] in (None, Kind.DIGIT)


def test_where_the_scan_shows_the_rows_own_print_nothing_is_heard() -> None:
    sheet = Sheet()
    area = ROW.box.to_px()
    part = sheet.pixels[area.y : area.y + area.h, area.x : area.x + area.w]
    pale = part.min(axis=2) < 235
    part[pale] = (40, 40, 40)
    sheet.mark(1, Kind.DIGIT)
    assert sheet.said() == (None,) * 16


def test_a_full_page_of_dirt_says_nothing_wrong() -> None:
    sheet = Sheet()
    area = ROW.box.to_px()
    for _ in range(60):
        x, y = sheet.rng.integers(area.x, area.x + area.w), sheet.rng.integers(area.y, area.y + 50)
        cv2.circle(sheet.pixels, (int(x), int(y)), int(sheet.rng.integers(1, 4)), (60, 60, 60), -1)
    assert sheet.said() == (None,) * 16


def test_only_the_marked_box_is_spoken_of() -> None:
    for index, kind in ((0, Kind.DIGIT), (15, Kind.LETTER)):
        sheet = Sheet()
        sheet.mark(index, kind)
        assert sheet.said() == at(index, kind)
