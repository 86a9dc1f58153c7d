"""A fold that slipped: followed as a step where print tells it, else a person's."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.imaging.bending import bent
from pipeline.imaging.gate import MAX_RIVAL_PX, doubts_of
from pipeline.imaging.ink import WORK_DPI, scaling
from pipeline.imaging.mapping import BEND_SIZE, Mapping, displacement
from pipeline.imaging.refinement import Fit, Measurements, fit
from pipeline.imaging.slips import Slip

SIZE = (1240.0, 1754.0)  # A4 at 150 dpi
TO_REGISTERED = 300 / WORK_DPI
GOAL_PX = 1.5  # at 300 dpi
NOISE_PX = 0.08
SLIP_PX = 3.0  # half a millimetre


def sheet(
    slip: Slip | tuple[Slip, ...] | None,
    seed: int,
    gap: tuple[float, float] = (0.0, 0.0),
    lost: float = 0.0,
) -> Fit:
    """The flat fit of a sheet whose patches lie as slips moved them, none of them in a gap."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(60.0, SIZE[0] - 60, 62), np.arange(60.0, SIZE[1] - 60, 62))
    places = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-20, 20, (x.size, 2))
    kept = ~((places[:, 1] > gap[0]) & (places[:, 1] < gap[1])) & (rng.random(x.size) >= lost)
    places = places[kept]
    offsets = rng.normal(0, NOISE_PX, places.shape)
    for one in slip if isinstance(slip, tuple) else (slip,):
        offsets += 0.0 if one is None else one.shift(places)
    count = len(places)
    every = np.ones(count, bool)
    measured = Measurements(
        places, offsets, np.full((count, 2), 0.6), np.full(count, 0.9), every, every
    )
    flat = fit(measured, np.eye(3), *SIZE)
    assert flat is not None
    return flat


def predicted(found: Fit, places: np.ndarray) -> np.ndarray:
    """Where the fit puts places, work pixels."""
    if found.bend is not None:
        places = places + displacement(places, SIZE, found.bend, found.slips)
    mapped = np.column_stack([places, np.ones(len(places))]) @ found.form_to_page.T
    return mapped[:, :2] / mapped[:, 2:]


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("wide_px", [12.0, 30.0])
def test_zones_beside_a_slipped_fold_are_followed(upright, wide_px):
    at = 0.5 * SIZE[0 if upright else 1]
    shift = (-SLIP_PX, 0.3) if upright else (0.3, -SLIP_PX)
    slip = Slip(upright, at, wide_px, shift)
    found = bent(sheet(slip, seed=1), *SIZE)
    along = np.concatenate(
        [np.arange(at - 200, at - wide_px, 9), np.arange(at + wide_px, at + 200, 9)]
    )
    beside = np.column_stack(
        [along, np.full(len(along), 800.0)] if upright else [np.full(len(along), 500.0), along]
    )
    off = np.linalg.norm(predicted(found, beside) - beside - slip.shift(beside), axis=1)
    assert TO_REGISTERED * off.max() < GOAL_PX


@pytest.mark.parametrize("seed", range(6))
def test_a_sheet_folded_in_three_may_slip_at_both_folds(seed):
    rng = np.random.default_rng(seed)
    slips = tuple(
        Slip(False, third * SIZE[1], float(rng.uniform(12, 40)), (0.0, float(moved)))
        for third, moved in zip((1 / 3, 2 / 3), rng.choice([-SLIP_PX, SLIP_PX], 2), strict=True)
    )
    found = bent(sheet(slips, seed), *SIZE)
    assert len(found.slips) == 2
    down = np.concatenate([np.arange(s.at_px - 150, s.at_px + 150, 7) for s in slips])
    near = np.abs(down[:, None] - [s.at_px for s in slips]).min(axis=1) < 30
    beside = np.column_stack([np.full(len(down), 500.0), down])[~near]
    truth = beside + sum(s.shift(beside) for s in slips)
    off = np.linalg.norm(predicted(found, beside) - truth, axis=1)
    assert TO_REGISTERED * off.max() < GOAL_PX


@pytest.mark.parametrize("seed", range(4))
def test_a_flat_sheet_has_no_slip_and_no_doubt(seed):
    found = bent(sheet(None, seed), *SIZE)
    mapping = Mapping(np.eye(3), int(2 * SIZE[0]), int(2 * SIZE[1]), found.bend, found.slips)
    corners = np.array([[x, y] for x in (200.0, 2200.0) for y in (300.0, 1700.0, 3200.0)])
    doubts = doubts_of(found, mapping, corners, (3508, 2480))
    assert doubts.rival_px <= MAX_RIVAL_PX / 2
    assert np.linalg.norm(predicted(found, corners / 2) - corners / 2, axis=1).max() < 0.3


@pytest.mark.parametrize("seed", range(24))
def test_a_zone_that_a_slip_may_have_moved_is_for_a_person(seed):
    """No print stands within 12 mm of the fold: nobody can tell where in between it is."""
    slip = Slip(False, 880.0, 14.0, (0.0, -SLIP_PX))
    found = bent(sheet(slip, seed, gap=(800.0, 960.0)), *SIZE)
    mapping = Mapping(
        np.eye(3),
        int(2 * SIZE[0]),
        int(2 * SIZE[1]),
        None if found.bend is None else 2 * found.bend,
        tuple(slip.scaled(2) for slip in found.slips),
    )
    inside = np.array([[x, y] for x in (400.0, 2000.0) for y in (1690.0, 1730.0, 1790.0, 1830.0)])
    doubts = doubts_of(found, mapping, inside, (3508, 2480))
    off = np.linalg.norm(predicted(found, inside / 2) - inside / 2 - slip.shift(inside / 2), axis=1)
    assert doubts.any or TO_REGISTERED * off.max() < GOAL_PX


def test_a_slip_is_the_same_in_pixels_of_another_size():
    slip = Slip(False, 500.0, 20.0, (1.0, -4.0))
    places = np.random.default_rng(0).uniform(0, 1000, (50, 2))
    assert np.allclose(2 * slip.shift(places), slip.scaled(2).shift(2 * places))


@pytest.mark.parametrize("upright", [False, True])
def test_a_warp_over_a_slip_takes_pixels_from_where_the_mapping_says(upright):
    slip = Slip(upright, 400.0, 26.0, (3.0, -7.0))
    mapping = Mapping(scaling(0.9, 0.95), 800, 1000, np.zeros((BEND_SIZE, 2)), (slip,))
    ys, xs = np.mgrid[:1000, :800].astype(np.float32)
    page = np.stack([xs / 4, ys / 4, xs * 0], axis=-1).astype(np.uint8)
    warped = mapping.warp(page, (0, 0, 0))
    places = np.array([[x, y] for x in (60.0, 390.0, 412.0) for y in (80.0, 391.0, 407.0, 900.0)])
    for (x, y), (px, py) in zip(places, mapping.place(places), strict=True):
        got = warped[int(y), int(x)].astype(float)
        assert abs(got[0] - px / 4) < 1.5 and abs(got[1] - py / 4) < 1.5
