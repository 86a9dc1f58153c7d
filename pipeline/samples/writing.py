"""Pens and hands: putting shapes on a page as ink."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, BoxPx
from pipeline.samples.ink import CANVAS_PX, EM_PX, PAD_PX, Field, InkSource, Shape

Pixels = NDArray[np.uint8]
# Of a character that crosses a line of its cell, at least this share of each side stays inside.
_LEAST_INSIDE = 0.75


@dataclass(frozen=True, slots=True)
class Pen:
    """What writes: colour (BGR), line width, darkness and grain.

    Attributes:
        opacity: Share of the colour that a full stroke lays down.
        grain: How much the paper's tooth breaks the line (pencil), 0 to 1.
    """

    name: str
    colour_bgr: tuple[int, int, int]
    width_mm: float
    opacity: float = 0.95
    grain: float = 0.0

    @property
    def width_px(self) -> float:
        """Line width in registered pixels."""
        return self.width_mm * PX_PER_MM


def pens(rng: np.random.Generator) -> tuple[Pen, ...]:
    """The pens people use, the widths a little different each time: black, blue, pencil, felt."""
    return (
        Pen("black", (38, 34, 32), rng.uniform(0.40, 0.62), 0.94),
        Pen("blue", (120, 52, 30), rng.uniform(0.40, 0.60), 0.92),
        Pen("pencil", (104, 102, 100), rng.uniform(0.42, 0.60), 0.85, 0.45),
        Pen("felt", (30, 26, 26), rng.uniform(0.75, 1.0), 0.97),
    )


@dataclass(frozen=True, slots=True)
class Hand:
    """How somebody writes.

    Attributes:
        slant: Horizontal shear, positive to the right.
        size: Height of characters as a share of the room.
        wobble: Bending inside a character, share of its height.
        turn_deg: Standard deviation of a character's rotation.
        scatter: Standard deviation of a character's place, share of its height.
        drift_deg: Rise or fall of a line.
        spacing: Distance of characters in a line, 1 = the font's own.
    """

    slant: float = 0.0
    size: float = 0.68
    wobble: float = 0.02
    turn_deg: float = 1.5
    scatter: float = 0.03
    drift_deg: float = 0.0
    spacing: float = 1.0


def draw_hand(rng: np.random.Generator, mess: float = 0.4) -> Hand:
    """A hand; ``mess`` from 0 (careful) to 1 (hurried)."""
    return Hand(
        slant=float(rng.normal(0.03, 0.05 + 0.08 * mess)),
        size=float(rng.uniform(0.62, 0.74) + rng.normal(0, 0.05) * mess),
        wobble=0.010 + 0.020 * mess * float(rng.uniform(0.6, 1.3)),
        turn_deg=0.8 + 3.5 * mess,
        scatter=0.012 + 0.04 * mess,
        drift_deg=float(rng.normal(0, 0.25 + 0.7 * mess)),
        spacing=float(rng.uniform(0.92, 1.06)),
    )


def _bend(size: tuple[int, int], amplitude_px: float, rng: np.random.Generator) -> list[Field]:
    """Two smooth random displacement fields, height by width, pixels."""
    h, w = size
    coarse = rng.normal(0, amplitude_px, (2, 5, 5)).astype(np.float32)
    return [cv2.resize(c, (w, h), interpolation=cv2.INTER_CUBIC).astype(np.float32) for c in coarse]


def draw_shape(
    shape: Shape,
    scale: float,
    hand: Hand,
    pen: Pen,
    rng: np.random.Generator,
    *,
    about: tuple[float, float],
    extra_turn_deg: float = 0.0,
) -> Field:
    """One character as ink.

    Args:
        shape: What to draw.
        scale: Page pixels per canvas pixel.
        hand: How it is bent.
        pen: What draws it.
        rng: Randomness.
        about: The canvas point that comes to lie at the middle of the result.
        extra_turn_deg: Rotation beside the hand's own.

    Returns:
        Cover from 0 to 1, float32, odd and square.
    """
    half = math.ceil(CANVAS_PX * scale * 0.62) + 2
    side = 2 * half + 1
    turn = math.radians(float(rng.normal(0, hand.turn_deg)) + extra_turn_deg)
    shear = hand.slant + float(rng.normal(0, 0.02))
    stretch = float(np.clip(rng.normal(1.0, 0.03 + hand.wobble), 0.88, 1.12))
    forward = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    forward = forward @ np.array([[stretch, -shear], [0.0, 1.0 / stretch]]) * scale
    back = np.linalg.inv(forward)
    ys, xs = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    bend_x, bend_y = _bend((side, side), hand.wobble * EM_PX, rng)
    map_x = (back[0, 0] * xs + back[0, 1] * ys + about[0]).astype(np.float32) + bend_x
    map_y = (back[1, 0] * xs + back[1, 1] * ys + about[1]).astype(np.float32) + bend_y
    distance = cv2.remap(
        shape.distance, map_x, map_y, cv2.INTER_LINEAR, borderValue=(-float(CANVAS_PX),)
    )
    # Pressure: the line swells and thins along the stroke. Thin parts must not vanish.
    swell = _bend((side, side), 0.10 * pen.width_px, rng)[0]
    natural = shape.width_px * scale
    # Nor may a dense kanji close up: a writer leaves white between the strokes.
    grow = min((pen.width_px - natural) / 2, 0.22 * shape.gap_px * scale)
    grow = max(grow, -0.36 * natural)
    cover = np.clip(distance * scale + grow + swell + 0.5, 0.0, 1.0)
    if pen.grain > 0:
        tooth = cv2.GaussianBlur(rng.random((side, side), dtype=np.float32), (0, 0), 0.7)
        cover *= np.clip(1.0 - pen.grain * 3.0 * (tooth - 0.42), 0.25, 1.0)
    fade = 1.0 - np.abs(_bend((side, side), 0.05, rng)[1])
    ink: Field = (cover * fade * pen.opacity).astype(np.float32)
    return ink


def lay(
    page: Pixels, cover: Field, centre: tuple[float, float], colour_bgr: tuple[int, int, int]
) -> BoxPx | None:
    """Ink on paper: what is there is multiplied by the ink's colour where it covers.

    Args:
        page: H x W x 3, BGR; changed.
        cover: 0 to 1.
        centre: Where the middle of ``cover`` goes, page pixels.
        colour_bgr: The ink.

    Returns:
        The box of the ink laid (cover above one half), or None if there was none on the page.
    """
    h, w = cover.shape
    left, top = round(centre[0] - w / 2), round(centre[1] - h / 2)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(page.shape[1], left + w), min(page.shape[0], top + h)
    if x0 >= x1 or y0 >= y1:
        return None
    part = cover[y0 - top : y1 - top, x0 - left : x1 - left]
    room = page[y0:y1, x0:x1]
    tint = 1.0 - np.asarray(colour_bgr, np.float32) / 255.0
    room[:] = np.round(room * (1.0 - part[..., None] * tint)).astype(np.uint8)
    rows = np.flatnonzero((part > 0.4).any(axis=1))
    columns = np.flatnonzero((part > 0.4).any(axis=0))
    if len(rows) == 0:
        return None
    return BoxPx(
        x0 + int(columns[0]),
        y0 + int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )


def write_in_cell(
    page: Pixels,
    char: str,
    cell: BoxPx,
    source: InkSource,
    hand: Hand,
    pen: Pen,
    rng: np.random.Generator,
    *,
    overshoot: float = 0.0,
) -> BoxPx | None:
    """One character in its box.

    Args:
        page: H x W x 3, BGR; changed.
        char: What to write.
        cell: The box, registered pixels.
        source: Where the shape comes from.
        hand: How it is written.
        pen: With what.
        rng: Randomness.
        overshoot: 0 keeps the ink inside the cell; up to 1 lets it touch or cross the line, the
            greater part of it still inside.

    Returns:
        Where the ink is.
    """
    shape = source.glyph(char, rng)
    left, top, right, bottom = shape.box
    size = float(np.clip(hand.size + rng.normal(0, hand.scatter), 0.45, 0.80))
    size *= 1.0 + 0.45 * overshoot
    scale = min(cell.h * size / max(bottom - top, 1), cell.w * size * 1.1 / max(right - left, 1))
    scale = min(scale, cell.h * 0.9 / (0.35 * EM_PX))
    cover = draw_shape(shape, scale, hand, pen, rng, about=((left + right) / 2, (top + bottom) / 2))
    ink_w, ink_h = (right - left) * scale + pen.width_px, (bottom - top) * scale + pen.width_px
    free_x, free_y = max(0.0, cell.w - ink_w), max(0.0, cell.h - ink_h)
    limit = 0.32 + 0.9 * overshoot
    shift_x = float(rng.normal(0, 0.13 + 0.3 * overshoot)) * free_x
    shift_y = float(rng.normal(0.02, 0.13 + 0.3 * overshoot)) * free_y
    if overshoot > 0:
        shift_x += float(rng.choice([-1, 1])) * overshoot * 0.18 * cell.w
        shift_y += float(rng.choice([-1, 1])) * overshoot * 0.14 * cell.h
        # A thin 1 has much room to move; beyond the line it would be another cell's character.
        shift_x, shift_y = (
            float(np.clip(shift, -reach, reach))
            for shift, reach in (
                (shift_x, cell.w / 2 - _LEAST_INSIDE * ink_w + ink_w / 2),
                (shift_y, cell.h / 2 - _LEAST_INSIDE * ink_h + ink_h / 2),
            )
        )
    else:
        shift_x = float(np.clip(shift_x, -limit * free_x, limit * free_x))
        shift_y = float(np.clip(shift_y, -limit * free_y, limit * free_y))
    centre = (cell.x + cell.w / 2 + shift_x, cell.y + cell.h / 2 + shift_y)
    return lay(page, cover, centre, pen.colour_bgr)


def _split(text: str, advances: list[float], lines: int) -> list[tuple[int, int]]:
    """Ranges of characters for up to ``lines`` lines of about the same length."""
    total = sum(advances)
    ranges, start, used = [], 0, 0.0
    for line in range(lines):
        goal = total / lines * (line + 1)
        end = start
        while end < len(text) and (line == lines - 1 or used + advances[end] / 2 <= goal):
            used += advances[end]
            end += 1
        if end > start:
            ranges.append((start, end))
        start = end
    return ranges


def write_text(
    page: Pixels,
    text: str,
    box: BoxPx,
    source: InkSource,
    hand: Hand,
    pen: Pen,
    rng: np.random.Generator,
    *,
    lines: int = 1,
    size_px: float | None = None,
) -> BoxPx | None:
    """Text in a box, from its left edge, in as few lines as a readable size allows.

    Args:
        page: H x W x 3, BGR; changed.
        text: What to write.
        box: Where it must fit.
        source: Where the shapes come from.
        hand: How it is written.
        pen: With what.
        rng: Randomness.
        lines: Most lines that fit.
        size_px: Height of a character where the writer does not go by the box.

    Returns:
        Where the ink is.
    """
    shapes = [None if c in " \u3000" else source.glyph(c, rng) for c in text]
    advances = [EM_PX * 0.55 if s is None else s.advance_px * hand.spacing for s in shapes]
    for count in range(1, lines + 1):
        rows = _split(text, advances, count)
        longest = max(sum(advances[a:b]) for a, b in rows)
        high = (box.h / count) * (hand.size + 0.06) / EM_PX
        wide = box.w * 0.94 / longest
        wanted = high if size_px is None else min(high, size_px / EM_PX)
        scale = min(wanted, wide)
        if wide >= 0.8 * wanted or count == lines:
            break
    found: list[BoxPx] = []
    pitch = box.h / len(rows)
    for number, (start, end) in enumerate(rows):
        length = sum(advances[start:end]) * scale
        slack = max(0.0, box.w * 0.97 - length)
        x = box.x + min(slack, box.w * float(rng.uniform(0.01, 0.05)))
        middle = box.y + pitch * (number + 0.5) + float(rng.normal(0, hand.scatter)) * pitch * 0.4
        rise = math.tan(math.radians(hand.drift_deg + float(rng.normal(0, 0.15))))
        room = max(0.0, pitch - EM_PX * scale) / 2 + 0.1 * EM_PX * scale
        rise = float(np.clip(rise, -room / max(length, 1.0), room / max(length, 1.0)))
        for index in range(start, end):
            shape, advance = shapes[index], advances[index] * scale
            if shape is not None:
                own = scale * float(np.clip(rng.normal(1.0, hand.scatter), 0.85, 1.12))
                about = (PAD_PX + shape.advance_px / 2, CANVAS_PX / 2)
                cover = draw_shape(shape, own, hand, pen, rng, about=about)
                dx = float(rng.normal(0, hand.scatter)) * EM_PX * scale * 0.6
                dy = float(rng.normal(0, hand.scatter)) * EM_PX * scale
                dy += rise * (x + advance / 2 - box.x - length / 2)
                place = lay(page, cover, (x + advance / 2 + dx, middle + dy), pen.colour_bgr)
                if place is not None:
                    found.append(place)
            x += advance
    return union(found)


def union(boxes: list[BoxPx]) -> BoxPx | None:
    """The smallest box round all, or None for none."""
    if not boxes:
        return None
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    return BoxPx(x, y, max(b.x + b.w for b in boxes) - x, max(b.y + b.h for b in boxes) - y)
