"""Room on a form: where there is space to write, and round which words a circle goes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pipeline.domain.geometry import BoxMm
from pipeline.learning.layout import Choice

_FREE_LEAST_MM = (12.0, 4.6)
_BAND_LEAST_MM = 5.2
_CIRCLE = 2.2  # cell of a word to circle, times its height


def free_rectangle(inner: BoxMm, obstacles: Sequence[BoxMm], *, band: bool = False) -> BoxMm | None:
    """The part of a box to write in: a band over its whole width, or what print leaves beside it.

    Args:
        inner: The box less its edge.
        obstacles: What is printed or placed in it.
        band: Take a band where there is one, though there is more room beside the print.
    """
    held = [o for o in obstacles if o.overlaps(inner)]
    if not held:
        return rounded(inner.x, inner.y, inner.x + inner.w, inner.y + inner.h)
    top, height = _widest_gap(inner.y, inner.h, [(o.y, o.y + o.h) for o in held])
    left, width = _widest_gap(inner.x, inner.w, [(o.x, o.x + o.w) for o in held])
    across = BoxMm(inner.x, top, inner.w, height)
    beside = BoxMm(left, inner.y, width, inner.h)
    good = [
        b
        for b in (across, beside)
        if b.w >= _FREE_LEAST_MM[0]
        and b.h >= (_BAND_LEAST_MM if b is across else _FREE_LEAST_MM[1])
    ]
    if not good:
        return None
    best = across if band and across in good else max(good, key=lambda b: b.w * b.h)
    return rounded(best.x, best.y, best.x + best.w, best.y + best.h)


def _widest_gap(
    start: float, length: float, taken: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """Where the widest untaken stretch begins, and its length."""
    best, at = (start, 0.0), start
    for low, high in [*sorted(taken), (start + length, start + length)]:
        if low - at > best[1]:
            best = (at, low - at)
        at = max(at, high)
    return best


def circles(choice: Choice, box: BoxMm) -> tuple[BoxMm, ...]:
    """A square round each word to circle, as large as its neighbours and its box allow."""
    middles = [(g.x + g.w / 2, g.y + g.h / 2) for g in choice.glyphs]
    side = _CIRCLE * max(max(g.w, g.h) for g in choice.glyphs)
    apart = min((b[0] - a[0] for a, b in itertools.pairwise(middles)), default=side)
    side = min(side, 0.9 * apart, box.h)
    cells = []
    for x, y in middles:
        half_h = min(side / 2, y - box.y, box.y + box.h - y)
        half_w = min(side / 2, x - box.x, box.x + box.w - x)
        cells.append(rounded(x - half_w, y - half_h, x + half_w, y + half_h))
    return tuple(cells)


def level_with(one: BoxMm, other: BoxMm) -> bool:
    """Whether the middle of one box is between the top and the bottom of the other."""
    middle = one.y + one.h / 2
    return other.y <= middle <= other.y + other.h


def rounded(left: float, top: float, right: float, bottom: float) -> BoxMm:
    """A box by its sides, to a hundredth of a millimetre."""
    return BoxMm(round(left, 2), round(top, 2), round(right - left, 2), round(bottom - top, 2))
