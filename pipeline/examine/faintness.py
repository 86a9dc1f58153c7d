"""Whether a black-and-white scan has lost strokes, so that an empty field proves nothing.

A scanner's threshold that is too high wipes pale ink out without a trace. It thins the form's own
print as well, and that print is known: what is left of it tells what can be trusted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.forms.definition import FormDefinition
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.resolved import Resolved

# Share of the form's thin dark print that is dark on the scan. Measured on composed bilevel
# pages: 0.83-1.0 where the ink is there, 0.47 where pencil had vanished.
LEAST_PRINT_KEPT = 0.75
_DARK = 128
_PRINTED_DARK = 120
_FRAME_PX = 7
_FRAME_REACH_PX = 9
_PRINT: dict[str, NDArray[np.bool_]] = {}  # by form and version; a worker has few


def print_kept(page: RegisteredPage) -> float:
    """Share of the form's thin dark print that is dark on the registered page."""
    grey = cv2.cvtColor(page.pixels, cv2.COLOR_BGR2GRAY)
    printed = _thin_print(page.form)
    return float((grey[printed] < _DARK).mean()) if printed.any() else 1.0


def doubt_blanks(page: RegisteredPage, read: Sequence[Resolved]) -> list[Resolved]:
    """The readings, with no empty field accepted where a bilevel scan has lost strokes."""
    if not page.bilevel or print_kept(page) >= LEAST_PRINT_KEPT:
        return list(read)
    doubted = [
        dataclasses.replace(one, reading=dataclasses.replace(one.reading, accepted=False))
        if one.reading.value == "" and one.reading.accepted
        else one
        for one in read
    ]
    if doubted:
        told = Finding(
            FindingCode.TEXT_UNCLEAR, Severity.REVIEW, evidence=(("reason", "faint scan"),)
        )
        doubted[0] = dataclasses.replace(doubted[0], findings=(*doubted[0].findings, told))
    return doubted


def _thin_print(form: FormDefinition) -> NDArray[np.bool_]:
    """Where words stand on the blank; frames are thick and survive any threshold."""
    if form.key not in _PRINT:
        _PRINT[form.key] = _thin_print_of(form)
    return _PRINT[form.key]


def _thin_print_of(form: FormDefinition) -> NDArray[np.bool_]:
    grey = cv2.cvtColor(blank_raster(form), cv2.COLOR_BGR2GRAY)
    dark = (grey < _PRINTED_DARK).astype(np.uint8)
    thick = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((_FRAME_PX, _FRAME_PX), np.uint8))
    near = cv2.dilate(thick, np.ones((_FRAME_REACH_PX, _FRAME_REACH_PX), np.uint8))
    return np.asarray((dark > 0) & (near == 0))
