"""Whether a scan carries colour is asked for every mark; it is seen once and kept by nobody."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from pipeline.domain.examinations import RegistrationFigures
from pipeline.forms.catalogue import Catalogue
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.readers.ink import zone_ink

FORM = Catalogue.load().get("application_handwritten")


def page_of(pixels: Pixels) -> RegisteredPage:
    figures = RegistrationFigures(0.5, 100)
    return RegisteredPage(FORM, pixels, np.eye(3), figures, 1, 300.0, False, (255, 255, 255))


def white() -> Pixels:
    return np.full((600, 600, 3), 255, np.uint8)


def test_a_page_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    look = zone_ink.cv2.split
    monkeypatch.setattr(zone_ink.cv2, "split", lambda m: looks.append(1) or look(m))
    page = page_of(white())
    assert [zone_ink.is_coloured(page) for _ in range(40)] == [False] * 40
    assert len(looks) == 1


def test_another_page_on_the_same_pixels_is_judged_afresh() -> None:
    pixels = white()
    assert not zone_ink.is_coloured(page_of(pixels))
    before = page_of(pixels)
    assert not zone_ink.is_coloured(before)
    pixels[100:300, 100:300] = (40, 40, 220)
    assert zone_ink.is_coloured(page_of(pixels))


def test_two_pages_in_turn_keep_their_own_colour() -> None:
    red = white()
    red[100:300, 100:300] = (40, 40, 220)
    plain, coloured = page_of(white()), page_of(red)
    assert [zone_ink.is_coloured(p) for p in (plain, coloured, plain, coloured)] == [
        False,
        True,
        False,
        True,
    ]


def test_the_page_is_not_kept() -> None:
    page = page_of(white())
    zone_ink.is_coloured(page)
    known = weakref.ref(page)
    del page
    gc.collect()
    assert known() is None
