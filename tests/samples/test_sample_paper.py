"""The scan lies where the returned homography says."""

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.samples.paper import Mode, PaperSpec, Preset, geometry, scan

# A dot is found by its centre of mass; sampling and blur move it by less than this.
DOT_TOLERANCE_PX = 0.6
SIZE = (900, 700)  # height, width: a small sheet is enough
DOTS = ((150.0, 120.0), (560.0, 200.0), (330.0, 450.0), (200.0, 760.0))


def _dotted() -> np.ndarray:
    page = np.full((*SIZE, 3), 255, np.uint8)
    for x, y in DOTS:
        cv2.circle(page, (round(x), round(y)), 9, (0, 0, 0), -1)
    return page


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-8, 8),
    st.integers(0, 3),
    st.floats(0.97, 1.03),
    st.floats(0.97, 1.03),
    st.sampled_from([200, 240, 300, 400]),
    st.sampled_from(list(Mode)),
)
def test_dots_lie_where_the_homography_says(
    skew: float, turns: int, across: float, along: float, dpi: int, mode: Mode
) -> None:
    spec = PaperSpec(
        dpi=dpi, mode=mode, skew_deg=skew, quarter_turns=turns, scale_x=across, scale_y=along,
        shift_mm=(0.8, -0.6), crop_mm=(0.5, 0.0, 1.0, 0.7), noise=2.0, blur_px=0.6,
    )  # fmt: skip
    done = scan(_dotted(), spec, np.random.default_rng(1))
    dark = 255.0 - done.pixels.min(axis=2)
    dark[dark < 110] = 0
    zoom = dpi / 300
    for dot in DOTS:
        x, y = cv2.perspectiveTransform(np.array([[dot]]), done.to_scan)[0, 0]
        reach = round(16 * zoom)
        top, left = round(y) - reach, round(x) - reach
        part = dark[max(0, top) : top + 2 * reach + 1, max(0, left) : left + 2 * reach + 1]
        assert part.sum() > 0
        ys, xs = np.mgrid[0 : part.shape[0], 0 : part.shape[1]]
        found_x = (xs * part).sum() / part.sum() + max(0, left)
        found_y = (ys * part).sum() / part.sum() + max(0, top)
        assert abs(found_x - x) < DOT_TOLERANCE_PX and abs(found_y - y) < DOT_TOLERANCE_PX


def test_the_uneven_pull_keeps_to_its_limit() -> None:
    spec = PaperSpec(stretch_mm=0.2)
    done = scan(_dotted(), spec, np.random.default_rng(3))
    dark = 255.0 - done.pixels.min(axis=2)
    for x, y in DOTS:
        part = dark[int(y) - 16 : int(y) + 17, int(x) - 16 : int(x) + 17]
        ys, xs = np.mgrid[0:33, 0:33]
        off_x = (xs * part).sum() / part.sum() + int(x) - 16 - x
        off_y = (ys * part).sum() / part.sum() + int(y) - 16 - y
        limit = 0.2 * 300 / 25.4 + DOT_TOLERANCE_PX
        assert abs(off_x) < limit and abs(off_y) < limit


def test_four_quarter_turns_are_none() -> None:
    once, w, h = geometry(PaperSpec(quarter_turns=1), 700, 900)
    assert (w, h) == (900, 700)
    whole, _, _ = geometry(PaperSpec(quarter_turns=4), 700, 900)
    plain, _, _ = geometry(PaperSpec(), 700, 900)
    assert np.allclose(whole, plain)
    assert not np.allclose(once, plain)


def test_modes_store_what_they_say() -> None:
    rng = np.random.default_rng
    page = _dotted()
    page[300:400, 300:400] = (60, 60, 220)
    spec = PaperSpec(noise=3.0, jpeg_quality=70)
    two = scan(page, dataclasses.replace(spec, mode=Mode.BILEVEL), rng(1))
    assert two.bilevel and set(np.unique(two.pixels)) == {0, 255}
    grey = scan(page, dataclasses.replace(spec, mode=Mode.GREY), rng(1)).pixels
    assert np.array_equal(grey[..., 0], grey[..., 2])
    colour = scan(page, spec, rng(1)).pixels
    assert int(colour[350, 350, 2]) - int(colour[350, 350, 0]) > 80


@pytest.mark.parametrize("preset", list(Preset))
def test_the_same_seed_gives_the_same_scan_and_the_page_is_not_changed(preset: Preset) -> None:
    page = _dotted()
    before = page.copy()
    scans = []
    for _ in range(2):
        rng = np.random.default_rng(8)
        scans.append(scan(page, PaperSpec.drawn(preset, rng), rng).pixels)
    assert np.array_equal(scans[0], scans[1])
    assert np.array_equal(page, before)


def test_presets_grow_harsher() -> None:
    def mean(preset: Preset) -> tuple[float, float]:
        specs = [PaperSpec.drawn(preset, np.random.default_rng(i)) for i in range(200)]
        return float(np.mean([abs(s.skew_deg) for s in specs])), float(
            np.mean([s.noise for s in specs])
        )

    mild, typical, hard = (mean(p) for p in (Preset.MILD, Preset.TYPICAL, Preset.HARD))
    assert mild[0] < typical[0] < hard[0]
    assert mild[1] < typical[1] < hard[1]


def test_a_dark_surround_larger_than_the_sheet_does_not_wash_the_print_away() -> None:
    beyond = (-30.0, -30.0, -30.0, -30.0)
    spec = PaperSpec(mode=Mode.BILEVEL, skew_deg=40, surround=28, contrast=0.8, crop_mm=beyond)
    seen = scan(_dotted(), spec, np.random.default_rng(4))
    for x, y in DOTS:
        at = seen.to_scan @ np.array([x, y, 1.0])
        column, row = (round(float(v / at[2])) for v in at[:2])
        assert seen.pixels[row, column, 0] == 0
    corner = seen.to_scan @ np.array([20.0, 20.0, 1.0])
    assert seen.pixels[round(float(corner[1])), round(float(corner[0])), 0] == 255
