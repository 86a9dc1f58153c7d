"""Marks: a tick in a box, a circle round a word, a box blacked out.

Each cell is measured by itself (how much of it is inked, how even the ink is, whether a stroke
goes round) and then compared with its neighbours: one clear mark among empty cells is a mark, two
are a question for a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import settings
from pipeline.domain.documents import FieldName
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.geometry import PX_PER_MM, BoxPx
from pipeline.domain.readings import Alternative, Character, Reading
from pipeline.forms.definition import Zone
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.ink.zone_ink import LEAST_PEN_MM, ZoneInk, pen_width_mm, writing
from pipeline.readers.marks.mark_limits import MarkLimits, MarkThresholds
from pipeline.readers.resolved import Resolved

READER = "marks"
MODEL_VERSION = "marks-geometry@1 marks-v1"


class MarkState(StrEnum):
    """What a cell holds."""

    EMPTY = "empty"
    MARKED = "marked"
    CORRECTED = "corrected"  # marked, then struck out or blacked over
    STRAY = "stray"  # a dot or a stroke that passes through
    UNCLEAR = "unclear"  # may be a mark


@dataclass(frozen=True, slots=True)
class CellMark:
    """One cell of a marks zone.

    Attributes:
        value: What a mark here means.
        probability: That the writer means this cell.
        filled: Share of the cell's inside that is inked.
        ticked: There is a stroke, though the cell may not be filled.
    """

    value: str
    state: MarkState
    probability: float
    filled: float
    box_px: BoxPx

    @property
    def ticked(self) -> bool:
        """A deliberate stroke of whatever kind."""
        return self.state in (MarkState.MARKED, MarkState.UNCLEAR)


@dataclass(frozen=True, slots=True)
class MarksReading:
    """All cells of a marks zone, in order of definition."""

    zone: Zone
    cells: tuple[CellMark, ...]

    @property
    def blank(self) -> bool:
        """No cell holds anything."""
        return all(c.state == MarkState.EMPTY for c in self.cells)

    @property
    def marked(self) -> tuple[CellMark, ...]:
        """The cells that are clearly marked."""
        return tuple(c for c in self.cells if c.state == MarkState.MARKED)

    @property
    def unclear(self) -> bool:
        """Some cell asks for a person."""
        return any(c.state in (MarkState.UNCLEAR, MarkState.CORRECTED) for c in self.cells)

    @property
    def chosen(self) -> CellMark | None:
        """The one marked cell where no other is in doubt, else None."""
        marked = self.marked
        return marked[0] if len(marked) == 1 and not self.unclear else None


_OUT_PX = 9
_ROUND_SECTORS = 16
_CORE = 0.7  # of the way from the middle of a word to the circle round it
# Of nine parts of a box: a dot or a tail reaches into four, what is shaded lies in nearly all.
_SHADED_PARTS = 6


def read_marks(page: RegisteredPage, zone: Zone, limits: MarkLimits | None = None) -> MarksReading:
    """The state of every cell of a marks zone.

    Args:
        page: The registered page.
        zone: Its marks.
        limits: What counts as a mark; those of the installation's models where None.

    Raises:
        DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
    """
    limits = limits or MarkThresholds.load(settings.current().models).marks
    cells = []
    for index, cell in enumerate(zone.cells):
        box = cell.to_px()
        value = zone.alphabet[index] if index < len(zone.alphabet) else str(index)
        if zone.mark_style == "circle":
            state, probability, filled = _circle(page, box, limits)
        elif zone.mark_style == "black":
            state, probability, filled = _black(page, box, limits)
        else:
            state, probability, filled = _tick(page, box, limits)
        cells.append(CellMark(value, state, probability, filled, box))
    return MarksReading(zone, _settle(zone, cells, limits))


def _grown(box: BoxPx, share: float) -> BoxPx:
    dx, dy = round(box.w * share), round(box.h * share)
    return BoxPx(box.x - dx, box.y - dy, box.w + 2 * dx, box.h + 2 * dy)


def _inner(ink: ZoneInk, box: BoxPx, inset_px: int) -> NDArray[np.bool_]:
    x0, y0 = box.x - ink.box_px.x + inset_px, box.y - ink.box_px.y + inset_px
    return ink.ink[max(0, y0) : y0 + box.h - 2 * inset_px, max(0, x0) : x0 + box.w - 2 * inset_px]


def _stroke_mm(mask: NDArray[np.bool_]) -> float:
    """Length of the strokes: half the outline of the larger parts."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    lengths = [cv2.arcLength(c, closed=True) / 2 for c in contours if cv2.contourArea(c) > 8]
    return float(max(lengths, default=0.0)) / PX_PER_MM


def _passes_through(
    mask: NDArray[np.bool_], core: NDArray[np.bool_], straight_share: float
) -> bool:
    """Whether ink runs straight across the box and out on both sides, as a fold does."""
    ys, xs = np.nonzero(mask)
    inner_ys, inner_xs = np.nonzero(core)
    for along, across, inside in ((xs, ys, inner_xs), (ys, xs, inner_ys)):
        out = along.min() < inside.min() - _OUT_PX and along.max() > inside.max() + _OUT_PX
        if out and np.ptp(across) < straight_share * (np.ptp(inside) + 1):
            return True
    return False


def _tick(page: RegisteredPage, box: BoxPx, limits: MarkLimits) -> tuple[MarkState, float, float]:
    """A tick box: the length of the longest stroke that enters the box decides."""
    ink = writing(page, _grown(box, 0.5))
    inside = _inner(ink, box, 5)
    filled = float(inside.mean()) if inside.size else 0.0
    if filled < limits.empty_filled:
        return MarkState.EMPTY, 0.001, filled
    # Of all the ink around, only what enters the box: a neighbour's tail is not this mark.
    _, labels = cv2.connectedComponents(ink.ink.astype(np.uint8), connectivity=8)
    core = np.zeros(labels.shape, bool)
    x0, y0 = box.x - ink.box_px.x + 5, box.y - ink.box_px.y + 5
    core[max(0, y0) : y0 + box.h - 10, max(0, x0) : x0 + box.w - 10] = True
    entering = np.unique(labels[core & ink.ink])
    own = np.isin(labels, entering[entering > 0])
    length = _stroke_mm(own)
    share_inside = float((own & core).sum()) / max(1.0, float(own.sum()))
    if filled > limits.scribbled:
        return MarkState.UNCLEAR, 0.5, filled
    inner_length = _stroke_mm(own & core)
    if inner_length >= limits.tick_mm or (
        length >= limits.tick_whole_mm and share_inside > limits.tick_inside
    ):
        if pen_width_mm(own) < LEAST_PEN_MM or _passes_through(own, core, limits.straight_share):
            return MarkState.UNCLEAR, 0.4, filled  # a hair, a fold, a line of something else
        return MarkState.MARKED, 0.995, filled
    if inner_length < limits.stray_mm:
        return MarkState.STRAY, 0.02, filled
    return MarkState.UNCLEAR, 0.5, filled


def _black(page: RegisteredPage, box: BoxPx, limits: MarkLimits) -> tuple[MarkState, float, float]:
    """A box to black out: filled is a mark, some ink is a question, a speck is nothing.

    Little ink all over the box is what a scan in black and white leaves of pale shading.
    """
    ink = writing(page, _grown(box, 0.3))
    inside = _inner(ink, box, 6)
    filled = float(inside.mean()) if inside.size else 0.0
    if filled >= limits.black_filled:
        return MarkState.MARKED, 0.998 if filled > limits.black_sure else 0.97, filled
    if filled >= limits.black_unclear or (filled > limits.black_stray and _is_all_over(inside)):
        # Ticked where it should be blacked out: the wish is likely, and a person confirms it.
        return MarkState.UNCLEAR, 0.6, filled
    if filled > limits.black_stray:
        return MarkState.STRAY, 0.03, filled
    return MarkState.EMPTY, 0.001, filled


def _is_all_over(inside: NDArray[np.bool_]) -> bool:
    """Whether a box holds ink in most of its parts, three by three."""
    held = sum(
        bool(part.any())
        for rows in np.array_split(inside, 3, axis=0)
        for part in np.array_split(rows, 3, axis=1)
    )
    return held >= _SHADED_PARTS


def _circle(page: RegisteredPage, box: BoxPx, limits: MarkLimits) -> tuple[MarkState, float, float]:
    """A circle round a printed word: ink in how many directions around it."""
    area = _grown(box, 0.35)
    ink = writing(page, area)
    mask = ink.ink & ~ink.printed
    ys, xs = np.nonzero(mask)
    filled = float(mask.mean()) if mask.size else 0.0
    if len(xs) < 30:
        return MarkState.EMPTY, 0.001, filled
    cx = box.x + box.w / 2 - ink.box_px.x
    cy = box.y + box.h / 2 - ink.box_px.y
    dx, dy = (xs - cx) / (box.w / 2), (ys - cy) / (box.h / 2)
    radius = np.hypot(dx, dy)
    ring = (radius > 0.45) & (radius < 1.65)
    sector = ((np.arctan2(dy, dx) + np.pi) / (2 * np.pi) * _ROUND_SECTORS).astype(int)
    counts = np.bincount(sector[ring] % _ROUND_SECTORS, minlength=_ROUND_SECTORS)
    around = float((counts > 6).mean())
    if _core_filled(mask, ink.printed, (cx, cy), box) > limits.circle_core:
        return MarkState.UNCLEAR, 0.4, filled  # blacked over, not circled
    if around >= limits.circle_around:
        if pen_width_mm(mask) < LEAST_PEN_MM:
            return MarkState.UNCLEAR, 0.4, filled  # a hair lies round the word
        return MarkState.MARKED, 0.99 if around > limits.circle_sure else 0.95, filled
    length = _stroke_mm(mask)
    # A tick on the word instead of a circle is a mark to a person, but not for certain.
    if around >= limits.circle_unclear or length >= limits.tick_mm:
        return MarkState.UNCLEAR, 0.5, filled
    return MarkState.STRAY if filled > 0.005 else MarkState.EMPTY, 0.02, filled


def _core_filled(
    mask: NDArray[np.bool_], printed: NDArray[np.bool_], middle: tuple[float, float], box: BoxPx
) -> float:
    """Share inked of what lies well inside a circle and is not the printed word itself."""
    ys, xs = np.ogrid[: mask.shape[0], : mask.shape[1]]
    across, down = (xs - middle[0]) / (box.w / 2), (ys - middle[1]) / (box.h / 2)
    core = (across**2 + down**2 < _CORE**2) & ~printed
    return float(mask[core].mean()) if core.any() else 0.0


def _settle(zone: Zone, cells: list[CellMark], limits: MarkLimits) -> tuple[CellMark, ...]:
    """Neighbours speak: what a cell means follows from what stands in the others.

    A half mark beside a full one is a stray tail. A tick box full of ink is a mark where it stands
    alone, and a mark taken back where another box is ticked.
    """
    held = [c for c in cells if c.state not in (MarkState.EMPTY, MarkState.STRAY)]
    scribbled = [c for c in held if zone.mark_style == "tick" and c.filled > limits.scribbled]
    strong = [c for c in held if c.state == MarkState.MARKED]
    if len(held) == 1 and held == scribbled:
        return tuple(
            replace(c, state=MarkState.MARKED, probability=0.98) if c is held[0] else c
            for c in cells
        )
    if len(cells) < 2 or len(strong) != 1:
        return tuple(cells)
    settled = []
    for cell in cells:
        if cell in scribbled:
            # Taken back, most likely; a person confirms it.
            cell = replace(cell, state=MarkState.CORRECTED, probability=0.1)
        elif cell.state == MarkState.UNCLEAR and cell.filled < limits.stray_tail * strong[0].filled:
            cell = replace(cell, state=MarkState.STRAY, probability=0.05)
        settled.append(cell)
    return tuple(settled)


def resolve_choice(field: FieldName, marks: MarksReading) -> Resolved:
    """A choice from a marks zone: the value that the one marked cell means.

    A zone of one cell gives ``"1"`` where it is marked and ``""`` where it is not.
    """
    characters = tuple(
        Character(
            value=cell.value if cell.state == MarkState.MARKED else "",
            confidence=max(cell.probability, 1 - cell.probability),
            flagged=cell.state in (MarkState.UNCLEAR, MarkState.CORRECTED),
            alternatives=(Alternative(cell.value, round(cell.probability, 4)),)
            if cell.state == MarkState.UNCLEAR
            else (),
            box_px=cell.box_px,
        )
        for cell in marks.cells
    )
    chosen = marks.chosen
    sure = not marks.unclear and len(marks.marked) <= 1
    value: str | None = chosen.value if chosen else ""
    if not sure:
        value = None
    confidence = float(np.prod([max(c.probability, 1 - c.probability) for c in marks.cells]))
    missing = value == "" and not marks.zone.optional
    reading = Reading(
        field=field,
        value=value,
        confidence=confidence if sure else min(confidence, 0.5),
        accepted=sure and not missing,
        characters=characters,
        box_px=marks.zone.box.to_px(),
        reader=READER,
        model_version=MODEL_VERSION,
        attributes={"states": ",".join(c.state.value for c in marks.cells)},
    )
    return Resolved(reading, _findings(field, marks, value))


def _findings(field: FieldName, marks: MarksReading, value: str | None) -> tuple[Finding, ...]:
    states = tuple(c.state for c in marks.cells)
    evidence: tuple[tuple[str, str | float], ...] = (
        ("marked", float(states.count(MarkState.MARKED))),
        ("unclear", float(states.count(MarkState.UNCLEAR))),
    )
    missing = value == "" and not marks.zone.optional
    if field == FieldName.SEX and (value is None or missing):
        return (Finding(FindingCode.SEX_UNCLEAR, Severity.REVIEW, field, evidence=evidence),)
    if value is None or missing:
        return (Finding(FindingCode.MARK_UNCLEAR, Severity.REVIEW, field, evidence=evidence),)
    declines = (FieldName.NO_SIGNATURE_CERTIFICATE, FieldName.NO_AUTHENTICATION_CERTIFICATE)
    if field in declines and value:
        return (Finding(FindingCode.CERTIFICATE_DECLINED, Severity.INFO, field),)
    return ()
