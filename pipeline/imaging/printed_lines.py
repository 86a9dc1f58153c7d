"""Printed lines in a strip of a page: where across the strip they stand, and how surely.

A strip is folded into a profile along its lines, so that pen strokes, which cross a line or stand
beside it for part of its length only, leave no mark. Places are continuous: pixel i covers i to
i + 1, so the middle of a line that is three pixels wide lies at a half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.order_statistics import median, percentile
from pipeline.imaging.pages import Pixels

Profile = NDArray[np.float64]

_PALE_SHARE = 0.6  # strokes may cover the rest of a line's length
_FAINTEST_LEVELS = 2.0
_OVER_OTHERS = 3.0  # a line stands out this much from what else is in its strip
_NEAR_PX = 2.0
_FOOT, _FLOOR = 0.3, 0.25  # of its height: where a line ends, and what is taken for the paper
_WIDER_PX = 4  # a line wider than printed by this has a stroke along it
_DARKER = 2.5  # and so has one that is this much darker than its fellows
_SHARPEST_PX, _BLURRED_PX = 0.15, 1.0
_ADVANTAGE = 1.3  # a place elsewhere must show the lines this much better than the one expected


@dataclass(frozen=True, slots=True)
class Sighting:
    """A line that was seen.

    Attributes:
        number: Which of the expected lines it is.
        off_px: How far from the expected place.
        doubt_px: Standard deviation of that.
        levels: How much darker than its surroundings.
    """

    number: int
    off_px: float
    doubt_px: float
    levels: float


def pale_profile(darkness: Pixels, axis: int) -> Profile:
    """Mean darkness along an axis of the paler part: what a line has where nothing is written."""
    kept = max(1, int(_PALE_SHARE * darkness.shape[axis]))
    lines = np.ascontiguousarray(darkness.T if axis == 0 else darkness)
    pale = np.partition(lines, kept - 1, axis=1)[:, :kept]
    return np.asarray(pale.mean(axis=1), np.float64)


def ridges(profile: Profile, rule_px: int) -> Profile:
    """A profile with its broad background taken away."""
    row = profile.astype(np.float32)[None]
    kernel = np.ones((1, 2 * rule_px + 5), np.uint8)
    return np.asarray((row - cv2.morphologyEx(row, cv2.MORPH_OPEN, kernel))[0], np.float64)


def whole_shift(ridge: Profile, expected: Sequence[float], rule_px: int, reach_px: int) -> int:
    """Pixels by which all expected lines are off together; 0 unless that is plain to see."""
    smooth = np.convolve(ridge, np.ones(rule_px) / rule_px, mode="same")
    shifts = np.arange(-reach_px, reach_px + 1)
    places = np.array(expected)[None, :] - 0.5 + shifts[:, None]
    levels = np.interp(places, np.arange(len(smooth)), smooth)
    # The lower third over lines: a shift is right when nearly every line is there.
    score = percentile(np.ascontiguousarray(levels.T), 35)
    best = int(np.argmax(score))
    stays = float(score[np.abs(shifts) < _NEAR_PX].max())
    plain = score[best] >= max(_FAINTEST_LEVELS, _ADVANTAGE * stays + 0.5)
    return int(shifts[best]) if plain else 0


def sightings(ridge: Profile, expected: Sequence[float], rule_px: int) -> list[Sighting]:
    """Those of the expected lines that are seen, each within ``_NEAR_PX``."""
    elsewhere = np.ones(len(ridge), bool)
    for place in expected:
        low = max(0, round(place) - rule_px - 2)
        elsewhere[low : round(place) + rule_px + 2] = False
    others = float(percentile(ridge[elsewhere], 75)) if elsewhere.any() else 0.0
    seen = []
    for number, place in enumerate(expected):
        found = _line_near(ridge, place, rule_px)
        if found is None or found[1] < max(_FAINTEST_LEVELS, _OVER_OTHERS * others):
            continue
        doubt = _SHARPEST_PX + _BLURRED_PX * others / found[1]
        seen.append(Sighting(number, found[0] - place, doubt, found[1]))
    return seen


def without_strokes(seen: Sequence[Sighting]) -> list[Sighting]:
    """Sightings of lines that were printed alike, without those that have a pen stroke on them."""
    if not seen:
        return []
    usual = median(np.array([s.levels for s in seen]))
    middle = median(np.array([s.off_px for s in seen]))
    return [
        s for s in seen if s.levels <= _DARKER * usual and abs(s.off_px - middle) < 0.8 * _NEAR_PX
    ]


def _line_near(ridge: Profile, place: float, rule_px: int) -> tuple[float, float] | None:
    """Middle and height of the strongest ridge near a place, or None where it is no single line."""
    low, high = round(place - 0.5 - _NEAR_PX), round(place - 0.5 + _NEAR_PX) + 1
    if low < 0 or high > len(ridge):
        return None
    peak = low + int(np.argmax(ridge[low:high]))
    top = float(ridge[peak])
    first = last = peak
    while first > 0 and peak - first < rule_px + 2 and ridge[first - 1] > _FOOT * top:
        first -= 1
    while last < len(ridge) - 1 and last - peak < rule_px + 2 and ridge[last + 1] > _FOOT * top:
        last += 1
    if top <= 0 or last - first + 1 > rule_px + _WIDER_PX:
        return None
    weight = np.maximum(ridge[first : last + 1] - _FLOOR * top, 0.0)
    return float(weight @ np.arange(first, last + 1) / weight.sum()) + 0.5, top
