"""Coarse alignment from printed content: binary features, a vote on the pose, a robust fit.

ORB features of text and line corners are found in any rotation; most matches between two pages
full of equal cells are wrong, so matches vote on rotation and scale first, on translation next,
and only those in the winning bin are handed to the robust homography (MAGSAC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import MM_PER_INCH
from pipeline.imaging.pages import Pixels

FEATURE_DPI = 75.0  # half of the work image: the cheapest reduction there is
_PATCH_PX = 31
_LEVELS = 4
_LEVEL_FACTOR = 1.2
_BUCKET_PX = 48
_DETECTED_FOR_EACH_KEPT = 2
_ANGLE_BINS = 36
_SHIFT_BIN_PX = 18.0
_LOG_SCALE_BIN = 0.12
BITS = 256
# The first half, the most telling ones, ranks the forms as well as all: of 120 pages none lost its
# form among the first two.
QUICK_BITS = 128
_MAX_DISTANCE = 72 / 256  # of the bits; unrelated features differ in about half of them
_MIN_MATCHES = 10
_SHEET_MM = (210.0, 297.0)

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Features:
    """Keypoints at ``FEATURE_DPI``.

    Attributes:
        points: N x 4 float32: x, y, angle in degrees, size of the octave's patch in px.
        descriptors: N x 32 uint8.
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]

    def signs(self, bits: int = BITS) -> NDArray[np.float32]:
        """N x ``bits``, each as 1 or -1: the product of two is ``bits`` less twice their distance.

        One product of matrices gives every distance at once, several times faster than a matcher
        that makes an object of each match.
        """
        told = np.unpackbits(self.descriptors, axis=1, count=bits)
        return told.astype(np.float32) * 2 - 1


@dataclass(frozen=True, slots=True)
class CoarsePose:
    """A form's pose on a page and its support.

    Attributes:
        form_to_page: 3 x 3, both sides at ``FEATURE_DPI``.
        support: Features that agree.
    """

    form_to_page: Matrix
    support: int


def find_features(ink: Pixels, limit: int) -> Features:
    """Features of an ink map at ``FEATURE_DPI``, spread over the sheet.

    Without the spreading a portrait or a page of dense handwriting takes all the places.
    """
    orb = cv2.ORB_create(  # type: ignore[attr-defined]
        nfeatures=limit * _DETECTED_FOR_EACH_KEPT,
        scaleFactor=_LEVEL_FACTOR,
        nlevels=_LEVELS,
        edgeThreshold=_PATCH_PX // 2 + 1,
        patchSize=_PATCH_PX,
        fastThreshold=14,
        scoreType=cv2.ORB_FAST_SCORE,
    )
    smooth = cv2.GaussianBlur(ink, (0, 0), 0.8)
    keypoints = _spread(list(orb.detect(smooth, None)), limit)
    keypoints, descriptors = orb.compute(smooth, keypoints)
    if descriptors is None:
        return Features(np.zeros((0, 4), np.float32), np.zeros((0, 32), np.uint8))
    points = np.array([(*k.pt, k.angle, k.size) for k in keypoints], np.float32)
    return Features(points, descriptors)


def _spread(keypoints: list[cv2.KeyPoint], limit: int) -> list[cv2.KeyPoint]:
    if len(keypoints) <= limit:
        return keypoints
    places = np.array(cv2.KeyPoint.convert(keypoints)).astype(np.int64) // _BUCKET_PX
    response = np.array([k.response for k in keypoints])
    bucket = places[:, 1] * 1000 + places[:, 0]
    order = np.lexsort((-response, bucket))
    sorted_buckets = bucket[order]
    starts = np.flatnonzero(np.r_[True, sorted_buckets[1:] != sorted_buckets[:-1]])
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    # The best of every bucket first, then the second best, until the limit is reached.
    chosen = order[np.lexsort((-response[order], rank))][:limit]
    return [keypoints[i] for i in chosen]


def match(form: Features, page: Features) -> NDArray[np.int64]:
    """The nearest page feature of every form feature, within the distance limit.

    Returns:
        M x 2 indices (form, page). One direction only: the vote throws the wrong ones out for
        less than the second direction costs.
    """
    return match_all([form], form.signs(), page)[0]


def match_all(
    forms: Sequence[Features], signs: NDArray[np.float32], page: Features
) -> list[NDArray[np.int64]]:
    """``match`` for several forms at once.

    Args:
        forms: The forms' features.
        signs: Their ``signs``, of as many bits as are to be compared, one below the other.
        page: The page's features.
    """
    if len(page.points) < _MIN_MATCHES or not len(signs):
        return [np.zeros((0, 2), np.int64) for _ in forms]
    bits = signs.shape[1]
    own_signs = page.signs(bits).T
    found, begin = [], 0
    for form in forms:
        # A form at a time: the whole table would be ten megabytes, fetched anew for every page.
        end = begin + len(form.points)
        likeness = signs[begin:end] @ own_signs
        nearest = likeness.argmax(axis=1)
        close = likeness[np.arange(len(nearest)), nearest] >= bits * (1 - 2 * _MAX_DISTANCE)
        own = np.flatnonzero(close)
        found.append(np.column_stack([own, nearest[own]]))
        begin = end
    return found


def most_alike(
    forms: Sequence[Features], page: Features, pairs: Sequence[NDArray[np.int64]]
) -> NDArray[np.int64]:
    """For each form how many of its pairs ``vote`` can find to agree: those of one rotation."""
    counts = np.array([len(p) for p in pairs])
    a = np.concatenate([f.points[p[:, 0], 2] for f, p in zip(forms, pairs, strict=True)])
    b = page.points[np.concatenate([p[:, 1] for p in pairs]), 2]
    bins = _turn_bins((b - a) % 360.0)
    whose = np.repeat(np.arange(len(forms)), counts)
    votes = np.bincount(whose * _ANGLE_BINS + bins, minlength=len(forms) * _ANGLE_BINS)
    votes = votes.reshape(len(forms), _ANGLE_BINS)
    near = votes + np.roll(votes, 1, axis=1) + np.roll(votes, -1, axis=1)
    return np.asarray(near.max(axis=1), np.int64)


def _turn_bins(turn: NDArray[np.float32]) -> NDArray[np.int64]:
    return (turn / (360 / _ANGLE_BINS)).astype(np.int64) % _ANGLE_BINS


def vote(form: Features, page: Features, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs that agree on one similarity (rotation, scale, translation)."""
    if len(pairs) < _MIN_MATCHES:
        return pairs[:0]
    a, b = form.points[pairs[:, 0]], page.points[pairs[:, 1]]
    turn = (b[:, 2] - a[:, 2]) % 360.0
    grow = np.log(b[:, 3] / a[:, 3])
    bins = _turn_bins(turn)
    votes = np.bincount(bins, minlength=_ANGLE_BINS)
    peak = int(np.argmax(votes + np.roll(votes, 1) + np.roll(votes, -1)))
    away = (turn - (peak + 0.5) * (360 / _ANGLE_BINS) + 180) % 360 - 180
    near = np.abs(away) <= 1.5 * 360 / _ANGLE_BINS
    if near.sum() < _MIN_MATCHES:
        return pairs[:0]
    near &= np.abs(grow - np.median(grow[near])) < 3 * _LOG_SCALE_BIN
    centre = (peak + 0.5) * (360 / _ANGLE_BINS) + float(np.median(away[near]))
    scale = float(np.exp(np.mean(grow[near])))
    angle = np.deg2rad(centre)
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = b[:, :2] - a[:, :2] @ rotation.T
    held = np.flatnonzero(near)
    best = _densest(shift[held], 3 * _SHIFT_BIN_PX)
    return pairs[held[best]]


def _densest(points: NDArray[np.float64], radius: float) -> NDArray[np.int64]:
    """Indices of the points in the fullest neighbourhood."""
    cell = np.floor(points / radius).astype(np.int64)
    cell -= cell.min(axis=0)
    shape = cell.max(axis=0) + 3
    counts = np.zeros(shape, np.float32)
    np.add.at(counts, (cell[:, 0] + 1, cell[:, 1] + 1), 1)
    blurred = cv2.boxFilter(counts, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    peak = np.array(np.unravel_index(int(np.argmax(blurred)), blurred.shape)) - 1
    return np.flatnonzero(np.all(np.abs(cell - peak) <= 1, axis=1))


def fit_pose(form: Features, page: Features, pairs: NDArray[np.int64]) -> CoarsePose | None:
    """The robust homography of voted pairs, or None where they carry none that a sheet can have."""
    if len(pairs) < _MIN_MATCHES:
        return None
    a = form.points[pairs[:, 0], :2].astype(np.float64)
    b = page.points[pairs[:, 1], :2].astype(np.float64)
    matrix, mask = cv2.findHomography(
        a, b, cv2.USAC_MAGSAC, ransacReprojThreshold=3.0, maxIters=2000, confidence=0.999
    )
    if matrix is None or mask is None:
        return None
    support = int(mask.sum())
    pose = np.asarray(matrix, np.float64)
    if support < 8 or not is_sheetlike(pose, FEATURE_DPI):
        return None
    return CoarsePose(pose, support)


def is_sheetlike(matrix: Matrix, dpi: float) -> bool:
    """Whether a map is a turned, shifted, slightly stretched sheet: no mirror, fold or horizon.

    Args:
        matrix: 3 x 3, form to page, both at ``dpi``.
        dpi: The resolution of both sides.
    """
    width, height = (side * dpi / MM_PER_INCH for side in _SHEET_MM)
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64)
    mapped = corners @ matrix.T
    if np.any(mapped[:, 2] * np.sign(mapped[0, 2]) < 0.3 * abs(mapped[0, 2])):
        return False
    plane = mapped[:, :2] / mapped[:, 2:]
    sides = np.linalg.norm(np.roll(plane, -1, axis=0) - plane, axis=1)
    stretch = sides / np.array([width, height, width, height])
    one = np.roll(plane, -1, axis=0) - plane
    two = np.roll(one, -1, axis=0)
    turning = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]  # one sign: neither mirror nor fold
    return bool(
        np.all(turning > 0)
        and stretch.max() / max(stretch.min(), 1e-9) < 1.35
        and 0.3 < stretch.mean() < 3.0
    )
