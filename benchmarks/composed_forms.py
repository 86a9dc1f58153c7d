"""Filled forms to measure on: real handwriting in the boxes, real photos, simulated paper.

Where the shared data is missing, our own strokes and drawn portraits stand in; the truth's
conditions say which (``boxed``, ``photo``), so that a figure is never mistaken for the other.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.documents import Channel, FormName
from pipeline.domain.errors import InputError
from pipeline.imaging.pages import PageImage
from pipeline.samples.ink import GlyphInk
from pipeline.samples.making import PageRecipe, Workshop
from pipeline.samples.paper import Preset
from pipeline.samples.people import Applicant
from pipeline.samples.photos import FolderPhotos, synthetic_photo
from pipeline.samples.planning import CASES_OF, PHOTO_FINDINGS, Case
from pipeline.samples.real_ink import RealInk, data_folder
from pipeline.samples.truth import DocumentTruth

Pixels = NDArray[np.uint8]

# Periods without a common factor, so that every combination comes up.
FORMS = (
    FormName.APPLICATION_HANDWRITTEN,
    FormName.REPLY_FORM,
    FormName.APPLICATION_PREPRINTED,
    FormName.APPLICATION_HANDWRITTEN,
    FormName.REPLY_FORM,
    FormName.APPLICATION_HANDWRITTEN,
    FormName.EXPIRY_NOTICE,
)
PRESETS = (Preset.TYPICAL, Preset.MILD, Preset.TYPICAL, Preset.HARD)
CASE_EVERY = 3
# A correction over print has no single true value.
WITHOUT_TRUTH = frozenset({Case.PRINT_CORRECTED})


class MixedPhotos:
    """Real photos where a form wants a good one, drawn ones for every defect.

    Args:
        folder: The folder of face photos with its ``labels.csv``.
    """

    def __init__(self, folder: Path) -> None:
        with (folder / "labels.csv").open(newline="") as labels:
            rows = list(csv.DictReader(labels))
        self._files = [
            folder / r["file"]
            for r in rows
            if r["set"] in ("obs", "cmu")
            and r["sunglasses"] != "1"
            and r["hat"] != "1"
            and r["pose"] in ("", "straight")
            and (folder / r["file"]).is_file()
        ]
        if not self._files:
            FolderPhotos(folder)
            self._files = sorted(folder.rglob("*.jpg"))

    def __call__(
        self,
        cases: frozenset[Case],
        applicant: Applicant,
        rng: np.random.Generator,
        width_px: int,
        height_px: int,
    ) -> Pixels:
        """A photo of that size."""
        if cases & set(PHOTO_FINDINGS) or rng.random() < 0.4:
            return synthetic_photo(cases, applicant, rng, width_px, height_px)
        path = self._files[int(rng.integers(len(self._files)))]
        image = cv2.imread(str(path))
        if image is None:
            return synthetic_photo(cases, applicant, rng, width_px, height_px)
        h, w = image.shape[:2]
        share = min(w / width_px, h / height_px)
        cut_w, cut_h = round(width_px * share), round(height_px * share)
        left = (w - cut_w) // 2
        part = image[:cut_h, left : left + cut_w]
        return np.asarray(
            cv2.resize(part, (width_px, height_px), interpolation=cv2.INTER_CUBIC), np.uint8
        )


def workshop(seed: int) -> Workshop:
    """What the forms are made with: real ink and photos where the data folder has them."""
    data = data_folder()
    made = Workshop(seed=seed)
    try:
        made.boxed = GlyphInk.of(RealInk.load(data, "test"))
    except InputError:
        made.boxed = None
    if (data / "faces" / "labels.csv").is_file():
        made.photos = MixedPhotos(data / "faces")
    return made


def recipe(number: int, seed: int) -> tuple[PageRecipe, Channel]:
    """The recipe of one form: form, channel, paper and case go round."""
    rng = np.random.default_rng([seed, 13, number])
    form = FORMS[number % len(FORMS)]
    preset = PRESETS[number % len(PRESETS)]
    # Most reply forms come by the counter, where their PINs are read.
    by_mail = rng.random() < (0.15 if form == FormName.REPLY_FORM else 0.7)
    cases: frozenset[Case] = frozenset()
    options = [c for c in CASES_OF[form] if c not in WITHOUT_TRUTH]
    if options and number % CASE_EVERY == 0:
        cases = frozenset({options[int(rng.integers(len(options)))]})
    channel = Channel.MAIL if by_mail else Channel.COUNTER
    return PageRecipe(form.value, None, cases, preset=preset), channel


def composed_forms(count: int, seed: int) -> Iterator[tuple[PageImage, DocumentTruth]]:
    """Filled and scanned forms with their truth, the same from the same seed.

    Args:
        count: How many.
        seed: Everything follows from it.

    Yields:
        The page as decoded, and what stands on it.
    """
    made = workshop(seed)
    real_photos = isinstance(made.photos, MixedPhotos)
    for number in range(count):
        wanted, channel = recipe(number, seed)
        scanned, truth = made.page(wanted, channel, number)
        conditions = {**truth.conditions, "real_photos": real_photos}
        page = PageImage(scanned.pixels, 1, float(scanned.dpi), scanned.bilevel)
        yield page, dataclasses.replace(truth, conditions=conditions)
