"""What speaks against a registration: the gate between a page and its readers.

A residual over the whole page can look good while one corner floats free: print may be missing
there, a fold may have moved it, a version may differ. So the gate looks at every zone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, REGISTERED_DPI
from pipeline.forms.definition import ReaderKind
from pipeline.imaging.ink import WORK_DPI
from pipeline.imaging.mapping import Mapping, Points, bend_basis, displaced
from pipeline.imaging.reference import Reference
from pipeline.imaging.refinement import Fit
from pipeline.imaging.slips import columns

MAX_RESIDUAL_PX = 3.0  # of left-out patches, 300 dpi
MAX_UNCERTAINTY_PX = 1.6  # standard deviation at a zone corner, 300 dpi
MAX_LOCAL_PX = 3.0  # median miss of the confident patches nearest to a zone corner
# Explanations of a fold that slipped which fit the print about equally well may put a zone this far
# apart. Of 60 slipped sheets 10 passed with a zone off by more than 1.5 px before this was asked
# and a slip was told as a step, and none of 48 that pass now.
MAX_RIVAL_PX = 1.5
MAX_BEYOND_PX = 2.0 * PX_PER_MM  # a zone may lie this far off the scan
# Share of the form's words and corners found where they should be. Of 100 sheets of the bench the
# least measured 0.67, whatever the scanner did; of 72 pages of no known form the most 0.45, those
# seen through the paper, whose frames fall on each other, 0.10.
MIN_AGREEMENT = 0.5
_NEAREST = 7
_PASTED_BEYOND_MM = 4.0
_CONFIDENT = 0.7
_TO_REGISTERED = REGISTERED_DPI / WORK_DPI


@dataclass(frozen=True, slots=True)
class Doubts:
    """Figures of the gate, pixels at 300 dpi, and whether each is over its limit."""

    residual_px: float
    uncertainty_px: float
    local_px: float
    beyond_px: float
    agreement: float = 1.0
    rival_px: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """What is over its limit."""
        said = (
            ("residual", self.residual_px > MAX_RESIDUAL_PX),
            ("uncertainty", self.uncertainty_px > MAX_UNCERTAINTY_PX),
            ("local_distortion", self.local_px > MAX_LOCAL_PX),
            ("slipped_fold", self.rival_px > MAX_RIVAL_PX),
            ("zone_off_the_scan", self.beyond_px > MAX_BEYOND_PX),
            ("little_print_agrees", self.agreement < MIN_AGREEMENT),
        )
        return tuple(name for name, wrong in said if wrong)

    @property
    def any(self) -> bool:
        """Whether the page must go to a person."""
        return bool(self.names)


def zone_corners(reference: Reference) -> Points:
    """Corners of every zone, registered pixels; of the sheet's middle part without zones."""
    boxes = [z.box for z in reference.form.zones]
    corners = [
        (x * PX_PER_MM, y * PX_PER_MM)
        for b in boxes
        for x, y in ((b.x, b.y), (b.x + b.w, b.y), (b.x, b.y + b.h), (b.x + b.w, b.y + b.h))
    ]
    if not corners:
        w, h = reference.width_px, reference.height_px
        corners = [(fx * w, fy * h) for fx in (0.15, 0.85) for fy in (0.15, 0.5, 0.85)]
    return np.array(corners, np.float64)


def pasted_places(reference: Reference) -> NDArray[np.bool_]:
    """Which of a form's patches lie where a photo is pasted: N booleans.

    The edge of a print that covers its box looks like the box's frame, a few pixels off, all round
    and alike: it says where the photo was pasted, not where the form lies.
    """
    covered = np.zeros(len(reference.centres), bool)
    centres = reference.centres * _TO_REGISTERED
    for zone in reference.form.zones:
        if zone.reader == ReaderKind.PHOTO:
            box = zone.box.inset(-_PASTED_BEYOND_MM).to_px()
            inside = (centres >= (box.x, box.y)) & (centres <= (box.x + box.w, box.y + box.h))
            covered |= np.all(inside, axis=1)
    return covered


def doubts_of(
    fit: Fit,
    mapping: Mapping,
    corners: Points,
    page_shape: tuple[int, int],
    pasted: NDArray[np.bool_] | None = None,
) -> Doubts:
    """The gate's figures for a fit.

    Args:
        fit: The fit.
        mapping: The same in registered and page pixels.
        corners: N x 2 places that matter, registered pixels.
        page_shape: Height and width of the decoded page.
        pasted: See ``pasted_places``; those patches are not asked about local distortion.
    """
    own = np.ones(len(fit.measured.places), bool) if pasted is None else ~pasted
    in_work = corners / _TO_REGISTERED
    return Doubts(
        residual_px=fit.residual_work_px * _TO_REGISTERED,
        uncertainty_px=_uncertainty(fit, in_work, mapping) * _TO_REGISTERED,
        local_px=_local(fit, in_work, own) * _TO_REGISTERED,
        beyond_px=_beyond(mapping, corners, page_shape),
        agreement=fit.agreement,
        rival_px=_apart(fit, in_work, mapping) * _TO_REGISTERED,
    )


def _uncertainty(fit: Fit, places: Points, mapping: Mapping) -> float:
    width, height = mapping.width_px / _TO_REGISTERED, mapping.height_px / _TO_REGISTERED
    if fit.bend is not None:
        basis = bend_basis(places, width, height)
        basis = np.concatenate([basis, columns(fit.slips, places)], axis=1)
        variance = np.einsum("ij,ij->i", basis @ fit.spread, basis)
    else:
        p = places * np.array([2 / width, 2 / height]) - 1
        one, zero = np.ones(len(p)), np.zeros((len(p), 3))
        base = np.column_stack([p, one])
        across = np.column_stack([base, zero, -p[:, :1] * p])
        down = np.column_stack([zero, base, -p[:, 1:] * p])
        variance = np.einsum("ij,jk,ik->i", across, fit.spread, across) * (width / 2) ** 2
        variance = variance + np.einsum("ij,jk,ik->i", down, fit.spread, down) * (height / 2) ** 2
    return float(np.sqrt(max(0.0, float(variance.max(initial=0.0)))))


def _apart(fit: Fit, places: Points, mapping: Mapping) -> float:
    """The worst zone's distance between the explanation taken and another that is about as good."""
    if fit.bend is None or not fit.rivals:
        return 0.0
    size = mapping.width_px / _TO_REGISTERED, mapping.height_px / _TO_REGISTERED
    basis = bend_basis(places, *size)
    taken = displaced(places, basis, fit.bend, fit.slips)
    others = [displaced(places, basis, r.bend, r.slips) for r in fit.rivals]
    return max((float(np.linalg.norm(o - taken, axis=1).max()) for o in others), default=0.0)


def _local(fit: Fit, places: Points, asked: NDArray[np.bool_]) -> float:
    """The worst zone's miss: how far the confident patches nearest to a place moved together.

    Single wrong matches (handwriting, a neighbouring cell that looks the same) point anywhere and
    cancel in the median of each axis; print that really lies elsewhere moves one way.
    """
    confident = (fit.measured.scores >= _CONFIDENT) & np.any(np.isfinite(fit.leftover), axis=1)
    confident &= asked
    if confident.sum() < _NEAREST:
        return float("inf")
    where = fit.measured.places[confident]
    miss = np.nan_to_num(fit.leftover[confident])
    away = np.linalg.norm(places[:, None, :] - where[None, :, :], axis=2)
    nearest = np.argpartition(away, _NEAREST - 1, axis=1)[:, :_NEAREST]
    together = np.median(miss[nearest], axis=1)
    return float(np.linalg.norm(together, axis=1).max(initial=0.0))


def _beyond(mapping: Mapping, corners: Points, page_shape: tuple[int, int]) -> float:
    on_page = mapping.place(corners)
    height, width = page_shape
    over = np.maximum(
        np.maximum(-on_page[:, 0], on_page[:, 0] - (width - 1)),
        np.maximum(-on_page[:, 1], on_page[:, 1] - (height - 1)),
    )
    return max(0.0, float(over.max(initial=0.0))) / mapping.page_px_per_form_px()
