"""What an outline of a print is: four sides, and what is made of those whose place is unknown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

STANDARD_MM = (35.0, 45.0)  # width and height


@dataclass(frozen=True, slots=True)
class SidePlace:
    """A side of a print.

    Attributes:
        place: NaN where unknown.
        sharp: How sharp it is.
        seen: That is beyond doubt.
        fits: The tones across it are much like those of an edge; its parts need not prove a line.
        steps: Place and size of every step of the tones near it, the chosen one among them.
    """

    place: float
    sharp: float
    seen: bool
    fits: bool = False
    steps: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """Four sides, upright when turned by ``angle`` about ``centre``.

    Attributes:
        px_per_mm: Scale of all places.
        centre: Pixels of the crop at that scale.
        angle: Degrees clockwise.
        sides: Left, right, top, bottom.
    """

    px_per_mm: float
    centre: tuple[float, float]
    angle: float
    sides: list[SidePlace]

    @property
    def seen(self) -> int:
        """How many sides are beyond doubt."""
        return sum(side.seen for side in self.sides)

    def places(self) -> tuple[float, float, float, float]:
        """Left, right, top and bottom; a side whose place is unknown, from the one opposite."""
        places = []
        for (first, second), length, middle in zip(
            (self.sides[:2], self.sides[2:]), STANDARD_MM, self.centre, strict=True
        ):
            full = length * self.px_per_mm
            low, high = first.place, second.place
            if math.isnan(low):
                low = high - full
            elif math.isnan(high):
                high = low + full
            if not high - low >= 5 * self.px_per_mm:  # neither is known, or they make no print
                low, high = middle - full / 2, middle + full / 2
            places.append((low, high))
        return places[0][0], places[0][1], places[1][0], places[1][1]

    def in_crop(self, points: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Points of the straightened frame, N x 2, in pixels of the crop at the same scale."""
        back = cv2.invertAffineTransform(cv2.getRotationMatrix2D(self.centre, self.angle, 1.0))
        return np.asarray(points @ back[:, :2].T + back[:, 2])
