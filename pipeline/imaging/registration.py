"""Which form a page is and where it lies: found from printed content, or said not to be found.

No fiducials. The steps and why: an ink map at 150 dpi (scanner differences gone); binary features
at 100 dpi vote on a pose for every form (any rotation); the best few are refined patch by patch;
the form whose print is really there wins. The gate then asks whether *every zone* is held by
print near it. A page that does not pass goes to a person, never to a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.documents import FormName
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.findings import FindingCode
from pipeline.domain.geometry import REGISTERED_DPI
from pipeline.forms.definition import FormDefinition
from pipeline.imaging.bending import bent
from pipeline.imaging.blankness import is_blank
from pipeline.imaging.channels import one_channel
from pipeline.imaging.features import (
    FEATURE_DPI,
    QUICK_BITS,
    CoarsePose,
    Features,
    find_features,
    fit_pose,
    is_sheetlike,
    match,
    match_all,
    most_alike,
    vote,
)
from pipeline.imaging.gate import Doubts, doubts_of, pasted_places, zone_corners
from pipeline.imaging.ink import WORK_DPI, halved, ink_map, probable_dpi, scaling, work_image
from pipeline.imaging.mapping import Mapping, Matrix
from pipeline.imaging.pages import PageImage, Pixels, RegisteredPage
from pipeline.imaging.reference import Reference, cached_reference
from pipeline.imaging.refinement import Fit, refine
from pipeline.imaging.versions import choose

# Few features suffice for most pages; one full of handwriting, or badly scaled, needs more.
PAGE_FEATURES = (900, 2400)
_MATCHED_CANDIDATES = (4, 12)
_ASKED_FOR_EACH = 2  # forms whose pairs vote, for each that goes on
_QUICK_NEAR = 0.4
_QUICK_CLEAR = 0.15
_QUICK_SURE = 24  # quick features that fix a pose well enough to look for patches by
_REFINED_CANDIDATES = 3
_SUPPORT_NEAR = 0.6
_AGREEMENT_NEAR = 0.5
_MIN_WORK_SIDE_PX = 240  # 40 mm: less is no sheet
_MIN_AGREEMENT = 0.30
_SURE_AGREEMENT = 0.50
# Measured: our sheets 0.1-0.8 px whatever the scanner did, mirrored ones 1.1 px and more.
_CRISP_RESIDUAL_PX = 1.0
_MIN_INLIERS = 14


# A form with the pairs of its quick features that agree; one with its share of support and pose.
_Likely = tuple[Reference, NDArray[np.int64]]
_Posed = tuple[float, Reference, CoarsePose]


@dataclass(frozen=True, slots=True)
class Unregistered:
    """A page that was not registered, and why.

    Attributes:
        reason: ``FORM_UNKNOWN``, ``REGISTRATION_POOR`` or ``PAGE_BLANK``.
        nearest: The form that it resembles most, where it resembles any.
        figures: How well, where a fit was reached at all.
        explanation: Short names of what was wrong, for the finding's evidence.
    """

    reason: FindingCode
    nearest: FormName | None
    figures: RegistrationFigures | None
    number: int = 1
    explanation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alignment:
    """A form found on a page, before the pixels are moved.

    Attributes:
        mapping: Registered pixels to page pixels.
        agreement: Share of the form's visible print found where the mapping says.
        doubts: What the gate has against it; empty when it passes.
        runner_up: Another form that explains the page about as well where the two differ.
    """

    reference: Reference
    mapping: Mapping
    figures: RegistrationFigures
    agreement: float
    doubts: Doubts
    runner_up: str | None = None


class Registrar:
    """Recognises and registers pages of a set of forms.

    Args:
        forms: The forms that a page may be.
        cache_dir: Where what was learnt of their blanks is kept; holds nothing personal.
        references: Ready references, for forms known by a scanned blank rather than a drawing.
    """

    def __init__(
        self,
        forms: Sequence[FormDefinition],
        cache_dir: Path,
        *,
        references: Sequence[Reference] = (),
    ) -> None:
        from pipeline.forms.drawing import blank_raster

        self._references = (
            *(cached_reference(form, blank_raster(form), cache_dir) for form in forms),
            *references,
        )
        self._quick_signs = np.concatenate(
            [
                np.zeros((0, QUICK_BITS), np.float32),
                *(r.quick.signs(QUICK_BITS) for r in self._references),
            ]
        )

    def register(self, page: PageImage) -> RegisteredPage | Unregistered:
        """Recognise a page and lay it on its form at 300 dpi, or say why not."""
        grey = one_channel(page.pixels)
        found = self._aligned(page, grey)
        if isinstance(found, Unregistered):
            return found
        if found.doubts.any:
            return Unregistered(
                FindingCode.REGISTRATION_POOR,
                found.reference.form.name,
                found.figures,
                page.number,
                found.doubts.names,
            )
        paper = paper_tone(page.pixels)
        return RegisteredPage(
            form=found.reference.form,
            pixels=_warped(found.mapping, page.pixels, grey, paper),
            to_page=found.mapping.form_to_page,
            figures=found.figures,
            number=page.number,
            source_dpi=found.mapping.page_px_per_form_px() * REGISTERED_DPI,
            bilevel=page.bilevel,
            paper_bgr=paper,
            runner_up=found.runner_up,
        )

    def align(self, page: PageImage) -> Alignment | Unregistered:
        """Recognition and registration without moving the pixels; the gate's doubts are inside."""
        return self._aligned(page, one_channel(page.pixels))

    def _aligned(self, page: PageImage, grey: Pixels | None) -> Alignment | Unregistered:
        height, width = page.pixels.shape[:2]
        dpi = probable_dpi(height, width, page.dpi)
        work, work_to_page = work_image(page.pixels if grey is None else grey, dpi)
        if min(work.shape[:2]) < _MIN_WORK_SIDE_PX:
            return Unregistered(FindingCode.FORM_UNKNOWN, None, None, page.number, ("too_small",))
        if is_blank(work):
            return Unregistered(FindingCode.PAGE_BLANK, None, None, page.number)
        ink = ink_map(work)
        small = halved(ink)
        fits = self._fits(ink, small)
        if not fits:
            return Unregistered(FindingCode.FORM_UNKNOWN, None, None, page.number)
        chosen, rival = choose(fits, small)
        reference, best = fits[chosen]
        figures = _figures(best)
        mapping = _mapping(best, reference, work_to_page)
        runner_up = None if rival is None else fits[rival][0].form.key
        corners, pasted = zone_corners(reference), pasted_places(reference)
        doubts = doubts_of(best, mapping, corners, (height, width), pasted)
        # Little print agrees, and it holds only a part of the sheet: a relation, not the form.
        partly = best.agreement < _SURE_AGREEMENT and "uncertainty" in doubts.names
        few = best.agreement < _MIN_AGREEMENT or int(best.agreeing.sum()) < _MIN_INLIERS
        # Lines that fall near lines while the words do not: a form seen through the paper from
        # its back, for example. A true sheet that is half hidden still fits crisply.
        loosely = best.agreement < _SURE_AGREEMENT and figures.residual_px > _CRISP_RESIDUAL_PX
        if few or partly or loosely:
            return Unregistered(FindingCode.FORM_UNKNOWN, reference.form.name, figures, page.number)
        return Alignment(reference, mapping, figures, best.agreement, doubts, runner_up)

    def _fits(self, ink: Pixels, small: Pixels) -> list[tuple[Reference, Fit]]:
        """Refined fits of the most promising forms, the best first."""
        fits: list[tuple[Reference, Fit]] = []
        for limit, candidates in zip(PAGE_FEATURES, _MATCHED_CANDIDATES, strict=True):
            features = find_features(small, limit)
            likely = self._likely(features, candidates)
            quick = limit == PAGE_FEATURES[0]
            posed = _quickly_posed(features, likely) if quick else []
            posed = posed or _thoroughly_posed(features, likely)
            fits = self._flat_fits(ink, small, posed) or fits
            if any(fit.agreement >= _MIN_AGREEMENT for _, fit in fits):
                break
        if not fits:
            return []
        most = max(f.agreement for _, f in fits)
        finished = [
            (r, bent(f, r.width_px / 2, r.height_px / 2))
            for r, f in fits
            if f.agreement >= _AGREEMENT_NEAR * most
        ]
        finished.sort(key=lambda f: -f[1].agreement)
        return finished

    def _flat_fits(
        self, ink: Pixels, small: Pixels, posed: Sequence[_Posed]
    ) -> list[tuple[Reference, Fit]]:
        """Homographies of the forms whose features say that they may be on the page."""
        fits: list[tuple[Reference, Fit]] = []
        for share, reference, pose in posed[:_REFINED_CANDIDATES]:
            clear = fits and fits[0][1].agreement >= _MIN_AGREEMENT
            if clear and share < _SUPPORT_NEAR * posed[0][0]:
                break
            fitted = self._refined(ink, small, pose, reference)
            if fitted is not None:
                fits.append((reference, fitted))
        return fits

    def _likely(self, features: Features, candidates: int) -> list[_Likely]:
        """The forms by how many of their quick features agree on one pose, the best first."""
        quick = [r.quick for r in self._references]
        pairs = match_all(quick, self._quick_signs, features)
        sizes = np.array([max(1, len(f.points)) for f in quick])
        ceiling = most_alike(quick, features, pairs) / sizes
        agreeing = [p[:0] for p in pairs]
        support, most = np.zeros(len(quick)), 0.0
        for k in np.argsort(-ceiling, kind="stable")[: _ASKED_FOR_EACH * candidates]:
            if most >= _QUICK_CLEAR and ceiling[k] < _QUICK_NEAR * most:
                break  # not even if all its pairs agreed
            agreeing[k] = vote(quick[k], features, pairs[k])
            support[k] = len(agreeing[k]) / sizes[k]
            most = max(most, float(support[k]))
        order = np.argsort(-support, kind="stable")[:candidates]
        # Where one is far ahead the others cannot be the form; a related version is never far.
        least = _QUICK_NEAR * most if most >= _QUICK_CLEAR else 0.0
        return [(self._references[k], agreeing[k]) for k in order if support[k] >= least]

    @staticmethod
    def _refined(ink: Pixels, small: Pixels, pose: CoarsePose, reference: Reference) -> Fit | None:
        factor = FEATURE_DPI / WORK_DPI
        to_work, to_small = scaling(1 / factor, 1 / factor), scaling(factor, factor)
        fitted = refine(ink, small, to_work @ pose.form_to_page @ to_small, reference)
        if fitted is None or not is_sheetlike(fitted.form_to_page, WORK_DPI):
            return None
        return fitted


def _quickly_posed(features: Features, likely: Sequence[_Likely]) -> list[_Posed]:
    """Poses by the quick features alone, the best first; none where they are too few to be sure."""
    posed = _posed(features, [(r, r.quick, pairs) for r, pairs in likely])
    return posed if posed and posed[0][2].support >= _QUICK_SURE else []


def _thoroughly_posed(features: Features, likely: Sequence[_Likely]) -> list[_Posed]:
    """Poses by all features of the likely forms, the best first."""
    matched = [(r, vote(r.features, features, match(r.features, features))) for r, _ in likely]
    return _posed(features, [(r, r.features, pairs) for r, pairs in matched])


def _posed(
    page: Features, pairs_of: Sequence[tuple[Reference, Features, NDArray[np.int64]]]
) -> list[_Posed]:
    found: list[_Posed] = []
    for reference, own, pairs in pairs_of:
        pose = fit_pose(own, page, pairs)
        if pose is not None:
            found.append((pose.support / max(1, len(own.points)), reference, pose))
    return sorted(found, key=lambda p: -p[0])


def _warped(
    mapping: Mapping, pixels: Pixels, grey: Pixels | None, paper: tuple[int, int, int]
) -> Pixels:
    if grey is None:
        return mapping.warp(pixels, paper)
    moved = mapping.warp(grey, paper[:1])
    return cv2.merge([moved, moved, moved]).astype(np.uint8, copy=False)


def paper_tone(pixels: Pixels) -> tuple[int, int, int]:
    """Tone of the bare paper, BGR: the commonest bright level of each channel."""
    sample = pixels[::8, ::8].reshape(-1, 3)
    level = sample[:, 0].astype(np.uint16) + sample[:, 1] + sample[:, 2]
    bright = sample[level >= np.median(level)]
    blue, green, red = (int(v) for v in np.median(bright, axis=0))
    return blue, green, red


def _mapping(fit: Fit, reference: Reference, work_to_page: Matrix) -> Mapping:
    factor = WORK_DPI / REGISTERED_DPI
    return Mapping(
        form_to_page=work_to_page @ fit.form_to_page @ scaling(factor, factor),
        width_px=reference.width_px,
        height_px=reference.height_px,
        bend=None if fit.bend is None else fit.bend / factor,
        slips=tuple(slip.scaled(1 / factor) for slip in fit.slips),
    )


def _figures(fit: Fit) -> RegistrationFigures:
    # The top edge of the form, seen on the page, says which way the page was turned.
    along = fit.form_to_page @ np.array([[0.0, 100.0], [0.0, 0.0], [1.0, 1.0]])
    start, end = (along[:2] / along[2]).T
    angle = float(np.degrees(np.arctan2(end[1] - start[1], end[0] - start[0])))
    return RegistrationFigures(
        residual_px=round(fit.residual_work_px * REGISTERED_DPI / WORK_DPI, 3),
        inliers=int(fit.agreeing.sum()),
        rotation_quarters=round(angle / 90.0) % 4,
    )
