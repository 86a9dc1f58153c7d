"""Finds faces and their landmarks: detector, 468-point mesh, contours of the lids.

Models and their frames are MediaPipe's (Apache-2.0): BlazeFace short range (Bazarevsky et al.,
2019), Face Mesh (Kartynnik et al., 2019), Iris (Ablavatski et al., 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.model_store import ModelStore
from pipeline.photo.lite_models import LiteModel

Points = NDArray[np.floating[Any]]

DETECTOR_PX = 128
ANCHOR_GRIDS = ((16, 2), (8, 6))  # cells per side, anchors per cell: the detector's own layout
OVERLAP_SAME_FACE = 0.3
ROI_GROWTH = 1.5  # the mesh was trained on the face box made larger by this
EYE_GROWTH = 2.3  # and the iris model on the eye's corners made larger by this
TIGHT_BORDER = 0.30  # border added for a second look at photos cropped to the face
SURE_SCORE, SURE_SHARE = 0.85, 0.25  # a face this sure and this wide in the picture is the one

# Indices of the mesh, named once.
FOREHEAD, CHIN, NOSE_TIP = 10, 152, 1
EYE_CORNERS = {"left": (33, 133), "right": (362, 263)}  # picture left, picture right
MOUTH_CORNERS = (61, 291)
INNER_LIPS = ((82, 87), (13, 14), (312, 317))
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
MIRROR_PAIRS = (
    (33, 263), (133, 362), (61, 291), (234, 454), (127, 356), (132, 361), (172, 397),
    (103, 332), (54, 284), (50, 280), (205, 425), (98, 327),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Face:
    """One face, in pixels of the picture it was found in.

    Attributes:
        score: Of the detector, 0 to 1.
        box: x, y, w, h of the detection.
        mesh: 468 x 3; z in the same unit as x, smaller is nearer.
        mesh_score: Of the mesh, 0 to 1: whether there is a face in its crop.
        lids: For the eye on the picture's left and right, 16 x 2 points: 0-8 the lower lid from
            corner to corner, 9-15 the upper lid between them.
        irises: For each eye 5 x 2 points, the centre first.
        points: The detector's own 6 x 2 points, as ``Detection`` has them.
    """

    score: float
    box: tuple[float, float, float, float]
    mesh: Points
    mesh_score: float
    lids: tuple[Points, Points]
    irises: tuple[Points, Points]
    points: Points

    @property
    def eye_centres(self) -> tuple[Points, Points]:
        """Middle of each eye's corners."""
        left, right = (self.mesh[list(EYE_CORNERS[s]), :2].mean(axis=0) for s in ("left", "right"))
        return left, right

    @property
    def eye_to_chin_px(self) -> float:
        """Middle of the eyes to the chin: the scale T of ISO/IEC 29794-5 measures."""
        left, right = self.eye_centres
        return float(np.linalg.norm((left + right) / 2 - self.mesh[CHIN, :2]))


@dataclass(frozen=True, slots=True)
class Detection:
    """A detected face, pixels.

    Attributes:
        score: 0 to 1.
        box: x, y, w, h.
        points: 6 x 2: the eye on the picture's left, that on its right, nose, mouth, and the ears
            in the order of the eyes.
    """

    score: float
    box: tuple[float, float, float, float]
    points: Points


class FaceFinder:
    """The detector, mesh and iris models."""

    def __init__(self, store: ModelStore) -> None:
        """Load the three models.

        Raises:
            DefectError: If a model is missing or altered.
        """
        self._detector = LiteModel(store.path("face_detector"))
        self._mesh = LiteModel(store.path("face_mesh"))
        self._iris = LiteModel(store.path("iris_landmarks"))
        self._anchors = _anchors()

    def detect(self, picture: Pixels, min_score: float) -> list[Detection]:
        """Faces in a BGR picture, best first; looks twice, as a tight crop needs a border.

        A face that is large and sure at first sight is not cropped tightly: one look will do.
        """
        found = self._detect_bordered(picture, 0.0, min_score)
        sure = SURE_SHARE * picture.shape[1]
        if any(d.score >= SURE_SCORE and d.box[2] >= sure for d in found):
            return _without_overlaps(found)
        wide = self._detect_bordered(picture, TIGHT_BORDER, min_score)
        return _without_overlaps(found + wide)

    def landmarks(self, picture: Pixels, detection: Detection) -> Face:
        """Mesh and lids of a detected face; the mesh looks twice, the second time better placed."""
        x, y, w, h = detection.box
        eyes = detection.points
        side = max(w, h) * ROI_GROWTH
        centre = np.array((x + w / 2, y + h / 2), np.float32)
        mesh, score = self._mesh_in(picture, centre, side, _tilt(eyes[0], eyes[1]))
        first = mesh[:, :2]
        upright = _tilt(mesh[33, :2], mesh[263, :2])
        low, high = _bounds_along(first, upright)
        centre = _turn((low + high) / 2, upright)
        side = float(max(high - low)) * ROI_GROWTH
        mesh, score = self._mesh_in(picture, centre, side, upright)
        left = self._lids_in(picture, mesh, "left")
        right = self._lids_in(picture, mesh, "right")
        return Face(
            detection.score,
            detection.box,
            mesh,
            score,
            (left[0], right[0]),
            (left[1], right[1]),
            detection.points,
        )

    def _detect_bordered(self, picture: Pixels, border: float, min_score: float) -> list[Detection]:
        height, width = picture.shape[:2]
        side = max(height, width) * (1 + 2 * border)
        scale = DETECTOR_PX / side
        left, top = (side - width) / 2, (side - height) / 2
        small = _reduced(picture, left, top, scale)
        rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.float32) / 127.5 - 1
        raw, logits = self._detector.run(np.asarray(rgb, np.float32))
        scores = 1 / (1 + np.exp(-np.clip(logits[:, 0], -50, 50)))
        found = []
        for i in np.flatnonzero(scores >= min_score):
            middle = raw[i, :2] + self._anchors[i] * DETECTOR_PX
            size = raw[i, 2:4]
            points = raw[i, 4:16].reshape(6, 2) + self._anchors[i] * DETECTOR_PX
            corner = (middle - size / 2) / scale - (left, top)
            points = np.asarray(points / scale - (left, top), np.float32)
            box = (*map(float, corner), *map(float, size / scale))
            found.append(Detection(float(scores[i]), (box[0], box[1], box[2], box[3]), points))
        return found

    def _mesh_in(
        self, picture: Pixels, centre: Points, side: float, tilt: float
    ) -> tuple[Points, float]:
        size = self._mesh.input_size_px
        to_picture = _roi_matrix(centre, side, tilt, size)
        raw, logit = self._mesh.run(_cut(picture, to_picture, size))
        points = raw.reshape(468, 3)
        mesh = np.empty((468, 3), np.float32)
        mesh[:, :2] = points[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        mesh[:, 2] = points[:, 2] * side / size
        return mesh, float(1 / (1 + np.exp(-np.clip(logit.ravel()[0], -50, 50))))

    def _lids_in(self, picture: Pixels, mesh: Points, which: str) -> tuple[Points, Points]:
        first, second = (mesh[i, :2] for i in EYE_CORNERS[which])
        side = float(np.linalg.norm(second - first)) * EYE_GROWTH
        size = self._iris.input_size_px
        to_picture = _roi_matrix((first + second) / 2, side, _tilt(first, second), size)
        crop = _cut(picture, to_picture, size)
        flipped = which == "right"  # the model knows the eye on the picture's left only
        contour, iris = self._iris.run(np.ascontiguousarray(crop[:, ::-1]) if flipped else crop)
        return (
            _eye_points(contour, to_picture, size, flipped)[:16],
            _eye_points(iris, to_picture, size, flipped),
        )


def _reduced(picture: Pixels, left: float, top: float, scale: float) -> Pixels:
    """The picture in the middle of the detector's grey square."""
    height, width = picture.shape[:2]
    if scale <= 0.5:
        # warpAffine does not average when it shrinks: areas are averaged first, to twice the size
        # that is wanted, so that most of the work is on a small picture.
        halves = max(1, round(2 * scale * width)), max(1, round(2 * scale * height))
        picture = np.asarray(cv2.resize(picture, halves, interpolation=cv2.INTER_AREA), np.uint8)
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.7), np.uint8)
    across, down = scale * width / picture.shape[1], scale * height / picture.shape[0]
    # Centres of pixels lie half a pixel inside, in both pictures.
    move = np.array(
        [
            [across, 0, left * scale + (across - 1) / 2],
            [0, down, top * scale + (down - 1) / 2],
        ],
        np.float32,
    )
    small = cv2.warpAffine(
        picture, move, (DETECTOR_PX, DETECTOR_PX), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=(127, 127, 127),
    )  # fmt: skip
    return np.asarray(small, np.uint8)


def _anchors() -> NDArray[np.float32]:
    parts = []
    for cells, per_cell in ANCHOR_GRIDS:
        middle = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        grid = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
        parts.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(parts)


def _overlap(a: Detection, b: Detection) -> float:
    ax, ay, aw, ah = a.box
    bx, by, bw, bh = b.box
    wide = max(0.0, min(ax + aw, bx + bw) - max(ax, bx))
    tall = max(0.0, min(ay + ah, by + bh) - max(ay, by))
    # Against the smaller box: a face inside a face is one face.
    return wide * tall / max(1e-6, min(aw * ah, bw * bh))


def _without_overlaps(found: list[Detection]) -> list[Detection]:
    kept: list[Detection] = []
    for one in sorted(found, key=lambda d: -d.score):
        if all(_overlap(one, k) < OVERLAP_SAME_FACE for k in kept):
            kept.append(one)
    return kept


def _tilt(left: Points, right: Points) -> float:
    return float(np.arctan2(right[1] - left[1], right[0] - left[0]))


def _turn(point: Points, angle: float) -> Points:
    c, s = np.cos(angle), np.sin(angle)
    return np.array((c * point[0] - s * point[1], s * point[0] + c * point[1]), np.float32)


def _bounds_along(points: Points, angle: float) -> tuple[Points, Points]:
    c, s = np.cos(angle), np.sin(angle)
    turned = points @ np.array([[c, -s], [s, c]], np.float32)
    return turned.min(axis=0), turned.max(axis=0)


def _roi_matrix(centre: Points, side: float, tilt: float, size: int) -> NDArray[np.float32]:
    """2 x 3: from pixels of the model's input to pixels of the picture."""
    scale = side / size
    c, s = np.cos(tilt) * scale, np.sin(tilt) * scale
    half = size / 2
    return np.array(
        [[c, -s, centre[0] - c * half + s * half], [s, c, centre[1] - s * half - c * half]],
        np.float32,
    )


def _cut(picture: Pixels, to_picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(
        picture, to_picture, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB).astype(np.float32) / 255, np.float32)


def _eye_points(
    raw: NDArray[np.float32], to_picture: NDArray[np.float32], size: int, flipped: bool
) -> Points:
    points = raw.reshape(-1, 3)[:, :2].copy()
    if flipped:
        points[:, 0] = size - points[:, 0]
    return np.asarray(points @ to_picture[:, :2].T + to_picture[:, 2], np.float32)
