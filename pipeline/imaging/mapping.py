"""From a form's pixels to a scan's pixels: a homography and, where paper bent, a smooth bend."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]

BEND_COLUMNS = 9
BEND_ROWS = 12
_MAP_STEP_PX = 16


def project(matrix: Matrix, points: Points) -> Points:
    """N x 2 points through a 3 x 3 homography."""
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(mapped[:, :2] / mapped[:, 2:], np.float64)


def bend_basis(points: Points, width_px: float, height_px: float) -> NDArray[np.float64]:
    """Values of the tensor product cubic B-splines at form points: N x (rows * columns)."""
    across = _splines(points[:, 0] / width_px, BEND_COLUMNS)
    down = _splines(points[:, 1] / height_px, BEND_ROWS)
    return np.asarray((down[:, :, None] * across[:, None, :]).reshape(len(points), -1), np.float64)


@lru_cache(maxsize=1)
def bend_roughness() -> NDArray[np.float64]:
    """The penalty matrix of second differences (with the mixed one) over the spline grid."""

    def second(n: int) -> NDArray[np.float64]:
        return np.diff(np.eye(n), 2, axis=0)

    def first(n: int) -> NDArray[np.float64]:
        return np.diff(np.eye(n), 1, axis=0)

    down = np.kron(second(BEND_ROWS), np.eye(BEND_COLUMNS))
    across = np.kron(np.eye(BEND_ROWS), second(BEND_COLUMNS))
    mixed = np.kron(first(BEND_ROWS), first(BEND_COLUMNS))
    return np.asarray(down.T @ down + across.T @ across + 2 * mixed.T @ mixed, np.float64)


def _splines(position: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    spans = count - 3
    place = np.clip(position, -0.05, 1.05) * spans
    left = np.clip(np.floor(place), 0, spans - 1).astype(int)
    t = place - left
    weights = (
        np.stack(
            [
                (1 - t) ** 3,
                3 * t**3 - 6 * t**2 + 4,
                -3 * t**3 + 3 * t**2 + 3 * t + 1,
                t**3,
            ],
            axis=1,
        )
        / 6.0
    )
    basis = np.zeros((len(position), count))
    rows = np.arange(len(position))
    for k in range(4):
        basis[rows, left + k] = weights[:, k]
    return basis


@dataclass(frozen=True, slots=True)
class Mapping:
    """Where each place of a form lies on a scan.

    Attributes:
        form_to_page: 3 x 3, registered pixels (300 dpi) to pixels of the decoded page.
        width_px: Registered width.
        height_px: Registered height.
        bend: (rows * columns) x 2 spline coefficients: the shift of a form place, in registered
            pixels, before the homography; None for flat paper.
    """

    form_to_page: Matrix
    width_px: int
    height_px: int
    bend: NDArray[np.float64] | None = None

    def place(self, points: Points) -> Points:
        """N x 2 registered pixels to pixels of the decoded page."""
        if self.bend is not None:
            points = points + bend_basis(points, self.width_px, self.height_px) @ self.bend
        return project(self.form_to_page, points)

    def page_px_per_form_px(self) -> float:
        """The scale in the middle of the sheet."""
        centre = np.array([[self.width_px / 2, self.height_px / 2]])
        spread = 50.0 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
        around = project(self.form_to_page, centre + spread)
        across = np.linalg.norm(around[0] - around[1]) / 100
        down = np.linalg.norm(around[2] - around[3]) / 100
        return float(np.sqrt(across * down))

    def warp(self, page: Pixels, fill: tuple[int, ...]) -> Pixels:
        """The page on the form's frame, ``height_px`` x ``width_px``; outside is ``fill``.

        A scan finer than the form is first reduced by area, so that no detail aliases; a coarser
        one is enlarged by cubic interpolation, which keeps thin strokes whole.
        """
        scale = self.page_px_per_form_px()
        matrix = self.form_to_page
        source = page
        if scale > 1.3:
            height, width = page.shape[:2]
            new_w, new_h = round(width / scale), round(height / scale)
            source = cv2.resize(page, (new_w, new_h), interpolation=cv2.INTER_AREA).astype(
                np.uint8, copy=False
            )
            from_page = np.array(
                [
                    [new_w / width, 0, (new_w / width - 1) / 2],
                    [0, new_h / height, (new_h / height - 1) / 2],
                    [0, 0, 1],
                ]
            )
            matrix = from_page @ matrix
        method = cv2.INTER_CUBIC if scale < 0.95 else cv2.INTER_LINEAR
        if self.bend is None:
            warped = cv2.warpPerspective(
                source,
                matrix,
                (self.width_px, self.height_px),
                flags=method | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=fill,
            )
            return warped.astype(np.uint8, copy=False)
        map_x, map_y = self._dense(matrix)
        warped = cv2.remap(
            source, map_x, map_y, method, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
        )
        return warped.astype(np.uint8, copy=False)

    def _dense(self, matrix: Matrix) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        step = _MAP_STEP_PX
        columns, rows = self.width_px // step + 3, self.height_px // step + 3
        # Cell centres, one cell beyond each edge, in the convention of cv2.resize.
        xs = (np.arange(columns) - 0.5) * step - 0.5
        ys = (np.arange(rows) - 0.5) * step - 0.5
        grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
        placed = Mapping(matrix, self.width_px, self.height_px, self.bend).place(grid)
        coarse = placed.reshape(rows, columns, 2).astype(np.float32)
        full = cv2.resize(coarse, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)[
            step : step + self.height_px, step : step + self.width_px
        ]
        return (
            np.ascontiguousarray(full[:, :, 0], np.float32),
            np.ascontiguousarray(full[:, :, 1], np.float32),
        )
