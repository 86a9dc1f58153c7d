"""Where the ink lies in the zones of a registered page, coarsely: to know a sheet again.

Two scans of one sheet have their ink in the same places to a fraction of a millimetre, whatever
the scanner did; two people's forms, or one person's twice, do not. What is made here still shows
roughly what was written, so it is never stored: ``pipeline.store.arrivals.repeats.sheet_marks``
turns it into bits that mean nothing without the vault's key. PINs are left out, as they have no
index of any kind.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.documents import PIN_FIELDS, FieldName
from pipeline.forms.definition import FormDefinition, ReaderKind
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage

_READERS = frozenset({ReaderKind.BOXES, ReaderKind.TEXT, ReaderKind.SIGNATURE})
_CELL_PX = 18  # 1.5 mm: wider than the residual of a registration, narrower than a character
_INK_BELOW = 0.62  # of the paper's tone; a bilevel scan and a grey one agree there
_PRINT_BELOW = 0.85
_PRINT_REACH_PX = 9
_LEAST_INK = 0.004  # of a zone: less is dust or a stray stroke
_SOFTEN_CELLS = 0.7
_PRINT: dict[str, NDArray[np.bool_]] = {}  # by form and version; a worker has few


def zone_sketches(page: RegisteredPage) -> dict[FieldName, NDArray[np.float32]]:
    """For each field with ink in it, the share of ink in cells of 1.5 mm, flattened.

    The form's own print is left out, and so are fields that a machine printed: lines of one font in
    one place are alike on everybody's sheet. A field over several zones gives one vector; where
    there is no ink the field is missing. The length depends on the form only.
    """
    grey = cv2.cvtColor(page.pixels, cv2.COLOR_BGR2GRAY)
    paper = float(np.dot(page.paper_bgr, (0.114, 0.587, 0.299)))
    printed = _print_of(page.form)
    found: dict[FieldName, list[NDArray[np.float32]]] = {}
    for zone in page.form.zones:
        if zone.reader not in _READERS or zone.printed or zone.field in PIN_FIELDS:
            continue
        box = zone.box.to_px()
        place = np.s_[box.y : box.y + box.h, box.x : box.x + box.w]
        ink = ((grey[place] < _INK_BELOW * paper) & ~printed[place]).astype(np.float32)
        rows, columns = (max(1, round(side / _CELL_PX)) for side in ink.shape)
        cells = cv2.resize(ink, (columns, rows), interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(cells, (0, 0), _SOFTEN_CELLS)
        found.setdefault(zone.field, []).append(np.asarray(soft, np.float32).ravel())
    joined = {name: np.concatenate(parts) for name, parts in found.items()}
    return {name: v for name, v in joined.items() if float(v.mean()) >= _LEAST_INK}


def _print_of(form: FormDefinition) -> NDArray[np.bool_]:
    if form.key not in _PRINT:
        grey = cv2.cvtColor(blank_raster(form), cv2.COLOR_BGR2GRAY)
        dark = (grey < _PRINT_BELOW * 255).astype(np.uint8)
        near = cv2.dilate(dark, np.ones((_PRINT_REACH_PX, _PRINT_REACH_PX), np.uint8))
        _PRINT[form.key] = np.asarray(near > 0)
    return _PRINT[form.key]
