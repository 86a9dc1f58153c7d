"""The print's size: 35 x 45 mm."""

from __future__ import annotations

from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.photo.checks import verdicts
from pipeline.photo.subject import PrintSize, Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.SIZE
WIDTH_MM, HEIGHT_MM = 35.0, 45.0


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The larger deviation of width and height; nothing of either where an edge was not seen."""
    size = subject.size
    if size is None:
        return verdicts.not_assessable(NAME, "mm")
    rotation = ("rotation_deg", size.rotation_deg)
    verdict = verdict_of(size, limits)
    if verdict == Verdict.NOT_ASSESSABLE:
        return verdicts.not_assessable(NAME, "mm", (rotation,))
    off = _deviation_mm(size)
    _, limit = verdicts.above(off, limits["review_mm"], limits["fail_mm"])
    askew, _ = verdicts.above(abs(size.rotation_deg), limits["askew_review_deg"], 90.0)
    extra = (("width_mm", size.width_mm), ("height_mm", size.height_mm), rotation)
    measures = (
        verdicts.Measure(off, "mm", verdict, limit),
        verdicts.Measure(abs(size.rotation_deg), "deg", askew, limits["askew_review_deg"]),
    )
    return verdicts.decided(NAME, measures, extra)


def verdict_of(size: PrintSize, limits: Limits) -> Verdict:
    """What the measures alone say, whatever the turn.

    An edge that was not seen was guessed, so that neither a good nor a bad size proves anything.
    """
    if not size.sure:
        return Verdict.NOT_ASSESSABLE
    return verdicts.above(_deviation_mm(size), limits["review_mm"], limits["fail_mm"])[0]


def _deviation_mm(size: PrintSize) -> float:
    return max(abs(size.width_mm - WIDTH_MM), abs(size.height_mm - HEIGHT_MM))
