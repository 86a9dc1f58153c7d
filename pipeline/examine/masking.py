"""What is shown of a value to somebody who need not know it: its length, nothing else.

A part of a number can still be the number in law (PPC guideline), so no digit stays.
"""

from __future__ import annotations

MASK = "*"


def mask(value: str | None) -> str | None:
    """The value with every character replaced; None and empty stay as they are."""
    return None if value is None else MASK * len(value)
