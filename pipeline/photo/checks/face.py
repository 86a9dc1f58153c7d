"""One face, no more and no less, and no ink or printed pattern across it."""

from __future__ import annotations

from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.photo.checks import verdicts
from pipeline.photo.ink_strokes import longest_stroke
from pipeline.photo.subject import Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.FACE


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The number of faces; a doubtful, small, inked or barred one is for a person."""
    largest = subject.face
    if largest is None:
        return PhotoCheck(NAME, Verdict.FAIL, 0.0, "faces", 1.0, (("score", 0.0),))
    size = max(largest.box[2], 1e-6)
    count = sum(f.box[2] / size >= limits["second_face_size"] for f in subject.faces)
    ink, ink_limit = _ink(subject, limits)
    pattern = subject.scores.get("pattern", 0.0)
    extra = (
        ("score", largest.score),
        ("eyes_to_chin_px", subject.source_t_px),
        ink,
        ("ink_threshold", ink_limit),
        ("pattern", pattern),
        ("pattern_threshold", limits["pattern_review"]),
    )
    if count > 1:
        return PhotoCheck(NAME, Verdict.FAIL, float(count), "faces", 1.0, extra)
    # Somebody may have been photographed with paint on the face: a person decides. So it is with
    # banding, coarse dots and a photo of a screen: can the face still be told?
    measures = (
        verdicts.Measure(1.0, "faces", Verdict.PASS, 1.0),
        verdicts.measured_below(
            largest.score, "detected", limits["score_review"], limits["score_fail"]
        ),
        verdicts.measured_below(
            largest.mesh_score, "detected", limits["mesh_review"], limits["mesh_fail"]
        ),
        verdicts.measured_below(
            subject.source_t_px, "px", limits["t_review_px"], limits["t_fail_px"]
        ),
        verdicts.measured_above(ink[1], ink[0].replace("_", " "), ink_limit),
        verdicts.measured_above(pattern, "pattern", limits["pattern_review"]),
    )
    return verdicts.decided(NAME, measures, extra)


def _ink(subject: Subject, limits: Limits) -> tuple[tuple[str, float], float]:
    """The measure of ink by name and its limit: the network's, or the rule's without it."""
    if "ink" in subject.scores:
        return ("ink_probability", subject.scores["ink"]), limits["ink_review"]
    return ("ink_stroke", longest_stroke(subject, limits)), limits["ink_stroke_review"]
