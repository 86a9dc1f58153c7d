"""Bends pre-made views anew each time they are learnt from: torch, a whole batch at once."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_TURN = 0.075  # radians, standard deviation
_SLANT = 0.09
_STRETCH = 0.07
_SIZE = 0.04
_MOVE = 0.045  # of half the frame
_UNEVEN = 0.028
_THICKER, _THINNER = 0.22, 0.22
_GAP, _DUST = 0.10, 0.06


def bend(views: Tensor) -> Tensor:
    """Turned, slanted, stretched, moved and unevenly pulled views.

    Args:
        views: N x 1 x S x S in 0..1.

    Returns:
        The same shape, sampled bilinearly.
    """
    n, side = len(views), views.shape[-1]
    angle, slant = torch.randn(n) * _TURN, torch.randn(n) * _SLANT
    stretch, size = torch.exp(torch.randn(n) * _STRETCH), torch.exp(torch.randn(n) * _SIZE)
    move = torch.randn(n, 2) * _MOVE
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = torch.stack(
        [
            torch.stack([size * stretch * cos, size * (slant - sin), move[:, 0]], 1),
            torch.stack([size * sin, size / stretch * cos, move[:, 1]], 1),
        ],
        1,
    )
    grid = functional.affine_grid(rows, [n, 1, side, side], align_corners=False)
    pull = functional.interpolate(
        torch.randn(n, 2, 5, 5) * _UNEVEN, (side, side), mode="bilinear", align_corners=True
    )
    return functional.grid_sample(views, grid + pull.permute(0, 2, 3, 1), align_corners=False)


def change_pen(views: Tensor) -> Tensor:
    """Some strokes thicker, some thinner, by up to a pixel."""
    n = len(views)
    draw, share = torch.rand(n), torch.rand(n, 1, 1, 1)
    order = torch.argsort(draw)
    thick, thin = round(n * _THICKER), round(n * _THINNER)
    result = views.clone()
    a, b = order[:thick], order[thick : thick + thin]
    wide = functional.max_pool2d(views[a], 3, 1, 1)
    narrow = -functional.max_pool2d(-views[b], 3, 1, 1)
    result[a] = torch.lerp(views[a], wide, 0.7 * share[a])
    result[b] = torch.lerp(views[b], narrow, 0.45 * share[b])
    return result


def wear(views: Tensor) -> Tensor:
    """Gaps as a removed line leaves them, specks, contrast and noise; changes its input."""
    n, side = len(views), views.shape[-1]
    for i in torch.nonzero(torch.rand(n) < _GAP).flatten().tolist():
        at, thick = int(torch.randint(2, side - 3, ())), int(torch.randint(1, 3, ()))
        left = float(torch.rand(()))
        if left < 0.5:
            views[i, :, at : at + thick] *= left
        else:
            views[i, :, :, at : at + thick] *= left - 0.5
    for i in torch.nonzero(torch.rand(n) < _DUST).flatten().tolist():
        y, x = (int(v) for v in torch.randint(0, side - 3, (2,)))
        high, wide = (int(v) for v in torch.randint(1, 4, (2,)))
        views[i, :, y : y + high, x : x + wide] = 0.4 + 0.6 * torch.rand(())
    power = torch.exp(torch.randn(n, 1, 1, 1) * 0.25)
    noise = torch.randn(views.shape) * (0.04 * torch.rand(n, 1, 1, 1))
    return torch.clamp(torch.pow(torch.clamp(views, 0, 1), power) + noise, 0, 1)


def anew(views: Tensor) -> Tensor:
    """All of it: views as another hand, pen and scan might have made them.

    Args:
        views: N x 1 x S x S in 0..1.
    """
    return wear(change_pen(bend(views)))
