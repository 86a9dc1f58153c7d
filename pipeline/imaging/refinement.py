"""Fine alignment: patches of the form's print found again in the scan, and a map through them.

Every patch is matched by normalised correlation near where the coarse pose expects it. The map
(a homography, then a smooth bend if the paper bent) is fitted robustly, and the residual that is
reported is that of patches *left out* of the fit, so that a bend cannot flatter itself.
Work pixels are at ``ink.WORK_DPI``.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.correlation import peaks
from pipeline.imaging.ink import scaling
from pipeline.imaging.mapping import Matrix, Points, affine_near, project
from pipeline.imaging.order_statistics import median
from pipeline.imaging.pages import Pixels
from pipeline.imaging.reference import PATCH_PX, Reference
from pipeline.imaging.slips import Slip

MIN_SCORE = 0.5
_FIRST_RADIUS_PX = 16
_FIRST_PATCHES = 64
_SECOND_RADIUS_PX = 8
_AGREES_WITHIN_PX = 2.5
_NOISE_FLOOR_PX = 0.15

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measurements:
    """Patches looked for in a scan that lies roughly on the form.

    Attributes:
        places: N x 2, where the form has them, work pixels.
        offsets: N x 2, how far from there they were found, work pixels.
        weights: N x 2, trust per axis; 0 where the axis tells nothing.
        scores: N, normalised correlation.
        visible: N, whether the place lies on the scan at all.
        crossing: N, whether the patch tells both axes: words, corners. A piece of a line agrees
            with any line near by, and drop-out lines are gone from a bilevel scan.
    """

    places: Points
    offsets: Points
    weights: NDArray[np.float64]
    scores: Vector
    visible: NDArray[np.bool_]
    crossing: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rival:
    """Another explanation: a bend (see ``Fit.bend``) and perhaps slips."""

    bend: NDArray[np.float64]
    slips: tuple[Slip, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """A refined pose.

    Attributes:
        before: 3 x 3, the pose that the patches were looked for with.
        step: 3 x 3, the homography that mends it, in the form's frame.
        bend: Spline coefficients in work pixels of the form, or None.
        measured: What the fit was made from, places and offsets against ``before``.
        leftover: N x 2, what the map predicts wrongly, each patch left out of its own prediction.
        agreeing: N, patches found where the map says.
        residual_work_px: Root mean square of ``leftover`` over the agreeing ones.
        spread: Function of the fit's uncertainty: the matrix whose quadratic form with the basis
            gives the variance of a place, work pixels squared.
        slips: Folds that slipped, beside the bend.
        rivals: Other explanations of the same patches that are about as good.
    """

    before: Matrix
    step: Matrix
    bend: NDArray[np.float64] | None
    measured: Measurements
    leftover: Points
    agreeing: NDArray[np.bool_]
    residual_work_px: float
    spread: NDArray[np.float64]
    slips: tuple[Slip, ...] = ()
    rivals: tuple[Rival, ...] = ()

    @property
    def form_to_page(self) -> Matrix:
        """3 x 3, work pixels of the form to work pixels of the scan."""
        return self.before @ self.step

    @property
    def agreement(self) -> float:
        """The share of the form's visible crossing patches that were found where the map says."""
        asked = self.measured.visible & self.measured.crossing
        return float(self.agreeing[asked].mean()) if asked.any() else 0.0


def measure(
    ink: Pixels,
    form_to_page: Matrix,
    reference: Reference,
    chosen: NDArray[np.int64],
    radius: int,
    *,
    halved: bool = False,
) -> Measurements:
    """Look for patches in a scan's ink map.

    Args:
        ink: The scan, work pixels; reduced by two where ``halved``.
        form_to_page: Where the form is believed to lie on it, work pixels.
        reference: The form's print.
        chosen: Indices of the reference's patches.
        radius: How far round the expected place to look, work pixels.
        halved: Look at half the resolution: a quarter of the work, for a first approach.
    """
    step = 2 if halved else 1
    size = (reference.width_px // 2 // step, reference.height_px // 2 // step)
    places = reference.centres[chosen]
    on_page = project(form_to_page, places)
    height, width = ink.shape[0] * step, ink.shape[1] * step
    edge = PATCH_PX / 3
    visible = (
        (on_page[:, 0] > edge)
        & (on_page[:, 1] > edge)
        & (on_page[:, 0] < width - edge)
        & (on_page[:, 1] < height - edge)
    )
    side, reach = PATCH_PX // step, radius // step
    corners = np.round((places + 0.5) / step).astype(int) - side // 2 - reach
    inside = (
        visible
        & np.all(corners >= 0, axis=1)
        & (corners[:, 0] + side + 2 * reach <= size[0])
        & (corners[:, 1] + side + 2 * reach <= size[1])
    )
    found = np.flatnonzero(inside)
    surfaces = np.zeros((len(found), 2 * reach + 1, 2 * reach + 1), np.float32)
    extent = side + 2 * reach
    templates = reference.halved if halved else reference.templates
    to_ink = scaling(1 / step, 1 / step) @ form_to_page @ scaling(step, step)
    # Only what is looked at is laid flat, each window by itself.
    maps = affine_near(to_ink, corners[found].astype(np.float64), np.array([extent, extent]))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for n, i in enumerate(found):
        window = cv2.warpAffine(ink, maps[n], (extent, extent), flags=flags)
        surfaces[n] = cv2.matchTemplate(window, templates[chosen[i]], cv2.TM_CCOEFF_NORMED)
    offsets, scores = np.zeros((len(chosen), 2)), np.zeros(len(chosen))
    weights = np.zeros((len(chosen), 2))
    if len(found):
        shift, score, within = peaks(surfaces)
        begun = (corners[found] + side // 2) * step - (places[found] + 0.5)
        offsets[found] = begun + shift * step
        scores[found] = score
        sure = np.clip((score - 0.3) / 0.7, 0.0, 1.0) ** 2
        trusted = np.where(within, sure[:, None], 0.0)
        weights[found] = trusted * reference.sharpness[chosen[found]]
    crossing = np.all(reference.sharpness[chosen] > 0, axis=1)
    return Measurements(places, offsets, weights, scores, visible, crossing)


def refine(ink: Pixels, halved: Pixels, form_to_page: Matrix, reference: Reference) -> Fit | None:
    """The refined pose of a form on a scan, or None where its print is not found there.

    Args:
        ink: Ink map of the scan, work pixels.
        halved: The same reduced by two.
        form_to_page: Coarse pose, work pixels to work pixels.
        reference: The form's print.
    """
    if len(reference.centres) < 8:
        return None
    size = reference.width_px / 2, reference.height_px / 2
    chosen = _telling(reference)
    first = measure(halved, form_to_page, reference, chosen, _FIRST_RADIUS_PX, halved=True)
    good = (first.scores > 0.4) & np.all(first.weights > 0, axis=1)
    if good.sum() < 6:
        return None
    from_places = first.places[good]
    step, mask = cv2.findHomography(
        from_places,
        from_places + first.offsets[good],
        cv2.USAC_MAGSAC,
        ransacReprojThreshold=3.0,
        maxIters=1000,
        confidence=0.999,
    )
    if step is None or mask is None or int(mask.sum()) < 6:
        return None
    closer = form_to_page @ np.asarray(step, np.float64)
    everything = np.arange(len(reference.centres))
    measured = measure(ink, closer, reference, everything, _SECOND_RADIUS_PX)
    return fit(measured, closer, *size)


def _telling(reference: Reference) -> NDArray[np.int64]:
    """Patches that tell both axes, spread over the sheet by taking every so many in order."""
    both = np.flatnonzero(reference.sharpness.min(axis=1) > 0)
    if len(both) <= _FIRST_PATCHES:
        return both
    return np.asarray(both[np.linspace(0, len(both) - 1, _FIRST_PATCHES).astype(int)])


def fit(measured: Measurements, form_to_page: Matrix, width: float, height: float) -> Fit | None:
    """The homography through measurements; sizes in work pixels."""
    usable = usable_of(measured)
    if usable.sum() < 8:
        return None
    places, offsets = measured.places[usable], measured.offsets[usable]
    weights = measured.weights[usable]
    step, spread, leftover = fit_homography(places, offsets, weights, width, height)
    if not np.all(np.isfinite(step)):
        return None
    return summarised(measured, usable, form_to_page, step, None, leftover, spread)


def usable_of(measured: Measurements) -> NDArray[np.bool_]:
    """Which patches were found and tell something: N booleans."""
    told = np.any(measured.weights > 0, axis=1)
    return np.asarray(measured.visible & (measured.scores >= MIN_SCORE) & told, bool)


def summarised(
    measured: Measurements,
    usable: NDArray[np.bool_],
    before: Matrix,
    step: Matrix,
    bend: NDArray[np.float64] | None,
    leftover: Points,
    spread: NDArray[np.float64],
) -> Fit:
    """A fit from its parts; ``leftover`` is that of the usable patches."""
    told = measured.weights[usable] > 0
    error = np.where(told, np.abs(leftover), 0.0)
    agrees = np.all(error < _AGREES_WITHIN_PX, axis=1)
    agreeing = np.zeros(len(usable), bool)
    agreeing[np.flatnonzero(usable)[agrees]] = True
    full = np.full((len(usable), 2), np.nan)
    full[usable] = np.where(told, leftover, np.nan)
    held = told & agrees[:, None]
    # Per axis, then both together: the distance in the plane.
    mean_square = [
        float(np.mean(leftover[held[:, k], k] ** 2)) if held[:, k].any() else 1e6 for k in (0, 1)
    ]
    residual = float(np.sqrt(sum(mean_square)))
    return Fit(before, step, bend, measured, full, agreeing, residual, spread)


def cost_of(leftover: Points, weights: NDArray[np.float64]) -> float:
    """Robust mean square: far-off matches (handwriting) count as much as each other."""
    capped = np.minimum(leftover**2, _AGREES_WITHIN_PX**2)
    return float(np.sum(weights * capped) / np.sum(weights))


def robust_trust(leftover: Points, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights made small where the leftover is far beyond the common spread."""
    told = weights > 0
    scale = 1.4826 * median(np.abs(leftover[told])) if told.any() else 1.0
    scale = max(_NOISE_FLOOR_PX, min(scale, 2.0))
    return np.asarray(weights / (1 + (leftover / (2 * scale)) ** 2) ** 2, np.float64)


def _rows(places: Points, target: Points, width: float, height: float) -> NDArray[np.float64]:
    """Linear equations of a homography near the identity, in coordinates of -1 to 1: 2N x 9."""
    scale = np.array([2 / width, 2 / height])
    p, q = places * scale - 1, target * scale - 1
    one, zero = np.ones(len(p)), np.zeros((len(p), 3))
    base = np.column_stack([p, one])
    across = np.column_stack([base, zero, -q[:, :1] * p, q[:, :1]])
    down = np.column_stack([zero, base, -q[:, 1:] * p, q[:, 1:]])
    return np.concatenate([across, down])


def fit_homography(
    places: Points, offsets: Points, weights: NDArray[np.float64], width: float, height: float
) -> tuple[Matrix, NDArray[np.float64], Points]:
    """A homography near the identity through weighted offsets, robust by reweighting.

    Returns:
        The 3 x 3 matrix, the covariance of its eight numbers (see ``_rows``), and N x 2 what it
        leaves over, each measurement left out of its own prediction (by the hat matrix).
    """
    rows = _rows(places, places + offsets, width, height)
    design = rows[:, :8]
    scale = np.array([2 / width, 2 / height])
    norm = np.array([[scale[0], 0, -1.0], [0, scale[1], -1.0], [0, 0, 1]])
    per_axis = np.repeat(1 / scale, len(places))
    trust = weights.copy()
    for _ in range(6):
        w = trust.T.ravel() * per_axis**2
        normal = design.T @ (w[:, None] * design) + 1e-9 * np.eye(8)
        inverse = np.linalg.inv(normal)
        solution = inverse @ (design.T @ (w * rows[:, 8]))
        matrix = np.linalg.inv(norm) @ np.append(solution, 1.0).reshape(3, 3) @ norm
        leftover = places + offsets - project(matrix, places)
        held = w * np.einsum("ij,jk,ik->i", design, inverse, design)
        leftover = leftover / (1 - np.minimum(held, 0.95)).reshape(2, -1).T
        trust = robust_trust(leftover, weights)
    noise = noise_of(leftover, weights > 0)
    whole = np.asarray(matrix / matrix[2, 2], np.float64)
    return whole, np.asarray(inverse * noise**2 * mean_trust(weights)), leftover


def noise_of(leftover: Points, told: NDArray[np.bool_], floor: float = _NOISE_FLOOR_PX) -> float:
    """Standard deviation of what is left over, robustly; ``floor`` at least."""
    spread = 1.4826 * median(np.abs(leftover[told])) if told.any() else 9.0
    return max(floor, spread)


def mean_trust(weights: NDArray[np.float64]) -> float:
    """The weight of a usual patch."""
    held = weights[weights > 0]
    return median(held) if held.size else 1.0
