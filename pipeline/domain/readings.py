"""What was read: characters with alternatives, calibrated probabilities and places."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from pipeline.domain.documents import FieldName
from pipeline.domain.geometry import BoxPx


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another character that could stand here, with its calibrated probability."""

    value: str
    probability: float


@dataclass(frozen=True, slots=True)
class Character:
    """One read character.

    Attributes:
        value: The character taken; empty where a cell is blank or illegible.
        confidence: Calibrated probability that ``value`` is right.
        flagged: A person should look at this character.
        alternatives: Others, most probable first, without ``value`` itself.
        box_px: Where it stands, registered pixels; None where the reader has no place for it.
    """

    value: str
    confidence: float
    flagged: bool = False
    alternatives: tuple[Alternative, ...] = ()
    box_px: BoxPx | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One field as read.

    Attributes:
        value: The value in the field's normal form (dates ISO 8601, digits half-width); empty
            where the field is blank; None where it was not read (by policy, or unreadable).
        confidence: Calibrated probability that the whole value is right.
        accepted: The machine would take the value without a person.
        reader: Name of the reader that made it, for lineage.
        model_version: Versions of the models behind it, for lineage.
        as_written: The text before normalisation where it differs (an era date, for example).
    """

    field: FieldName
    value: str | None
    confidence: float
    accepted: bool
    characters: tuple[Character, ...] = ()
    box_px: BoxPx | None = None
    reader: str = ""
    model_version: str = ""
    as_written: str | None = None
    attributes: dict[str, str] = dataclasses.field(default_factory=dict)
