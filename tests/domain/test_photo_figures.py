"""Measures of a photo as people read them."""

import pytest

from pipeline.domain.photos import figure_text


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "—"), (0.0, "0"), (5.32e-05, "0"), (-0.0001, "0"), (0.0238, "0.024"), (0.045, "0.045"),
     (0.281, "0.281"), (-11.8, "-11.8"), (14.0, "14"), (0.1, "0.1"), (34.26, "34.3"),
     (1234.5, "1234")],
)  # fmt: skip
def test_a_figure_has_three_figures_and_no_powers_of_ten(value: float | None, shown: str) -> None:
    assert figure_text(value) == shown
