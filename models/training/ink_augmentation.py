"""Makes of one clean glyph what a form, a pen and a scanner would have made of it.

Everything happens on a canvas about the size of a cell at 300 dpi, white ink on black, and ends
in ``pipeline.readers.boxes.glyphs.normalise``, the function that reading uses.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.pages import Pixels
from pipeline.readers.boxes.glyphs import ink_extent, normalise

CANVAS_PX = 112
GLYPH_PX = 66  # longer side of a glyph on the canvas before it is bent
_OVERWRITTEN_LEAST = 1.22  # ink of both against the ink of the larger alone
_ROWS, _COLUMNS = (a.astype(np.float32) for a in np.mgrid[0:CANVAS_PX, 0:CANVAS_PX])

Floats = NDArray[np.float32]
Draw = Callable[[], Pixels]


def to_canvas(image: Pixels) -> Floats:
    """A stored glyph of any size, cut to its ink and placed on the canvas, 0..1."""
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.float32)
    extent = ink_extent(image)
    if extent is None:
        return canvas
    x, y, w, h = extent
    x0, y0 = max(0, x - 1), max(0, y - 1)
    glyph = image[y0 : y + h + 1, x0 : x + w + 1].astype(np.float32) / 255
    scale = GLYPH_PX / max(w, h)
    size = (max(3, round(glyph.shape[1] * scale)), max(3, round(glyph.shape[0] * scale)))
    big = cv2.resize(glyph, size, interpolation=cv2.INTER_CUBIC)
    big = cv2.GaussianBlur(big, (0, 0), max(0.6, scale * 0.35))
    top, left = (CANVAS_PX - size[1]) // 2, (CANVAS_PX - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = big
    return canvas


def sharpen(canvas: Floats, level: float, width: float = 0.12) -> Floats:
    """A crisp stroke whose width depends on the level at which the blurred one is cut."""
    return np.clip((canvas - level) / width + 0.5, 0, 1)


def repen(canvas: Floats, rng: np.random.Generator, radius: float | None = None) -> Floats:
    """The same character drawn again with another pen: its middle line, thickened evenly."""
    small = cv2.resize(canvas, (64, 64), interpolation=cv2.INTER_AREA)
    line = cv2.ximgproc.thinning((small > 0.45).astype(np.uint8) * 255)
    line = cv2.GaussianBlur(cv2.resize(line, (CANVAS_PX, CANVAS_PX)), (0, 0), 1.6)
    distance = cv2.distanceTransform((line < 60).astype(np.uint8), cv2.DIST_L2, 3)
    radius = float(rng.uniform(1.0, 4.6)) if radius is None else radius
    return np.clip(radius - distance.astype(np.float32) + 0.5, 0, 1)


def bend(canvas: Floats, rng: np.random.Generator, strength: float = 1.0) -> Floats:
    """Rotation, slant, proportions and a smooth unevenness of the hand."""
    angle = rng.normal(0, 5.0) * strength
    slant = rng.normal(0, 0.12) * strength
    stretch = float(np.exp(rng.normal(0, 0.14) * strength))
    turn = cv2.getRotationMatrix2D((CANVAS_PX / 2, CANVAS_PX / 2), angle, 1.0)
    c = CANVAS_PX / 2
    skew = np.array(
        [[stretch, slant, c - stretch * c - slant * c], [0, 1 / stretch, c - c / stretch]]
    )
    whole = np.vstack([turn, [0, 0, 1]]) @ np.vstack([skew, [0, 0, 1]])
    if rng.random() < 0.5:
        return cv2.warpAffine(canvas, whole[:2], (CANVAS_PX, CANVAS_PX)).astype(np.float32)
    field = rng.normal(0, 1, (2, 5, 5)).astype(np.float32) * 2.0 * strength
    inverse = np.linalg.inv(whole).astype(np.float32)
    map_x = inverse[0, 0] * _COLUMNS + inverse[0, 1] * _ROWS + inverse[0, 2]
    map_y = inverse[1, 0] * _COLUMNS + inverse[1, 1] * _ROWS + inverse[1, 2]
    map_x += cv2.resize(field[0], (CANVAS_PX, CANVAS_PX), interpolation=cv2.INTER_CUBIC)
    map_y += cv2.resize(field[1], (CANVAS_PX, CANVAS_PX), interpolation=cv2.INTER_CUBIC)
    return cv2.remap(canvas, map_x, map_y, cv2.INTER_LINEAR).astype(np.float32)


def _extent(canvas: Floats) -> tuple[int, int, int, int]:
    return ink_extent((canvas * 255).astype(np.uint8)) or (46, 46, 20, 20)


def _near_end(start: int, length: int, rng: np.random.Generator) -> int:
    """A place in the first or the last quarter of a stretch."""
    off = int(rng.integers(0, max(1, length // 4)))
    return start + off if rng.random() < 0.5 else start + length - 1 - off


def damage(canvas: Floats, rng: np.random.Generator, neighbour: Draw) -> Floats:
    """What removing a form's lines leaves behind: gaps, stubs, and a neighbour's stroke."""
    x, y, w, h = _extent(canvas)
    if rng.random() < 0.22:  # a gap where a line was taken out, near an edge of the glyph
        thick = int(rng.integers(2, 5))
        if rng.random() < 0.5:
            at = y + (
                int(rng.integers(0, max(1, h // 4)))
                if rng.random() < 0.5
                else h - 1 - int(rng.integers(0, max(1, h // 4)))
            )
            canvas[at : at + thick] *= rng.uniform(0, 0.5)
        else:
            at = x + (
                int(rng.integers(0, max(1, w // 4)))
                if rng.random() < 0.5
                else w - 1 - int(rng.integers(0, max(1, w // 4)))
            )
            canvas[:, at : at + thick] *= rng.uniform(0, 0.5)
    if rng.random() < 0.16:  # a piece of line that stayed
        thick, long = int(rng.integers(1, 4)), int(rng.integers(5, 34))
        tone = rng.uniform(0.4, 1.0)
        if rng.random() < 0.5:
            at = int(np.clip(rng.choice([y, y + h]) + rng.integers(-6, 7), 1, CANVAS_PX - 5))
            start = int(np.clip(x + rng.integers(-10, max(1, w)), 0, CANVAS_PX - 2))
            canvas[at : at + thick, start : start + long] = tone
        else:
            at = int(np.clip(rng.choice([x, x + w]) + rng.integers(-6, 7), 1, CANVAS_PX - 5))
            start = int(np.clip(y + rng.integers(-10, max(1, h)), 0, CANVAS_PX - 2))
            canvas[start : start + long, at : at + thick] = tone
    if rng.random() < 0.06:  # the end of a neighbour's stroke
        other = sharpen(to_canvas(neighbour()), 0.4)
        ox, _oy, ow, _oh = _extent(other)
        show = int(rng.integers(2, 10))
        if rng.random() < 0.5:
            piece, at = other[:, ox : ox + show], x + w + int(rng.integers(1, 8))
        else:
            piece, at = other[:, ox + ow - show : ox + ow], x - show - int(rng.integers(1, 8))
        at = int(np.clip(at, 0, CANVAS_PX - piece.shape[1]))
        target = canvas[:, at : at + piece.shape[1]]
        np.maximum(target, piece, out=target)
    if rng.random() < 0.05:  # dust
        for _ in range(int(rng.integers(1, 4))):
            px, py = rng.integers(4, CANVAS_PX - 6, 2)
            canvas[py : py + int(rng.integers(1, 4)), px : px + int(rng.integers(1, 4))] = 1
    return canvas


def scan(canvas: Floats, rng: np.random.Generator) -> Pixels:
    """Scanner: resolution, blur, uneven ink, noise, one bit, JPEG. Returns white ink on black."""
    scale = float(rng.uniform(0.5, 1.2))
    side = max(40, round(CANVAS_PX * scale))
    image = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.3)))
    image = image * rng.uniform(0.55, 1.0)
    if rng.random() < 0.3:
        patch = cv2.resize(
            rng.random((8, 8), np.float32), (side, side), interpolation=cv2.INTER_CUBIC
        )
        image = image * (1 - rng.uniform(0, 0.5) * np.clip(patch, 0, 1))
    image = image + rng.normal(0, rng.uniform(0, 0.05), image.shape).astype(np.float32)
    if rng.random() < 0.35:
        image = (image > rng.uniform(0.25, 0.55) * image.max()).astype(np.float32)
        if rng.random() < 0.4:
            image = cv2.GaussianBlur(image, (0, 0), 0.6)
    pixels = np.clip(image * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.12:
        done, data = cv2.imencode(
            ".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 90))]
        )
        if done:
            pixels = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    # Reading stretches the contrast between paper and ink before it cuts out a cell.
    pixels = cv2.subtract(pixels, 25)
    peak = max(60, int(pixels.max()))
    return np.minimum(pixels.astype(np.float32) * (255 / peak), 255).astype(np.uint8)


def habit(canvas: Floats, character: str, rng: np.random.Generator) -> Floats:
    """Strokes that some writers add: the bar of a 7 or Z, the slash of a 0."""
    x, y, w, h = _extent(canvas)
    pen = int(rng.integers(2, 6))
    if character in "7Z" and rng.random() < 0.08:
        middle = y + round(h * rng.uniform(0.4, 0.6))
        centre = x + round(w * (0.5 if character == "Z" else rng.uniform(0.45, 0.65)))
        reach = max(4, round(max(w, h * 0.5) * rng.uniform(0.18, 0.4)))
        lean = int(rng.integers(-4, 5))
        cv2.line(
            canvas,
            (centre - reach, middle + lean),
            (centre + reach, middle - lean),
            1.0,
            pen,
            cv2.LINE_AA,
        )
    elif character == "0" and rng.random() < 0.05:
        out = int(rng.integers(-6, 6))
        cv2.line(canvas, (x - out, y + h - 4), (x + w + out, y + 4), 1.0, pen, cv2.LINE_AA)
    return canvas


def augment(image: Pixels, character: str, rng: np.random.Generator, neighbour: Draw) -> Floats:
    """A training view of one glyph.

    Args:
        image: White on black, any size.
        character: What it shows.
        rng: Source of chance.
        neighbour: Gives another glyph, for strokes that reach over from the next cell.

    Returns:
        32 x 32 float32 in 0..1.
    """
    canvas = to_canvas(image)
    draw = rng.random()
    if draw < 0.33:
        canvas = repen(canvas, rng)
    elif draw < 0.92:
        canvas = sharpen(canvas, float(rng.uniform(0.28, 0.72)))
    canvas = habit(canvas, character, rng)
    canvas = bend(canvas, rng)
    canvas = damage(canvas, rng, neighbour)
    return normalise(scan(canvas, rng))


def overwritten(rng: np.random.Generator, glyph: Draw) -> Floats:
    """One character written over another with the same pen, as writers correct themselves.

    Args:
        rng: Source of chance.
        glyph: Gives an image of any character.

    Returns:
        32 x 32 float32 in 0..1.
    """
    while True:
        radius = float(rng.uniform(1.2, 4.6)) if rng.random() < 0.4 else None
        level = float(rng.uniform(0.3, 0.65))
        parts = []
        for _ in range(2):
            canvas = to_canvas(glyph())
            canvas = sharpen(canvas, level) if radius is None else repen(canvas, rng, radius)
            canvas = bend(canvas, rng, 0.8)
            move = rng.normal(0, 3.5, 2)
            shift = np.array([[1, 0, move[0]], [0, 1, move[1]]])
            parts.append(cv2.warpAffine(canvas, shift, (CANVAS_PX, CANVAS_PX)))
        both = np.maximum(parts[0], parts[1]).astype(np.float32)
        ink = [float((part > 0.5).sum()) for part in (*parts, both)]
        # Where one hides the other, or both are the same, nobody could tell.
        if ink[2] > _OVERWRITTEN_LEAST * max(ink[0], ink[1]):
            return normalise(scan(damage(both, rng, glyph), rng))


def junk(rng: np.random.Generator, glyph: Draw) -> Floats:
    """Something that is no single character, as a cell may hold it."""
    kind = rng.integers(0, 6)
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.float32)
    if kind <= 1:  # two characters in one cell
        for side in (0, 1):
            part = bend(sharpen(to_canvas(glyph()), float(rng.uniform(0.3, 0.6))), rng)
            x, y, w, h = _extent(part)
            width = int(rng.integers(16, 33))
            piece = cv2.resize(part[y : y + h, x : x + w], (width, int(rng.integers(40, 70))))
            left = 22 + side * int(rng.integers(28, 36))
            top = int(rng.integers(10, 32))
            target = canvas[top : top + piece.shape[0], left : left + width]
            np.maximum(target, piece[: target.shape[0], : target.shape[1]], out=target)
    elif kind <= 3:  # struck out, once or many times
        canvas = bend(sharpen(to_canvas(glyph()), float(rng.uniform(0.3, 0.6))), rng)
        x, y, w, h = _extent(canvas)
        for _ in range(int(rng.integers(2, 7))):
            a = (int(x - rng.integers(0, 16)), int(y + rng.integers(0, max(1, h))))
            b = (int(x + w + rng.integers(0, 16)), int(y + rng.integers(0, max(1, h))))
            cv2.line(canvas, a, b, 1.0, int(rng.integers(2, 6)), cv2.LINE_AA)
    elif kind == 4:  # a scribble
        points = rng.integers(22, CANVAS_PX - 22, (int(rng.integers(5, 16)), 1, 2)).astype(np.int32)
        cv2.polylines(canvas, [points], False, 1.0, int(rng.integers(2, 7)), cv2.LINE_AA)
    else:  # filled, or the corner of a frame
        if rng.random() < 0.5:
            cv2.ellipse(
                canvas,
                (56, 56),
                (int(rng.integers(12, 35)), int(rng.integers(12, 35))),
                float(rng.uniform(0, 180)),
                0,
                360,
                1.0,
                -1,
                cv2.LINE_AA,
            )
        else:
            thick = int(rng.integers(2, 5))
            x, y = (int(v) for v in rng.integers(16, 46, 2))
            far = int(rng.integers(62, 94))
            cv2.line(canvas, (x, y), (far, y), 1.0, thick)
            cv2.line(canvas, (x, y), (x, far), 1.0, thick)
            if rng.random() < 0.5:
                cv2.line(canvas, (x, far), (far, far), 1.0, thick)
    return normalise(scan(bend(canvas, rng, 0.6), rng))
