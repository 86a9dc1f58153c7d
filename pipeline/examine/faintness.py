"""Whether a black-and-white scan has lost strokes, so that an empty field proves nothing.

A scanner's threshold that is too strict wipes pale ink out without a trace. The form's own print
says little about it: print is black, and a pencil vanishes while all of it is still there. What
the writer wrote elsewhere on the sheet says more, for it is the same pen: where a field that
everybody fills is empty, or the strokes that are left are broken to specks, the empty fields of
that sheet are no proof, and nothing is returned to anyone because of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import settings
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.forms.definition import FormDefinition, ReaderKind
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.ink.zone_ink import printed_map
from pipeline.readers.resolved import Resolved
from pipeline.readers.risk.artefacts import artefact

ARTEFACT = Path("thresholds") / "faintness-v1.json"
_WHAT = ("かすれを見る基準", "The limits of faint scans")
_DARK = 128
_PRINTED_DARK = 120
_FRAME_PX = 7
_FRAME_REACH_PX = 9
_INSET_MM = 0.6
_LEAST_INK_PX = 300
_WRITTEN = (ReaderKind.TEXT, ReaderKind.BOXES, ReaderKind.SIGNATURE)
_PRINT: dict[str, NDArray[np.bool_]] = {}  # by form and version; a worker has few


@dataclass(frozen=True, slots=True)
class FaintnessLimits:
    """The artefact.

    Attributes:
        least_solid: Share of a sheet's handwriting that survives an opening by three pixels,
            below which strokes are broken.
        least_print_kept: Share of the form's thin dark print that is dark on the scan, below
            which even black ink is not safe.
        evaluation: What the numbers rest on.
    """

    version: str
    least_solid: float
    least_print_kept: float
    evaluation: Mapping[str, object]

    @classmethod
    def load(cls, models: Path) -> FaintnessLimits:
        """Read the artefact of a models folder, once per process.

        Raises:
            DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
        """
        return _load(models)


@lru_cache(maxsize=4)
def _load(models: Path) -> FaintnessLimits:
    with artefact(models / ARTEFACT, *_WHAT) as found:
        content = found.content
        return FaintnessLimits(
            found.version,
            float(content["least_solid"]),
            float(content["least_print_kept"]),
            content.get("evaluation", {}),
        )


def print_kept(page: RegisteredPage) -> float:
    """Share of the form's thin dark print that is dark on the registered page."""
    grey = cv2.cvtColor(page.pixels, cv2.COLOR_BGR2GRAY)
    printed = _thin_print(page.form)
    return float((grey[printed] < _DARK).mean()) if printed.any() else 1.0


def solid_share(page: RegisteredPage) -> float | None:
    """Share of the handwriting that is solid, not specks; None where there is next to none."""
    dark = page.pixels[:, :, 1] < _DARK
    printed = printed_map(page.form)
    solid = every = 0
    for zone in page.form.zones:
        if zone.printed or zone.reader not in _WRITTEN:
            continue
        box = zone.box.inset(_INSET_MM).to_px()
        rows, columns = slice(box.y, box.y + box.h), slice(box.x, box.x + box.w)
        ink = (dark[rows, columns] & ~printed[rows, columns]).astype(np.uint8)
        every += int(ink.sum())
        opened = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        solid += int(opened.sum())
    return solid / every if every >= _LEAST_INK_PX else None


def lost_strokes(
    page: RegisteredPage, read: Sequence[Resolved], limits: FaintnessLimits
) -> str | None:
    """Why empty fields of a page prove nothing; None where they do.

    Args:
        page: The registered page.
        read: Its fields as read.
        limits: From the artefact.

    Returns:
        ``nothing written``, ``broken strokes`` or ``pale print``.
    """
    if not page.bilevel:
        return None
    required = {
        zone.field
        for zone in page.form.zones
        if not zone.optional and not zone.printed and zone.reader in _WRITTEN
    }
    if any(one.reading.field in required and one.reading.value == "" for one in read):
        return "nothing written"
    solid = solid_share(page)
    if solid is not None and solid < limits.least_solid:
        return "broken strokes"
    return "pale print" if print_kept(page) < limits.least_print_kept else None


def doubt_blanks(
    page: RegisteredPage, read: Sequence[Resolved], limits: FaintnessLimits | None = None
) -> list[Resolved]:
    """The readings, with no empty field trusted where a bilevel scan may have lost strokes.

    An empty field is not accepted then, and what would be returned for it goes to a person.

    Args:
        page: The registered page.
        read: Its fields as read.
        limits: Those of the installation's models where None.

    Raises:
        DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
    """
    if not page.bilevel:
        return list(read)
    reason = lost_strokes(page, read, limits or FaintnessLimits.load(settings.current().models))
    if reason is None:
        return list(read)
    doubted = [_doubted(one) for one in read]
    if any(new is not old for new, old in zip(doubted, read, strict=True)):
        evidence = (("reason", "faint scan"), ("seen", reason))
        told = Finding(FindingCode.TEXT_UNCLEAR, Severity.REVIEW, evidence=evidence)
        doubted[0] = dataclasses.replace(doubted[0], findings=(*doubted[0].findings, told))
    return doubted


def _doubted(one: Resolved) -> Resolved:
    """An empty field without its acceptance and without a ground for return; others as they are."""
    heavy = any(f.severity == Severity.RETURN for f in one.findings)
    if one.reading.value != "" or not (one.reading.accepted or heavy):
        return one
    findings = tuple(
        dataclasses.replace(f, severity=Severity.REVIEW) if f.severity == Severity.RETURN else f
        for f in one.findings
    )
    return Resolved(dataclasses.replace(one.reading, accepted=False), findings)


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
