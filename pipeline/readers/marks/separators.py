"""Separator sheets, found by their code.

Looked for only on pages that are no form of ours: a code that somebody prints on an application
does not make it a separator. The modules are 2 mm wide, so the page is made small first: that is
fast, and it averages noise and the dots of a worn printer away.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.separators import Separator, parse
from pipeline.imaging.ink import probable_dpi
from pipeline.imaging.pages import PageImage

_LOOKED_AT_DPI = (75.0, 110.0, 150.0)
_LONGEST_SIDE_PX = 3200


def find_separator(page: PageImage) -> Separator | None:
    """The separator that a page is, or None; askew, upside down and mirrored copies included."""
    height, width = page.pixels.shape[:2]
    dpi = probable_dpi(height, width, page.dpi)
    grey = np.asarray(cv2.cvtColor(page.pixels, cv2.COLOR_BGR2GRAY), np.uint8)
    for wanted in _LOOKED_AT_DPI:
        for view in _views(grey, min(1.0, wanted / dpi)):
            found = {s for text in _decode(view) if (s := parse(text)) is not None}
            if found:
                return min(found, key=lambda s: s.identifier)
    return None


def _views(grey: NDArray[np.uint8], factor: float) -> Iterator[NDArray[np.uint8]]:
    factor = min(factor, _LONGEST_SIDE_PX / max(grey.shape))
    if min(grey.shape) * factor < 1:
        return
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    view = np.asarray(small, np.uint8)
    yield view
    yield np.asarray(cv2.threshold(view, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1], np.uint8)


def _decode(view: NDArray[np.uint8]) -> list[str]:
    import zxingcpp
    from pyzbar.pyzbar import ZBarSymbol, decode

    texts = [s.data.decode("utf-8", "replace") for s in decode(view, symbols=[ZBarSymbol.QRCODE])]
    if texts:
        return texts
    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    return [r.text for r in zxingcpp.read_barcodes(view, formats=formats) if r.text]
