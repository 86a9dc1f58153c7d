"""A scan without colour is known as one, and one coloured pixel is enough to make it another."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.imaging.channels import one_channel
from pipeline.imaging.ink import ink_map


@pytest.fixture
def grey() -> np.ndarray:
    level = np.random.default_rng(0).integers(0, 256, (301, 203, 1), dtype=np.uint8)
    return np.repeat(level, 3, axis=2)


def test_a_grey_scan_is_its_first_channel(grey):
    channel = one_channel(grey)
    assert channel is not None and np.array_equal(channel, grey[..., 0])
    assert one_channel(channel) is channel


@pytest.mark.parametrize("which", range(3))
def test_one_coloured_pixel_makes_a_colour_scan(grey, which):
    grey[299, 201, which] ^= 1
    assert one_channel(grey) is None


def test_ink_of_one_channel_is_that_of_three(grey):
    assert np.array_equal(ink_map(grey), ink_map(np.ascontiguousarray(grey[..., 0])))
