"""The individual number (個人番号): 12 digits with a check digit.

Source: 平成26年総務省令第85号 第5条. The check digit passes 10 % of random numbers and
``000000000000``, so it ranks candidates and raises alarms; it never proves a number right.
"""

from __future__ import annotations

LENGTH = 12
WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
PLACEHOLDER = "0" * LENGTH


def check_digit(first_eleven: str) -> int:
    """The check digit for eleven digits.

    Raises:
        ValueError: If the argument is not eleven ASCII digits.
    """
    if len(first_eleven) != LENGTH - 1 or not (first_eleven.isascii() and first_eleven.isdigit()):
        raise ValueError("eleven ASCII digits expected")
    remainder = sum(int(d) * w for d, w in zip(first_eleven, WEIGHTS, strict=True)) % 11
    return 0 if remainder <= 1 else 11 - remainder


def passes_check_digit(number: str) -> bool:
    """Whether twelve digits agree with their check digit; the placeholder of zeros does not."""
    return (
        len(number) == LENGTH
        and number.isascii()
        and number.isdigit()
        and number != PLACEHOLDER
        and int(number[-1]) == check_digit(number[:-1])
    )
