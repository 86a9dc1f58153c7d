"""From a form's pixels to a scan's pixels: a homography and, where paper bent, a smooth bend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.imaging.slips import Slip

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]

BEND_COLUMNS = 9
BEND_ROWS = 12
# Rollers that slip and folds that have moved shift whole rows or columns within a few millimetres.
SLIP_COLUMNS = 24
SLIP_ROWS = 34
BEND_SIZE = BEND_ROWS * BEND_COLUMNS + SLIP_ROWS + SLIP_COLUMNS
_SLIP_STIFFNESS = 0.002  # beside the smooth bend's: slips are as sharp as they are
_MAP_STEP_PX, _SLIP_STEP_PX = 16, 8  # a slip bends the map within a few pixels
_STRIP_PX = 64
_TILE_PX = 128
_NO_SECOND_MAP = np.zeros(0, np.float32)  # both coordinates are in the first


def project(matrix: Matrix, points: Points) -> Points:
    """N x 2 points through a 3 x 3 homography."""
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(mapped[:, :2] / mapped[:, 2:], np.float64)


def affine_near(matrix: Matrix, corners: Points, size: Points) -> NDArray[np.float64]:
    """A homography over small rectangles, each as the affine map from the rectangle's own pixels.

    Args:
        matrix: 3 x 3.
        corners: N x 2, left and top of each rectangle, where the homography maps from.
        size: Width and height of each, N x 2 or for all of them 2.

    Returns:
        N x 2 x 3.
    """
    half = (size - 1) / 2
    middle = corners + half
    depth = middle @ matrix[2, :2] + matrix[2, 2]
    placed = (middle @ matrix[:2, :2].T + matrix[:2, 2]) / depth[:, None]
    slope = (matrix[:2, :2] - placed[:, :, None] * matrix[2, :2]) / depth[:, None, None]
    shift = placed - np.einsum("nij,nj->ni", slope, np.broadcast_to(half, placed.shape))
    return np.concatenate([slope, shift[:, :, None]], axis=2)


def bend_basis(points: Points, width_px: float, height_px: float) -> NDArray[np.float64]:
    """Values of the bend's functions at form points: N x ``BEND_SIZE``.

    Tensor products of coarse cubic B-splines for the smooth stretch, then fine splines of y alone
    and of x alone: what every place of a row, or of a column, was shifted by together.
    """
    x, y = points[:, 0] / width_px, points[:, 1] / height_px
    across, down = _splines(x, BEND_COLUMNS), _splines(y, BEND_ROWS)
    smooth = (down[:, :, None] * across[:, None, :]).reshape(len(points), -1)
    return np.concatenate([smooth, _splines(y, SLIP_ROWS), _splines(x, SLIP_COLUMNS)], axis=1)


@lru_cache(maxsize=1)
def bend_roughness() -> NDArray[np.float64]:
    """The penalty matrix of second differences (with the mixed one) over the spline grids."""

    def second(n: int) -> NDArray[np.float64]:
        return np.diff(np.eye(n), 2, axis=0)

    def first(n: int) -> NDArray[np.float64]:
        return np.diff(np.eye(n), 1, axis=0)

    down = np.kron(second(BEND_ROWS), np.eye(BEND_COLUMNS))
    across = np.kron(np.eye(BEND_ROWS), second(BEND_COLUMNS))
    mixed = np.kron(first(BEND_ROWS), first(BEND_COLUMNS))
    whole = np.zeros((BEND_SIZE, BEND_SIZE))
    coarse = BEND_ROWS * BEND_COLUMNS
    whole[:coarse, :coarse] = down.T @ down + across.T @ across + 2 * mixed.T @ mixed
    begin = coarse
    for count in (SLIP_ROWS, SLIP_COLUMNS):
        # First differences too: where no print stands between, nothing is known to have slipped.
        part = second(count).T @ second(count) + 0.3 * first(count).T @ first(count)
        own = slice(begin, begin + count)
        whole[own, own] = _SLIP_STIFFNESS * coarse * part
        begin += count
    return whole


def displacement(
    points: Points, size: tuple[float, float], bend: NDArray[np.float64], slips: Sequence[Slip]
) -> Points:
    """How form places are shifted by a bend and slips: N x 2."""
    return displaced(points, bend_basis(points, *size), bend, slips)


def displaced(
    points: Points, basis: NDArray[np.float64], bend: NDArray[np.float64], slips: Sequence[Slip]
) -> Points:
    """``displacement`` where the places' ``bend_basis`` is at hand, for several bends in turn."""
    shift = basis @ bend
    return np.asarray(sum((slip.shift(points) for slip in slips), shift), np.float64)


def bend_on_grid(
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    size: tuple[float, float],
    bend: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The bend at every crossing of a grid: rows x columns x 2, for far less than place by place.

    Args:
        xs: Columns of the grid, form pixels.
        ys: Rows of the grid.
        size: Width and height of the form.
        bend: ``BEND_SIZE`` x 2 coefficients.
    """
    x, y = xs / size[0], ys / size[1]
    coarse = BEND_ROWS * BEND_COLUMNS
    smooth = bend[:coarse].reshape(BEND_ROWS, BEND_COLUMNS, 2)
    grid = np.einsum(
        "ri,ijk,cj->rck", _splines(y, BEND_ROWS), smooth, _splines(x, BEND_COLUMNS), optimize=True
    )
    grid = grid + (_splines(y, SLIP_ROWS) @ bend[coarse : coarse + SLIP_ROWS])[:, None, :]
    grid = grid + (_splines(x, SLIP_COLUMNS) @ bend[coarse + SLIP_ROWS :])[None, :, :]
    return np.asarray(grid, np.float64)


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
        bend: ``BEND_SIZE`` x 2 coefficients: the shift of a form place, in registered
            pixels, before the homography; None for flat paper.
        slips: Folds that slipped, beside the bend.
    """

    form_to_page: Matrix
    width_px: int
    height_px: int
    bend: NDArray[np.float64] | None = None
    slips: tuple[Slip, ...] = ()

    def place(self, points: Points) -> Points:
        """N x 2 registered pixels to pixels of the decoded page."""
        if self.bend is not None:
            size = self.width_px, self.height_px
            points = points + displacement(points, size, self.bend, self.slips)
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

        Args:
            page: H x W x 3 or H x W; a page without colour costs less as one channel.
            fill: A level for each channel.
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
            return self._flat(source, matrix, method, fill)
        return self._bent(source, matrix, method, fill)

    def _flat(self, source: Pixels, matrix: Matrix, method: int, fill: tuple[int, ...]) -> Pixels:
        """A tile at a time, each affinely: a third cheaper than a homography, and as exact."""
        warped = np.empty((self.height_px, self.width_px, *source.shape[2:]), np.uint8)
        corners = [
            (left, top)
            for top in range(0, self.height_px, _TILE_PX)
            for left in range(0, self.width_px, _TILE_PX)
        ]
        maps = affine_near(matrix, np.array(corners, np.float64), np.array([_TILE_PX, _TILE_PX]))
        for (left, top), affine in zip(corners, maps, strict=True):
            tile = warped[top : top + _TILE_PX, left : left + _TILE_PX]
            tile[:] = cv2.warpAffine(
                source,
                affine,
                (tile.shape[1], tile.shape[0]),
                flags=method | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=fill,
            )
        return warped

    def _bent(self, source: Pixels, matrix: Matrix, method: int, fill: tuple[int, ...]) -> Pixels:
        """A strip at a time: the map of a whole page does not fit in any cache."""
        step = _SLIP_STEP_PX if self.slips else _MAP_STEP_PX
        columns, rows = self.width_px // step + 3, self.height_px // step + 3
        # Cell centres, one cell beyond each edge, in the convention of cv2.resize.
        xs = (np.arange(columns, dtype=np.float64) - 0.5) * step - 0.5
        ys = (np.arange(rows, dtype=np.float64) - 0.5) * step - 0.5
        grid = np.stack(np.meshgrid(xs, ys), axis=-1)
        if self.bend is not None:
            grid = grid + bend_on_grid(xs, ys, (self.width_px, self.height_px), self.bend)
        for slip in self.slips:
            along = slip.share(xs)[None, :] if slip.upright else slip.share(ys)[:, None]
            grid = grid + along[..., None] * np.array(slip.shift_px)
        placed = project(matrix, grid.reshape(-1, 2))
        coarse = placed.reshape(rows, columns, 2).astype(np.float32)
        warped = np.empty((self.height_px, self.width_px, *source.shape[2:]), np.uint8)
        for top in range(0, self.height_px, _STRIP_PX):
            bottom = min(top + _STRIP_PX, self.height_px)
            own = coarse[top // step : top // step + _STRIP_PX // step + 2]
            dense = cv2.resize(
                own, (columns * step, len(own) * step), interpolation=cv2.INTER_LINEAR
            )[step : step + bottom - top, step : step + self.width_px]
            warped[top:bottom] = cv2.remap(
                source,
                dense,
                _NO_SECOND_MAP,
                method,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=fill,
            )
        return warped
