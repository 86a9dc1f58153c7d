"""What every photo check looks at: the print at a working scale, its face, its person mask."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.photo.faces import OVAL, Face

Plane = NDArray[np.floating[Any]]
Region = NDArray[np.bool_]

WORKING_T_PX = 128.0  # eyes to chin after scaling: edges then mean the same in every photo
WORKING_SIDE_MAX_PX = 1000
WORKING_HEIGHT_NO_FACE_PX = 340


@dataclass(frozen=True, slots=True)
class PrintSize:
    """The print as measured on the page.

    Attributes:
        width_mm: Shorter side of an upright print.
        height_mm: Longer side.
        rotation_deg: Clockwise on the page.
        sure: The size is beyond doubt: no side was guessed, and no other size is as likely.
    """

    width_mm: float
    height_mm: float
    rotation_deg: float
    sure: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """One photo, ready to be checked.

    Attributes:
        picture: The photo at the working scale, BGR.
        light: L* of the photo against the paper white of its scan, 0 to 100.
        person: How likely each pixel shows the person, 0 to 1.
        faces: Faces in working pixels, the largest first.
        px_per_mm: Working pixels in a millimetre of the print; None where unknown.
        size: The print's size; None where unknown.
        scores: Probabilities of our classifiers by name.
        source_t_px: Eyes to chin in the pixels that were scanned; 0 without a face.
        glimpse: Where there is no face: one that the detector sees and the mesh does not, as a
            profile or a face from below is; its mesh is not to be relied on.
    """

    picture: Pixels
    light: Plane
    person: Plane
    faces: tuple[Face, ...]
    px_per_mm: float | None
    size: PrintSize | None
    scores: dict[str, float]
    source_t_px: float
    glimpse: Face | None = None

    @property
    def face(self) -> Face | None:
        """The largest face."""
        return self.faces[0] if self.faces else None

    @property
    def unit_px(self) -> float:
        """Eyes to chin, or what stands for it where there is no face."""
        return self.face.eye_to_chin_px if self.face else WORKING_T_PX

    def background(self, gap: float = 0.12) -> Region:
        """Pixels that surely show the wall: ``gap`` of a face length away from the person."""
        person = (self.person > 0.25).astype(np.uint8)
        grow = max(3, int(gap * self.unit_px)) | 1
        grown = cv2.dilate(person, np.ones((grow, grow), np.uint8))
        wall = open_to_rim(grown == 0)
        # The rim of a print shows its cut edge, glue and the paper under it.
        rim = max(2, round(0.07 * self.unit_px))
        wall[:rim] = wall[-rim:] = False
        wall[:, :rim] = wall[:, -rim:] = False
        return wall

    def face_region(self) -> Region:
        """Pixels inside the oval of the face; empty without one."""
        region: Pixels = np.zeros(self.light.shape[:2], np.uint8)
        if self.face is not None:
            oval = np.round(self.face.mesh[list(OVAL), :2]).astype(np.int32)
            cv2.fillConvexPoly(region, cv2.convexHull(oval), (1,))
        return np.asarray(region > 0)


def open_to_rim(wall: Region) -> Region:
    """The parts of a wall that reach the top or a side of the photo.

    What hair and neck enclose is hair in its own shade more often than a wall; 4-connected, so that
    a strand of hair closes it.
    """
    _, numbers = cv2.connectedComponents(wall.astype(np.uint8), connectivity=4)
    rim = np.concatenate([numbers[0], numbers[:, 0], numbers[:, -1]])
    reached = np.zeros(int(numbers.max()) + 1, bool)
    reached[rim] = True
    reached[0] = False
    return np.asarray(reached[numbers])


def working_scale(picture: Pixels, face: Face | None) -> float:
    """Factor from the scanned photo to the working scale."""
    height, width = picture.shape[:2]
    wanted = WORKING_HEIGHT_NO_FACE_PX / height
    if face is not None:
        wanted = WORKING_T_PX / max(face.eye_to_chin_px, 1.0)
    return float(min(wanted, WORKING_SIDE_MAX_PX / max(height, width)))


def scaled(picture: Pixels, factor: float) -> Pixels:
    """The picture made larger or smaller."""
    height, width = picture.shape[:2]
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def scaled_face(face: Face, factor: float) -> Face:
    """The face in pixels of the scaled picture."""
    x, y, w, h = (v * factor for v in face.box)
    lids = (face.lids[0] * factor, face.lids[1] * factor)
    irises = (face.irises[0] * factor, face.irises[1] * factor)
    points = face.points * factor
    return Face(face.score, (x, y, w, h), face.mesh * factor, face.mesh_score, lids, irises, points)


def lightness(picture: Pixels, paper_bgr: tuple[int, int, int]) -> Plane:
    """L* of a picture with the paper of the same scan as white (CIE 1976).

    A scanner's brightness and a yellow sheet move photo and paper alike, so they cancel here.
    """
    white = np.maximum(np.array(paper_bgr, np.float32), 100.0)
    levels = np.arange(256, dtype=np.float32)[:, None]
    share = np.array([0.0722, 0.7152, 0.2126], np.float32) * np.minimum(levels / white, 1.0) ** 2.2
    tables = np.ascontiguousarray(share.T)
    y = np.add.reduce([cv2.LUT(picture[..., c], tables[c]) for c in range(3)])
    cube = np.where(y > 0.008856, np.cbrt(y), 7.787 * y + 16 / 116)
    return np.asarray(116 * cube - 16, np.float32)


def finite(value: float, otherwise: float = 0.0) -> float:
    """The value, or ``otherwise`` where it is not a number."""
    return value if math.isfinite(value) else otherwise
