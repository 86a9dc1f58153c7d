"""Which version of a form a page is, where several explain it: judged where their prints differ.

A revision often changes one row of a sheet. All the rest agrees with both versions, so the share
of print that agrees says next to nothing; the few square centimetres that differ say everything.
The two blanks are laid on each other through their poses on the page, and the page is asked
only where one of them has print and the other has none.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.ink import WORK_DPI, scaling
from pipeline.imaging.mapping import Mapping
from pipeline.imaging.pages import Pixels
from pipeline.imaging.reference import PRINT_DPI, Reference
from pipeline.imaging.refinement import Fit

# A version whose print agrees less than this, as a share of the best, is not the page's.
RIVAL_AGREEMENT = 0.8
# 1 is the one print, -1 the other; writing and dirt over the place lie between. On 15 degraded
# pages of two versions that differ in one printed line the right one had 0.66 and more; half of
# that is asked, so that a page in doubt goes to a person.
CLEAR_ADVANTAGE = 0.35
# Print of the same tone elsewhere must be seen at this share of its strength, or its absence where
# the versions differ says nothing (a bilevel scanner that drops pale lines).
_LEAST_STRENGTH = 0.4
_LIKE_TONE = 45
_LEAST_COMMON_PX = 200
_LEAST_DIFFERENCE_PX = 40  # 75 dpi: 4 mm of a line
_PRINTED = 40
_ABSENT = 20
# A pen stroke must not outweigh the pale lines beside it; on a page that shows print at half its
# strength it is capped at half of this.
_CAP = 100.0
_SLACK = np.ones((5, 5), np.uint8)  # 0.7 mm each way
_BLOT = np.ones((7, 7), np.uint8)  # 2.4 mm
_LEAST_OPEN_SHARE = 0.4
_TO_WORK = WORK_DPI / PRINT_DPI


def choose(fits: Sequence[tuple[Reference, Fit]], small: Pixels) -> tuple[int, int | None]:
    """The fit to take, and another that explains the page about as well.

    Args:
        fits: Refined fits, the best agreement first.
        small: Ink map of the page at ``reference.PRINT_DPI``.

    Returns:
        Index of the chosen fit, and of its rival where the two cannot be told apart, else None.
    """
    best, rival = 0, None
    least = RIVAL_AGREEMENT * fits[0][1].agreement
    for other in range(1, len(fits)):
        if fits[other][1].agreement < least:
            continue
        margin = advantage(fits[best], fits[other], small)
        if margin <= -CLEAR_ADVANTAGE:
            best, rival = other, None
        elif margin < CLEAR_ADVANTAGE:
            rival = other
    return best, rival


def advantage(one: tuple[Reference, Fit], other: tuple[Reference, Fit], small: Pixels) -> float:
    """Which of two prints the page has where they differ: 1 the first, -1 the second.

    A projection of the page on the difference of the prints, both at the strength with which the
    page shows print of that tone elsewhere. What lies over the place alike (writing, a stain)
    falls out with the mean. 0 where the prints do not differ or the page would not show it.
    """
    reference, fit = one
    page = _in_frame(small, fit, reference)
    own, foreign = reference.print_ink, _foreign(one, other)
    region = differing(own, foreign)
    open_to_sight = region & ~(_solid(page) & ~_solid(np.maximum(own, foreign)))
    least = max(_LEAST_DIFFERENCE_PX, _LEAST_OPEN_SHARE * float(region.sum()))
    if float(open_to_sight.sum()) < least:
        return 0.0
    region = open_to_sight
    strength = _strength(page, own, foreign, region)
    if strength < _LEAST_STRENGTH:
        return 0.0
    seen = _soft(page, _CAP * min(1.0, strength))[region]
    first, second = _soft(own)[region], _soft(foreign)[region]
    difference = first - second
    difference = difference - difference.mean()
    beyond = seen - strength * (first + second) / 2
    size = strength * float(np.square(difference).sum()) / 2
    return float((beyond * difference).sum()) / size if size > 0 else 0.0


def _strength(page: Pixels, own: Pixels, foreign: Pixels, region: NDArray[np.bool_]) -> float:
    """How strongly the page shows print of the tone that differs, where both prints have it."""
    print_there = np.maximum(own, foreign)[region]
    tone = float(np.median(print_there[print_there > _PRINTED]))
    common = (own > _PRINTED) & (foreign > _PRINTED)
    alike = common & (np.abs(own.astype(np.float32) - tone) < _LIKE_TONE)
    held = alike if int(alike.sum()) >= _LEAST_COMMON_PX else common
    if not held.any():
        return 0.0
    return float(_soft(page)[held].mean() / max(1.0, float(_soft(own)[held].mean())))


def _solid(image: Pixels) -> NDArray[np.bool_]:
    """Where ink is wider than print and pens: a stain, a label, a photo."""
    dark = (image > _PRINTED).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(dark, cv2.MORPH_OPEN, _BLOT) > 0, bool)


def _soft(image: Pixels, cap: float = _CAP) -> NDArray[np.float32]:
    capped = np.minimum(image.astype(np.float32), cap)
    return np.asarray(cv2.GaussianBlur(capped, (0, 0), 1.0), np.float32)


def differing(one: Pixels, other: Pixels) -> NDArray[np.bool_]:
    """Where one of two prints, laid on each other, has ink and the other has none near."""
    only = (one > _PRINTED) & (cv2.dilate(other, _SLACK) < _ABSENT)
    only |= (other > _PRINTED) & (cv2.dilate(one, _SLACK) < _ABSENT)
    return np.asarray(cv2.dilate(only.astype(np.uint8), _SLACK) > 0, bool)


def _in_frame(small: Pixels, fit: Fit, reference: Reference) -> Pixels:
    """The page as the form's print has it, bend and all."""
    height, width = reference.print_ink.shape
    smaller, larger = scaling(1 / _TO_WORK, 1 / _TO_WORK), scaling(_TO_WORK, _TO_WORK)
    bend = None if fit.bend is None else fit.bend / _TO_WORK
    slips = tuple(slip.scaled(1 / _TO_WORK) for slip in fit.slips)
    return Mapping(smaller @ fit.form_to_page @ larger, width, height, bend, slips).warp(
        small, (0,)
    )


def _foreign(one: tuple[Reference, Fit], other: tuple[Reference, Fit]) -> Pixels:
    """The second form's print in the frame of the first: both lie on the same page."""
    between = np.linalg.inv(other[1].form_to_page) @ one[1].form_to_page
    smaller, larger = scaling(1 / _TO_WORK, 1 / _TO_WORK), scaling(_TO_WORK, _TO_WORK)
    height, width = one[0].print_ink.shape
    laid = cv2.warpPerspective(
        other[0].print_ink,
        smaller @ between @ larger,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    return laid.astype(np.uint8, copy=False)
