"""An expression markedly different from normal (正常時の顔貌と著しく異なる): mouth and smile.

Anger and sadness cannot be told from a resting face by these measures (AUC .51-.75); they are
left to the person who looks at the photo.
"""

from __future__ import annotations

import numpy as np

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.photo.checks import verdicts
from pipeline.photo.dark_mouth import dark_between_lips
from pipeline.photo.faces import INNER_LIPS, MOUTH_CORNERS, Face
from pipeline.photo.subject import Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.EXPRESSION
UPPER_LIP, LOWER_LIP = 0, 17


def mouth_gap(face: Face) -> float:
    """Largest gap between the inner lips over eyes-to-chin (ISO/IEC 29794-5, mouth closed)."""
    gaps = [np.linalg.norm(face.mesh[a, :2] - face.mesh[b, :2]) for a, b in INNER_LIPS]
    return float(max(gaps)) / face.eye_to_chin_px


def smile(face: Face) -> float:
    """How far the corners of the mouth stand above its middle, and how wide it is drawn."""
    left, right = (face.mesh[i, :2] for i in MOUTH_CORNERS)
    eyes = face.eye_centres
    across = (eyes[1] - eyes[0]) / max(float(np.linalg.norm(eyes[1] - eyes[0])), 1e-6)
    down = np.array((-across[1], across[0]))
    middle = (face.mesh[UPPER_LIP, :2] + face.mesh[LOWER_LIP, :2]) / 2
    lift = float(((middle - (left + right) / 2) @ down) / face.eye_to_chin_px)
    width = float(np.linalg.norm(right - left) / np.linalg.norm(eyes[1] - eyes[0]))
    return lift + 0.25 * (width - 0.8)


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """Mouth gap, smile and the dark between the lips, each against its own limits.

    The dark alone fails no photo: it cannot say how far a mouth is open.
    """
    if subject.face is None:
        return verdicts.not_assessable(NAME, "T")
    gap, lift = mouth_gap(subject.face), smile(subject.face)
    dark = dark_between_lips(subject.picture, subject.face)
    measures = (
        verdicts.measured_above(gap, "T", limits["gap_review"], limits["gap_fail"]),
        verdicts.measured_above(lift, "smile T", limits["smile_review"], limits["smile_fail"]),
        verdicts.measured_above(dark, "dark T", limits["dark_review"]),
    )
    extra = (
        ("mouth_gap", gap),
        ("mouth_gap_threshold", limits["gap_review"]),
        ("smile", lift),
        ("smile_threshold", limits["smile_review"]),
        ("dark_mouth", dark),
        ("dark_mouth_threshold", limits["dark_review"]),
    )
    return verdicts.decided(NAME, measures, extra)
