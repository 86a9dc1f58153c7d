"""The application ID (申請書ID): 23 digits. No public structure and no check digit is known."""

from __future__ import annotations

import re

LENGTH = 23
_RUN = re.compile(r"(?<![0-9])[0-9]{23}(?![0-9])")


def find_in(text: str) -> str | None:
    """The only run of exactly 23 digits in a text (a QR's content), or None."""
    runs = set(_RUN.findall(text))
    return runs.pop() if len(runs) == 1 else None


def is_legal(value: str) -> bool:
    """Whether a value is 23 ASCII digits."""
    return len(value) == LENGTH and value.isascii() and value.isdigit()
