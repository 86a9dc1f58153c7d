"""Glare on a face: a spot that a flash or a lamp has blown out, on glasses, skin or the print.

Skin in full light fades into its surroundings; a reflection stands out from what is beside it and
has no tone of its own left.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.imaging.pages import Pixels
from pipeline.photo.faces import Face
from pipeline.photo.subject import Plane, Subject
from pipeline.photo.thresholds import Limits

LIPS = (61, 291, 0, 17, 37, 267, 84, 314, 40, 270, 91, 321)
# In eyes to chin.
RIM, GRAIN = 0.06, 0.05
BESIDE = 0.06  # how far from a spot its surroundings begin, and for a large one
BESIDE_OF_RADIUS = 0.7
RING_PX = 2
PERSON = 0.7
TEETH_SHARE = 0.2
MIN_RING_PX = 5


def contrast(subject: Subject, blown_levels: float, limits: Limits) -> float:
    """L* by which the worst blown-out spot of the face stands out; 0 where there is none.

    Args:
        subject: The photo.
        blown_levels: L* above which nothing is left of a tone.
        limits: ``glare_area``, in squares of eyes to chin, is the smallest spot that counts.
    """
    face = subject.face
    if face is None:
        return 0.0
    unit = face.eye_to_chin_px
    blown = blown_out(subject, blown_levels)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(blown)
    worst = 0.0
    mouth = _mouth(face, blown.shape) if count > 1 else blown
    for spot in range(1, count):
        x, y, width, height, area = (int(v) for v in stats[spot])
        if area < limits["glare_area"] * unit * unit:
            continue
        gap = max(BESIDE * unit, BESIDE_OF_RADIUS * float(np.sqrt(area / np.pi)))
        margin = round(gap) + RING_PX + 2
        cut = np.s_[
            max(0, y - margin) : y + height + margin, max(0, x - margin) : x + width + margin
        ]
        one = np.asarray(labels[cut] == spot, np.uint8)
        if mouth[cut][one > 0].mean() > TEETH_SHARE:
            continue
        worst = max(worst, _stands_out(subject.light[cut], one, gap))
    return worst


def blown_out(subject: Subject, blown_levels: float) -> Pixels:
    """1 where nothing is left of a tone inside the face, grain apart."""
    unit = subject.unit_px
    skin = (subject.face_region() & (subject.person > PERSON)).astype(np.uint8)
    skin = np.asarray(cv2.erode(skin, _disc(RIM * unit / 2)), np.uint8)
    blown = ((subject.light > blown_levels) & (skin > 0)).astype(np.uint8)
    opened = cv2.morphologyEx(blown, cv2.MORPH_OPEN, _disc(GRAIN * unit / 2))
    return np.asarray(opened, np.uint8)


def _stands_out(light: Plane, spot: Pixels, gap_px: float) -> float:
    ring = cv2.dilate(spot, _disc(gap_px + RING_PX)) - cv2.dilate(spot, _disc(gap_px))
    if ring.sum() < MIN_RING_PX:
        return 0.0
    beside = float(np.percentile(light[ring > 0], 75))
    return float(np.median(light[spot > 0])) - beside


def _mouth(face: Face, shape: tuple[int, ...]) -> Pixels:
    mouth: Pixels = np.zeros(shape[:2], np.uint8)
    outline = cv2.convexHull(np.round(face.mesh[list(LIPS), :2]).astype(np.int32))
    cv2.fillConvexPoly(mouth, outline, (1,))
    return mouth


def _disc(radius_px: float) -> Pixels:
    side = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
