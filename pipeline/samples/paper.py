"""Paper and scanner: what happens to a page between the desk of the writer and the file.

The geometry is known exactly and returned, so that registration can be measured against it; only
the smooth stretch (rollers do not pull evenly) is beyond a homography, by ``stretch_mm`` at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, REGISTERED_DPI

Pixels = NDArray[np.uint8]
Homography = NDArray[np.float64]

_LEAST_OF_PAPER = 0.7  # a shaded lamp leaves more of the paper's tone


class Mode(StrEnum):
    """What the scanner stores."""

    COLOUR = "colour"
    GREY = "grey"
    BILEVEL = "bilevel"


class Preset(StrEnum):
    """How badly a page is treated."""

    MILD = "mild"
    TYPICAL = "typical"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class PaperSpec:
    """One way a page is treated.

    Attributes:
        skew_deg: Rotation, clockwise on the image.
        quarter_turns: Further turns of 90 degrees, clockwise.
        scale_x: Stretch across the sheet, 1 = true to size.
        scale_y: Stretch along the sheet.
        shear: Sideways shift for each unit of height.
        shift_mm: Offset of the sheet on the glass.
        stretch_mm: Largest uneven pull of the rollers.
        crop_mm: What the scan lacks at left, top, right and bottom.
        surround: Grey level of the scanner beyond the sheet.
        paper_bgr: Tone of the paper.
        contrast: 1 = full; less makes ink paler.
        spread: How much ink bleeds, 0 to 1.
        blur_px: Standard deviation at 300 dpi.
        noise: Standard deviation of the sensor's noise, levels.
        mottle: Unevenness of the paper, levels.
        lamp: Fall of light from one side to the other, share.
        folds: Number of creases.
        dirt: Number of specks and smudges.
        threshold: For bilevel, share of the paper's tone below which a pixel is black.
        jpeg_quality: Compression the scanner applies, or None.
    """

    dpi: int = 300
    mode: Mode = Mode.COLOUR
    skew_deg: float = 0.0
    quarter_turns: int = 0
    scale_x: float = 1.0
    scale_y: float = 1.0
    shear: float = 0.0
    shift_mm: tuple[float, float] = (0.0, 0.0)
    stretch_mm: float = 0.0
    crop_mm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    surround: int = 250
    paper_bgr: tuple[int, int, int] = (250, 252, 253)
    contrast: float = 1.0
    spread: float = 0.0
    blur_px: float = 0.0
    noise: float = 0.0
    mottle: float = 0.0
    lamp: float = 0.0
    folds: int = 0
    dirt: int = 0
    threshold: float = 0.62
    jpeg_quality: int | None = None

    @classmethod
    def drawn(cls, preset: Preset, rng: np.random.Generator, mode: Mode | None = None) -> PaperSpec:
        """A treatment of that harshness."""
        hard = {Preset.MILD: 0.0, Preset.TYPICAL: 0.45, Preset.HARD: 1.0}[preset]
        u = rng.uniform
        skew = u(-0.5, 0.5) + rng.normal(0, 1.3) * hard
        if preset is Preset.HARD and rng.random() < 0.15:
            skew = u(-9, 9)
        turns = 0
        if rng.random() < 0.15 * hard:
            turns = int(rng.choice([2, 2, 1, 3]))
        drawn_mode = Mode(rng.choice(list(Mode), p=[1 - 0.5 * hard, 0.25 * hard, 0.25 * hard]))
        spread_of_scale = 0.003 + 0.024 * hard
        tint = rng.normal(0, 2 + 6 * hard)
        tone = u(250 - 22 * hard, 254)
        crop = [max(0.0, float(rng.normal(-3, 3.2))) if hard > 0.9 else 0.0 for _ in range(4)]
        # A bilevel scanner follows the contrast of the page; very pale print would be gone.
        pale = float(u(1 - 0.45 * hard, 1.0))
        return cls(
            dpi=300 if preset is Preset.MILD else int(rng.choice([200, 240, 300, 300, 400])),
            mode=mode or drawn_mode,
            skew_deg=float(skew),
            quarter_turns=turns,
            scale_x=float(1 + u(-1, 1) * spread_of_scale),
            scale_y=float(1 + u(-1, 1) * spread_of_scale),
            shear=float(rng.normal(0, 0.0004 + 0.0012 * hard)),
            shift_mm=(
                float(rng.normal(0, 0.6 + 1.6 * hard)),
                float(rng.normal(0, 0.6 + 1.6 * hard)),
            ),
            stretch_mm=float(u(0, 0.08 + 0.20 * hard)),
            crop_mm=(crop[0], crop[1], crop[2], crop[3]),
            surround=int(rng.choice([252, 246, 235, 28 if hard > 0.9 else 250])),
            paper_bgr=(
                int(np.clip(tone - max(0, tint), 0, 255)),
                int(np.clip(tone, 0, 255)),
                int(np.clip(tone + min(0, tint), 0, 255)),
            ),
            contrast=max(pale, 0.78) if (mode or drawn_mode) is Mode.BILEVEL else pale,
            spread=float(u(0.0, 0.2 + 0.6 * hard)),
            blur_px=float(u(0.3, 0.6 + 0.9 * hard)),
            noise=float(u(0.8, 1.6 + 5.0 * hard)),
            mottle=float(u(0.2, 0.6 + 1.2 * hard)),
            lamp=float(u(0, 0.02 + 0.10 * hard)),
            folds=int(rng.random() < 0.5 * hard) + int(rng.random() < 0.3 * hard),
            dirt=int(rng.poisson(1 + 8 * hard)),
            threshold=float(u(0.55, 0.72)),
            jpeg_quality=int(u(92 - 42 * hard, 95 - 25 * hard)),
        )


@dataclass(frozen=True, slots=True)
class Scan:
    """A scanned page.

    Attributes:
        pixels: H x W x 3, BGR; grey and bilevel scans have three equal channels.
        dpi: Resolution of the scan.
        bilevel: Two levels only.
        to_scan: 3 x 3, registered pixels of the form (300 dpi) to pixels of the scan.
    """

    pixels: Pixels
    dpi: int
    bilevel: bool
    to_scan: Homography


def geometry(spec: PaperSpec, width_px: int, height_px: int) -> tuple[Homography, int, int]:
    """Where a page's pixels go, and the size of the scan.

    Args:
        spec: The treatment.
        width_px: Page width at 300 dpi.
        height_px: Page height at 300 dpi.

    Returns:
        The 3 x 3 homography, and width and height of the scan in its own pixels.
    """
    zoom = spec.dpi / REGISTERED_DPI
    angle = math.radians(spec.skew_deg)
    centre = np.array([[1, 0, -width_px / 2], [0, 1, -height_px / 2], [0, 0, 1]])
    shape = np.array([[spec.scale_x, spec.shear, 0], [0, spec.scale_y, 0], [0, 0, 1]])
    turn = np.array(
        [
            [math.cos(angle), -math.sin(angle), spec.shift_mm[0] * PX_PER_MM],
            [math.sin(angle), math.cos(angle), spec.shift_mm[1] * PX_PER_MM],
            [0, 0, 1],
        ]
    )
    left, top, right, bottom = (mm * PX_PER_MM for mm in spec.crop_mm)
    back = np.array([[1, 0, width_px / 2 - left], [0, 1, height_px / 2 - top], [0, 0, 1]])
    out_w = round((width_px - left - right) * zoom)
    out_h = round((height_px - top - bottom) * zoom)
    # Pixel centres: a point x of one raster lies at (x + 0.5) * zoom - 0.5 of the other.
    half = np.array([[zoom, 0, 0.5 * zoom - 0.5], [0, zoom, 0.5 * zoom - 0.5], [0, 0, 1]])
    whole = half @ back @ turn @ shape @ centre
    for _ in range(spec.quarter_turns % 4):
        whole = np.array([[0, -1, out_h - 1], [1, 0, 0], [0, 0, 1]]) @ whole
        out_w, out_h = out_h, out_w
    return whole.astype(np.float64), out_w, out_h


@lru_cache(maxsize=1)
def _noise_tile() -> Pixels:
    """Gaussian noise of 40 levels round 128, large enough that no repetition is seen."""
    rng = np.random.default_rng(19)
    tile = np.clip(rng.normal(128, 40, (1103, 1201, 3)), 0, 255)
    return tile.astype(np.uint8)


def _noise(height: int, width: int, rng: np.random.Generator) -> Pixels:
    tile = _noise_tile()
    top, left = (int(rng.integers(n)) for n in tile.shape[:2])
    rolled = np.roll(tile, (-top, -left), axis=(0, 1))
    rows, columns = -(-height // tile.shape[0]), -(-width // tile.shape[1])
    return np.tile(rolled, (rows, columns, 1))[:height, :width]


def _pull(length: int, largest_px: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A smooth displacement along an axis, at most ``largest_px``."""
    knots = rng.uniform(-1, 1, (1, 7)).astype(np.float32)
    curve = cv2.resize(knots, (length, 1), interpolation=cv2.INTER_CUBIC)[0]
    return np.asarray(curve * largest_px / max(1.0, float(np.abs(curve).max())), np.float32)


def _sample(
    page: Pixels,
    spec: PaperSpec,
    whole: Homography,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Pixels:
    """The page through the geometry; beyond the sheet the scanner's own tone."""
    width, height = size
    back = np.linalg.inv(whole).astype(np.float32)
    xs = np.arange(width, dtype=np.float32)[None, :]
    ys = np.arange(height, dtype=np.float32)[:, None]
    map_x = back[0, 0] * xs + (back[0, 1] * ys + back[0, 2])
    map_y = back[1, 0] * xs + (back[1, 1] * ys + back[1, 2])
    if spec.stretch_mm > 0:
        largest = spec.stretch_mm * PX_PER_MM
        map_x += _pull(width, largest, rng)[None, :]
        map_y += _pull(height, largest, rng)[:, None]
    out = cv2.remap(
        page,
        map_x,
        map_y,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(spec.surround,) * 3,
    )
    return np.asarray(out, np.uint8)


def _crease(
    image: Pixels,
    whole: Homography,
    page: tuple[int, int],
    along: float,
    across: bool,
    rng: np.random.Generator,
) -> None:
    """A fold: a thin bright line with a shadow beside it, straight across the sheet."""
    width, height = page
    if across:
        ends = [(0.0, along * height), (float(width), along * height + rng.normal(0, 8))]
    else:
        ends = [(along * width, 0.0), (along * width + rng.normal(0, 8), float(height))]
    placed = cv2.perspectiveTransform(np.array([ends], np.float64), whole)[0]
    layer = np.zeros(image.shape[:2], np.uint8)
    (x0, y0), (x1, y1) = placed
    wide = max(2, round(3 * math.hypot(whole[0, 0], whole[1, 0])))
    cv2.line(layer, (round(x0), round(y0)), (round(x1), round(y1)), (255,), wide)
    ys, xs = (slice(max(0, int(min(a)) - 30), int(max(a)) + 30) for a in ((y0, y1), (x0, x1)))
    soft = cv2.GaussianBlur(layer[ys, xs], (0, 0), wide * 1.6).astype(np.float32) / 255
    sharp = layer[ys, xs].astype(np.float32) / 255
    room = image[ys, xs].astype(np.float32)
    dark, light = rng.uniform(14, 40), rng.uniform(8, 26)
    room += (sharp * light - soft * dark)[..., None]
    image[ys, xs] = np.clip(room, 0, 255).astype(np.uint8)


def _soil(image: Pixels, count: int, zoom: float, rng: np.random.Generator) -> None:
    """Specks, short hairs and pale smudges."""
    height, width = image.shape[:2]
    for _ in range(count):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        kind = rng.random()
        tone = int(rng.uniform(40, 170))
        if kind < 0.6:
            cv2.circle(image, (x, y), max(1, round(rng.uniform(0.6, 3) * zoom)), (tone,) * 3, -1)
        elif kind < 0.85:
            bends = rng.normal(0, 14 * zoom, (5, 2)).cumsum(axis=0) + np.array([x, y])
            dots: list[NDArray[np.int32]] = [bends.astype(np.int32)]
            cv2.polylines(image, dots, False, (tone,) * 3, 1, cv2.LINE_AA)
        else:
            r = round(rng.uniform(20, 70) * zoom)
            ys, xs = slice(max(0, y - r), y + r), slice(max(0, x - r), x + r)
            room = image[ys, xs]
            cover = np.zeros(room.shape[:2], np.float32)
            cv2.ellipse(
                cover, (r, r), (r // 2, r // 3), float(rng.uniform(0, 180)), 0, 360, (1,), -1
            )
            cover = cv2.GaussianBlur(cover, (0, 0), r / 5) * rng.uniform(0.04, 0.14)
            room[:] = (room * (1 - cover[..., None])).astype(np.uint8)


def scan(page: Pixels, spec: PaperSpec, rng: np.random.Generator) -> Scan:
    """Prints nothing and scans everything: a composed page as its scan.

    Args:
        page: H x W x 3, BGR, 300 dpi, white paper; not changed.
        spec: The treatment.
        rng: Randomness.
    """
    height, width = page.shape[:2]
    zoom = spec.dpi / REGISTERED_DPI
    whole, out_w, out_h = geometry(spec, width, height)
    if spec.spread > 0:
        page = cv2.addWeighted(
            page, 1 - spec.spread, cv2.erode(page, np.ones((3, 3), np.uint8)), spec.spread, 0
        ).astype(np.uint8)
    # Smaller scans need the detail removed that they cannot hold.
    blur = math.hypot(spec.blur_px, 0.45 / zoom if zoom < 0.99 else 0.0)
    if blur > 0.2:
        page = cv2.GaussianBlur(page, (0, 0), blur).astype(np.uint8)
    # White becomes the paper's tone, ink fades by the contrast.
    levels = np.arange(256, dtype=np.float64)
    faded = 255 - (255 - levels) * spec.contrast
    table = np.stack([faded * tone / 255 for tone in spec.paper_bgr], axis=-1)
    page = cv2.LUT(page, np.round(table).astype(np.uint8)[None]).astype(np.uint8)
    image = _sample(page, spec, whole, (out_w, out_h), rng)
    for _ in range(spec.folds):
        across = bool(rng.random() < 0.75)
        along = float(rng.choice([1 / 3, 0.5, 2 / 3])) + float(rng.normal(0, 0.006))
        _crease(image, whole, (width, height), along, across, rng)
    _soil(image, spec.dirt, zoom, rng)
    image = _light(image, spec, rng)
    if spec.noise > 0:
        share = spec.noise / 40
        noise = _noise(out_h, out_w, rng)
        image = cv2.addWeighted(image, 1.0, noise, share, -128 * share).astype(np.uint8)
    return Scan(_store(image, spec), spec.dpi, spec.mode is Mode.BILEVEL, whole)


def _light(image: Pixels, spec: PaperSpec, rng: np.random.Generator) -> Pixels:
    """Uneven lamp and mottled paper: one smooth field added to all channels."""
    if spec.lamp <= 0 and spec.mottle <= 0:
        return image
    height, width = image.shape[:2]
    slope = np.linspace(-0.5, 0.5, 24)[None, :] * spec.lamp * 255 * float(rng.choice([-1, 1]))
    field = 128 - abs(spec.lamp) * 60 + slope + rng.normal(0, spec.mottle, (34, 24))
    small = np.clip(np.round(field), 0, 255).astype(np.uint8)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    three = cv2.merge([large, large, large])
    return cv2.addWeighted(image, 1.0, three, 1.0, -128).astype(np.uint8)


def _paper_tone(grey: Pixels, spec: PaperSpec) -> float:
    """What the scanner takes for paper: the page's middle tone.

    A sheet askew in a dark surround may fill less than half of the scan; then the sheet alone.
    """
    seen = grey[::16, ::16]
    tone = float(np.median(seen))
    sheet = np.array([[spec.paper_bgr]], np.uint8)
    paper = float(cv2.cvtColor(sheet, cv2.COLOR_BGR2GRAY)[0, 0])
    bright = seen[seen > 0.5 * paper]
    if tone >= _LEAST_OF_PAPER * paper or not bright.size:
        return tone
    return float(np.median(bright))


def _store(image: Pixels, spec: PaperSpec) -> Pixels:
    """As the scanner stores it: mode and compression."""
    if spec.mode is not Mode.COLOUR:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if spec.mode is Mode.BILEVEL:
            tone = _paper_tone(np.asarray(grey, np.uint8), spec)
            grey = np.where(grey < spec.threshold * tone, 0, 255).astype(np.uint8)
            return cv2.merge([grey, grey, grey]).astype(np.uint8)
        image = cv2.merge([grey, grey, grey]).astype(np.uint8)
    if spec.jpeg_quality is None:
        return image
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, spec.jpeg_quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
