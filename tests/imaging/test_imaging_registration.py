from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imaging_sheets import Life, draw_form, live, random_life

from pipeline.domain.documents import FormName
from pipeline.domain.findings import FindingCode
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.gate import zone_corners
from pipeline.imaging.ink import ink_map, probable_dpi, scaling, work_image
from pipeline.imaging.mapping import BEND_SIZE, Mapping, project
from pipeline.imaging.pages import PageImage, RegisteredPage
from pipeline.imaging.reference import build_reference, cached_reference
from pipeline.imaging.registration import Alignment, Registrar, Unregistered

# At any zone corner, pixels at 300 dpi. Flat paper is held to a tenth of a millimetre; bent paper
# to the goal that a cell is still cut inside its lines; what passes the gate to a third of a mm.
FLAT_PX, BENT_PX, GATE_PX = 1.0, 1.5, 4.0

FORMS = [draw_form(seed) for seed in range(4)]


@pytest.fixture(scope="module")
def registrar(tmp_path_factory):
    references = [build_reference(form, blank) for form, blank in FORMS]
    return Registrar([], tmp_path_factory.mktemp("cache"), references=references)


@pytest.fixture(scope="module")
def our_registrar(tmp_path_factory):
    return Registrar(Catalogue.load().forms, tmp_path_factory.mktemp("ours"))


def error_px(found: Alignment, truth) -> float:
    corners = zone_corners(found.reference)
    off = np.linalg.norm(found.mapping.place(corners) - truth(corners), axis=1)
    return float(off.max()) / found.mapping.page_px_per_form_px()


LIVES = {
    "as printed": Life(),
    "upside down": Life(angle_deg=180),
    "on its left side": Life(angle_deg=90),
    "on its right side": Life(angle_deg=271.5),
    "thrown on the glass": Life(angle_deg=37, state_dpi=False),
    "small": Life(scale_x=0.9, scale_y=0.9),
    "large": Life(scale_x=1.1, scale_y=1.1),
    "wider than high": Life(scale_x=1.05, scale_y=0.97),
    "150 dpi": Life(dpi=150, blur_px=1.0, noise=5),
    "600 dpi": Life(dpi=600, angle_deg=1.2),
    "unstated dpi": Life(dpi=240, state_dpi=False),
    "bilevel": Life(bilevel=True, dpi=200, angle_deg=-2),
    "blue cast": Life(cast=(1.0, 0.85, 0.7)),
    "pale": Life(contrast=0.3, noise=3),
    "cropped": Life(crop_mm=6, state_dpi=False),
    "photographed": Life(keystone=0.02, blur_px=1.2, jpeg=40),
}


@pytest.mark.parametrize("name", LIVES)
def test_flat_paper_is_found_whatever_the_scanner_did(registrar, name):
    which = list(LIVES).index(name) % len(FORMS)
    page, truth = live(*FORMS[which], LIVES[name])
    found = registrar.align(page)
    assert isinstance(found, Alignment), found
    assert found.reference.form is FORMS[which][0]
    assert not found.doubts.any, found.doubts
    assert error_px(found, truth) < FLAT_PX
    assert found.figures.rotation_quarters == round(LIVES[name].angle_deg / 90) % 4
    assert found.figures.inliers >= 60 and 0 < found.figures.residual_px < 1


@pytest.mark.parametrize("seed", range(3))
def test_bent_paper_is_followed(registrar, seed):
    life = Life(angle_deg=1.5 * seed, stretch_mm=0.7, seed=seed)
    page, truth = live(*FORMS[seed], life)
    found = registrar.align(page)
    assert isinstance(found, Alignment) and found.mapping.bend is not None
    assert error_px(found, truth) < 2 * BENT_PX
    corners = zone_corners(found.reference)
    off = np.linalg.norm(found.mapping.place(corners) - truth(corners), axis=1)
    assert np.percentile(off, 90) < BENT_PX


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1))
def test_nothing_far_off_passes_the_gate(registrar, seed):
    rng = np.random.default_rng(seed)
    which = int(rng.integers(len(FORMS)))
    page, truth = live(*FORMS[which], random_life(rng))
    found = registrar.align(page)
    if isinstance(found, Alignment) and not found.doubts.any:
        assert found.reference.form is FORMS[which][0]
        assert error_px(found, truth) < GATE_PX


def test_registered_pixels_lie_on_the_blank(registrar):
    form, blank = FORMS[1]
    page, _ = live(form, blank, Life(angle_deg=183, dpi=400, fill=False, cast=(0.9, 0.95, 1.0)))
    got = registrar.register(page)
    assert isinstance(got, RegisteredPage)
    assert got.pixels.shape == blank.shape and got.form is form
    agreement = np.corrcoef(
        ink_map(got.pixels)[::3, ::3].ravel().astype(float),
        ink_map(blank)[::3, ::3].ravel().astype(float),
    )[0, 1]
    assert agreement > 0.9
    assert got.source_dpi == pytest.approx(400, rel=0.01)
    assert got.paper_bgr == pytest.approx((255 * 0.97 * 0.9, 255 * 0.97 * 0.95, 255 * 0.97), abs=4)
    assert got.runner_up is None


def test_paper_beyond_the_scan_is_filled_with_its_own_tone(registrar):
    form, blank = FORMS[1]
    page, _ = live(form, blank, Life(crop_mm=5, fill=False, cast=(0.8, 0.9, 1.0)))
    got = registrar.register(page)
    assert isinstance(got, RegisteredPage)
    assert tuple(int(v) for v in got.pixels[2, 2]) == got.paper_bgr


def strangers():
    rng = np.random.default_rng(3)
    letter = np.full((3508, 2480, 3), 255, np.uint8)
    for y in range(300, 3000, 70):
        for x in range(300, 2100, 46):
            bits = (rng.random((9, 9)) < 0.45).astype(np.uint8) * 255
            letter[y : y + 36, x : x + 36] = 255 - cv2.resize(bits, (36, 36))[..., None]
    table = np.full((3508, 2480, 3), 255, np.uint8)
    for v in range(200, 3300, 90):
        cv2.line(table, (150, v), (2330, v), (60, 60, 60), 3)
    for v in range(150, 2331, 120):
        cv2.line(table, (v, 200), (v, 3300), (60, 60, 60), 3)
    photo = cv2.resize(rng.integers(0, 255, (30, 20, 3), dtype=np.uint8), (2480, 3508))
    other = draw_form(77)[1]
    yield "letter", letter, FindingCode.FORM_UNKNOWN
    yield "table", table, FindingCode.FORM_UNKNOWN
    yield "photo", photo, FindingCode.FORM_UNKNOWN
    yield "another form", other, FindingCode.FORM_UNKNOWN
    yield "mirrored", np.ascontiguousarray(FORMS[0][1][:, ::-1]), FindingCode.FORM_UNKNOWN
    yield "noise", rng.integers(0, 255, (1200, 900, 3), dtype=np.uint8), FindingCode.FORM_UNKNOWN
    yield "a flat patch", np.full((80, 60, 3), 200, np.uint8), FindingCode.PAGE_BLANK
    yield "1 x 20000", np.full((20000, 1, 3), 200, np.uint8), FindingCode.FORM_UNKNOWN
    yield "white", np.full((3508, 2480, 3), 255, np.uint8), FindingCode.PAGE_BLANK
    yield "black", np.zeros((3508, 2480, 3), np.uint8), FindingCode.FORM_UNKNOWN
    grey = np.clip(rng.normal(238, 4, (3508, 2480, 1)), 0, 255).astype(np.uint8)
    dusty = np.repeat(grey, 3, axis=2)
    for _ in range(8):
        cv2.circle(dusty, tuple(int(v) for v in rng.integers(200, 2200, 2)), 2, (90, 90, 90), -1)
    yield "dusty back", dusty, FindingCode.PAGE_BLANK


STRANGERS = {name: (pixels, reason) for name, pixels, reason in strangers()}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_page_of_no_known_form_is_never_forced_on_one(registrar, name):
    pixels, reason = STRANGERS[name]
    found = registrar.register(PageImage(pixels, 7, None))
    assert isinstance(found, Unregistered)
    assert found.reason == reason and found.number == 7


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("name", list(FormName))
def test_our_forms_seen_through_the_paper_are_no_forms(our_registrar, name, turns):
    # Frames and boxes fall on each other when a sheet is mirrored; only the words differ.
    mirrored = np.rot90(blank_raster(Catalogue.load().get(name))[::-1], turns)
    found = our_registrar.register(PageImage(np.ascontiguousarray(mirrored), 1, None))
    assert isinstance(found, Unregistered)


def test_a_torn_off_page_is_poor_and_says_which_form(registrar):
    form, blank = FORMS[0]
    half = np.ascontiguousarray(blank[: blank.shape[0] * 6 // 10])
    found = registrar.register(PageImage(half, 1, 300.0))
    assert isinstance(found, Unregistered)
    assert found.reason == FindingCode.REGISTRATION_POOR
    assert found.nearest == form.name and found.figures is not None
    assert "zone_off_the_scan" in found.explanation


def test_a_part_of_the_sheet_that_slipped_does_not_pass(registrar):
    _form, blank = FORMS[2]
    slipped = blank.copy()
    slipped[1500:2300, 1000:] = np.roll(blank, 9, axis=0)[1500:2300, 1000:]
    found = registrar.align(PageImage(slipped, 1, 300.0))
    # Either it is seen and refused, or the bend has followed it; never passed and wrong.
    assert isinstance(found, Alignment)
    inside = np.array([[x, y] for x in (1200.0, 1600.0) for y in (1700.0, 2000.0)])
    off = np.linalg.norm(found.mapping.place(inside) - (inside + np.array([0.0, 9.0])), axis=1)
    assert found.doubts.any or off.max() < GATE_PX


def test_two_versions_that_explain_a_page_alike_are_both_named(tmp_path):
    form, blank = FORMS[0]
    import dataclasses

    twin = dataclasses.replace(form, version="twin")
    references = [build_reference(form, blank), build_reference(twin, blank)]
    both = Registrar([], tmp_path, references=references)
    page, _ = live(form, blank, Life(angle_deg=0.5))
    got = both.register(page)
    assert isinstance(got, RegisteredPage)
    assert {got.form.key, got.runner_up} == {form.key, twin.key}


def test_our_own_forms_are_told_apart(tmp_path):
    forms = Catalogue.load().forms
    known = Registrar(forms, tmp_path)
    for turn, form in enumerate(forms):
        page = np.ascontiguousarray(np.rot90(blank_raster(form), turn))
        found = known.align(PageImage(page, 1, 300.0))
        assert isinstance(found, Alignment) and not found.doubts.any
        assert found.reference.form.key == form.key
        assert found.figures.residual_px < 0.5
    assert list(tmp_path.glob("*.npz"))


def test_the_cache_gives_the_same_and_survives_damage(tmp_path):
    form, blank = FORMS[3]
    first = cached_reference(form, blank, tmp_path)
    (path,) = tmp_path.glob("*.npz")
    again = cached_reference(form, blank, tmp_path)
    assert np.array_equal(first.templates, again.templates)
    assert np.array_equal(first.features.descriptors, again.features.descriptors)
    path.write_bytes(path.read_bytes()[:500])
    mended = cached_reference(form, blank, tmp_path)
    assert np.array_equal(first.centres, mended.centres)


finite = st.floats(-1, 1, allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-180, 180),
    st.floats(0.5, 2),
    st.floats(0.8, 1.25),
    finite,
    finite,
    st.lists(st.tuples(st.floats(0, 2480), st.floats(0, 3508)), min_size=1, max_size=8),
)
def test_a_homography_and_its_inverse_bring_places_back(angle, scale, ratio, kx, ky, places):
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    matrix = np.array(
        [
            [scale * c, -scale * ratio * s, 50],
            [scale * s, scale * ratio * c, -80],
            [kx * 2e-5, ky * 2e-5, 1],
        ]
    )
    points = np.array(places)
    back = project(np.linalg.inv(matrix), project(matrix, points))
    assert np.allclose(back, points, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(40, 700), st.integers(40, 700), st.sampled_from([120, 150, 240, 300, 450, 600]))
def test_the_work_image_keeps_places(width, height, dpi):
    x, y = width * 0.6, height * 0.4
    ys, xs = np.mgrid[:height, :width]
    blob = 255 - 200 * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * 12.0**2))
    page = np.repeat(blob[..., None], 3, axis=2).astype(np.uint8)
    small, to_page = work_image(page, dpi)
    weight = 255.0 - small[..., 0]
    weight[weight < 40] = 0
    sy, sx = np.mgrid[: small.shape[0], : small.shape[1]]
    centre = np.array([[np.average(sx, weights=weight), np.average(sy, weights=weight)]])
    whole = 255.0 - page[..., 0]
    whole[whole < 40] = 0
    expected = [np.average(xs, weights=whole), np.average(ys, weights=whole)]
    assert np.allclose(project(to_page, centre)[0], expected, atol=0.35 * dpi / 150)


def test_a_bent_warp_takes_pixels_from_where_the_mapping_says():
    rng = np.random.default_rng(0)
    bend = rng.normal(0, 3, (BEND_SIZE, 2))
    mapping = Mapping(scaling(0.9, 0.95), 800, 1000, bend)
    ys, xs = np.mgrid[:1000, :800].astype(np.float32)
    page = np.stack([xs / 4, ys / 4, xs * 0], axis=-1).astype(np.uint8)
    warped = mapping.warp(page, (0, 0, 0))
    places = np.array([[x, y] for x in (60.0, 400.0, 700.0) for y in (80.0, 500.0, 900.0)])
    for (x, y), (px, py) in zip(places, mapping.place(places), strict=True):
        got = warped[int(y), int(x)].astype(float)
        assert abs(got[0] - px / 4) < 1.5 and abs(got[1] - py / 4) < 1.5


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.6])
@pytest.mark.parametrize("bends", [False, True])
def test_a_grey_page_is_moved_as_its_channels_would_be(scale, bends):
    rng = np.random.default_rng(3)
    bend = rng.normal(0, 3, (BEND_SIZE, 2)) if bends else None
    mapping = Mapping(scaling(scale, scale), 500, 610, bend)
    grey = rng.integers(0, 255, (700, 600), np.uint8)
    page = np.dstack([grey] * 3)
    tinted = page.copy()
    tinted[0, 0, 0] ^= 1  # one pixel of colour: all three channels are moved
    white = (255, 255, 255)
    assert np.array_equal(mapping.warp(page, white)[8:, 8:], mapping.warp(tinted, white)[8:, 8:])


def test_a_bent_warp_has_no_seams():
    # A page that shows its own row, through a smooth map: so does every row of the result.
    bend = np.zeros((BEND_SIZE, 2))
    bend[: BEND_SIZE // 2] = 2.0
    mapping = Mapping(scaling(1.0, 1.0), 90, 1003, bend)
    page = np.repeat((np.arange(1200) % 256).astype(np.uint8)[:, None, None], 120, axis=1)
    warped = mapping.warp(np.repeat(page, 3, axis=2), (0, 0, 0))
    rows = np.arange(20.0, 990.0)
    wanted = mapping.place(np.column_stack([np.full(len(rows), 45.0), rows]))[:, 1] % 256
    seen = warped[20:990, 45, 0].astype(float)
    apart = np.abs(seen - wanted)
    smooth = (wanted > 2) & (wanted < 253)  # where the page's own tones do not begin again
    assert apart[smooth].max() <= 1.0


def test_ink_does_not_depend_on_cast_and_contrast():
    blank = FORMS[0][1][:1200, :1600]
    cast = np.clip(255 - (255 - blank.astype(float)) * 0.5, 0, 255) * [0.8, 0.9, 0.95]
    a = ink_map(blank).astype(float).ravel()
    b = ink_map(cast.astype(np.uint8)).astype(float).ravel()
    assert np.corrcoef(a, b)[0, 1] > 0.97


@pytest.mark.parametrize(
    "shape, stated, expected",
    [
        ((3508, 2480), 300, 300),
        ((3508, 2480), 72, 300),
        ((3508, 2480), None, 300),
        ((1754, 1240), None, 150),
        ((2480, 3508), 96, 300),
    ],
)
def test_a_stated_resolution_counts_only_where_it_makes_a_sheet(shape, stated, expected):
    assert probable_dpi(*shape, stated) == pytest.approx(expected, rel=0.01)
