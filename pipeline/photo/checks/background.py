"""The background is not plain (無背景でない)."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.photo.checks import verdicts
from pipeline.photo.subject import Plane, Region, Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.BACKGROUND
MIN_SHARE = 0.02  # of the photo, below which there is no wall to judge
FINE_PX = 2.0
MIN_LIGHT = 20.0  # L* of the lightest parts of the photo: in less nothing can be told apart
LIT_SHARE = 0.02  # of the photo
# Ink dots and a scanner's noise average out over a cell; planks, tiles and things on a shelf do
# not, however little they differ in tone.
CELL_PX, SMOOTH_CELLS = 3, 2.0
MIN_CELLS = 40


def edges(subject: Subject, blur_px: float) -> Plane:
    """Gradient of the blurred picture, L* and colour together, levels per working pixel."""
    lab = cv2.cvtColor(subject.picture, cv2.COLOR_BGR2LAB).astype(np.float32)
    lab[..., 0] = subject.light
    soft = cv2.GaussianBlur(lab, (0, 0), blur_px)
    strength = np.zeros(subject.light.shape, np.float32)
    for channel in range(3):
        plane = np.ascontiguousarray(soft[..., channel])
        dx = cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
        dy = cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
        strength += dx**2 + dy**2
    return np.asarray(np.sqrt(strength), np.float32)


def structure(subject: Subject, wall: Region) -> Plane:
    """How far each working pixel of the wall is from an evenly lit wall, levels of L*a*b*.

    The wall alone is smoothed, so that the person's outline does not leak into it, and a surface
    of second order is taken off: light that falls off to a side or a corner is no pattern. Zero
    outside the wall, and everywhere where there is too little of it to fit a surface.
    """
    height, width = subject.light.shape
    lab = cv2.cvtColor(subject.picture, cv2.COLOR_BGR2LAB).astype(np.float32)
    lab[..., 0] = subject.light
    size = (max(1, width // CELL_PX), max(1, height // CELL_PX))
    seen = wall.astype(np.float32)
    weight = _smoothed(seen, size)
    soft = _smoothed(lab * seen[..., None], size) / (weight[..., None] + 1e-6)
    small = cv2.resize(wall.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    apart = np.zeros(small.shape, np.float32)
    rows, columns = np.nonzero(small)
    if len(rows) >= MIN_CELLS:
        y, x = rows / size[1] - 0.5, columns / size[0] - 0.5
        terms = np.stack([np.ones(len(x)), y, x, y * y, x * x, x * y], axis=1)
        surface, *_ = np.linalg.lstsq(terms, soft[small], rcond=None)
        apart[small] = np.linalg.norm(soft[small] - terms @ surface, axis=1)
    wide = cv2.resize(apart, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide * wall, np.float32)


def _smoothed(plane: Plane, size: tuple[int, int]) -> Plane:
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), SMOOTH_CELLS), np.float32)


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The 90th percentile of the wall's structure; its fine edges have limits of their own.

    Either may say that the wall is not plain: structure sees planks, things and blurred backdrops,
    edges see thin lines.
    """
    wall = subject.background()
    # Without anybody before it a wall is a picture of something; without light there is no wall.
    someone = subject.face is not None or subject.glimpse is not None
    lit = (subject.light >= MIN_LIGHT).mean() >= LIT_SHARE
    if not someone or wall.mean() < MIN_SHARE or not lit:
        return verdicts.not_assessable(NAME, "levels")
    uneven = float(np.percentile(structure(subject, wall)[wall], 90))
    fine = float(np.percentile(edges(subject, FINE_PX)[wall], 95))
    measures = (
        verdicts.measured_above(uneven, "levels", limits["review"], limits["fail"]),
        verdicts.measured_above(fine, "levels/px", limits["edges_review"], limits["edges_fail"]),
    )
    extra = (
        ("structure_levels", uneven),
        ("structure_threshold", limits["review"]),
        ("edges_levels_px", fine),
        ("edges_threshold", limits["edges_review"]),
        ("wall_share", float(wall.mean())),
    )
    return verdicts.decided(NAME, measures, extra)
