"""The print's size: 35 x 45 mm."""

from __future__ import annotations

from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict
from pipeline.photo.checks import verdicts
from pipeline.photo.subject import PrintSize, Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.SIZE
WIDTH_MM, HEIGHT_MM = 35.0, 45.0


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The larger deviation of width and height; where an edge was not seen, a person decides."""
    size = subject.size
    if size is None:
        return verdicts.not_assessable(NAME, "mm")
    off = _deviation_mm(size)
    _, limit = verdicts.above(off, limits["review_mm"], limits["fail_mm"])
    verdict = verdict_of(size, limits)
    askew, _ = verdicts.above(abs(size.rotation_deg), limits["askew_review_deg"], 90.0)
    extra = (
        ("width_mm", size.width_mm),
        ("height_mm", size.height_mm),
        ("rotation_deg", size.rotation_deg),
    )
    return PhotoCheck(NAME, verdicts.worst(verdict, askew), off, "mm", limit, extra)


def verdict_of(size: PrintSize, limits: Limits) -> Verdict:
    """What the measures alone say, whatever the turn."""
    verdict, _ = verdicts.above(_deviation_mm(size), limits["review_mm"], limits["fail_mm"])
    if size.sure:
        return verdict
    # A paper-white border was completed to the standard, so a good size proves nothing.
    return Verdict.NOT_ASSESSABLE if verdict == Verdict.PASS else Verdict.REVIEW


def _deviation_mm(size: PrintSize) -> float:
    return max(abs(size.width_mm - WIDTH_MM), abs(size.height_mm - HEIGHT_MM))
