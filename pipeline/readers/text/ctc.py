"""From frames to characters: greedy CTC decoding that keeps what else could stand there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CANDIDATES = 12
_NEAR_MISS = 0.12


@dataclass(frozen=True, slots=True)
class Spot:
    """One decoded character of a line.

    Attributes:
        ranked: Characters with probabilities, most probable first; they and the blank sum to 1.
        start: First frame of its run.
        stop: One past the last frame of its run.
        peak: The frame where it is surest.
        outside: Mass that the mask took away at the peak: another script, or an unknown glyph.
        near_miss: A character almost came up between this one and the next (or the one before).
    """

    ranked: tuple[tuple[str, float], ...]
    start: int
    stop: int
    peak: int
    outside: float
    near_miss: bool = False

    @property
    def value(self) -> str:
        """The character taken."""
        return self.ranked[0][0]

    @property
    def probability(self) -> float:
        """How probable it is, after the temperature."""
        return self.ranked[0][1]


def decode(
    posterior: NDArray[np.float64],
    characters: tuple[str, ...],
    outside: NDArray[np.float64],
    temperature: float,
) -> list[Spot]:
    """Characters of a line.

    Args:
        posterior: T x V over the allowed columns, column 0 blank, rows summing to 1.
        characters: What each column stands for; several columns may stand for one character.
        outside: T; mass outside the mask.
        temperature: Above 1 makes the over-confident scores of the model milder.
    """
    if len(posterior) == 0:
        return []
    best = posterior.argmax(axis=1)
    # Two columns that are stored as one character (Ａ and A) are one character.
    names = [characters[i] for i in best]
    spots: list[Spot] = []
    frame, total = 0, len(best)
    while frame < total:
        if not names[frame]:
            frame += 1
            continue
        stop = frame + 1
        while stop < total and names[stop] == names[frame]:
            stop += 1
        peak = frame + int(posterior[frame:stop].max(axis=1).argmax())
        spots.append(
            Spot(
                ranked=_ranked(posterior[peak], characters, temperature, names[frame]),
                start=frame,
                stop=stop,
                peak=peak,
                outside=float(outside[peak]),
            )
        )
        frame = stop
    return _with_near_misses(spots, posterior)


def _ranked(
    row: NDArray[np.float64], characters: tuple[str, ...], temperature: float, taken: str
) -> tuple[tuple[str, float], ...]:
    """The most probable characters of a frame after the temperature; the blank takes its part."""
    kept = min(_CANDIDATES, len(row))
    top = np.argpartition(row, -kept)[-kept:]
    # Only the best few take part: thousands of tiny ones would be lifted into a crowd.
    weights = np.power(np.maximum(row[top], 1e-12), 1.0 / temperature)
    weights /= weights.sum()
    merged: dict[str, float] = {}
    for column, weight in zip(top, weights, strict=True):
        merged[characters[column]] = merged.get(characters[column], 0.0) + float(weight)
    merged.pop("", None)
    ordered = sorted(merged.items(), key=lambda kv: (kv[0] != taken, -kv[1]))
    return tuple(ordered)


def _with_near_misses(spots: list[Spot], posterior: NDArray[np.float64]) -> list[Spot]:
    """Mark characters beside which another almost came up: where one may have been dropped."""
    written = 1.0 - posterior[:, 0]
    result = []
    for i, spot in enumerate(spots):
        before = spots[i - 1].stop if i else 0
        after = spots[i + 1].start if i + 1 < len(spots) else len(posterior)
        around = np.concatenate([written[before : spot.start], written[spot.stop : after]])
        near = bool(len(around) and around.max() > _NEAR_MISS)
        result.append(
            Spot(spot.ranked, spot.start, spot.stop, spot.peak, spot.outside, near_miss=near)
        )
    return result
