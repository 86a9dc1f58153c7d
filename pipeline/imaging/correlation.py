"""Where surfaces of correlation peak, to a fraction of a pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def peaks(surfaces: NDArray[np.float32]) -> tuple[Vector, Vector, NDArray[np.bool_]]:
    """Of each correlation surface: sub-pixel place and value of the best, and whether it is inside.

    Returns:
        N x 2 places (x, y) from the surface's corner, N values, N x 2 booleans per axis.
    """
    count, rows, columns = surfaces.shape
    sound = np.where(np.isfinite(surfaces) & (surfaces <= 1.001), surfaces, 0.0)
    best = sound.reshape(count, -1).argmax(axis=1)
    y, x = best // columns, best % columns
    n = np.arange(count)
    score = sound[n, y, x].astype(np.float64)
    within = np.column_stack([(x > 0) & (x < columns - 1), (y > 0) & (y < rows - 1)])
    xm, ym = np.clip(x, 1, columns - 2), np.clip(y, 1, rows - 2)
    dx = _vertex(sound[n, y, xm - 1], sound[n, y, xm], sound[n, y, xm + 1])
    dy = _vertex(sound[n, ym - 1, x], sound[n, ym, x], sound[n, ym + 1, x])
    return np.column_stack([xm + dx, ym + dy]), score, within


def _vertex(
    before: NDArray[np.float32], middle: NDArray[np.float32], after: NDArray[np.float32]
) -> Vector:
    bow = before.astype(np.float64) - 2.0 * middle + after
    apex = 0.5 * (before.astype(np.float64) - after) / np.minimum(bow, -1e-6)
    return np.asarray(np.clip(apex, -0.5, 0.5), np.float64)
