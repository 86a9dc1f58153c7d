"""A picture of the proposal: the blank with its zones coloured by how sure they are."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.domain.geometry import REGISTERED_DPI, BoxMm
from pipeline.imaging.pages import Pixels
from pipeline.learning.proposal import Doubt, ProposedZone

OVERLAY_DPI = 150
_SCALE = OVERLAY_DPI / 25.4
_TINT = 0.18
_SURE, _LIKELY = 0.85, 0.6
# Green, amber, red as the desk shows them; also told apart by the number behind the name.
_COLOURS = {"sure": (70, 140, 30), "likely": (0, 140, 220), "doubtful": (40, 40, 210)}
_CELL = (190, 110, 20)
_LEFT_OUT = (160, 60, 160)


def draw_overlay(blank: Pixels, zones: Sequence[ProposedZone], doubts: Sequence[Doubt]) -> Pixels:
    """The overlay.

    Args:
        blank: H x W x 3 BGR at 300 dpi.
        zones: What is proposed.
        doubts: Those with a place are dashed in violet.
    """
    factor = OVERLAY_DPI / REGISTERED_DPI
    small = cv2.resize(blank, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    picture = small.astype(np.uint8, copy=False)
    tinted = picture.copy()
    for proposed in zones:
        cv2.rectangle(tinted, *_corners(proposed.zone.box), _tone(proposed), -1)
    picture = cv2.addWeighted(tinted, _TINT, picture, 1 - _TINT, 0).astype(np.uint8, copy=False)
    for proposed in zones:
        for cell in proposed.zone.cells:
            cv2.rectangle(picture, *_corners(cell), _CELL, 1, cv2.LINE_AA)
        cv2.rectangle(picture, *_corners(proposed.zone.box), _tone(proposed), 2, cv2.LINE_AA)
    for doubt in doubts:
        if doubt.box is not None:
            _dashed(picture, doubt.box)
    for proposed in zones:
        _name(picture, proposed)
    return picture


def _tone(proposed: ProposedZone) -> tuple[int, int, int]:
    sure = proposed.confidence
    return _COLOURS["sure" if sure >= _SURE else "likely" if sure >= _LIKELY else "doubtful"]


def _corners(box: BoxMm) -> tuple[tuple[int, int], tuple[int, int]]:
    return (
        (round(box.x * _SCALE), round(box.y * _SCALE)),
        (round((box.x + box.w) * _SCALE), round((box.y + box.h) * _SCALE)),
    )


def _name(picture: Pixels, proposed: ProposedZone) -> None:
    zone = proposed.zone
    name = f"{zone.field}/{zone.part}" if zone.part else str(zone.field)
    words = f"{name} {zone.reader} {proposed.confidence:.2f}"
    (left, top), _ = _corners(zone.box)
    size, base = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.36, 1)
    cv2.rectangle(
        picture, (left, top - size[1] - base), (left + size[0] + 4, top + 1), (255, 255, 255), -1
    )
    cv2.putText(
        picture,
        words,
        (left + 2, top - 3),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.36,
        _tone(proposed),
        1,
        cv2.LINE_AA,
    )


def _dashed(picture: Pixels, box: BoxMm) -> None:
    (x0, y0), (x1, y1) = _corners(box)
    for x in range(x0, x1, 12):
        for y in (y0, y1):
            cv2.line(picture, (x, y), (min(x + 6, x1), y), _LEFT_OUT, 2)
    for y in range(y0, y1, 12):
        for x in (x0, x1):
            cv2.line(picture, (x, y), (x, min(y + 6, y1)), _LEFT_OUT, 2)
