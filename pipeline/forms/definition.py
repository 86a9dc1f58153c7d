"""A form definition: a sheet of paper with zones, in millimetres from its top left corner."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.geometry import BoxMm

KINDS_PART = "kinds"
"""The part of a marks zone with one choice for every box of its field, in the boxes' order."""


class ReaderKind(StrEnum):
    """What reads a zone."""

    BOXES = "boxes"  # one character to a cell
    TEXT = "text"  # free handwriting or print, one line or a few
    MARKS = "marks"  # one mark per cell; ``alphabet`` names the meaning of each cell in order
    QR = "qr"
    SIGNATURE = "signature"  # presence, and the text for comparison
    SEAL = "seal"  # presence
    PHOTO = "photo"


@dataclass(frozen=True, slots=True)
class Zone:
    """A place with one field and one reader.

    A field may have several zones: a date has a ``marks`` zone for the era (``part="era"``) and a
    ``boxes`` zone for year, month and day (``part="digits"``, six cells, right-aligned in pairs).
    A PIN may have a mark row (``part="kinds"``) beside its boxes: under each box one cell for each
    character of ``alphabet``, 英 and 数, by which the writer says what stands in it.

    Attributes:
        alphabet: For boxes and text: the characters that may stand here (empty = any that the
            text model knows). For marks: one character per cell, the value that a mark means;
            in a mark row the same characters again for every box.
        cells: Character or mark boxes, form millimetres, in reading order.
        part: Which part of the field, where a field has several zones; else empty.
        printed: Filled by a printer, not by hand.
        optional: A blank zone is no finding.
        mark_style: ``circle`` | ``tick`` | ``black`` for marks zones; else empty.
        lines: Most lines of text that fit in a text zone.
        rule_mm: Width of the printed line round each cell.
    """

    field: FieldName
    reader: ReaderKind
    box: BoxMm
    cells: tuple[BoxMm, ...] = ()
    alphabet: str = ""
    part: str = ""
    printed: bool = False
    optional: bool = False
    mark_style: str = ""
    lines: int = 1
    rule_mm: float = 0.2


@dataclass(frozen=True, slots=True)
class Ruling:
    """A printed line or frame: drawn, and known to the readers, so that it can be removed."""

    box: BoxMm  # a line has w == 0 or h == 0
    width_mm: float
    colour: str  # "line" (drop-out), "frame" (dark), "fill" (pale background)


@dataclass(frozen=True, slots=True)
class Label:
    """Printed text."""

    text: str
    box: BoxMm
    size_pt: float
    align: str = "left"  # left | centre | right
    font: str = "gothic"  # gothic | mincho
    colour: str = "text"  # text | line | warn


@dataclass(frozen=True, slots=True)
class FormDefinition:
    """One version of one form.

    Attributes:
        blank: The cleaned picture of the blank sheet, at 300 dpi, where the form was learned from
            paper; without one the blank is drawn from rulings and labels.
        pages: How many pages a filled one has; this describes the first. A missing one is told.
    """

    name: FormName
    version: str
    title: str
    page_w_mm: float
    page_h_mm: float
    zones: tuple[Zone, ...]
    labels: tuple[Label, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    colours: dict[str, str] = field(default_factory=dict)  # colour name -> "#rrggbb"
    blank: Path | None = None
    pages: int = 1

    @property
    def key(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    def zones_of(self, name: FieldName) -> tuple[Zone, ...]:
        """All zones of a field, in order of definition."""
        return tuple(z for z in self.zones if z.field == name)

    def zone(self, name: FieldName, part: str = "") -> Zone | None:
        """The zone of a field (and part), or None."""
        return next((z for z in self.zones if z.field == name and z.part == part), None)
