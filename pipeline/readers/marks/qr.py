"""The QR code: its only run of 23 digits is the application ID. Nothing in it is ever opened."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain import application_id
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.geometry import BoxPx
from pipeline.domain.readings import Reading
from pipeline.forms.definition import Zone
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.readers.resolved import Resolved

READER = "qr"
MODEL_VERSION = "pyzbar+zxing-cpp"
_MARGIN_MM = 4.0
# Reed-Solomon in the code itself: a decoded QR is wrong about never. Two decoders, one content.
_DECODED = 0.9999


def read_qr(page: RegisteredPage, zone: Zone) -> Resolved:
    """The application ID in a QR zone.

    The value is the only 23-digit run of all that was decoded. ``QR_UNREADABLE`` where nothing
    was decoded, the content has no such run, or the decoded codes disagree.
    """
    contents = _decode(page.crop(zone.box, _MARGIN_MM))
    values = {v for v in (application_id.find_in(c) for c in contents) if v is not None}
    box = zone.box.to_px()
    if len(values) == 1:
        return Resolved(_reading(zone, values.pop(), _DECODED, True, box))
    if zone.optional and not contents and _is_blank(page, zone):
        return Resolved(_reading(zone, "", 1.0, True, box))
    reason = "codes disagree" if values else ("no 23 digits" if contents else "not decoded")
    finding = Finding(
        FindingCode.QR_UNREADABLE, Severity.REVIEW, zone.field, evidence=(("reason", reason),)
    )
    return Resolved(_reading(zone, None, 0.0, False, box), (finding,))


def _reading(zone: Zone, value: str | None, confidence: float, sure: bool, box: BoxPx) -> Reading:
    return Reading(
        field=zone.field,
        value=value,
        confidence=confidence,
        accepted=sure,
        box_px=box,
        reader=READER,
        model_version=MODEL_VERSION,
    )


def _decode(crop: Pixels) -> list[str]:
    """Contents found, trying plainly first and cleaned pictures after."""
    if crop.size == 0:
        return []
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_BGR2GRAY), np.uint8)
    for picture in _views(grey):
        found = _by_zbar(picture) or _by_zxing(picture)
        if found:
            return found
    return []


def _views(grey: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    blurred = cv2.GaussianBlur(grey, (0, 0), 1.2)
    _, binary = cv2.threshold(blurred, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    larger = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    closed = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return [grey, *(np.asarray(v, np.uint8) for v in (binary, larger, closed))]


def _by_zbar(picture: NDArray[np.uint8]) -> list[str]:
    from pyzbar.pyzbar import ZBarSymbol, decode

    return [
        symbol.data.decode("utf-8", errors="replace")
        for symbol in decode(picture, symbols=[ZBarSymbol.QRCODE])
    ]


def _by_zxing(picture: NDArray[np.uint8]) -> list[str]:
    import zxingcpp

    results = zxingcpp.read_barcodes(
        picture, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    )
    return [r.text for r in results if r.text]


def _is_blank(page: RegisteredPage, zone: Zone) -> bool:
    crop = page.crop(zone.box)
    return crop.size > 0 and float((crop.min(axis=2) < 110).mean()) < 0.01
