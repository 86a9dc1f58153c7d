"""What a boxed zone says: one calibrated posterior and one state for every cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pipeline.domain.documents import FieldName
from pipeline.domain.geometry import BoxPx
from pipeline.domain.readings import Alternative, Character, Reading
from pipeline.forms.definition import Zone

ALTERNATIVES_KEPT = 5
_LEAST_PROBABILITY = 1e-6


class CellState(StrEnum):
    """What a cell holds. Everything but ``INK`` and ``BLANK`` is doubtful."""

    BLANK = "blank"
    INK = "ink"
    TINY = "tiny"  # a dot or dash, too small for a character
    TWO = "two"  # two characters in one cell
    TOUCHING = "touching"  # the ink runs on into the next cell
    STRUCK = "struck"  # struck out, or no single character
    OVERWRITTEN = "overwritten"  # one digit written over another
    FILLED = "filled"  # full of ink
    CUT = "cut"  # the page ends inside the cell
    ON_LINE = "on_line"  # a stroke runs along a line as dark as itself and was cut with it


@dataclass(frozen=True, slots=True)
class CellReading:
    """One cell as read.

    Attributes:
        posterior: Calibrated probability of each character of the zone's alphabet; empty where
            the cell is blank.
        box_px: The cell, registered pixels.
        ink_px: The extent of the ink that was taken for the cell's, registered pixels.
        junk: Probability, before calibration, that the ink is no single character.
        lower_case: Probability, before calibration, that the ink is a lower-case letter whose
            shape differs from its capital.
        views: The most probable character in each view, for lineage.
        weighed: The posterior with what each character is mistaken for weighed in; empty where
            nothing is known of that.
    """

    posterior: Mapping[str, float]
    state: CellState
    box_px: BoxPx
    ink_px: BoxPx | None = None
    junk: float = 0.0
    lower_case: float = 0.0
    views: tuple[str, ...] = ()
    weighed: Mapping[str, float] = field(default_factory=dict)

    def as_weighed(self) -> CellReading:
        """The cell for a value that a rule vouches for: a check digit, the calendar."""
        return replace(self, posterior=self.weighed) if self.weighed else self

    @property
    def blank(self) -> bool:
        """Nothing in the cell that could be read."""
        return not self.posterior

    @property
    def doubtful(self) -> bool:
        """The state alone asks for a person."""
        return self.state not in (CellState.INK, CellState.BLANK)

    @property
    def unreadable(self) -> bool:
        """What the cell holds cannot be told from what is left or to be seen of it."""
        return self.state in (CellState.FILLED, CellState.CUT)

    @property
    def shares_ink(self) -> bool:
        """One character as it was written, whose ink runs into a neighbour or along a line."""
        return not self.blank and self.state in (CellState.TOUCHING, CellState.ON_LINE)

    @property
    def best(self) -> str:
        """The most probable character; empty where the cell is blank."""
        return max(self.posterior, key=self.posterior.__getitem__) if self.posterior else ""

    @property
    def confidence(self) -> float:
        """The probability of ``best``; for a blank cell 1."""
        return self.posterior[self.best] if self.posterior else 1.0

    def ranked(self) -> list[tuple[str, float]]:
        """Characters with their probabilities, most probable first."""
        return sorted(self.posterior.items(), key=lambda item: -item[1])

    def character(self, flagged: bool, value: str | None = None) -> Character:
        """The cell as a character of a reading.

        Args:
            flagged: Whether a person should look at it.
            value: The character taken; the most probable one where None.
        """
        taken = self.best if value is None else value
        others = tuple(
            Alternative(c, round(p, 6))
            for c, p in self.ranked()[: ALTERNATIVES_KEPT + 1]
            if c != taken and p >= _LEAST_PROBABILITY
        )[:ALTERNATIVES_KEPT]
        return Character(
            value=taken,
            confidence=round(self.posterior.get(taken, 0.0) if self.posterior else 1.0, 6),
            flagged=flagged or self.doubtful,
            alternatives=others,
            box_px=self.box_px,
        )


@dataclass(frozen=True, slots=True)
class BoxedReading:
    """A boxed zone as read, cells in the order of the definition."""

    zone: Zone
    cells: tuple[CellReading, ...]
    model_version: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        """No cell holds ink, and none may have."""
        return all(cell.blank and not cell.doubtful for cell in self.cells)

    @property
    def plain(self) -> str:
        """The most probable character of every cell that holds ink, joined."""
        return "".join(cell.best for cell in self.cells)

    @property
    def written(self) -> tuple[int, int]:
        """First cell that holds ink or may have, and one past the last; (0, 0) where none."""
        held = [i for i, cell in enumerate(self.cells) if not cell.blank or cell.doubtful]
        return (held[0], held[-1] + 1) if held else (0, 0)

    @property
    def box_px(self) -> BoxPx:
        """The zone, registered pixels."""
        return self.zone.box.to_px()

    def reading(
        self,
        name: FieldName,
        value: str | None,
        confidence: float,
        accepted: bool,
        characters: tuple[Character, ...] = (),
    ) -> Reading:
        """The zone as a reading of a field, with where it stands and what read it."""
        return Reading(
            field=name,
            value=value,
            confidence=round(min(1.0, confidence), 6),
            accepted=accepted,
            characters=characters,
            box_px=self.box_px,
            reader="boxes",
            model_version=self.model_version,
        )
