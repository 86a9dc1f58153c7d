"""Eyes closed, one or both."""

from __future__ import annotations

import numpy as np

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.photo.checks import verdicts
from pipeline.photo.faces import Face, Points
from pipeline.photo.subject import Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.EYES


def openness(lids: Points) -> float:
    """Mean gap between the lids over the distance of the corners."""
    first, last = lids[0], lids[8]
    width = float(np.linalg.norm(last - first))
    if width < 1e-3:
        return 0.0
    along = (last - first) / width
    down = np.array((-along[1], along[0]))
    lower, upper = lids[2:7] - first, lids[10:15] - first
    # The contour runs along the upper lid second; which side is down follows from the corners.
    return abs(float(np.mean(lower @ down) - np.mean(upper @ down))) / width


def both(face: Face) -> tuple[float, float]:
    """Openness of the eye on the picture's left and of that on its right."""
    return openness(face.lids[0]), openness(face.lids[1])


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The less open eye; behind dark lenses no eye can be judged."""
    face = subject.face
    if face is None:
        return verdicts.not_assessable(NAME, "ratio")
    left, right = both(face)
    extra = (("left_ratio", left), ("right_ratio", right))
    if subject.scores.get("sunglasses", 0.0) > limits["hidden_by_lenses"]:
        return verdicts.not_assessable(NAME, "ratio", extra)
    value = min(left, right)
    verdict, limit = verdicts.below(value, limits["review"], limits["fail"])
    return PhotoCheck(NAME, verdict, value, "ratio", limit, extra)
