"""The evidence of each check as a picture: what a reviewer sees beside the photo.

Personal, as the photo itself is: kept in memory, sealed by whoever stores it.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.imaging.pages import Pixels
from pipeline.photo import glare
from pipeline.photo.checks import background, exposure, shadow
from pipeline.photo.faces import CHIN, MOUTH_CORNERS, NOSE_TIP, OVAL, Face
from pipeline.photo.grading import GradedPhoto
from pipeline.photo.ink_lines import lines_on
from pipeline.photo.subject import Subject

TONES: dict[Verdict, tuple[int, int, int]] = {  # BGR
    Verdict.PASS: (80, 160, 40),
    Verdict.REVIEW: (0, 150, 240),
    Verdict.FAIL: (40, 40, 220),
    Verdict.NOT_ASSESSABLE: (140, 140, 140),
}
HEAT_MOST = 0.6
HEAT_FROM, HEAT_FULL = 0.5, 2.0  # of the limit
OUTER_LIPS = (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91)


def overlays(graded: GradedPhoto) -> dict[PhotoCheckName, Pixels]:
    """A picture by check, working pixels, BGR; empty where no photo was found."""
    if graded.subject is None:
        return {}
    return {c.check: _overlay(graded.subject, c) for c in graded.grade.checks}


def _overlay(subject: Subject, check: PhotoCheck) -> Pixels:
    picture = subject.picture.copy()
    tone = TONES[check.verdict]
    name = check.check
    if name == PhotoCheckName.BACKGROUND:
        # Edges against their limit and structure against its own, on one scale.
        told = dict(check.extra)
        fine = background.edges(subject, background.FINE_PX) / told.get("edges_threshold", 1.0)
        uneven = background.structure(subject, subject.background()) / told.get(
            "structure_threshold", 1.0
        )
        picture = _heat(subject, np.maximum(uneven, fine), 1.0)
    elif name == PhotoCheckName.SHADOW:
        light, wall = shadow.map_of(subject)
        bright = float(np.percentile(light[wall], 80)) if wall.any() else 100.0
        picture = _heat(subject, np.maximum(bright - light, 0), check.threshold, wall)
    elif name == PhotoCheckName.EXPOSURE:
        white = float(np.percentile(subject.light, 99.5)) - exposure.BURNT_BELOW_WHITE
        burnt = (subject.light > white) & subject.face_region()
        blown = glare.blown_out(subject, dict(check.extra)["blown_from_levels"]) > 0
        picture[burnt | blown] = (40, 40, 220)
    elif name == PhotoCheckName.SHARPNESS:
        edges = cv2.Canny(subject.picture, 40, 110)
        picture[edges > 0] = tone
    elif name == PhotoCheckName.FACE and subject.face is not None:
        picture = _with_ink(picture, subject.face, check)
    for face in subject.faces:
        _draw(picture, face, check, tone)
    if subject.glimpse is not None and name in (PhotoCheckName.POSE, PhotoCheckName.FACE):
        for point in subject.glimpse.points:
            cv2.circle(picture, _point(point), 4, tone, 2, cv2.LINE_AA)
    cv2.rectangle(picture, (0, 0), (picture.shape[1] - 1, picture.shape[0] - 1), tone, 3)
    return picture


def _with_ink(picture: Pixels, face: Face, check: PhotoCheck) -> Pixels:
    """Lines over the face in the tone of the verdict, where they were taken for ink."""
    told = dict(check.extra)
    if told.get("ink_probability", 0.0) <= told.get("ink_threshold", 1.0):
        return picture
    share = HEAT_MOST * lines_on(picture, face)[..., None]
    mixed = picture * (1 - share) + np.array(TONES[check.verdict], np.float32) * share
    return np.asarray(mixed, np.uint8)


def _draw(picture: Pixels, face: Face, check: PhotoCheck, tone: tuple[int, int, int]) -> None:
    name = check.check
    if name == PhotoCheckName.POSE:
        nose = face.mesh[NOSE_TIP]
        angle = dict(check.extra)
        length = face.eye_to_chin_px * 0.8
        yaw, pitch = (np.radians(angle.get(k, 0.0)) for k in ("yaw_deg", "pitch_deg"))
        tip = nose[:2] + length * np.array((np.sin(yaw), -np.sin(pitch)))
        cv2.arrowedLine(picture, _point(nose), _point(tip), tone, 2, cv2.LINE_AA)
        _line(picture, (face.mesh[10], face.mesh[CHIN]), tone)
        _line(picture, (face.mesh[33], face.mesh[263]), tone)
    elif name == PhotoCheckName.EYES:
        for lids in face.lids:
            outline = np.concatenate([lids[:9], lids[15:8:-1]])
            cv2.polylines(picture, [np.round(outline).astype(np.int32)], True, tone, 1, cv2.LINE_AA)
    elif name == PhotoCheckName.EXPRESSION:
        _line(picture, tuple(face.mesh[i] for i in MOUTH_CORNERS), tone)
        _line(picture, (face.mesh[13], face.mesh[14]), tone)
        lips = np.round(face.mesh[list(OUTER_LIPS), :2]).astype(np.int32)
        cv2.polylines(picture, [lips], True, tone, 1, cv2.LINE_AA)
    elif name == PhotoCheckName.FRAMING:
        eyes = (face.eye_centres[0] + face.eye_centres[1]) / 2
        crown = eyes - (face.mesh[CHIN, :2] - eyes)
        for point in (crown, face.mesh[CHIN, :2]):
            y = round(float(point[1]))
            cv2.line(picture, (0, y), (picture.shape[1], y), tone, 1, cv2.LINE_AA)
    elif name == PhotoCheckName.HEAD_COVERING:
        _frame(picture, face, (0.95, -1.15, -0.3), tone)
    elif name == PhotoCheckName.SUNGLASSES:
        _frame(picture, face, (0.75, -0.35, 0.3), tone)
    elif name == PhotoCheckName.FACE:
        oval = np.round(face.mesh[list(OVAL), :2]).astype(np.int32)
        cv2.polylines(picture, [oval], True, tone, 1, cv2.LINE_AA)


def _frame(
    picture: Pixels, face: Face, reach: tuple[float, float, float], tone: tuple[int, int, int]
) -> None:
    """A frame about the eyes: half its width, its top and its foot, in eyes-to-chin."""
    left, right = face.eye_centres
    middle = (left + right) / 2
    across = (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
    down = np.array((-across[1], across[0]))
    wide, top, foot = (r * face.eye_to_chin_px for r in reach)
    corners = [middle + x * across + y * down for x, y in
               ((-wide, top), (wide, top), (wide, foot), (-wide, foot))]  # fmt: skip
    cv2.polylines(
        picture, [np.round(np.array(corners)).astype(np.int32)], True, tone, 2, cv2.LINE_AA
    )


def _heat(
    subject: Subject,
    strength: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    threshold: float | None,
    wall: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None = None,
) -> Pixels:
    wall = subject.background() if wall is None else wall
    # Never opaque: the photo under the evidence is the evidence.
    # What stays well below the limit is left as it is: a photo that passes is not to look spoilt.
    over = (strength / (threshold or 1.0) - HEAT_FROM) / (HEAT_FULL - HEAT_FROM)
    share = np.clip(over, 0, 1) * wall * HEAT_MOST
    red = np.zeros_like(subject.picture)
    red[..., 2] = 255
    mixed = subject.picture * (1 - share[..., None]) + red * share[..., None]
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def _point(p: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> tuple[int, int]:
    return round(float(p[0])), round(float(p[1]))


def _line(
    picture: Pixels,
    ends: tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], ...],
    tone: tuple[int, int, int],
) -> None:
    cv2.line(picture, _point(ends[0]), _point(ends[1]), tone, 2, cv2.LINE_AA)
