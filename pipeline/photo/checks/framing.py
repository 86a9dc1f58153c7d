"""Can the photo be cut to the card: size and place of the head in the print."""

from __future__ import annotations

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.photo.checks import verdicts
from pipeline.photo.faces import CHIN
from pipeline.photo.subject import Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.FRAMING
PRINT_H_MM = 45.0
HEAD_PER_T = 2.0  # crown to chin over eyes to chin: the eyes stand half-way (anthropometric canon)


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """Head height, margin above, and how far the face is from the middle, on a 45 mm print."""
    face = subject.face
    if face is None:
        return verdicts.not_assessable(NAME, "mm")
    height, width = subject.light.shape
    per_mm = subject.px_per_mm or height / PRINT_H_MM
    length = face.eye_to_chin_px
    head_mm = HEAD_PER_T * length / per_mm
    eyes = (face.eye_centres[0] + face.eye_centres[1]) / 2
    top_mm = float(eyes[1] - (HEAD_PER_T - 1) * length) / per_mm
    aside_mm = abs(float((eyes[0] + face.mesh[CHIN, 0]) / 2) - width / 2) / per_mm
    below_mm = float(height - face.mesh[CHIN, 1]) / per_mm
    margin_mm = min(top_mm, below_mm)
    measures = (
        verdicts.measured_below(
            head_mm, "mm", limits["head_low_review_mm"], limits["head_low_fail_mm"]
        ),
        verdicts.measured_above(
            head_mm, "mm", limits["head_high_review_mm"], limits["head_high_fail_mm"]
        ),
        verdicts.measured_below(
            margin_mm, "margin mm", limits["margin_review_mm"], limits["margin_fail_mm"]
        ),
        verdicts.measured_above(
            aside_mm, "aside mm", limits["aside_review_mm"], limits["aside_fail_mm"]
        ),
    )
    extra = (
        ("head_mm", head_mm),
        ("top_mm", top_mm),
        ("aside_mm", aside_mm),
        ("below_chin_mm", below_mm),
    )
    return verdicts.decided(NAME, measures, extra)
