"""The check digit against published numbers and its known power."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import my_number

ELEVEN = st.text("0123456789", min_size=11, max_size=11)


@pytest.mark.parametrize(
    ("number", "passes"),
    [
        ("123456789018", True),
        ("123456789012", False),  # the number printed in the official sample
        ("123456789010", False),
        ("983205673214", True),
        ("983205673210", False),
        ("200000000000", True),  # remainder 1 gives 0
        ("200000395950", True),  # remainder 0 gives 0
        ("314159265352", True),
        ("000000000000", False),  # passes the formula, refused as a placeholder
        ("１２３４５６７８９０１８", False),
        ("12345678901", False),
        ("", False),
    ],
)
def test_published_numbers(number: str, passes: bool) -> None:
    assert my_number.passes_check_digit(number) is passes


@given(ELEVEN)
def test_exactly_one_digit_completes_any_eleven(eleven: str) -> None:
    passing = [d for d in "0123456789" if my_number.passes_check_digit(eleven + d)]
    assert passing == ([] if eleven == "0" * 11 else [str(my_number.check_digit(eleven))])


@given(ELEVEN, st.integers(0, 11), st.integers(1, 9))
def test_a_changed_digit_passes_only_through_the_shared_zero(
    eleven: str, position: int, step: int
) -> None:
    number = eleven + str(my_number.check_digit(eleven))
    changed = number[:position] + str((int(number[position]) + step) % 10) + number[position + 1 :]
    if my_number.passes_check_digit(changed):
        # Remainders 0 and 1 both give the digit 0: the only way a single change goes unseen.
        assert number[-1] == changed[-1] == "0"


@pytest.mark.parametrize("bad", ["", "1234567890", "123456789012", "1234567890a", "１" * 11])
def test_check_digit_refuses_what_is_no_eleven_digits(bad: str) -> None:
    with pytest.raises(ValueError, match="eleven"):
        my_number.check_digit(bad)
