"""Reads a zone of one character to a box: ink per cell, two views, one calibrated posterior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.forms.definition import Zone
from pipeline.imaging.cells import refine_cells
from pipeline.imaging.pages import RegisteredPage
from pipeline.model_store import ModelStore
from pipeline.readers.boxed import BoxedReading, CellReading, CellState
from pipeline.readers.boxes.character_network import (
    CHARACTERS,
    DISTINCT_LOWER,
    JUNK,
    OVERWRITTEN,
    CharacterNetworks,
    columns_of,
)
from pipeline.readers.boxes.character_thresholds import CharacterThresholds, kind_of
from pipeline.readers.boxes.joined_view import LineRecogniser, read_joined
from pipeline.readers.boxes.joining import joined
from pipeline.readers.ink.cell_ink import CellInk, extract

DEFAULT_ALPHABET = CHARACTERS[:36]
_LOWER = columns_of(DISTINCT_LOWER)
# Two parts side by side are two characters only if the network has some doubt as well, or they
# fill the cell; a 4 or K written with a gap is one.
_TWO_WITH_JUNK = 0.05
_TWO_WIDE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Views:
    """What the views say, a row for each cell that holds ink.

    Attributes:
        network: N x 63 log probabilities over all that the networks know.
        first: N x A log probabilities of the networks together over the zone's alphabet.
        second: The same from the line model; None where there is none.
        digits: N x 11 log probabilities of the digits-only head, the last of them that one digit
            was written over another; None for other alphabets.
    """

    network: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64] | None
    digits: NDArray[np.float64] | None = None


class BoxReader:
    """Reads boxed zones; holds the warm models of one worker."""

    def __init__(
        self,
        store: ModelStore,
        recogniser: LineRecogniser | None,
        thresholds: CharacterThresholds,
    ) -> None:
        """Load the network.

        Args:
            store: Where the weights are.
            recogniser: The text engine for the second view; without it one view decides.
            thresholds: Calibration and thresholds.

        Raises:
            DefectError: ``MODEL_MISSING`` or ``MODEL_ALTERED``.
        """
        self._networks = CharacterNetworks(store)
        self._recogniser = recogniser
        self._thresholds = thresholds

    @property
    def model_version(self) -> str:
        """Versions of the networks, artefact and number of views, for lineage."""
        views = "two views" if self._recogniser is not None else "one view"
        return f"{self._networks.version} {self._thresholds.version} {views}"

    def read(self, page: RegisteredPage, zone: Zone) -> BoxedReading:
        """Every cell of a zone."""
        inks = extract(page, zone, refine_cells(page, zone))
        return self.read_inks(zone, inks)

    def read_inks(self, zone: Zone, inks: Sequence[CellInk]) -> BoxedReading:
        """Every cell of a zone whose ink has been cut out."""
        return self.assemble(zone, inks, self.view(zone, inks), self._thresholds)

    def view(self, zone: Zone, inks: Sequence[CellInk]) -> Views:
        """What each view makes of the cells that hold ink."""
        alphabet = zone.alphabet or DEFAULT_ALPHABET
        glyphs = [ink.ink for ink in inks if ink.ink_px is not None]
        opinion = self._networks.opinion(glyphs, alphabet)
        second = (
            np.log(read_joined(self._recogniser, glyphs, alphabet))
            if self._recogniser is not None and glyphs
            else None
        )
        digits = opinion.digits if kind_of(alphabet) == "digits" else None
        return Views(opinion.characters, opinion.first, second, digits)

    def assemble(
        self, zone: Zone, inks: Sequence[CellInk], views: Views, thresholds: CharacterThresholds
    ) -> BoxedReading:
        """The cells of a zone from what the views say.

        Args:
            zone: The zone.
            inks: One for each cell.
            views: One row for each cell that holds ink.
            thresholds: Calibration and limits.
        """
        alphabet = zone.alphabet or DEFAULT_ALPHABET
        weights = thresholds.weights(alphabet)
        joint = joined(views.first, views.second, weights)
        scaling = None if views.second is None else weights.scaling
        weighed = None if scaling is None else np.exp(scaling.apply(np.log(joint)))
        readings = [CellReading({}, ink.state, ink.box_px) for ink in inks]
        held = [i for i, ink in enumerate(inks) if ink.ink_px is not None]
        for row, i in enumerate(held):
            junk = float(np.exp(views.network[row, JUNK]))
            over = 0.0 if views.digits is None else float(np.exp(views.digits[row, OVERWRITTEN]))
            if readings[i].unreadable:
                continue  # a posterior over characters says nothing of a block or a rest of ink
            readings[i] = CellReading(
                posterior=_by_character(alphabet, joint[row]),
                weighed={} if weighed is None else _by_character(alphabet, weighed[row]),
                state=_state(inks[i], junk, over, alphabet, thresholds),
                box_px=inks[i].box_px,
                ink_px=inks[i].ink_px,
                junk=junk,
                lower_case=float(np.exp(views.network[row, _LOWER]).sum()),
                views=tuple(
                    alphabet[int(np.argmax(view[row]))]
                    for view in (views.first, views.second)
                    if view is not None
                ),
            )
        return BoxedReading(zone, tuple(readings), self.model_version)


def _by_character(alphabet: str, row: NDArray[np.float64]) -> dict[str, float]:
    return {c: float(p) for c, p in zip(alphabet, row, strict=True)}


def _state(
    ink: CellInk, junk: float, over: float, alphabet: str, thresholds: CharacterThresholds
) -> CellState:
    if ink.state != CellState.INK:
        return ink.state
    wide = ink.ink_px is not None and ink.ink_px.w > _TWO_WIDE_SHARE * ink.box_px.w
    digits = kind_of(alphabet) == "digits"
    if ink.two_parts and (junk > _TWO_WITH_JUNK or (digits and wide)):
        return CellState.TWO
    if over >= thresholds.overwritten:
        return CellState.OVERWRITTEN
    return CellState.STRUCK if junk >= thresholds.junk else CellState.INK
