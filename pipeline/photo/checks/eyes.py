"""Eyes closed, one or both; not free: hair, a rim or glare across them; or red from a flash."""

from __future__ import annotations

import numpy as np

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.photo.checks import verdicts
from pipeline.photo.faces import EYE_CORNERS, Face, Points
from pipeline.photo.red_eyes import redness
from pipeline.photo.subject import Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.EYES
# Upper and lower lid of the mesh, in the order of ``EYE_CORNERS``.
LIDS_OF_MESH = {
    "left": ((159, 145), (158, 153), (160, 144)),
    "right": ((386, 374), (385, 380), (387, 373)),
}


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


def mesh_openness(face: Face, side: str) -> float:
    """Mean gap between the lids of the mesh over the distance of the corners."""
    first, last = (face.mesh[i, :2] for i in EYE_CORNERS[side])
    width = max(float(np.linalg.norm(last - first)), 1e-3)
    gaps = [
        float(np.linalg.norm(face.mesh[a, :2] - face.mesh[b, :2])) for a, b in LIDS_OF_MESH[side]
    ]
    return sum(gaps) / len(gaps) / width


def both(face: Face) -> tuple[float, float]:
    """Openness of the eye on the picture's left and of that on its right.

    The mean of two models: the contour of the lids follows narrow lids closely and errs in bad
    light, the mesh is steady and coarse.
    """
    return (
        (openness(face.lids[0]) + mesh_openness(face, "left")) / 2,
        (openness(face.lids[1]) + mesh_openness(face, "right")) / 2,
    )


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The less open eye, less where the other is wider; behind dark lenses no eye can be judged.

    Hair, a rim or glare across an eye is for a person: what is behind cannot be measured. So are
    eyes that are not alike, as in a wink or a drooping lid, and red pupils.
    """
    face = subject.face
    if face is None:
        return verdicts.not_assessable(NAME, "ratio")
    left, right = both(face)
    narrow, wide = sorted(openness(lids) for lids in face.lids)
    alike = narrow / max(wide, 1e-6)
    red = redness(subject.picture, face)
    covered = subject.scores.get("eyes_covered", 0.0)
    value = min(left, right) - limits["asymmetry_weight"] * abs(left - right)
    extra = (
        ("open_ratio", value),
        ("left_ratio", left),
        ("right_ratio", right),
        ("covered_probability", covered),
        ("covered_threshold", limits["covered_review"]),
        ("alike_ratio", alike),
        ("alike_threshold", limits["alike_review"]),
        ("red", red),
        ("red_threshold", limits["red_review"]),
    )
    if subject.scores.get("sunglasses", 0.0) > limits["hidden_by_lenses"]:
        return verdicts.not_assessable(NAME, "ratio", extra)
    measures = (
        verdicts.measured_below(value, "ratio", limits["review"], limits["fail"]),
        verdicts.measured_above(covered, "covered probability", limits["covered_review"]),
        verdicts.measured_below(alike, "alike ratio", limits["alike_review"]),
        verdicts.measured_above(red, "red a*", limits["red_review"]),
    )
    return verdicts.decided(NAME, measures, extra)
