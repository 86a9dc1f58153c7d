"""What a form is known by does not move with the amount of ink."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.ink import ink_map
from pipeline.imaging.reference import build_reference
from pipeline.imaging.refinement import MIN_SCORE, measure

_PEN = np.ones((3, 3), np.uint8)
# Work pixels (150 dpi). One patch in a hundred may be found elsewhere altogether.
_STEADY_PX = 0.4
_SHARE = 0.99


def bled(blank: np.ndarray) -> np.ndarray:
    return cv2.erode(blank, _PEN)


def thin(blank: np.ndarray) -> np.ndarray:
    """Half of the ink at the edges of strokes is gone."""
    return cv2.addWeighted(blank, 0.5, cv2.dilate(blank, _PEN), 0.5, 0)


@pytest.mark.parametrize("inked", [bled, thin])
@pytest.mark.parametrize("name", ["application_handwritten", "reply_form"])
def test_patches_stay_in_place_where_ink_bled_or_is_thin(name, inked):
    form = Catalogue.load().get(name)
    blank = blank_raster(form)
    known = build_reference(form, blank)
    half = blank.shape[1] // 2, blank.shape[0] // 2
    seen = ink_map(cv2.resize(inked(blank), half, interpolation=cv2.INTER_AREA))
    found = measure(seen, np.eye(3), known, np.arange(len(known.centres)), 8)
    told = (found.weights > 0) & (found.scores >= MIN_SCORE)[:, None]
    assert told.sum() > 400
    assert np.mean(np.abs(found.offsets[told]) < _STEADY_PX) >= _SHARE
