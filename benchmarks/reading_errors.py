"""Characters of a reading against what was written."""

from __future__ import annotations

import difflib

from pipeline.domain.readings import Reading


def errors_of(reading: Reading, wanted: str, *, digits_only: bool = False) -> tuple[int, int]:
    """Characters wrong, missing or too many, and how many of them stand at a flagged place.

    A missing character counts as flagged where one of its neighbours is; a value that was not
    given at all (None) is the plainest of flags.
    """
    truth = [c for c in wanted if c.strip() and (not digits_only or c.isdigit())]
    read = [
        c for c in reading.characters if c.value.strip() and (not digits_only or c.value.isdigit())
    ]
    if reading.value is None:
        return len(truth), len(truth)
    errors = flagged = 0
    matcher = difflib.SequenceMatcher(a=[c.value for c in read], b=truth, autojunk=False)
    for what, i0, i1, j0, j1 in matcher.get_opcodes():
        if what == "equal":
            continue
        count = max(i1 - i0, j1 - j0)
        around = read[max(0, i0 - 1) : i1 + 1] if i0 == i1 else read[i0:i1]
        errors += count
        if any(c.flagged for c in around):
            flagged += count
    return errors, flagged
