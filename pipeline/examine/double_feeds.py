"""Signs that a scanner drew two sheets at once: an image too long, or two forms on one image.

Sheets that lie exactly on each other leave no sign in the image; only counts and sequence numbers
tell of those (``grouping``).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.geometry import MM_PER_INCH, PX_PER_MM
from pipeline.examine.engine import Engine
from pipeline.imaging.pages import PageImage, RegisteredPage
from pipeline.imaging.registration import Alignment

_OVER = 1.05  # a sheet a little askew is longer on its image
_LEAST_STRIP_MM = 60.0
_LEAST_AREA = 0.2  # of the form's


def double_feed(
    engine: Engine, page: PageImage, registered: RegisteredPage | None
) -> list[Finding]:
    """The findings, if any, that a page gives rise to.

    Args:
        engine: For the second form on the image.
        page: The page as decoded.
        registered: The form found on it, or None where none was.
    """
    if registered is not None and _second_form(engine, page, registered):
        return [_finding("two_forms")]
    length = page_length_mm(page, registered)
    longest = engine.settings.longest_page_mm
    if registered is not None:
        longest = max(longest, _OVER * registered.form.page_h_mm)
    if length is not None and length > longest:
        return [_finding("page_too_long", ("length_mm", float(round(length))))]
    return []


def page_length_mm(page: PageImage, registered: RegisteredPage | None) -> float | None:
    """The longer side, by the file's resolution and by the form's own size: the lesser of both.

    A wrong resolution in the file, or a form printed at another scale, must not look like a long
    page; where neither is known there is no length.
    """
    longer = max(page.pixels.shape[:2])
    by = [d for d in (page.dpi, registered.source_dpi if registered else None) if d]
    return longer / max(by) * MM_PER_INCH if by else None


def _second_form(engine: Engine, page: PageImage, registered: RegisteredPage) -> bool:
    per_mm = registered.source_dpi / MM_PER_INCH
    area = registered.form.page_w_mm * registered.form.page_h_mm * per_mm**2
    for strip in _beside(page, registered):
        height, width = strip.shape[:2]
        if min(height, width) < _LEAST_STRIP_MM * per_mm or height * width < _LEAST_AREA * area:
            continue
        # By the form's own resolution, whatever the file says.
        rest = dataclasses.replace(page, pixels=strip, dpi=registered.source_dpi)
        if isinstance(engine.registrar.align(rest), Alignment):
            return True
    return False


def _beside(page: PageImage, registered: RegisteredPage) -> list[NDArray[np.uint8]]:
    """What the image shows left, right, above and below the form."""
    width, height = registered.form.page_w_mm * PX_PER_MM, registered.form.page_h_mm * PX_PER_MM
    corners = np.array([[0, width, width, 0], [0, 0, height, height], [1, 1, 1, 1]], np.float64)
    placed = registered.to_page @ corners
    xs, ys = placed[0] / placed[2], placed[1] / placed[2]
    left, right = (int(np.clip(v, 0, page.pixels.shape[1])) for v in (xs.min(), xs.max()))
    top, bottom = (int(np.clip(v, 0, page.pixels.shape[0])) for v in (ys.min(), ys.max()))
    strips = (
        page.pixels[:, :left],
        page.pixels[:, right:],
        page.pixels[:top],
        page.pixels[bottom:],
    )
    return list(strips)


def _finding(reason: str, *figures: tuple[str, float]) -> Finding:
    return Finding(
        FindingCode.DOUBLE_FEED_SUSPECTED,
        Severity.REVIEW,
        evidence=(("reason", reason), *figures),
    )
