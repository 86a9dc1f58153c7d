"""Sunglasses (サングラス)."""

from __future__ import annotations

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.photo.checks import verdicts
from pipeline.photo.subject import Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.SUNGLASSES


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """Probability by our classifier; a head that is turned away is judged as well."""
    value = subject.scores.get("sunglasses")
    if value is None:
        return verdicts.not_assessable(NAME, "probability")
    verdict, limit = verdicts.above(value, limits["review"], limits["fail"])
    return PhotoCheck(NAME, verdict, value, "probability", limit)
