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


# Beyond this roll the mesh of an unconfirmed face is a guess.
GLIMPSE_ROLL_DEG = 45.0


def mesh_angles(face: Face) -> tuple[float, float, float]:
    """Yaw, pitch and roll of the mesh in degrees, as they are.

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
    return math.degrees(yaw), -math.degrees(pitch), math.degrees(roll)


def angles(face: Face, limits: Limits) -> tuple[float, float, float]:
    """Yaw, pitch and roll of the head: the mesh's, less what it leans and as much as it flattens.

    The mesh reads turned heads small, real ones and drawn ones alike; the artefact has the gains.
    """
    yaw, pitch, roll = mesh_angles(face)
    pitch -= limits["pitch_offset_deg"]
    return yaw * limits["yaw_gain"], pitch * limits["pitch_gain"], roll


def glimpsed_angles(face: Face, limits: Limits) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a face that the mesh does not confirm.

    The detector's own points, by a linear fit on faces that the mesh does confirm; where the mesh
    says more, that. Both are rough: they say how a head is turned, not by how much.
    """
    middle = (face.points[0] + face.points[1]) / 2
    across = face.points[1] - face.points[0]
    roll = math.atan2(float(across[1]), float(across[0]))
    c, s = math.cos(roll), math.sin(roll)
    upright = (face.points - middle) @ np.array([[c, -s], [s, c]]) / max(face.box[2], 1e-6)
    nose, mouth, ears = upright[2], upright[3], (upright[4] + upright[5]) / 2
    yaw, pitch = 0.0, limits["glimpse_pitch_bias"]
    for name, point in (("nose", nose), ("mouth", mouth), ("ears", ears)):
        yaw += limits[f"glimpse_yaw_{name}"] * float(point[0])
        pitch += limits[f"glimpse_pitch_{name}"] * float(point[1])
    by_mesh = angles(face, limits)
    if abs(by_mesh[2]) < GLIMPSE_ROLL_DEG:
        yaw, pitch = max(yaw, by_mesh[0], key=abs), max(pitch, by_mesh[1], key=abs)
    return yaw, pitch, math.degrees(roll)


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The largest of the three angles against its own limit.

    A face that is glimpsed only is turned away from the camera, or hidden: it never passes.
    """
    if subject.face is not None:
        yaw, pitch, roll = angles(subject.face, limits)
    elif subject.glimpse is not None:
        yaw, pitch, roll = glimpsed_angles(subject.glimpse, limits)
    else:
        return verdicts.not_assessable(NAME, "deg")
    verdict, value, limit = judged(yaw, pitch, roll, limits)
    if subject.face is None:
        verdict = verdicts.worst(verdict, Verdict.REVIEW)
    extra = (("yaw_deg", yaw), ("pitch_deg", pitch), ("roll_deg", roll))
    return PhotoCheck(NAME, verdict, value, "deg", limit, extra)


def judged(yaw: float, pitch: float, roll: float, limits: Limits) -> tuple[Verdict, float, float]:
    """The heaviest verdict of the three angles, its angle in degrees and that angle's limit.

    A small child's chin is read as lifted: that takes more to be sure of than a lowered one.
    """
    lean = "pitch" if pitch > 0 else "pitch_down"
    parts: list[tuple[Verdict, float, float]] = []
    for name, value, sure in (("yaw", yaw, "yaw"), ("pitch", pitch, lean), ("roll", roll, "roll")):
        review, fail = limits[f"{name}_review_deg"], limits[f"{sure}_fail_deg"]
        verdict, limit = verdicts.above(abs(value), review, fail)
        parts.append((verdict, value, limit))
    heaviest = verdicts.worst(*(p[0] for p in parts))
    # Of the angles with that verdict the one furthest over its limit is what a person should see.
    return max((p for p in parts if p[0] == heaviest), key=lambda p: abs(p[1]) / p[2])
