"""The head of a drawn portrait: ellipsoids as a height map, features painted in its own frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.samples.portrait_backdrops import soft_noise
from pipeline.samples.portrait_features import FeaturePainter

Plane = NDArray[np.floating[Any]]
Vector = tuple[float, float, float]
Part = tuple[Vector, Vector]  # centre, radii

NOWHERE = -9.0
JOIN = 0.035  # width of the smooth joint between two parts


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> NDArray[np.float32]:
    """The 3 x 3 matrix that takes the head's frame to the picture's; signs as in PortraitSpec."""
    yaw, pitch, roll = (math.radians(a) for a in (yaw_deg, pitch_deg, roll_deg))
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y, np.float32)


def _face_parts(age: str, rng: np.random.Generator, mouth_open: float) -> tuple[Part, ...]:
    wide = float(rng.uniform(0.95, 1.05)) * (1.1 if age == "infant" else 1.0)
    full = 1.12 if age == "infant" else float(rng.uniform(0.95, 1.06))
    drop = 0.07 * mouth_open
    nose = 0.8 if age in ("infant", "child") else float(rng.uniform(0.92, 1.1))
    return (
        ((0, -0.30, -0.06), (0.66 * wide, 0.70, 0.76)),
        ((0, 0.22, 0.06), (0.545 * wide, 0.70, 0.60)),
        ((0, 0.78 + drop, 0.30), (0.25 * full, 0.22, 0.25)),
        ((-0.29, 0.27, 0.36), (0.23 * full, 0.27, 0.22)),
        ((0.29, 0.27, 0.36), (0.23 * full, 0.27, 0.22)),
        ((0, 0.06, 0.62), (0.07 * nose, 0.30, 0.13)),
        ((0, 0.27, 0.70), (0.105 * nose, 0.095, 0.13 * nose)),
        ((-0.105 * nose, 0.305, 0.61), (0.07 * nose, 0.06, 0.09)),
        ((0.105 * nose, 0.305, 0.61), (0.07 * nose, 0.06, 0.09)),
        ((-0.25, -0.17, 0.50), (0.24, 0.08, 0.13)),
        ((0.25, -0.17, 0.50), (0.24, 0.08, 0.13)),
        ((0, 0.56, 0.52), (0.22, 0.13, 0.12)),
    )


class HeadPainter:
    """Paints a figure from back to front of its making; depth decides what is seen.

    Args:
        view_x: Picture x of every pixel, in half heads from the head's middle.
        view_y: Picture y of every pixel.
        turn: Head's frame to picture's frame.
        rng: What the specification leaves open.
        skin: BGR skin tone.
        hair: BGR tone of the hair, None for a bald head.
        long_hair: Hair to the shoulders.
        age: ``infant``, ``child``, ``adult`` or ``old``.
    """

    def __init__(
        self,
        view_x: Plane,
        view_y: Plane,
        turn: NDArray[np.float32],
        rng: np.random.Generator,
        *,
        skin: NDArray[np.float32],
        hair: NDArray[np.float32] | None,
        long_hair: bool,
        age: str,
    ) -> None:
        self.x, self.y, self.turn, self.rng = view_x, view_y, turn, rng
        self.skin, self.hair, self.long_hair, self.age = skin, hair, long_hair, age
        if hair is not None and age == "old" and rng.random() < 0.7:
            self.hair = np.array((160, 162, 165), np.float32) * float(rng.uniform(0.7, 1.1))
        self.height, self.width = view_x.shape
        self.step = float(abs(view_x[0, 1] - view_x[0, 0]))
        self.depth = np.full(view_x.shape, NOWHERE, np.float32)
        self.colour = np.zeros((*view_x.shape, 3), np.float32)
        light = np.array((rng.uniform(-0.15, 0.15), -0.35, 1.0), np.float32)
        self.light = light / np.linalg.norm(light)
        self.straight = np.eye(3, dtype=np.float32)

    def body(self) -> None:
        """Neck, shoulders and a collar; they do not turn with the head."""
        cloth = self.rng.uniform(20, 210, 3).astype(np.float32)
        neck = self._surface((((0, 1.05, -0.18), (0.34, 0.75, 0.36)),), self.straight)
        self._lay(neck, self.skin * 0.86)
        torso = self._surface(
            (
                ((0, 2.30, -0.2), (1.35, 1.15, 0.62)),
                ((-0.62, 1.93, -0.25), (0.8, 0.70, 0.5)),
                ((0.62, 1.93, -0.25), (0.8, 0.70, 0.5)),
            ),
            self.straight,
        )
        vee = 1.12 + float(self.rng.uniform(0.0, 0.15))
        open_neck = (self.y < vee + 0.5 - 1.5 * np.abs(self.x)) & (np.abs(self.x) < 0.33)
        torso = np.where(open_neck, NOWHERE, torso)
        self._lay(torso, cloth)
        if self.rng.random() < 0.6:
            collar = self._surface((((0, 1.28, -0.1), (0.46, 0.24, 0.46)),), self.straight)
            edge = np.abs(self.x) > 0.12 + 0.5 * np.maximum(0, 1.5 - self.y)
            self._lay(np.where(edge & (self.y > 1.12), collar, NOWHERE), cloth * 0.3 + 165)

    def head(self) -> None:
        """Skull, jaw, nose, brows and ears, and hair that hangs behind."""
        if self.hair is not None and self.long_hair:
            curtain = self._surface((((0, 0.45, -0.38), (0.80, 1.15, 0.46)),), self.turn)
            self._lay(curtain, self._strands())
        ears = self._surface(
            (((-0.65, 0.10, -0.06), (0.09, 0.2, 0.13)), ((0.65, 0.10, -0.06), (0.09, 0.2, 0.13))),
            self.turn,
        )
        self._lay(ears, self.skin * 0.92)

    def face(self, *, smile: float, mouth_open: float, closed: tuple[float, float]) -> None:
        """The face with eyes, brows, nose and mouth; ``closed`` is (picture left, right)."""
        surface = self._surface(_face_parts(self.age, self.rng, mouth_open), self.turn)
        hx, hy, hz = self._in_head(surface)
        blotch = soft_noise(self.rng, self.width, self.height, 0.16 / self.step)
        grain = soft_noise(self.rng, self.width, self.height, max(1.5, 0.012 / self.step))
        skin = self.skin * (1 + 0.012 * blotch[..., None] + 0.014 * grain[..., None])
        features = FeaturePainter(hx, hy, hz, skin, self.rng, step=self.step, age=self.age)
        features.complexion(smile)
        features.eyes(closed)
        brow = self.skin * 0.35 if self.hair is None else self.hair
        features.brows(np.asarray(brow, np.float32))
        features.nose()
        features.mouth(smile, mouth_open)
        self._lay(surface, features.colour)

    def hair_cap(self) -> None:
        """Hair on the skull, down to a hairline drawn at random."""
        if self.hair is None:
            return
        thick = float(self.rng.uniform(1.05, 1.11)) if self.age != "infant" else 1.03
        parts = (((0, -0.30, -0.07), (0.67 * thick, 0.70 * thick, 0.77 * thick)),)
        surface = self._surface(parts, self.turn)
        hx, hy, hz = self._in_head(surface)
        line = float(self.rng.uniform(-0.62, -0.47)) - (0.12 if self.age == "infant" else 0.0)
        parting = float(self.rng.uniform(-0.25, 0.25))
        fringe = line + 0.9 * (hx - parting) ** 2
        ragged = 0.012 * soft_noise(self.rng, self.width, self.height, 0.05 / self.step)
        front = (hz > 0.12) & (hy < fringe + ragged) & (hy < 0.1)
        low = 0.9 if self.long_hair else float(self.rng.uniform(-0.05, 0.12))
        behind = (hz <= 0.26 + ragged) & (hy < low + ragged)
        self._lay(np.where(front | behind, surface, NOWHERE), self._strands())

    def hat(self, kind: str) -> None:
        """A ``cap``, ``beanie`` or ``brim`` over skull and hair."""
        tone = self.rng.uniform(15, 225, 3).astype(np.float32)
        dome = self._surface((((0, -0.36, -0.06), (0.78, 0.78, 0.90)),), self.turn)
        _, hy, hz = self._in_head(dome)
        rim = -0.36 - 0.14 * np.clip(hz, 0, 1) if kind != "beanie" else -0.36 - 0.05 * hz
        cloth = np.broadcast_to(tone, (*dome.shape, 3)).astype(np.float32)
        if kind == "beanie":
            knit = 1 + 0.12 * np.sin(self.x / 0.018)
            cloth = np.asarray(cloth * knit[..., None], np.float32)
            band = (hy > rim - 0.2)[..., None]
            cloth = np.where(band, cloth * 0.8, cloth).astype(np.float32)
        self._lay(np.where(hy < rim, dome, NOWHERE), cloth)
        if kind == "cap":
            self._lay(self._surface((((0, -0.50, 0.85), (0.5, 0.045, 0.5)),), self.turn), cloth)
        elif kind == "brim":
            self._lay(self._surface((((0, -0.46, 0.0), (1.15, 0.06, 1.15)),), self.turn), cloth)

    def headscarf(self) -> None:
        """A scarf that leaves the face free from brow to chin."""
        tone = self.rng.uniform(20, 220, 3).astype(np.float32)
        parts = (
            ((0.0, -0.28, -0.08), (0.78, 0.80, 0.86)),
            ((0.0, 0.45, -0.12), (0.72, 0.95, 0.66)),
            ((0.0, 1.35, -0.05), (0.62, 0.55, 0.50)),
        )
        surface = self._surface(parts, self.turn)
        hx, hy, hz = self._in_head(surface)
        opening = (hx / 0.50) ** 2 + ((hy - 0.20) / 0.80) ** 2 < 1
        folds = soft_noise(self.rng, self.width, self.height, 0.12 / self.step)
        cloth = tone * (1 + 0.07 * folds[..., None])
        self._lay(np.where(opening & (hz > 0), NOWHERE, surface), np.asarray(cloth, np.float32))

    def glasses(self, *, dark: bool) -> None:
        """Glasses before the eyes, with clear or dark lenses."""
        flat = np.full(self.x.shape, 0.0, np.float32)
        # The plane z = 0.62 of the head, where the lenses stand, met by the line of sight.
        facing = self.turn[:, 2]
        if facing[2] > 0.2:
            flat = (0.62 - facing[0] * self.x - facing[1] * self.y) / facing[2]
        hx, hy, _ = self._in_head(flat.astype(np.float32))
        wide, tall = float(self.rng.uniform(0.19, 0.225)), float(self.rng.uniform(0.12, 0.17))
        power = float(self.rng.uniform(2.0, 4.0))
        u = np.abs(np.abs(hx) - 0.265) / wide
        v = np.abs(hy - 0.03) / tall
        ring = (u**power + v**power) ** (1 / power) - 1.0
        lens = ring < 0
        thick = 0.14 if dark else float(self.rng.uniform(0.07, 0.13))
        frame = (ring >= 0) & (ring < thick)
        frame |= (np.abs(hx) < 0.09) & (np.abs(hy + 0.02) < 0.018)
        temple = (np.abs(hx) > 0.27 + wide) & (np.abs(hx) < 0.66) & (np.abs(hy + 0.02) < 0.022)
        seen = self.depth > NOWHERE / 2
        tint = float(self.rng.uniform(8, 45))
        metal = np.array((35, 35, 40), np.float32) * float(self.rng.uniform(0.5, 2.2))
        if dark:
            glass = tint + 30 * np.clip(-(hy - 0.03) / tall, 0, 1) * float(self.rng.random())
            paint = np.repeat(glass[..., None], 3, axis=2)
            self._tint(lens & seen, np.asarray(paint, np.float32), 0.96)
        else:
            self._tint(lens & seen, np.full((*lens.shape, 3), 235, np.float32), 0.05)
        metal_plane = np.broadcast_to(metal, (*lens.shape, 3)).astype(np.float32)
        self._tint((frame | temple) & seen, metal_plane, 0.95)

    def finished(self) -> tuple[Plane, Plane]:
        """The figure (height x width x 3) and its soft mask (height x width, 0 to 1)."""
        mask = (self.depth > NOWHERE / 2).astype(np.float32)
        filled = self.colour.copy()
        edge = cv2.dilate(filled, np.ones((3, 3), np.uint8))
        filled = np.where(mask[..., None] > 0, filled, edge)
        soft = cv2.GaussianBlur(mask, (0, 0), 0.8)
        picture = cv2.GaussianBlur(filled, (0, 0), 0.55)
        return np.asarray(picture, np.float32), np.asarray(soft, np.float32)

    def _strands(self) -> Plane:
        assert self.hair is not None
        thin = soft_noise(self.rng, self.width, self.height, max(1.5, 0.02 / self.step))
        long = cv2.GaussianBlur(thin, (0, 0), sigmaX=0.8, sigmaY=0.07 / self.step)
        return np.asarray(
            self.hair * (1 + 0.55 * long[..., None]) + 5 * long[..., None], np.float32
        )

    def _surface(self, parts: Sequence[Part], turn: NDArray[np.float32]) -> Plane:
        """Height of the nearest surface along the line of sight; ``NOWHERE`` beside it."""
        total = np.zeros(self.x.shape, np.float32)
        any_hit = np.zeros(self.x.shape, bool)
        for centre, radii in parts:
            middle = turn @ np.array(centre, np.float32)
            shape = turn @ np.diag(1 / np.square(np.array(radii, np.float32))) @ turn.T
            dx, dy = self.x - middle[0], self.y - middle[1]
            a = shape[2, 2]
            b = 2 * (shape[0, 2] * dx + shape[1, 2] * dy)
            c = shape[0, 0] * dx**2 + 2 * shape[0, 1] * dx * dy + shape[1, 1] * dy**2 - 1
            inside = b**2 - 4 * a * c
            hit = inside > 0
            z = middle[2] + (-b + np.sqrt(np.maximum(inside, 0))) / (2 * a)
            total += np.where(hit, np.exp(np.clip(z, -3, 3) / JOIN - 40), 0)
            any_hit |= hit
        height = JOIN * (np.log(np.maximum(total, 1e-36)) + 40)
        return np.where(any_hit, height, NOWHERE).astype(np.float32)

    def _in_head(self, z: Plane) -> tuple[Plane, Plane, Plane]:
        back = self.turn.T
        x, y, depth = (back[i, 0] * self.x + back[i, 1] * self.y + back[i, 2] * z for i in range(3))
        return (
            np.asarray(x, np.float32),
            np.asarray(y, np.float32),
            np.asarray(depth, np.float32),
        )

    def _lay(self, surface: Plane, colour: NDArray[np.float32]) -> None:
        seen = surface > np.maximum(self.depth, NOWHERE / 2)
        smooth = np.where(surface > NOWHERE / 2, surface, np.float32(-0.6))
        slope_y, slope_x = np.gradient(cv2.GaussianBlur(smooth, (0, 0), 1.2), self.step)
        slope_x, slope_y = np.clip(slope_x, -4, 4), np.clip(slope_y, -4, 4)
        length = np.sqrt(slope_x**2 + slope_y**2 + 1)
        toward = (-slope_x * self.light[0] - slope_y * self.light[1] + self.light[2]) / length
        lit = 0.50 + 0.54 * np.clip(toward, 0, 1)
        paint = np.broadcast_to(colour, (*surface.shape, 3)) * lit[..., None]
        self.colour = np.where(seen[..., None], paint, self.colour).astype(np.float32)
        self.depth = np.where(seen, surface, self.depth).astype(np.float32)

    def _tint(self, where: NDArray[np.bool_], paint: Plane, strength: float) -> None:
        soft = cv2.GaussianBlur(where.astype(np.float32), (0, 0), 0.8)[..., None] * strength
        self.colour = np.asarray(self.colour * (1 - soft) + paint * soft, np.float32)
