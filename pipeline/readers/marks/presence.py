"""Whether there is a signature or a seal. Whose it is, a person judges."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import settings
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.geometry import PX_PER_MM
from pipeline.domain.readings import Reading
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.ink.zone_ink import is_coloured, red_ink, writing
from pipeline.readers.marks.mark_limits import MarkThresholds, PresenceLimits
from pipeline.readers.resolved import Resolved

READER = "presence"
MODEL_VERSION = "presence-geometry@1 marks-v1"


def read_presence(
    page: RegisteredPage, zone: Zone, limits: PresenceLimits | None = None
) -> Resolved:
    """Signature or seal: value ``"1"`` where present, ``""`` where missing, None where unclear.

    A missing one is a ground for return (``SIGNATURE_MISSING``, ``SEAL_MISSING``), unless the
    zone is optional; an unclear one is for a person.

    Args:
        page: The registered page.
        zone: Where it should stand.
        limits: What counts as one; those of the installation's models where None.

    Raises:
        DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
    """
    limits = limits or MarkThresholds.load(settings.current().models).presence
    if zone.reader == ReaderKind.SEAL:
        state, probability = _seal(page, zone, limits)
        code = FindingCode.SEAL_MISSING
    else:
        state, probability = _signature(page, zone, limits)
        code = FindingCode.SIGNATURE_MISSING
    value = {True: "1", False: "", None: None}[state]
    reading = Reading(
        field=zone.field,
        value=value,
        confidence=probability,
        accepted=state is True or (state is False and zone.optional),
        box_px=zone.box.to_px(),
        reader=READER,
        model_version=MODEL_VERSION,
    )
    if state is True or (state is False and zone.optional):
        return Resolved(reading)
    severity = Severity.RETURN if state is False else Severity.REVIEW
    finding = Finding(code, severity, zone.field, evidence=(("probability", probability),))
    return Resolved(reading, (finding,))


def _signature(
    page: RegisteredPage, zone: Zone, limits: PresenceLimits
) -> tuple[bool | None, float]:
    ink = writing(page, zone.box.inset(0.4).to_px())
    mm = _stroke_length_mm(ink.ink)
    if mm >= limits.signature_mm:
        return True, 0.999
    return (None, 0.5) if mm >= limits.signature_unclear_mm else (False, 0.999)


def _stroke_length_mm(mask: NDArray[np.bool_]) -> float:
    """Half the outline of every part larger than a speck."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return float(sum(len(c) for c in contours if len(c) > 12)) / 2 / PX_PER_MM


def _seal(page: RegisteredPage, zone: Zone, limits: PresenceLimits) -> tuple[bool | None, float]:
    """Red ink in a colour scan; in a grey one, any ink of a seal's extent."""
    box = zone.box.inset(-1.0)
    crop = page.crop(box)
    if crop.size == 0:
        return None, 0.0
    if is_coloured(page):
        mask = red_ink(crop) | writing(page, box.to_px()).ink
    else:
        mask = writing(page, box.to_px()).ink
    mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)) > 0
    area_mm2 = float(mask.sum()) / PX_PER_MM**2
    ys, xs = np.nonzero(mask)
    across = 0.0
    if len(xs) > 20:
        across = (
            float(min(np.ptp(np.percentile(xs, [2, 98])), np.ptp(np.percentile(ys, [2, 98]))))
            / PX_PER_MM
        )
    if area_mm2 >= limits.seal_mm2 and across >= limits.seal_across_mm:
        return True, 0.998
    return (None, 0.5) if area_mm2 >= limits.seal_unclear_mm2 else (False, 0.998)
