"""Images of pages: as decoded, and as registered to a form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.geometry import BoxMm, BoxPx
from pipeline.forms.definition import FormDefinition

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PageImage:
    """One decoded page.

    Attributes:
        pixels: H x W x 3, BGR, uint8.
        number: Page number in its file, from 1.
        dpi: Resolution the file states, or None.
        bilevel: The source had one bit a pixel.
        sequence: The number that the scanner gave the page (TIFF PageNumber or PageName, PDF page
            label), or None.
    """

    pixels: Pixels
    number: int
    dpi: float | None = None
    bilevel: bool = False
    sequence: int | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class RegisteredPage:
    """A page warped onto its form at 300 dpi, so that form millimetres are pixels.

    Attributes:
        pixels: H x W x 3, BGR, uint8, ``page_mm * PX_PER_MM`` in size; paper beyond the scan is
            filled with the paper's own tone.
        to_page: 3 x 3 homography from registered pixels to pixels of the decoded page.
        source_dpi: Effective resolution of the scan on the form (from the fit).
        paper_bgr: Tone of the blank paper, median over the page.
        runner_up: Another form version (``name@version``) that explains the page about as well.
    """

    form: FormDefinition
    pixels: Pixels
    to_page: NDArray[np.float64]
    figures: RegistrationFigures
    number: int
    source_dpi: float
    bilevel: bool
    paper_bgr: tuple[int, int, int]
    runner_up: str | None = None

    def crop(self, box: BoxMm, margin_mm: float = 0.0) -> Pixels:
        """A view of the pixels of a box (made larger by ``margin_mm``), clipped to the page."""
        return self.crop_px(box.inset(-margin_mm).to_px())

    def crop_px(self, box: BoxPx) -> Pixels:
        """A view of the pixels of a box in registered pixels, clipped to the page."""
        top, left = max(0, box.y), max(0, box.x)
        return self.pixels[top : max(top, box.y + box.h), left : max(left, box.x + box.w)]
