"""Percentiles and medians are those of numpy, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.imaging.order_statistics import median, percentile


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@given(seed=st.integers(0, 10**6), length=st.integers(1, 500), percent=st.integers(0, 100))
def test_percentiles_are_those_of_numpy(
    kind: type[np.float32], seed: int, length: int, percent: int
) -> None:
    rng = np.random.default_rng(seed)
    for values in (rng.integers(0, 256, (length, 5)).astype(kind), rng.random(length).astype(kind)):
        wanted = np.percentile(values, percent, axis=0)
        assert np.array_equal(percentile(values, percent), wanted.astype(kind))


@given(seed=st.integers(0, 10**6), length=st.integers(1, 60))
def test_medians_are_those_of_numpy(seed: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    for values in (rng.integers(0, 20, length), rng.random(length)):
        assert median(values) == float(np.median(values))
