"""A hat, cap or scarf on the head (帽子).

Coverings for religious or medical reasons are allowed, and the reason may stand in the name
field, so the rules across fields may turn a fail of this check into a review.
"""

from __future__ import annotations

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.photo.checks import verdicts
from pipeline.photo.subject import Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.HEAD_COVERING


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """Probability by our classifier; a head that is turned away is judged as well."""
    value = subject.scores.get("head_covering")
    if value is None:
        return verdicts.not_assessable(NAME, "probability")
    verdict, limit = verdicts.above(value, limits["review"], limits["fail"])
    return PhotoCheck(NAME, verdict, value, "probability", limit)
