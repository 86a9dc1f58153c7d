"""The background is not plain (無背景でない)."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.photo.checks import verdicts
from pipeline.photo.subject import Plane, Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.BACKGROUND
MIN_SHARE = 0.02  # of the photo, below which there is no wall to judge
FINE_PX, COARSE_PX = 2.0, 5.0


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


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The 95th percentile of the gradient on the wall."""
    wall = subject.background()
    if wall.mean() < MIN_SHARE:
        return verdicts.not_assessable(NAME, "levels/px")
    fine = float(np.percentile(edges(subject, FINE_PX)[wall], 95))
    coarse = float(np.percentile(edges(subject, COARSE_PX)[wall], 95))
    lab = cv2.cvtColor(subject.picture, cv2.COLOR_BGR2LAB).astype(np.float32)
    spread = float(np.hypot(lab[..., 1][wall].std(), lab[..., 2][wall].std()))
    light_spread = float(subject.light[wall].std())
    verdict, limit = verdicts.above(fine, limits["review"], limits["fail"])
    extra = (
        ("coarse_levels_px", coarse),
        ("colour_spread_levels", spread),
        ("light_spread_levels", light_spread),
        ("wall_share", float(wall.mean())),
    )
    return PhotoCheck(NAME, verdict, fine, "levels/px", limit, extra)
