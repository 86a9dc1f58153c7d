"""Whether the writer's own digits on the sheet help to tell 0 from O and its like. They do not.

The idea: a shape is judged by how this writer writes digits elsewhere (dates, telephone). Only
Chars74K names its writers, and each wrote each character once, so a writer's 0 cannot be compared
with another 0 of the same hand; that part cannot be measured with this data. What can: whether a
simple shape figure tells the two apart better once the median of the same writer's other digits
is taken from it. ``gain`` is the difference of the areas under the curve; the order of the
alternatives follows the posterior alone as long as no gain is above 0 beyond its interval.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.samples.real_ink import data_folder

PAIRS = ("0O", "1I", "5S", "2Z", "8B", "6G")
_FIGURES = ("log_aspect", "slant", "fill", "log_spread")
_INK = 100
_RESAMPLES = 300

Floats = NDArray[np.float64]


def run(path: Path | None = None) -> dict[str, Any]:
    """For each pair and shape figure: area under the curve alone, and the gain by the own hand.

    Args:
        path: The file of ink with writers; that of the data folder where None.
    """
    source = path or data_folder() / "handwriting" / "chars74k_writers_a.npz"
    if not source.is_file():
        return {"skipped": "the handwriting data is not here (UKETSUKE_DATA)"}
    hands = _hands(source)
    result: dict[str, Any] = {"writers": len(hands)}
    for pair in PAIRS:
        known = [hand for hand in hands if set(pair) <= set(hand)]
        for column, name in enumerate(_FIGURES):
            result[f"{pair[0]}/{pair[1]} {name}"] = _compare(known, pair, column)
    return result


def _hands(source: Path) -> list[dict[str, Floats]]:
    with np.load(source) as content:
        images, codes, writers = content["image"], content["codepoint"], content["writer"]
    hands: dict[int, dict[str, Floats]] = {}
    for image, code, writer in zip(images, codes, writers, strict=True):
        hands.setdefault(int(writer), {})[chr(code)] = shape_figures(image)
    return list(hands.values())


def shape_figures(image: NDArray[np.uint8]) -> Floats:
    """Log of width over height, slant, share of the box inked, log of spread across over down."""
    ys, xs = np.nonzero(image > _INK)
    wide, high = float(np.ptp(xs)) + 1, float(np.ptp(ys)) + 1
    x, y = xs - xs.mean(), ys - ys.mean()
    across, down = float((x * x).mean()) + 1e-3, float((y * y).mean()) + 1e-3
    return np.array(
        [
            np.log(wide / high),
            float((x * y).mean()) / down,
            len(xs) / (wide * high),
            0.5 * np.log(across / down),
        ]
    )


def _compare(hands: list[dict[str, Floats]], pair: str, column: int) -> dict[str, Any]:
    digit, letter = pair
    own = [np.median([h[c][column] for c in "0123456789" if c in h and c != digit]) for h in hands]
    base = np.array(own)
    digits = np.array([h[digit][column] for h in hands])
    letters = np.array([h[letter][column] for h in hands])
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(_RESAMPLES):
        pick = rng.integers(0, len(hands), len(hands))
        alone = area(digits[pick], letters[pick])
        gains.append(area(digits[pick] - base[pick], letters[pick] - base[pick]) - alone)
    low, high = np.percentile(gains, [2.5, 97.5])
    alone = area(digits, letters)
    return {
        "alone": round(alone, 3),
        "gain": round(area(digits - base, letters - base) - alone, 3),
        "gain_95": [round(float(low), 3), round(float(high), 3)],
    }


def area(one: Floats, other: Floats) -> float:
    """Area under the curve of one figure for two classes, whichever way round; 0.5 is chance."""
    less = float((one[:, None] < other[None]).mean() + 0.5 * (one[:, None] == other[None]).mean())
    return max(less, 1 - less)
