"""Sheets full of boxed rows: many characters on one page, for measuring and calibrating.

A real form holds one My Number; a sheet of rows holds twenty, ruled, written, printed and scanned
in the same way, so that ten thousand of them can be measured in minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.geometry import PX_PER_MM, BoxMm
from pipeline.domain.my_number import check_digit
from pipeline.domain.pin import SIGNATURE_ALPHABET
from pipeline.forms.definition import FormDefinition, ReaderKind, Zone
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.samples.ink import InkSource
from pipeline.samples.paper import PaperSpec, Preset, scan
from pipeline.samples.writing import Hand, Pen, draw_hand, pens, write_in_cell

PAGE_W_MM, PAGE_H_MM = 210.0, 297.0
# Share of characters that touch or cross a line of their cell.
USUAL_CROSSING = 0.12
# Line colours as forms have them: drop-out orange, green, blue, grey and black.
LINE_COLOURS = ("#f0a070", "#e8927c", "#8fc49a", "#8ab4d8", "#a0a0a0", "#404040")


@dataclass(frozen=True, slots=True)
class RowKind:
    """A kind of row: how many cells of what size, and what is written in them.

    Attributes:
        cell_mm: Width and height of a cell.
        group: Cells between wider gaps; 0 for none.
        gap_mm: The wider gap.
        pitch_mm: From row to row.
    """

    field: FieldName
    alphabet: str
    cells: int
    cell_mm: tuple[float, float]
    pitch_mm: float
    group: int = 0
    gap_mm: float = 0.0


MY_NUMBER_ROW = RowKind(FieldName.MY_NUMBER, "0123456789", 12, (9.0, 10.0), 13.0, 4, 3.0)
PIN_ROW = RowKind(FieldName.PIN_SIGNATURE, SIGNATURE_ALPHABET, 16, (9.0, 10.0), 13.0)
POSTAL_ROW = RowKind(
    FieldName.REPRESENTATIVE_POSTAL_CODE, "0123456789", 28, (5.0, 6.0), 9.0, 7, 4.0
)


@dataclass(frozen=True, slots=True)
class RowSheet:
    """A scanned and registered sheet with what was written.

    Attributes:
        truth: One string per zone, a character per cell.
        preset: How badly it was treated, for tables by harshness.
        mode: Colour, grey or bilevel.
    """

    page: RegisteredPage
    truth: tuple[str, ...]
    preset: str
    mode: str


def row_form(kind: RowKind, line: str, rule_mm: float) -> FormDefinition:
    """A sheet of rows as a form definition."""
    zones = []
    width, height = kind.cell_mm
    rows = int((PAGE_H_MM - 24) // kind.pitch_mm)
    for row in range(rows):
        y = 12 + row * kind.pitch_mm
        cells = tuple(
            BoxMm(
                14 + i * width + (i // kind.group * kind.gap_mm if kind.group else 0.0),
                y,
                width,
                height,
            )
            for i in range(kind.cells)
        )
        box = BoxMm(cells[0].x, y, cells[-1].x + width - cells[0].x, height)
        zones.append(Zone(kind.field, ReaderKind.BOXES, box, cells, kind.alphabet, rule_mm=rule_mm))
    return FormDefinition(
        FormName.REPLY_FORM,
        "rows",
        "rows",
        PAGE_W_MM,
        PAGE_H_MM,
        tuple(zones),
        colours={"line": line},
    )


def draw_rows(form: FormDefinition) -> Pixels:
    """The blank sheet at 300 dpi, BGR, lines drawn with soft edges."""
    zoom, shift = 2, 4
    size = (round(PAGE_W_MM * PX_PER_MM), round(PAGE_H_MM * PX_PER_MM))
    mask = np.zeros((size[1] * zoom, size[0] * zoom), np.uint8)
    for zone in form.zones:
        thick = max(1, round(zone.rule_mm * PX_PER_MM * zoom))
        for cell in zone.cells:
            corners = [
                (round(x * PX_PER_MM * zoom * 2**shift), round(y * PX_PER_MM * zoom * 2**shift))
                for x, y in ((cell.x, cell.y), (cell.x + cell.w, cell.y + cell.h))
            ]
            cv2.rectangle(mask, corners[0], corners[1], (255,), thick, cv2.LINE_8, shift)
    cover = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    text = form.colours["line"]
    colour = np.array([int(text[i : i + 2], 16) for i in (5, 3, 1)], np.float32)
    page = 255 - cover[..., None] * (255 - colour)
    return np.round(page).astype(np.uint8)


def random_my_number(rng: np.random.Generator) -> str:
    """Twelve digits that pass the check digit; any resemblance to an issued number is chance."""
    first = "".join(str(d) for d in rng.integers(0, 10, 11))
    return first + str(check_digit(first))


def make_sheet(
    kind: RowKind,
    source: InkSource,
    rng: np.random.Generator,
    *,
    preset: Preset = Preset.TYPICAL,
    write: Callable[[np.random.Generator], str] | None = None,
    crossing: float = USUAL_CROSSING,
    residual_px: float = 0.7,
    line: str | None = None,
) -> RowSheet:
    """Writes, scans and registers one sheet.

    Args:
        kind: The rows.
        source: Where the characters' shapes come from.
        rng: Source of chance.
        preset: How badly the sheet is treated.
        write: Gives the text of a row; a My Number or characters at random where None.
        crossing: Share of characters that touch or cross a line.
        residual_px: Error of registration, standard deviation per sheet.
        line: Colour of the lines, ``#rrggbb``; one of ``LINE_COLOURS`` at random where None.
    """
    drawn = str(rng.choice(LINE_COLOURS, p=[0.3, 0.2, 0.15, 0.1, 0.15, 0.1]))
    form = row_form(kind, line or drawn, float(rng.uniform(0.12, 0.3)))
    pixels = draw_rows(form)
    truth = []
    for zone in form.zones:
        if write is not None:
            text = write(rng)
        elif kind.field == FieldName.MY_NUMBER:
            text = random_my_number(rng)
        else:
            text = "".join(rng.choice(list(kind.alphabet), kind.cells))
        mess = float(rng.uniform(0, 1))
        hand, pen = draw_hand(rng, mess), _pen(rng)
        _fill(pixels, zone, text, source, hand, pen, rng, crossing * (0.3 + 1.4 * mess))
        truth.append(text)
    spec = PaperSpec.drawn(preset, rng)
    scanned = scan(pixels, spec, rng)
    return RowSheet(
        laid_on_form(form, scanned.pixels, scanned.to_scan, spec, rng, residual_px),
        tuple(truth),
        preset.value,
        spec.mode.value,
    )


def _pen(rng: np.random.Generator) -> Pen:
    return pens(rng)[int(rng.choice(4, p=[0.6, 0.2, 0.12, 0.08]))]


def _fill(
    pixels: Pixels,
    zone: Zone,
    text: str,
    source: InkSource,
    hand: Hand,
    pen: Pen,
    rng: np.random.Generator,
    crossing: float,
) -> None:
    for character, cell in zip(text, zone.cells, strict=False):
        if character == " ":
            continue
        over = float(rng.uniform(0.3, 1.0)) if rng.random() < crossing else 0.0
        write_in_cell(pixels, character, cell.to_px(), source, hand, pen, rng, overshoot=over)


def laid_on_form(
    form: FormDefinition,
    pixels: Pixels,
    to_scan: NDArray[np.float64],
    spec: PaperSpec,
    rng: np.random.Generator,
    residual_px: float,
) -> RegisteredPage:
    """The scan laid on the form by its true geometry, off by what registration leaves.

    Args:
        form: What was scanned.
        pixels: The scan.
        to_scan: Form pixels at 300 dpi to pixels of the scan.
        spec: How it was scanned.
        rng: Randomness.
        residual_px: Standard deviation of the error, registered pixels.
    """
    width, height = round(form.page_w_mm * PX_PER_MM), round(form.page_h_mm * PX_PER_MM)
    turn = float(rng.normal(0, residual_px / 1500))
    off = rng.normal(0, residual_px, 2)
    error = np.array([[1.0, -turn, off[0]], [turn, 1.0, off[1]], [0.0, 0.0, 1.0]])
    whole = to_scan @ error
    paper = np.median(pixels[::8, ::8].reshape(-1, 3), axis=0)
    flat = cv2.warpPerspective(
        pixels,
        whole,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=tuple(float(v) for v in paper),
    )
    return RegisteredPage(
        form=form,
        pixels=np.asarray(flat, np.uint8),
        to_page=whole,
        figures=RegistrationFigures(residual_px, 100),
        number=1,
        source_dpi=float(spec.dpi),
        bilevel=spec.mode.value == "bilevel",
        paper_bgr=(int(paper[0]), int(paper[1]), int(paper[2])),
    )
