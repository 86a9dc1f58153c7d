"""Sizes of crops and cut-outs of single characters, in memory only."""

from __future__ import annotations

import cv2
import numpy as np

_MARGIN_PX = 6


def size_px(image: bytes) -> tuple[int, int]:
    """Width and height of an encoded picture; (0, 0) where it cannot be decoded."""
    pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    return (0, 0) if pixels is None else (int(pixels.shape[1]), int(pixels.shape[0]))


def cut_out(image: bytes, box_px: tuple[int, int, int, int]) -> bytes | None:
    """A box of an encoded picture as PNG, or None where the box lies outside.

    Args:
        image: The encoded crop.
        box_px: Left, top, width, height in pixels of the crop.
    """
    pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        return None
    x, y, w, h = box_px
    part = pixels[
        max(0, y - _MARGIN_PX) : y + h + _MARGIN_PX, max(0, x - _MARGIN_PX) : x + w + _MARGIN_PX
    ]
    if not part.size:
        return None
    done, data = cv2.imencode(".png", part)
    return data.tobytes() if done else None
