"""Eyes, brows, nose, mouth and complexion of a drawn face, painted in the head's own frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.samples.portrait_backdrops import soft_noise

Plane = NDArray[np.floating[Any]]

EYE_X, EYE_Y = 0.262, 0.02
MOUTH_Y = 0.56


class FeaturePainter:
    """Paints on a copy of the skin's colour.

    Args:
        hx: x of every pixel in the head's frame, half heads.
        hy: y of every pixel.
        hz: z of every pixel; features stand where it is positive.
        skin: height x width x 3, BGR.
        rng: What is left open: brows, lips, irises.
        step: Width of a pixel in half heads; edges are as soft as a pixel.
        age: ``infant``, ``child``, ``adult`` or ``old``.
    """

    def __init__(
        self,
        hx: Plane,
        hy: Plane,
        hz: Plane,
        skin: Plane,
        rng: np.random.Generator,
        *,
        step: float,
        age: str,
    ) -> None:
        self.hx, self.hy, self.rng, self.age = hx, hy, rng, age
        self.front = (hz > 0.15).astype(np.float32)
        self.colour = np.asarray(skin, np.float32).copy()
        self.soft = max(step * 1.2, 0.004)
        self.tone = float(skin.mean()) / 160
        self.big = {"infant": 1.3, "child": 1.15}.get(age, 1.0)
        self.eye_y = EYE_Y + {"infant": 0.1, "child": 0.04}.get(age, 0.0)
        self.brow_y = self.eye_y - 0.20 + float(rng.uniform(-0.02, 0.01))
        self.lips = self.colour.mean(axis=(0, 1)) * np.array((0.66, 0.60, 0.82), np.float32)

    def complexion(self, smile: float) -> None:
        """Shade in the sockets and beside the nose, colour in the cheeks, lines of age."""
        for side in (-1, 1):
            socket = self._blob(side * EYE_X, self.eye_y - 0.06, 0.17, 0.09)
            self._darken(socket, 0.16)
            cheek = self._blob(side * 0.33, 0.30, 0.16, 0.14)
            self._paint(cheek * 0.22, self.colour * np.array((0.86, 0.88, 1.03), np.float32))
            self._darken(self._blob(side * 0.10, self.eye_y + 0.02, 0.05, 0.12), 0.14)
            fold = 0.08 + 0.30 * smile + (0.28 if self.age == "old" else 0.0)
            self._darken(self._stroke(side * 0.14, 0.30, side * 0.27, 0.56, 0.018), fold)
            if self.age == "old":
                self._darken(self._blob(side * EYE_X, self.eye_y + 0.11, 0.12, 0.025), 0.25)
        if self.age == "old":
            for line_y in (-0.42, -0.34, -0.27):
                curve = line_y + 0.12 * self.hx**2
                line = np.exp(-(((self.hy - curve) / 0.009) ** 2)) * (np.abs(self.hx) < 0.34)
                self._darken(line * self.front, 0.16)

    def eyes(self, closed: tuple[float, float]) -> None:
        """Both eyes; ``closed`` is (picture left, picture right), 0 open to 1 closed."""
        iris_tone = self.rng.choice([18, 28, 45]) * np.array((0.8, 1.0, 1.35), np.float32)
        for side, shut in zip((-1, 1), closed, strict=True):
            self._eye(side, shut, np.asarray(iris_tone, np.float32))

    def brows(self, tone: NDArray[np.float32]) -> None:
        """Brows in the hair's tone."""
        thick = float(self.rng.uniform(0.022, 0.042)) / self.big
        hairs = soft_noise(self.rng, self.hx.shape[1], self.hx.shape[0], 2.0)
        for side in (-1, 1):
            u = (side * self.hx - EYE_X) / 0.19
            arch = self.brow_y - 0.035 * (1 - u**2) + 0.02 * u
            depth = thick * np.clip(1.15 - 0.45 * u, 0.3, 1.5)
            shape = self._edge(depth - np.abs(self.hy - arch)) * self._edge(1 - np.abs(u), 0.06)
            shape = shape * np.clip(0.82 + 0.15 * hairs, 0, 1) * self.front
            self._paint(shape, np.broadcast_to(tone, self.colour.shape) * 0.9)

    def nose(self) -> None:
        """Nostrils and the shade under the tip."""
        for side in (-1, 1):
            self._darken(self._blob(side * 0.062, 0.345, 0.036, 0.017), 0.72)
            self._darken(self._blob(side * 0.165, 0.30, 0.018, 0.05), 0.22)
        self._darken(self._blob(0, 0.385, 0.12, 0.028), 0.22)

    def mouth(self, smile: float, gap: float) -> None:
        """Lips, the line or the gap between them, and teeth in a smile."""
        half = 0.20 + 0.075 * smile - 0.03 * gap * (1 - smile)
        u = np.clip(self.hx / half, -1.6, 1.6)
        middle = MOUTH_Y - (0.085 * smile - 0.004) * u**2 + 0.03 * smile
        rim = np.clip(1 - u**2, 0, None)
        open_up, open_down = 0.02 * gap * rim, (0.20 * gap) * rim
        bow = 1 - 0.25 * np.exp(-((u / 0.18) ** 2))
        upper = middle - open_up - 0.052 * rim**0.8 * bow * (1 - 0.3 * smile)
        lower = middle + open_down + 0.070 * rim**0.8 * (1 - 0.25 * smile)
        inside = self._edge(1 - np.abs(u), 0.02)
        lips = self._edge(self.hy - upper) * self._edge(lower - self.hy) * inside * self.front
        self._paint(lips * 0.85, np.broadcast_to(self.lips, self.colour.shape))
        self._darken(self._blob(0, lower.min() + 0.0 if gap == 0 else MOUTH_Y + 0.14 + 0.2 * gap,
                                0.13, 0.025), 0.15)  # fmt: skip
        line = np.exp(-(((self.hy - middle) / 0.011) ** 2)) * inside * self.front
        self._darken(line, 0.62)
        if gap > 0.02:
            hole = (
                self._edge(self.hy - (middle - open_up))
                * self._edge(middle + open_down - self.hy)
                * self._edge(0.94 - np.abs(u), 0.05)
                * self.front
            )
            dark = np.array((28, 22, 48), np.float32)
            self._paint(hole, np.broadcast_to(dark, self.colour.shape))
            teeth = hole * self._edge(middle - open_up + 0.075 - self.hy)
            if smile < 0.5:
                teeth = teeth * 0.45
            white = np.array((205, 218, 225), np.float32)
            self._paint(teeth * 0.95, np.broadcast_to(white, self.colour.shape))
        for side in (-1, 1):
            corner = MOUTH_Y - 0.05 * smile
            self._darken(self._blob(side * half, corner, 0.03, 0.022), 0.35)

    def _eye(self, side: int, shut: float, iris_tone: NDArray[np.float32]) -> None:
        wide = 0.130 * min(self.big, 1.15)
        u = (side * self.hx - EYE_X) / wide
        slant = 0.012 * u
        dy = self.hy - self.eye_y + slant
        rim = np.clip(1 - u**2, 0, None)
        openness = (1 - shut) * self.big
        upper = 0.030 * shut * rim - 0.062 * openness * rim**0.7
        lower = 0.034 * rim
        within = self._edge(1 - np.abs(u), 0.05) * self.front
        if openness > 0.05:
            ball = self._edge(dy - upper) * self._edge(lower - dy) * within
            white = np.array((208, 214, 222), np.float32) * min(1.0, 0.8 + 0.2 * self.tone)
            shade = 1 - 0.35 * np.clip(1 - (dy - upper) / 0.03, 0, 1)
            self._paint(ball, white * shade[..., None])
            away = np.hypot(self.hx - side * EYE_X, dy + 0.006) / self.big
            iris = self._edge(0.060 - away) * ball
            self._paint(iris, np.broadcast_to(iris_tone, self.colour.shape))
            self._paint(self._edge(0.026 - away) * ball, np.zeros_like(self.colour) + 8)
            glint = np.hypot(self.hx - side * EYE_X + 0.018, dy + 0.024)
            self._paint(self._edge(0.011 - glint) * ball, np.zeros_like(self.colour) + 240)
        lash = np.exp(-(((dy - upper) / 0.013) ** 2)) * within
        self._darken(lash, 0.82)
        self._darken(np.exp(-(((dy - lower) / 0.009) ** 2)) * within * (1 - shut), 0.30)
        crease = -0.085 * self.big * np.clip(rim, 0.15, 1)
        self._darken(np.exp(-(((dy - crease) / 0.010) ** 2)) * within, 0.28 * (1 - 0.5 * shut))

    def _edge(self, inside: Plane, soft: float | None = None) -> Plane:
        return np.asarray(np.clip(inside / (soft or self.soft) + 0.5, 0, 1), np.float32)

    def _blob(self, x: float, y: float, wide: float, tall: float) -> Plane:
        far = ((self.hx - x) / wide) ** 2 + ((self.hy - y) / tall) ** 2
        return np.asarray(np.exp(-far) * self.front, np.float32)

    def _stroke(self, x0: float, y0: float, x1: float, y1: float, wide: float) -> Plane:
        dx, dy = x1 - x0, y1 - y0
        t = np.clip(((self.hx - x0) * dx + (self.hy - y0) * dy) / (dx * dx + dy * dy), 0, 1)
        far = np.hypot(self.hx - x0 - t * dx, self.hy - y0 - t * dy)
        return np.asarray(np.exp(-((far / wide) ** 2)) * self.front, np.float32)

    def _darken(self, where: Plane, strength: float) -> None:
        self.colour = np.asarray(self.colour * (1 - strength * where[..., None]), np.float32)

    def _paint(self, where: Plane, tone: Plane) -> None:
        alpha = where[..., None]
        self.colour = np.asarray(self.colour * (1 - alpha) + tone * alpha, np.float32)
