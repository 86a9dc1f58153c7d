"""Composed, printed and scanned pages for calibrating and measuring the text readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from pipeline.forms.catalogue import Catalogue
from pipeline.imaging.pages import PageImage, RegisteredPage
from pipeline.imaging.registration import Registrar, Unregistered
from pipeline.samples.composing import compose, draw_style
from pipeline.samples.paper import PaperSpec, Preset, scan
from pipeline.samples.people import make_applicant
from pipeline.samples.truth import DocumentTruth

FORMS = ("application_handwritten", "application_preprinted", "reply_form", "expiry_notice")
# Hand-filled forms carry most of the handwriting; printed ones take a smaller share.
_SEQUENCE = (0, 2, 0, 1, 2, 0, 1, 3)
_PRESETS = (Preset.MILD, Preset.TYPICAL, Preset.TYPICAL, Preset.HARD)


def composed_pages(
    count: int, seed: int, cache: Path, sequence: Sequence[int] = _SEQUENCE
) -> Iterator[tuple[RegisteredPage, DocumentTruth]]:
    """Pages with their truth; those that cannot be registered are left out.

    Args:
        count: Pages to compose.
        seed: Everything follows from it; calibration and measurement use different ones.
        cache: Where drawn blanks are kept.
        sequence: Which form each page is, over and over.
    """
    catalogue = Catalogue.load()
    registrar = Registrar(catalogue.forms, cache)
    for i in range(count):
        rng = np.random.default_rng([seed, i])
        form = catalogue.get(FORMS[sequence[i % len(sequence)]])
        applicant = make_applicant(np.random.default_rng([seed, 7, i]))
        composed = compose(form, applicant, draw_style(rng), rng)
        paper = PaperSpec.drawn(_PRESETS[i % len(_PRESETS)], rng)
        scanned = scan(composed.pixels, paper, rng)
        pixels = scanned.pixels
        if pixels.ndim == 2:
            pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
        page = registrar.register(PageImage(pixels, 1, scanned.dpi, scanned.bilevel))
        if not isinstance(page, Unregistered):
            yield page, composed.truth
