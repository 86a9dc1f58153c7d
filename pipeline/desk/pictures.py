"""Sizes of crops and cut-outs of single characters, in memory only."""

from __future__ import annotations

import io
from collections.abc import Mapping

import cv2
import numpy as np
from PIL import Image

_MARGIN_PX = 6
CELL_PX = 128  # of a sheet of characters; the picture in it stands off the edge
_PICTURE_PX = 104
_PAPER = (255, 255, 255)
_LEAST_SHARE = 0.8
_LARGER = cv2.INTER_CUBIC


def size_px(image: bytes) -> tuple[int, int]:
    """Width and height of an encoded picture; (0, 0) where it is none.

    They stand in its first bytes: a whole page need not be decoded before it is shown.
    """
    try:
        with Image.open(io.BytesIO(image)) as picture:
            return picture.size
    except (OSError, Image.DecompressionBombError):
        return 0, 0


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


def sheet(
    cells: Mapping[int, tuple[bytes, tuple[int, int, int, int]]], columns: int, rows: int
) -> tuple[bytes, frozenset[int]]:
    """Characters in a grid, as PNG, and the places that hold one.

    Each is cut out along its own box: a margin would show what its neighbours are. A box that lies
    outside its picture by more than a fifth leaves its place empty.

    Args:
        cells: Encoded crop and box in its pixels, by place from 0.
        columns: Places in a row.
        rows: Rows.
    """
    whole = np.full((rows * CELL_PX, columns * CELL_PX, 3), _PAPER, np.uint8)
    drawn = set()
    for place, (image, (x, y, w, h)) in cells.items():
        pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
        if pixels is None or place >= columns * rows:
            continue
        part = pixels[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)]
        if part.size < _LEAST_SHARE * w * h * 3 or not part.size:
            continue
        scale = _PICTURE_PX / max(part.shape[:2])
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        fitted = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else _LARGER)
        row, column = divmod(place, columns)
        top = row * CELL_PX + (CELL_PX - size[1]) // 2
        left = column * CELL_PX + (CELL_PX - size[0]) // 2
        whole[top : top + size[1], left : left + size[0]] = fitted
        drawn.add(place)
    done, data = cv2.imencode(".png", whole)
    return (data.tobytes(), frozenset(drawn)) if done else (b"", frozenset())
