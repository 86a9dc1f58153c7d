"""Photos for sample forms: portraits drawn by code for each case, or real ones from a folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.era import age_at
from pipeline.domain.errors import InputError
from pipeline.samples.people import Applicant, Kind
from pipeline.samples.planning import Case
from pipeline.samples.portraits import PortraitSpec, draw_portrait

Pixels = NDArray[np.uint8]


def portrait_spec(
    cases: frozenset[Case], applicant: Applicant, rng: np.random.Generator
) -> PortraitSpec:
    """What the portrait of an applicant shows, defects included."""
    makers = {
        Case.PHOTO_TURNED: PortraitSpec.turned,
        Case.PHOTO_BACKGROUND: PortraitSpec.busy_background,
        Case.PHOTO_SHADOW: PortraitSpec.shadowed,
        Case.PHOTO_SMILE: PortraitSpec.smiling,
        Case.PHOTO_MOUTH_OPEN: PortraitSpec.mouth_wide,
        Case.PHOTO_EYES_CLOSED: PortraitSpec.eyes_shut,
        Case.PHOTO_SUNGLASSES: PortraitSpec.with_sunglasses,
        Case.PHOTO_HAT: PortraitSpec.with_hat,
        Case.PHOTO_BLURRED: PortraitSpec.out_of_focus,
        Case.PHOTO_DARK: PortraitSpec.too_dark,
        Case.PHOTO_FRAMING: PortraitSpec.off_centre,
    }
    maker = next((makers[c] for c in sorted(cases) if c in makers), PortraitSpec.good)
    spec = maker(rng)
    years = age_at(applicant.birth_date, applicant.application_date)
    age = "child" if years < 13 else ("old" if years > 68 else "adult")
    if applicant.kind is Kind.INFANT or years < 2:
        age = "infant"
    return dataclasses.replace(
        spec, age=age, long_hair=applicant.sex == "女" and not spec.hat and spec.hair >= 0
    )


def synthetic_photo(
    cases: frozenset[Case],
    applicant: Applicant,
    rng: np.random.Generator,
    width_px: int,
    height_px: int,
) -> Pixels:
    """A portrait drawn by code.

    Returns:
        Height x width x 3, BGR.
    """
    if Case.PHOTO_NO_FACE in cases:
        return _landscape(rng, width_px, height_px)
    spec = portrait_spec(cases, applicant, rng)
    return draw_portrait(spec, rng, width_px, height_px)


def _landscape(rng: np.random.Generator, width_px: int, height_px: int) -> Pixels:
    """A holiday picture of hills under a sky: a print with nobody on it."""
    rows = np.linspace(0, 1, height_px)[:, None, None]
    sky = np.array([235, 200, 160]) * (1 - rows) + np.array([245, 235, 225]) * rows
    image = np.repeat(sky, width_px, axis=1)
    xs = np.arange(width_px)
    for depth, colour in ((0.45, (150, 140, 110)), (0.62, (90, 130, 90)), (0.8, (50, 95, 60))):
        wave = np.zeros(width_px)
        for times in (4, 9, 17):
            phase = float(rng.uniform(0, 6))
            wave += float(rng.uniform(0.01, 0.05)) * np.sin(xs / width_px * times + phase)
        line = (depth + wave) * height_px
        below = np.arange(height_px)[:, None] > line[None, :]
        image[below] = colour
    image += rng.normal(0, 5, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


class FolderPhotos:
    """Real photos from a folder, cut to the shape of a print; for measuring only.

    Args:
        folder: Holds JPEG or PNG files, in folders of any depth.

    Raises:
        InputError: ``PHOTOS_MISSING`` if there is none.
    """

    def __init__(self, folder: Path) -> None:
        kinds = (".jpg", ".jpeg", ".png")
        self._files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in kinds)
        if not self._files:
            raise InputError(
                "PHOTOS_MISSING",
                ja="写真のフォルダーに画像がありません。",
                en="There is no picture in the folder of photos.",
                remedy_ja="JPEGまたはPNGのあるフォルダーを指定してください。",
                remedy_en="Name a folder that holds JPEG or PNG files.",
            )

    def __call__(
        self,
        cases: frozenset[Case],
        applicant: Applicant,
        rng: np.random.Generator,
        width_px: int,
        height_px: int,
    ) -> Pixels:
        """One of the photos, its middle cut to the print's shape."""
        path = self._files[int(rng.integers(len(self._files)))]
        data = np.frombuffer(path.read_bytes(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if image is None:
            return _landscape(rng, width_px, height_px)
        h, w = image.shape[:2]
        share = min(w / width_px, h / height_px)
        cut_w, cut_h = round(width_px * share), round(height_px * share)
        top, left = (h - cut_h) // 3, (w - cut_w) // 2
        part = image[top : top + cut_h, left : left + cut_w]
        how = cv2.INTER_AREA if share > 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(part, (width_px, height_px), interpolation=how), np.uint8)
