"""What is not written but put on a page: print, QR codes, red seals, photos, strikes, stains."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
import segno
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.domain.geometry import PX_PER_MM, BoxPx
from pipeline.samples import fonts
from pipeline.samples.ink import Field
from pipeline.samples.writing import Pen, lay

Pixels = NDArray[np.uint8]

PRINT_BGR = (30, 28, 28)
RED_BGR = (52, 46, 205)
QR_ADDRESS = "https://example.invalid/apply?id="
"""A reserved name: nothing real is ever opened."""


def print_text(
    page: Pixels, text: str, box: BoxPx, *, lines: int = 1, family: str = fonts.MINCHO
) -> BoxPx | None:
    """Printed text, left-aligned and centred in height, as large as fits up to 4.2 mm.

    Args:
        page: H x W x 3, BGR; changed.
        text: What to print.
        box: Where, registered pixels.
        lines: Most lines.
        family: Font family; characters that it lacks come from the gothic.

    Returns:
        Where the ink is.
    """
    size = min(4.2 * PX_PER_MM, box.h / lines * 0.72)
    wide = sum(fonts.face(family, 100).getlength(c) for c in text) / 100
    per_line = math.ceil(len(text) / lines)
    rows = [text]
    if wide * size > box.w * 0.96:
        rows = [text[i : i + per_line] for i in range(0, len(text), per_line)]
        longest = max(sum(fonts.face(family, 100).getlength(c) for c in r) / 100 for r in rows)
        size = min(size, box.w * 0.96 / longest)
    layer = Image.new("L", (box.w, box.h), 0)
    pen = ImageDraw.Draw(layer)
    pitch = box.h / len(rows)
    for number, row in enumerate(rows):
        x = 0.02 * box.w
        for char in row:
            has = ord(char) in fonts.coverage(family)
            font = fonts.face(family if has else fonts.GOTHIC, max(6, round(size)))
            pen.text((x, pitch * (number + 0.5)), char, font=font, fill=255, anchor="lm")
            x += font.getlength(char)
    return _lay_mask(page, np.asarray(layer), box, PRINT_BGR)


def print_in_cell(page: Pixels, char: str, cell: BoxPx) -> BoxPx | None:
    """One printed character in the middle of a cell."""
    size = max(6, round(min(cell.h * 0.8, cell.w * 1.3, 4.2 * PX_PER_MM)))
    layer = Image.new("L", (cell.w, cell.h), 0)
    ImageDraw.Draw(layer).text(
        (cell.w / 2, cell.h / 2), char, font=fonts.face(fonts.GOTHIC, size), fill=255, anchor="mm"
    )
    return _lay_mask(page, np.asarray(layer), cell, PRINT_BGR)


def _lay_mask(
    page: Pixels, mask: NDArray[np.uint8], box: BoxPx, colour: tuple[int, int, int]
) -> BoxPx | None:
    cover: Field = np.asarray(mask / 255, np.float32)
    return lay(page, cover, (box.x + box.w / 2, box.y + box.h / 2), colour)


def draw_qr(page: Pixels, digits: str, box: BoxPx) -> BoxPx:
    """A QR code with the application address, as large as whole pixels allow.

    Args:
        page: H x W x 3, BGR; changed.
        digits: The 23 digits.
        box: Where, quiet zone included.
    """
    code = segno.make(QR_ADDRESS + digits, error="m", micro=False)
    modules = np.array([list(row) for row in code.matrix_iter(border=4)], np.uint8)
    side = min(box.w, box.h) // len(modules) * len(modules)
    tile = np.where(modules > 0, 0, 255).astype(np.uint8)
    tile = cv2.resize(tile, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    left, top = box.x + (box.w - side) // 2, box.y + (box.h - side) // 2
    room = page[top : top + side, left : left + side]
    np.minimum(room, np.maximum(tile, PRINT_BGR[0])[..., None], out=room)
    return BoxPx(left, top, side, side)


@lru_cache(maxsize=256)
def _seal_face(text: str, side: int) -> NDArray[np.uint8]:
    """The rubber of a seal: a ring and up to four characters, top to bottom, right to left."""
    image = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(image)
    ring = max(2, side // 26)
    pen.ellipse((2, 2, side - 3, side - 3), outline=255, width=ring)
    text = text[:4]
    columns = [text] if len(text) <= 3 else [text[:2], text[2:]]
    rows = max(len(c) for c in columns)
    high = side * (0.50 if rows == 1 else 0.76) / rows
    wide = side * (0.5 if len(columns) == 1 else 0.36)
    for index, column in enumerate(columns):
        x = side / 2 + (len(columns) / 2 - index - 0.5) * wide
        for row, char in enumerate(column):
            y = side / 2 + (row - (len(column) - 1) / 2) * high
            glyph = Image.new("L", (64, 64), 0)
            family = fonts.MINCHO if ord(char) in fonts.coverage(fonts.MINCHO) else fonts.GOTHIC
            ImageDraw.Draw(glyph).text(
                (32, 32), char, font=fonts.face(family, 60), fill=255, anchor="mm", stroke_width=1
            )
            placed = glyph.resize((max(1, round(wide)), max(1, round(high))))
            image.paste(255, (round(x - wide / 2), round(y - high / 2)), placed)
    return np.asarray(image)


def press_seal(
    page: Pixels,
    text: str,
    centre: tuple[float, float],
    rng: np.random.Generator,
    *,
    diameter_mm: float = 10.5,
) -> BoxPx | None:
    """A red seal, turned a little and inked unevenly.

    Args:
        page: H x W x 3, BGR; changed.
        text: The family name.
        centre: Registered pixels.
        rng: Randomness.
        diameter_mm: Of the ring.
    """
    side = round(diameter_mm * PX_PER_MM)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), float(rng.normal(0, 9)), 1.0)
    turned = cv2.warpAffine(_seal_face(text, side), turn, (side, side))
    seal = cv2.GaussianBlur(turned, (0, 0), 0.8) / 255
    coarse = rng.uniform(0.55, 1.15, (6, 6)).astype(np.float32)
    uneven = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    worn = cv2.GaussianBlur(rng.random((side, side), dtype=np.float32), (0, 0), 1.6)
    cover = np.clip(seal * uneven * np.clip(2.6 - 3.6 * np.abs(worn - 0.5) * 3, 0.2, 1), 0, 0.95)
    return lay(page, cover.astype(np.float32), centre, RED_BGR)


def paste_photo(
    page: Pixels,
    photo: Pixels,
    centre: tuple[float, float],
    turn_deg: float,
) -> BoxPx:
    """A print glued on the page: turned, with a shadow at its lower right edge.

    Args:
        page: H x W x 3, BGR; changed.
        photo: h x w x 3, BGR, at 300 dpi.
        centre: Registered pixels.
        turn_deg: Clockwise.

    Returns:
        The upright box round the print.
    """
    h, w = photo.shape[:2]
    margin = 14
    radians = math.radians(turn_deg)
    cos, sin = math.cos(radians), math.sin(radians)
    out_w = math.ceil(abs(w * cos) + abs(h * sin)) + 2 * margin
    out_h = math.ceil(abs(w * sin) + abs(h * cos)) + 2 * margin
    left, top = round(centre[0] - out_w / 2), round(centre[1] - out_h / 2)
    matrix = np.array(
        [
            [cos, -sin, out_w / 2 - cos * w / 2 + sin * h / 2],
            [sin, cos, out_h / 2 - sin * w / 2 - cos * h / 2],
        ]
    )
    size = (out_w, out_h)
    print_ = cv2.warpAffine(
        photo, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    solid = cv2.warpAffine(np.full((h, w), 255, np.uint8), matrix, size).astype(np.float32) / 255
    shade = cv2.GaussianBlur(np.roll(solid, (3, 3), axis=(0, 1)), (0, 0), 2.2) * 0.35
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(page.shape[1], left + out_w), min(page.shape[0], top + out_h)
    cut = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    room = page[y0:y1, x0:x1].astype(np.float32)
    room *= 1 - shade[cut][..., None]
    over = solid[cut][..., None]
    page[y0:y1, x0:x1] = np.clip(room * (1 - over) + print_[cut] * over, 0, 255).astype(np.uint8)
    return BoxPx(left + margin, top + margin, out_w - 2 * margin, out_h - 2 * margin)


def strike_out(page: Pixels, box: BoxPx, pen: Pen, rng: np.random.Generator) -> None:
    """Two lines by hand through what is printed in a box (二重線)."""
    for share in (0.40, 0.60):
        y = box.y + box.h * share
        xs = np.linspace(box.x - 8, box.x + box.w + 8, 9)
        ys = y + rng.normal(0, 1.6, 9).cumsum() * 0.6
        draw_line(page, np.stack([xs, ys], axis=1), pen)


def draw_line(page: Pixels, points: NDArray[np.float64], pen: Pen) -> BoxPx | None:
    """A line through points, by a pen.

    Args:
        page: H x W x 3, BGR; changed.
        points: N x 2, registered pixels.
        pen: Width, colour and opacity.
    """
    edge = math.ceil(pen.width_px) + 3
    low = np.floor(points.min(axis=0)).astype(int) - edge
    high = np.ceil(points.max(axis=0)).astype(int) + edge
    layer = np.zeros((int(high[1] - low[1]), int(high[0] - low[0])), np.uint8)
    dots: list[NDArray[np.int32]] = [np.round((points - low) * 16).astype(np.int32)]
    cv2.polylines(layer, dots, False, (255,), max(1, round(pen.width_px)), cv2.LINE_AA, 4)
    cover: Field = np.asarray(layer / 255 * pen.opacity, np.float32)
    return lay(page, cover, ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2), pen.colour_bgr)


def stain(page: Pixels, box: BoxPx, rng: np.random.Generator, *, share: float = 0.5) -> None:
    """A blot of ink or coffee that hides part of a box.

    Args:
        page: H x W x 3, BGR; changed.
        box: What is to be hidden.
        rng: Randomness.
        share: Width of the blot as a share of the box's.
    """
    w, h = round(box.w * share), round(box.h * 1.25)
    layer = np.zeros((h, w), np.float32)
    for _ in range(9):
        at = (int(rng.uniform(0.25, 0.75) * w), int(rng.uniform(0.3, 0.7) * h))
        axes = (int(rng.uniform(0.12, 0.3) * w), int(rng.uniform(0.25, 0.5) * h))
        cv2.ellipse(layer, at, axes, float(rng.uniform(0, 180)), 0, 360, (1.0,), -1)
    layer = cv2.GaussianBlur(layer, (0, 0), 2.5).astype(np.float32) * 0.97
    x = box.x + box.w * (share / 2 + float(rng.uniform(0.1, 0.9)) * (1 - share))
    lay(page, layer, (x, box.y + box.h / 2), (26, 30, 40))
