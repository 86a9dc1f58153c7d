"""Coloured ink across a face by rule, where the network of ``ink_lines`` may not be used.

Looked for between the features, where there is skin only: a long thin run of pixels far redder or
bluer than this very face's own skin. Black strokes and small seals are not told from hair, frames
and moles here.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from pipeline.imaging.pages import Pixels
from pipeline.photo.subject import Region, Subject
from pipeline.photo.thresholds import Limits

LIPS = (61, 291, 0, 17, 37, 267, 84, 314, 40, 270, 91, 321)
RIM, ROUND_LIPS, STROKE = 0.06, 0.14, 0.12  # of eyes to chin
LEAST_SKIN_PX = 50


def longest_stroke(subject: Subject, limits: Limits) -> float:
    """Length of the longest stroke of coloured ink over the face, in eyes-to-chin; 0 for none."""
    face = subject.face
    if face is None:
        return 0.0
    unit = face.eye_to_chin_px
    skin = cv2.erode(subject.face_region().astype(np.uint8), _square(RIM * unit))
    lips = np.zeros_like(skin)
    outline = cv2.convexHull(np.round(face.mesh[list(LIPS), :2]).astype(np.int32))
    cv2.fillConvexPoly(lips, outline, (1,))
    looked = (skin > 0) & (cv2.dilate(lips, _square(ROUND_LIPS * unit)) == 0)
    if looked.sum() < LEAST_SKIN_PX:
        return 0.0
    soft = cv2.GaussianBlur(subject.picture, (0, 0), 1.0).astype(np.float32) / 255
    lab = cv2.cvtColor(soft, cv2.COLOR_BGR2Lab)
    off = lab - np.median(lab[looked], axis=0)
    red = looked & (off[..., 1] > limits["ink_chroma"])
    blue = looked & (off[..., 2] < -limits["ink_chroma"])
    return max(_longest_thin(np.asarray(mask), unit) for mask in (red, blue))


def _longest_thin(mask: Region, unit: float) -> float:
    whole = mask.astype(np.uint8)
    opened = cv2.morphologyEx(whole, cv2.MORPH_OPEN, _square(STROKE * unit))
    thin = whole & (1 - np.asarray(opened, np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(thin, connectivity=8)
    if count < 2:
        return 0.0
    sides = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    return max(math.hypot(float(w), float(h)) for w, h in sides) / unit


def _square(size_px: float) -> Pixels:
    side = max(3, round(size_px)) | 1
    return np.ones((side, side), np.uint8)
