"""Handwriting: shapes of characters from fonts, from our own strokes and from real ink.

A source gives a *shape*: the signed distance to the edge of the ink on a canvas of fixed size.
From it a pen of any width draws the character at any size, bent and slanted, in one sampling.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.domain import pin
from pipeline.domain.errors import DefectError
from pipeline.samples import fonts, skeletons
from pipeline.samples.real_ink import RealInk

EM_PX = 128
PAD_PX = 24
CANVAS_PX = EM_PX + 2 * PAD_PX
Mask = NDArray[np.uint8]
Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shape:
    """A character on a canvas of ``CANVAS_PX``; the em box is inset by ``PAD_PX``.

    Attributes:
        distance: Signed distance to the edge of the ink, canvas pixels, positive inside.
        width_px: Mean width of its strokes, canvas pixels.
        gap_px: Mean width of the white between its strokes, canvas pixels.
        box: Left, top, right, bottom of the ink, canvas pixels.
        advance_px: Distance to the next character in a line, canvas pixels.
    """

    distance: Field
    width_px: float
    gap_px: float
    box: tuple[int, int, int, int]
    advance_px: float


class InkSource(Protocol):
    """Something that can write characters."""

    @property
    def name(self) -> str:
        """What it is, for the truth."""
        ...

    def covers(self, char: str) -> bool:
        """Whether it can write a character."""
        ...

    def glyph(self, char: str, rng: np.random.Generator) -> Shape:
        """A way to write a character.

        Raises:
            DefectError: ``INK_MISSING`` if it cannot.
        """
        ...


def shape_of(mask: Mask, advance_px: float | None = None) -> Shape:
    """The shape of a mask.

    Args:
        mask: ``CANVAS_PX`` square, uint8, ink above 127.
        advance_px: Distance to the next character; the ink's own width where None.
    """
    inside = (mask > 127).astype(np.uint8)
    ys, xs = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if len(ys) == 0:
        empty = np.full(mask.shape, -float(CANVAS_PX), np.float32)
        return Shape(empty, 1.0, 1.0, (0, 0, 1, 1), advance_px or EM_PX / 2)
    into = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    out = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    distance = cv2.GaussianBlur((into - out).astype(np.float32), (0, 0), 0.8)
    contours, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    edge = sum(cv2.arcLength(c, True) for c in contours)
    # A line of width w and length L has area wL and edge 2L.
    width = 2.0 * float(inside.sum()) / max(edge, 1.0)
    box = (int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1)
    white = float((box[2] - box[0]) * (box[3] - box[1])) - float(inside.sum())
    gap = 2.0 * max(white, 1.0) / max(edge, 1.0)
    advance = advance_px or float(box[2] - box[0]) * 1.25
    return Shape(distance.astype(np.float32), width, gap, box, advance)


@lru_cache(maxsize=2048)
def font_shape(family: str, char: str) -> Shape:
    """The shape of a font's glyph, the em box where the font puts it."""
    font = fonts.face(family, EM_PX)
    image = Image.new("L", (CANVAS_PX, CANVAS_PX), 0)
    ascent, descent = font.getmetrics()
    top = PAD_PX + (EM_PX - (ascent + descent)) / 2
    ImageDraw.Draw(image).text((PAD_PX, top), char, font=font, fill=255)
    return shape_of(np.asarray(image), float(font.getlength(char)))


def _missing(source: str) -> DefectError:
    return DefectError(
        "INK_MISSING",
        ja=f"「{source}」では書けない文字があります。",
        en=f"“{source}” cannot write one of the characters.",
        remedy_ja="別の筆記元を選んでください。",
        remedy_en="Choose another source of ink.",
    )


class FontInk:
    """A handwriting font; characters that it lacks come from the other handwriting fonts."""

    def __init__(self, family: str) -> None:
        others = [f for f in fonts.HAND_FAMILIES if f != family]
        self._families = (family, *others, fonts.MINCHO)
        self._name = f"font:{family}"

    @property
    def name(self) -> str:
        """``font:`` and the family."""
        return self._name

    def _family_of(self, char: str) -> str | None:
        return next(
            (
                family
                for family in self._families
                # SetoFont slashes its zero, which nobody here does.
                if ord(char) in fonts.coverage(family) and (family, char) != ("SetoFont", "0")
            ),
            None,
        )

    def covers(self, char: str) -> bool:
        """Whether any handwriting font has the character."""
        return len(char) == 1 and self._family_of(char) is not None

    def glyph(self, char: str, rng: np.random.Generator) -> Shape:
        """The font's glyph; always the same one."""
        family = self._family_of(char) if len(char) == 1 else None
        if family is None:
            raise _missing(self._name)
        return font_shape(family, char)


class StrokeInk:
    """Our own stroke skeletons with the points moved a little each time.

    Args:
        habit: A number that fixes which way of writing each character this writer prefers.
        wobble: Standard deviation of a point's move, as a share of the character's height.
    """

    def __init__(self, habit: int = 0, wobble: float = 0.022) -> None:
        self._habit = habit
        self._wobble = wobble

    @property
    def name(self) -> str:
        """Always ``strokes``."""
        return "strokes"

    def covers(self, char: str) -> bool:
        """Whether a skeleton is drawn for the character."""
        return bool(skeletons.ways_of(char))

    def glyph(self, char: str, rng: np.random.Generator) -> Shape:
        """The writer's way of a character (now and then another), freshly drawn."""
        ways = skeletons.ways_of(char)
        if not ways:
            raise _missing(self.name)
        habitual = (self._habit * 7 + ord(char) * 3) % len(ways)
        way = ways[habitual if rng.random() < 0.85 else int(rng.integers(len(ways)))]
        aspect = rng.uniform(0.52, 0.72) * (1.18 if char in "MWQO" else 1.0)
        height = EM_PX * 0.8
        mask = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
        origin = np.array([CANVAS_PX / 2 - aspect * height / 2, (CANVAS_PX - height) / 2])
        moved: dict[tuple[float, float], NDArray[np.float64]] = {}
        for stroke in way:
            points = stroke.copy()
            for i, point in enumerate(stroke):
                # A corner is one point written twice: both copies move together.
                key = (float(point[0]), float(point[1]))
                if key not in moved:
                    moved[key] = point + rng.normal(0, self._wobble, 2)
                points[i] = moved[key]
            line = skeletons.smooth(points) * np.array([aspect * height, height]) + origin
            dots: list[NDArray[np.int32]] = [np.round(line * 16).astype(np.int32)]
            cv2.polylines(mask, dots, False, (255,), 9, cv2.LINE_AA, 4)
        return shape_of(mask)


class GlyphInk:
    """Small pictures of real characters, made large and smooth.

    Args:
        glyphs: For each character N x 28 x 28, uint8, white ink on black.
        name: What it is, for the truth.
    """

    def __init__(self, glyphs: Mapping[str, NDArray[np.uint8]], name: str = "real") -> None:
        self._glyphs = {char: many for char, many in glyphs.items() if len(many)}
        self._name = name

    @classmethod
    def of(cls, real: RealInk) -> GlyphInk:
        """The digits and capital letters of one split of real handwriting."""
        return cls({c: real.of(c) for c in pin.SIGNATURE_ALPHABET}, f"real:{real.split}")

    @property
    def name(self) -> str:
        """As given."""
        return self._name

    def covers(self, char: str) -> bool:
        """Whether there is a picture of the character."""
        return char in self._glyphs

    def glyph(self, char: str, rng: np.random.Generator) -> Shape:
        """One of the pictures of a character."""
        if char not in self._glyphs:
            raise _missing(self._name)
        many = self._glyphs[char]
        return picture_shape(many[int(rng.integers(len(many)))])


def picture_shape(picture: NDArray[np.uint8]) -> Shape:
    """The shape of a small picture, white ink on black, scaled so that it fills the em box."""
    scale = EM_PX / max(picture.shape)
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    large = cv2.GaussianBlur(large, (0, 0), scale * 0.45)
    level = max(60.0, 0.5 * float(large.max()))
    mask = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    h, w = large.shape
    top, left = (CANVAS_PX - h) // 2, (CANVAS_PX - w) // 2
    mask[top : top + h, left : left + w] = np.where(large > level, 255, 0)
    return _evened(shape_of(mask))


def _evened(shape: Shape) -> Shape:
    """The shape with strokes of one width, as a pen draws them.

    A small picture has few grey levels to a stroke: where the stroke fell between two pixels it
    comes out thin, and a pen finer than the mean would leave it out. So thin places get the mean
    width, and what the writer drew stays drawn.
    """
    reach = max(3, round(shape.width_px) | 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    half = cv2.dilate(shape.distance, disc)  # half the width of the stroke that is nearest
    lack = np.where(half > 0, np.clip(0.5 * shape.width_px - half, 0.0, None), 0.0)
    lift = cv2.GaussianBlur(lack.astype(np.float32), (0, 0), 2.0)
    return dataclasses.replace(shape, distance=(shape.distance + lift).astype(np.float32))


class MixedInk:
    """The first source that covers a character writes it."""

    def __init__(self, *sources: InkSource) -> None:
        self._sources = sources

    @property
    def name(self) -> str:
        """The names of all, joined."""
        return "+".join(s.name for s in self._sources)

    def covers(self, char: str) -> bool:
        """Whether any of them covers the character."""
        return any(s.covers(char) for s in self._sources)

    def glyph(self, char: str, rng: np.random.Generator) -> Shape:
        """From the first source that covers the character."""
        for source in self._sources:
            if source.covers(char):
                return source.glyph(char, rng)
        raise _missing(self.name)
