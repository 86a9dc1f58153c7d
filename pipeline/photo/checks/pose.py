"""Turned sideways, chin up or down, head tilted (横向き・左右に傾いている)."""

from __future__ import annotations

import math

import numpy as np

from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.photo.checks import verdicts
from pipeline.photo.faces import MIRROR_PAIRS, Face
from pipeline.photo.subject import Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.POSE
# From the brow to the lower lip along the middle: points that lie on one line in a face seen from
# in front, apart from a constant lean, which is the artefact's ``pitch_offset_deg``.
MIDLINE_TOP, MIDLINE_LOW = (10, 151, 9), (17, 18, 200)


def angles(face: Face, pitch_offset_deg: float) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees.

    Yaw is positive where the face looks to the picture's right, pitch where the chin is lifted,
    roll where the head leans clockwise in the picture.
    """
    pairs = np.array(MIRROR_PAIRS)
    across = (face.mesh[pairs[:, 1]] - face.mesh[pairs[:, 0]]).sum(axis=0)
    down = face.mesh[list(MIDLINE_LOW)].mean(axis=0) - face.mesh[list(MIDLINE_TOP)].mean(axis=0)
    roll = math.atan2(float(across[1]), float(across[0]))
    c, s = math.cos(roll), math.sin(roll)
    upright = np.array([[c, s], [-s, c]])
    level, along = upright @ across[:2], upright @ down[:2]
    # The mesh's z grows away from the camera, so the far side has the larger one.
    yaw = math.atan2(float(across[2]), float(level[0]))
    pitch = math.atan2(float(down[2]), float(along[1]))
    return math.degrees(yaw), -math.degrees(pitch) - pitch_offset_deg, math.degrees(roll)


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The largest of the three angles against its own limit, shown as yaw."""
    if subject.face is None:
        return verdicts.not_assessable(NAME, "deg")
    yaw, pitch, roll = angles(subject.face, limits["pitch_offset_deg"])
    extra = (("yaw_deg", yaw), ("pitch_deg", pitch), ("roll_deg", roll))
    parts: list[tuple[Verdict, float, float]] = []
    for name, value in (("yaw", yaw), ("pitch", pitch), ("roll", roll)):
        review, fail = limits[f"{name}_review_deg"], limits[f"{name}_fail_deg"]
        verdict, limit = verdicts.above(abs(value), review, fail)
        parts.append((verdict, value, limit))
    heaviest = verdicts.worst(*(p[0] for p in parts))
    # Of the angles with that verdict the one furthest over its limit is what a person should see.
    verdict, value, limit = max(
        (p for p in parts if p[0] == heaviest), key=lambda p: abs(p[1]) / p[2]
    )
    return PhotoCheck(NAME, verdict, value, "deg", limit, extra)
