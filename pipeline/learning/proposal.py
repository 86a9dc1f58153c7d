"""What is proposed for a blank form, how sure each part is, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.documents import FieldName
from pipeline.domain.geometry import BoxMm
from pipeline.forms.definition import FormDefinition, Zone
from pipeline.imaging.pages import Pixels


@dataclass(frozen=True, slots=True)
class ProposedZone:
    """One zone of a proposal.

    Attributes:
        zone: As it would stand in the definition.
        confidence: 0 to 1: how well what was found agrees with what such a zone looks like. It is
            an order of doubt for the eye of a person, no calibrated probability.
        why_ja: What the proposal rests on, in Japanese.
        why_en: The same in English.
    """

    zone: Zone
    confidence: float
    why_ja: str
    why_en: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that a person must look at before the definition is used.

    Attributes:
        code: A stable name in capitals.
        field: The field it is about, or None for the sheet.
        ja: What is doubtful, in Japanese.
        en: The same in English.
        box: Where on the sheet, form millimetres; None for the whole.
    """

    code: str
    field: FieldName | None
    ja: str
    en: str
    box: BoxMm | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A form as learned from its blank sheet.

    Attributes:
        definition: Ready for ``forms.writing``; its zones are those of ``zones`` in reading order.
        zones: The zones with the reasons for them, the same order.
        doubts: What is not certain, missing or left out.
        overlay: The blank with the zones drawn on it, H x W x 3 BGR uint8, 150 dpi.
        blank: The sheet upright, straight and cleaned, H x W x 3 BGR uint8, 300 dpi: what filled
            scans are registered to; ``write_definition`` keeps it beside the definition.
        to_source: 3 x 3: pixels of ``blank`` to pixels of the page that was given.
    """

    definition: FormDefinition
    zones: tuple[ProposedZone, ...]
    doubts: tuple[Doubt, ...]
    overlay: Pixels
    blank: Pixels
    to_source: NDArray[np.float64]
