"""Portraits drawn by code: a face for every item of the photo checklist, with no person behind it.

A head is a height map made of ellipsoids joined smoothly, turned by yaw, pitch and roll, lit from
in front, with features painted in the head's own frame, so that a turned head shows its features
where a real one would. Lengths in the head's frame are in half heads: the crown of the skull is
at y = -1, the chin at y = +1, x points to the picture's right, z towards the camera.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.samples.portrait_backdrops import draw_backdrop
from pipeline.samples.portrait_heads import HeadPainter, rotation

Pixels = NDArray[np.uint8]
Colour = tuple[float, float, float]
Plane = NDArray[np.floating[Any]]

PRINT_H_MM = 45.0
SKIN_TONES: tuple[Colour, ...] = (  # BGR, from light to dark
    (188, 208, 238), (172, 196, 230), (150, 180, 218), (128, 160, 204),
    (102, 136, 184), (78, 108, 156), (58, 82, 124), (44, 62, 96),
)  # fmt: skip
HAIR_COLOURS: tuple[Colour, ...] = (
    (22, 20, 22), (30, 28, 34), (34, 44, 62), (40, 62, 92), (70, 110, 150), (170, 172, 176),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PortraitSpec:
    """What a portrait shows.

    Attributes:
        yaw_deg: Positive turns the face to the picture's right.
        pitch_deg: Positive lifts the chin.
        roll_deg: Positive tilts the head clockwise in the picture.
        smile: 0 neutral to 1 a broad smile.
        mouth_open: Gap between the lips, 0 closed to 1 wide.
        eyes_closed: 0 open to 1 closed.
        wink: Only the eye on the picture's left is closed.
        hat: ``""``, ``cap``, ``beanie`` or ``brim``.
        headscarf: A scarf round the head, the face free.
        sunglasses: Dark lenses.
        glasses: Clear lenses in a frame.
        shadow: Shadow on the wall beside the head, 0 none to 1 hard and dark.
        background: ``plain``, ``coloured``, ``gradient``, ``bricks``, ``planks``, ``shelf``,
            ``outdoor`` or ``stipple``.
        skin: Index into ``SKIN_TONES``.
        hair: Index into ``HAIR_COLOURS``; -1 is bald.
        long_hair: Hair down to the shoulders.
        age: ``infant``, ``child``, ``adult`` or ``old``.
        exposure: Factor on the light; below 0.5 the photo is too dark, above 1.6 washed out.
        blur_mm: Standard deviation of the focus blur on the print.
        motion_mm: Length of the shake on the print.
        head_mm: Crown to chin on a print 45 mm high; the guide figure asks for 34.
        offset_x_mm: Centre of the face from the middle of the print, right positive.
        top_mm: From the upper edge of the print to the crown; the guide figure asks for 4.
        grey: A black-and-white photo, which the rules accept.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    smile: float = 0.0
    mouth_open: float = 0.0
    eyes_closed: float = 0.0
    wink: bool = False
    hat: str = ""
    headscarf: bool = False
    sunglasses: bool = False
    glasses: bool = False
    shadow: float = 0.0
    background: str = "plain"
    skin: int = 2
    hair: int = 0
    long_hair: bool = False
    age: str = "adult"
    exposure: float = 1.0
    blur_mm: float = 0.0
    motion_mm: float = 0.0
    head_mm: float = 33.5
    offset_x_mm: float = 0.0
    top_mm: float = 4.5
    grey: bool = False

    @classmethod
    def good(cls, rng: np.random.Generator) -> PortraitSpec:
        """A photo that keeps every rule, of a person drawn at random."""
        return cls(
            yaw_deg=float(rng.normal(0, 1.5)),
            pitch_deg=float(rng.normal(0, 1.5)),
            roll_deg=float(rng.normal(0, 1.0)),
            glasses=bool(rng.random() < 0.25),
            skin=int(rng.integers(len(SKIN_TONES))),
            hair=int(rng.choice(6, p=(0.35, 0.25, 0.15, 0.1, 0.05, 0.1))),
            long_hair=bool(rng.random() < 0.45),
            age=str(rng.choice(["adult", "old", "child"], p=(0.7, 0.2, 0.1))),
            exposure=float(rng.uniform(0.92, 1.06)),
            head_mm=float(rng.uniform(32.5, 35.0)),
            offset_x_mm=float(rng.normal(0, 0.5)),
            top_mm=float(rng.uniform(3.5, 5.5)),
            grey=bool(rng.random() < 0.08),
        )

    @classmethod
    def turned(cls, rng: np.random.Generator) -> PortraitSpec:
        """Turned sideways (横向き)."""
        yaw = float(rng.uniform(25, 45) * rng.choice((-1, 1)))
        return dataclasses.replace(cls.good(rng), yaw_deg=yaw, glasses=False)

    @classmethod
    def chin_up(cls, rng: np.random.Generator) -> PortraitSpec:
        """The chin lifted."""
        return dataclasses.replace(cls.good(rng), pitch_deg=float(rng.uniform(24, 34)))

    @classmethod
    def tilted(cls, rng: np.random.Generator) -> PortraitSpec:
        """The head tilted to a shoulder (左右に傾いている)."""
        roll = float(rng.uniform(15, 25) * rng.choice((-1, 1)))
        return dataclasses.replace(cls.good(rng), roll_deg=roll)

    @classmethod
    def smiling(cls, rng: np.random.Generator) -> PortraitSpec:
        """A broad smile that shows the teeth."""
        gap = float(rng.uniform(0.35, 0.55))
        return dataclasses.replace(cls.good(rng), smile=1.0, mouth_open=gap)

    @classmethod
    def mouth_wide(cls, rng: np.random.Generator) -> PortraitSpec:
        """The mouth open."""
        return dataclasses.replace(cls.good(rng), mouth_open=float(rng.uniform(0.7, 1.0)))

    @classmethod
    def eyes_shut(cls, rng: np.random.Generator) -> PortraitSpec:
        """Both eyes closed."""
        return dataclasses.replace(cls.good(rng), eyes_closed=1.0, glasses=False)

    @classmethod
    def winking(cls, rng: np.random.Generator) -> PortraitSpec:
        """One eye closed."""
        return dataclasses.replace(cls.good(rng), wink=True, glasses=False)

    @classmethod
    def with_hat(cls, rng: np.random.Generator) -> PortraitSpec:
        """A hat (帽子)."""
        return dataclasses.replace(cls.good(rng), hat=str(rng.choice(["cap", "beanie", "brim"])))

    @classmethod
    def with_headscarf(cls, rng: np.random.Generator) -> PortraitSpec:
        """A scarf round the head: perhaps allowed, always a person's decision."""
        return dataclasses.replace(cls.good(rng), headscarf=True, hair=0)

    @classmethod
    def with_sunglasses(cls, rng: np.random.Generator) -> PortraitSpec:
        """Sunglasses (サングラス)."""
        return dataclasses.replace(cls.good(rng), sunglasses=True, glasses=False)

    @classmethod
    def busy_background(cls, rng: np.random.Generator) -> PortraitSpec:
        """A backdrop with a pattern or things in it (無背景でない)."""
        kind = str(rng.choice(["bricks", "planks", "shelf", "outdoor"]))
        return dataclasses.replace(cls.good(rng), background=kind)

    @classmethod
    def shadowed(cls, rng: np.random.Generator) -> PortraitSpec:
        """A shadow on the wall (背景に影)."""
        return dataclasses.replace(cls.good(rng), shadow=float(rng.uniform(0.6, 1.0)))

    @classmethod
    def out_of_focus(cls, rng: np.random.Generator) -> PortraitSpec:
        """Out of focus (ピンボケ)."""
        return dataclasses.replace(cls.good(rng), blur_mm=float(rng.uniform(0.5, 0.8)))

    @classmethod
    def shaken(cls, rng: np.random.Generator) -> PortraitSpec:
        """Shaken (手振れ)."""
        return dataclasses.replace(cls.good(rng), motion_mm=float(rng.uniform(1.8, 3.0)))

    @classmethod
    def too_dark(cls, rng: np.random.Generator) -> PortraitSpec:
        """Too dark, wall and face alike."""
        return dataclasses.replace(cls.good(rng), exposure=float(rng.uniform(0.18, 0.32)))

    @classmethod
    def washed_out(cls, rng: np.random.Generator) -> PortraitSpec:
        """Overexposed."""
        return dataclasses.replace(cls.good(rng), exposure=float(rng.uniform(2.4, 3.0)), skin=1)

    @classmethod
    def too_small(cls, rng: np.random.Generator) -> PortraitSpec:
        """The head far too small to be cut out."""
        return dataclasses.replace(cls.good(rng), head_mm=float(rng.uniform(14, 19)), top_mm=12.0)

    @classmethod
    def off_centre(cls, rng: np.random.Generator) -> PortraitSpec:
        """The face at one side (顔の位置が片寄っている)."""
        shift = float(rng.uniform(8.5, 10.5) * rng.choice((-1, 1)))
        return dataclasses.replace(cls.good(rng), offset_x_mm=shift)

    @classmethod
    def infant(cls, rng: np.random.Generator) -> PortraitSpec:
        """A small child, mouth a little open: an exception that a person may allow."""
        gap = float(rng.uniform(0.15, 0.35))
        return dataclasses.replace(
            cls.good(rng), age="infant", mouth_open=gap, glasses=False, long_hair=False
        )


DEFECTS: dict[str, str] = {  # classmethod -> the check that should say so
    "turned": "pose", "chin_up": "pose", "tilted": "pose", "smiling": "expression",
    "mouth_wide": "expression", "eyes_shut": "eyes", "winking": "eyes",
    "with_hat": "head_covering", "with_headscarf": "head_covering",
    "with_sunglasses": "sunglasses", "busy_background": "background", "shadowed": "shadow",
    "out_of_focus": "sharpness", "shaken": "sharpness", "too_dark": "exposure",
    "washed_out": "exposure", "too_small": "framing", "off_centre": "framing",
}  # fmt: skip


def draw_portrait(
    spec: PortraitSpec, rng: np.random.Generator, width_px: int, height_px: int
) -> Pixels:
    """Draw a portrait.

    Args:
        spec: What it shows.
        rng: Everything the specification leaves open: clothes, cut of hair, wall tone, noise.
        width_px: Width of the picture.
        height_px: Height of the picture; the print's 45 mm.

    Returns:
        height_px x width_px x 3, BGR, uint8.
    """
    px_per_mm = height_px / PRINT_H_MM
    half_head_px = spec.head_mm / 2 * px_per_mm
    centre = (
        width_px / 2 + spec.offset_x_mm * px_per_mm,
        spec.top_mm * px_per_mm + half_head_px,
    )
    rows, columns = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    view_x = (columns - centre[0]) / half_head_px
    view_y = (rows - centre[1]) / half_head_px

    turn = rotation(spec.yaw_deg, spec.pitch_deg, spec.roll_deg)
    painter = HeadPainter(
        view_x,
        view_y,
        turn,
        rng,
        skin=np.array(SKIN_TONES[spec.skin], np.float32),
        hair=None if spec.hair < 0 else np.array(HAIR_COLOURS[spec.hair], np.float32),
        long_hair=spec.long_hair,
        age=spec.age,
    )
    painter.body()
    painter.head()
    painter.face(
        smile=spec.smile,
        mouth_open=spec.mouth_open,
        closed=(
            1.0 if spec.wink else spec.eyes_closed,
            spec.eyes_closed,
        ),
    )
    painter.hair_cap()
    if spec.headscarf:
        painter.headscarf()
    if spec.hat:
        painter.hat(spec.hat)
    if spec.glasses or spec.sunglasses:
        painter.glasses(dark=spec.sunglasses)
    figure, mask = painter.finished()

    wall = draw_backdrop(spec.background, rng, width_px, height_px)
    if spec.shadow > 0:
        wall = _with_shadow(wall, mask, spec.shadow, rng, px_per_mm)
    picture: Plane = wall * (1 - mask[..., None]) + figure * mask[..., None]
    picture = _photographed(picture, spec, rng, px_per_mm)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _with_shadow(
    wall: Plane,
    mask: Plane,
    strength: float,
    rng: np.random.Generator,
    px_per_mm: float,
) -> Plane:
    shift_x = float(rng.uniform(3.0, 5.0) * rng.choice((-1, 1))) * px_per_mm
    shift_y = float(rng.uniform(0.5, 2.5)) * px_per_mm
    move = np.array([[1, 0, shift_x], [0, 1, shift_y]], np.float32)
    cast = cv2.warpAffine(mask, move, (mask.shape[1], mask.shape[0]))
    cast = cv2.GaussianBlur(cast, (0, 0), float(rng.uniform(0.5, 1.4)) * px_per_mm)
    return np.asarray(wall * (1 - 0.55 * strength * cast[..., None]), np.float32)


def _photographed(
    picture: Plane,
    spec: PortraitSpec,
    rng: np.random.Generator,
    px_per_mm: float,
) -> Plane:
    lit = picture * spec.exposure
    # A camera's shoulder: highlights roll off instead of clipping at once.
    lit = np.where(lit > 225, 225 + (255 - 225) * (1 - np.exp(-(lit - 225) / 60)), lit)
    if spec.blur_mm > 0:
        lit = np.asarray(cv2.GaussianBlur(lit, (0, 0), spec.blur_mm * px_per_mm))
    if spec.motion_mm > 0:
        length = max(3, round(spec.motion_mm * px_per_mm))
        kernel: Plane = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        spin = cv2.getRotationMatrix2D((length / 2, length / 2), float(rng.uniform(0, 180)), 1)
        kernel = np.asarray(cv2.warpAffine(kernel, spin, (length, length)))
        lit = np.asarray(cv2.filter2D(lit, -1, kernel / max(float(kernel.sum()), 1e-6)))
    lit = lit + rng.normal(0, 1.2, lit.shape)
    if spec.grey:
        lit = np.repeat(lit @ np.array([[0.114], [0.587], [0.299]]), 3, axis=2)
    return np.asarray(lit, np.float32)
