"""Degraded pages whose geometry is known: what registration is measured on.

Every page is made from (seed, number) alone, so that one that failed can be made again and looked
at. Treatments are drawn independently, more of them and harsher than mail has; each leaves its
name on the page, so that results can be told by treatment.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.layouts import vary
from pipeline.domain.documents import FieldName
from pipeline.domain.geometry import PX_PER_MM
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition
from pipeline.imaging.pages import PageImage, Pixels
from pipeline.samples.composing import compose, draw_style
from pipeline.samples.paper import Mode, PaperSpec, Preset, scan
from pipeline.samples.people import make_applicant

VARIANTS = 8
_QUARTERS = 4
_RESOLUTIONS = (150, 200, 240, 300, 400, 600)
_SHARES = (0.15, 0.25, 0.1, 0.35, 0.1, 0.05)
_FACES_THE_SCANNER = 0.88  # the rest was thrown on the glass at any angle

Treatment = Callable[[np.random.Generator], PaperSpec]


@dataclass(frozen=True, slots=True)
class Bend:
    """How a sheet differs from a flat one: a smooth stretch and a fold that slipped.

    Attributes:
        reach_px: The most that the stretch moves a place, 300 dpi.
        phase: Four phases of its waves.
        size: Width and height of the sheet, 300 dpi.
        fold_px: How far the paper beyond the fold is moved, half to each side; 0 without one.
        fold_at: Where the fold is, px from the top.
        fold_wide_px: How wide the passage from one side to the other is.
    """

    reach_px: float
    phase: NDArray[np.float64]
    size: tuple[int, int]
    fold_px: float = 0.0
    fold_at: float = 0.0
    fold_wide_px: float = 60.0

    @property
    def flat(self) -> bool:
        """Whether nothing is moved at all."""
        return self.reach_px == 0 and self.fold_px == 0

    def shift(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """What a place of the bent sheet shows lies this far from it on the flat one."""
        u, v = x / self.size[0], y / self.size[1]
        p = self.phase
        dx = 0.6 * np.sin(2.3 * v + p[0]) + 0.4 * np.sin(3.1 * u + p[1])
        dy = 0.5 * np.sin(2.7 * u + p[2]) + 0.5 * np.sin(3.6 * v + p[3])
        slip = 0.5 * self.fold_px * np.tanh(2 * (y - self.fold_at) / self.fold_wide_px)
        return self.reach_px * dx, self.reach_px * dy + slip

    def bent(self, page: Pixels) -> Pixels:
        """The page as its bent self."""
        height, width = page.shape[:2]
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        dx, dy = self.shift(x, y)
        moved = cv2.remap(
            page,
            (x + dx).astype(np.float32),
            (y + dy).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(255, 255, 255),
        )
        return moved.astype(np.uint8, copy=False)

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where places of the flat sheet lie on the bent one (by fixed point iteration)."""
        placed = points.copy()
        for _ in range(40):
            dx, dy = self.shift(placed[:, 0], placed[:, 1])
            placed = points - np.column_stack([dx, dy])
        return placed


@dataclass(frozen=True, slots=True)
class DegradedPage:
    """A scan and the truth of it.

    Attributes:
        to_scan: 3 x 3, bent sheet at 300 dpi to pixels of the scan.
        treatments: Names of what was done to it.
    """

    form: FormDefinition
    page: PageImage
    to_scan: NDArray[np.float64]
    bend: Bend
    treatments: frozenset[str]


def layouts() -> tuple[FormDefinition, ...]:
    """Twelve layouts: the first version of each of our forms, and generated variants of them."""
    first: dict[str, FormDefinition] = {}
    for form in Catalogue.load().forms:
        first.setdefault(form.name, form)
    ours = tuple(first.values())
    return (*ours, *(vary(ours[k % len(ours)], 100 + k) for k in range(VARIANTS)))


def known() -> tuple[FormDefinition, ...]:
    """What the registrar of the bench knows: the layouts and every other version that ships."""
    drawn = layouts()
    keys = {form.key for form in drawn}
    return (*drawn, *(form for form in Catalogue.load().forms if form.key not in keys))


def pages(forms: tuple[FormDefinition, ...], count: int, seed: int) -> Iterator[DegradedPage]:
    """Degraded pages, the forms in turn."""
    for number in range(count):
        yield degraded(forms[number % len(forms)], seed, number)


def degraded(
    form: FormDefinition, seed: int, number: int, treat: Treatment | None = None
) -> DegradedPage:
    """One page; the same for the same seed and number, by ``paper`` where no treatment is given."""
    rng = np.random.default_rng([seed, number])
    composed = compose(form, make_applicant(rng), draw_style(rng), rng).pixels
    told = set()
    if form.zone(FieldName.PHOTO) is not None:
        told.add("photo")
    if rng.random() < 0.15:
        composed = _scribbled(composed, rng)
        told.add("heavy handwriting")
    if rng.random() < 0.15:
        composed = _stamped(composed, rng)
        told.add("stamps")
    height, width = composed.shape[:2]
    bend = _bend(width, height, rng)
    spec = (treat or paper)(rng)
    if bend.fold_px:
        spec = replace(spec, folds=max(1, spec.folds))
        told.add("fold that slipped")
    if bend.reach_px:
        told.add("stretch")
    seen = scan(composed if bend.flat else bend.bent(composed), spec, rng)
    stated = float(seen.dpi) if rng.random() < 0.7 else None
    page = PageImage(seen.pixels, 1, stated, seen.bilevel)
    return DegradedPage(form, page, seen.to_scan, bend, frozenset(told | treatments(spec)))


def treatments(spec: PaperSpec) -> set[str]:
    """What a paper's treatment is called in the results."""
    blue, _, red = spec.paper_bgr
    skew = abs(spec.skew_deg)
    said = {
        "any angle": skew > 12,
        "skew of 2 to 12 degrees": 2 < skew <= 12,
        "lying or upside down": spec.quarter_turns != 0,
        "scale off by 5 % and more": max(abs(spec.scale_x - 1), abs(spec.scale_y - 1)) > 0.05,
        "x and y scaled apart": abs(spec.scale_x / spec.scale_y - 1) > 0.012,
        "150 dpi": spec.dpi == 150,
        "200 dpi": spec.dpi == 200,
        "600 dpi": spec.dpi == 600,
        "bilevel": spec.mode is Mode.BILEVEL,
        "bilevel up to 200 dpi": spec.mode is Mode.BILEVEL and spec.dpi <= 200,
        "colour cast": spec.mode is Mode.COLOUR and red - blue > 25,
        "low contrast": spec.contrast < 0.56,
        "cropped": max(spec.crop_mm) > -2.0 and skew <= 12,
        "fold": spec.folds > 0,
        "dirt": spec.dirt >= 20,
        "dark surround": spec.surround < 60,
    }
    return {name for name, there in said.items() if there}


def paper(rng: np.random.Generator) -> PaperSpec:
    """A treatment harsher than mail: any angle, 0.9-1.1 scale, 150-600 dpi, soiled and pale."""
    preset = Preset(rng.choice([Preset.TYPICAL, Preset.HARD], p=[0.4, 0.6]))
    drawn = PaperSpec.drawn(preset, rng)
    mode = Mode(rng.choice(list(Mode), p=[0.5, 0.25, 0.25]))
    scale = rng.uniform(0.92, 1.08)
    skew = drawn.skew_deg if rng.random() < 0.7 else float(rng.uniform(-10, 10))
    if rng.random() > _FACES_THE_SCANNER:
        skew = float(rng.uniform(-45, 45))
    changed = replace(
        drawn,
        mode=mode,
        dpi=int(rng.choice(_RESOLUTIONS, p=_SHARES)),
        quarter_turns=int(rng.integers(_QUARTERS)),
        skew_deg=skew,
        scale_x=float(scale * rng.uniform(0.985, 1.015)),
        scale_y=float(scale * rng.uniform(0.985, 1.015)),
        stretch_mm=0.0,
        crop_mm=_crop(drawn, float(scale), skew, rng),
    )
    if rng.random() < 0.15:
        changed = replace(changed, dirt=int(rng.integers(20, 60)))
    if mode is Mode.BILEVEL:
        return replace(changed, contrast=max(changed.contrast, 0.72))
    if rng.random() < 0.15:
        changed = replace(changed, contrast=float(rng.uniform(0.3, 0.55)))
    if mode is Mode.COLOUR and rng.random() < 0.3:
        red, green = (int(v) for v in (rng.integers(236, 254), rng.integers(215, 236)))
        changed = replace(changed, paper_bgr=(int(rng.integers(165, 205)), green, red))
    return changed


def _crop(
    spec: PaperSpec, scale: float, skew_deg: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Margins, mm, that keep the zones on the scan; negative is more than the sheet."""
    turn = math.radians(abs(skew_deg))
    wide = 210 * math.cos(turn) + 297 * math.sin(turn)
    high = 210 * math.sin(turn) + 297 * math.cos(turn)
    slide = max(abs(v) for v in spec.shift_mm) + 2.0
    sides = [max(0.0, (scale * side - own) / 2) for side, own in ((wide, 210), (high, 297))]
    lost = [float(rng.uniform(0, 5)) if rng.random() < 0.3 else 0.0 for _ in range(4)]
    needs = (sides[0], sides[1], sides[0], sides[1])
    left, top, right, bottom = (
        -need - slide + gone for need, gone in zip(needs, lost, strict=True)
    )
    return left, top, right, bottom


def _bend(width: int, height: int, rng: np.random.Generator) -> Bend:
    reach = float(rng.uniform(0, 1.0)) * PX_PER_MM * float(rng.random() < 0.5)
    slipped = float(rng.random() < 0.15)
    return Bend(
        reach,
        rng.uniform(0, 2 * np.pi, 4),
        (width, height),
        fold_px=slipped * float(rng.uniform(0.15, 0.6)) * PX_PER_MM,
        fold_at=float(rng.choice([1 / 3, 1 / 2, 2 / 3])) * height,
        fold_wide_px=float(rng.uniform(2, 12)) * PX_PER_MM,
    )


def _scribbled(page: Pixels, rng: np.random.Generator) -> Pixels:
    """Writing all over: remarks in the margins and through the print."""
    page = page.copy()
    height, width = page.shape[:2]
    for _ in range(int(rng.integers(12, 40))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        for _ in range(int(rng.integers(3, 12))):
            steps = rng.normal((4, 0), (16, 22), (7, 2)).cumsum(axis=0)
            stroke: list[NDArray[np.int32]] = [(steps + np.array([x, y])).astype(np.int32)]
            tone = tuple(int(v) for v in rng.integers(20, 90, 3))
            cv2.polylines(page, stroke, False, tone, int(rng.integers(3, 8)), cv2.LINE_AA)
            x += 62
    return page


def _stamped(page: Pixels, rng: np.random.Generator) -> Pixels:
    """Round and square receipt stamps, through which the print shows."""
    layer = np.full_like(page, 255)
    height, width = page.shape[:2]
    for _ in range(int(rng.integers(2, 6))):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        side = int(rng.uniform(10, 22) * PX_PER_MM)
        colour = (60, 40, int(rng.integers(180, 230)))
        if rng.random() < 0.5:
            cv2.circle(layer, (x, y), side // 2, colour, 8, cv2.LINE_AA)
            cv2.line(layer, (x - side // 2, y - 30), (x + side // 2, y - 30), colour, 5)
            cv2.line(layer, (x - side // 2, y + 30), (x + side // 2, y + 30), colour, 5)
        else:
            cv2.rectangle(layer, (x, y), (x + side, y + side // 2), colour, 8)
        for n in range(6):
            at = (x - side // 2 + 20 + n * side // 7, y + 12)
            cv2.putText(layer, str(rng.integers(10)), at, 0, 1.6, colour, 5, cv2.LINE_AA)
    return cv2.min(page, layer).astype(np.uint8, copy=False)
