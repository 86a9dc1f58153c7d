"""Sizes that decide what a mark, a signature and a seal are, from a versioned artefact.

The artefact names how many marks of each kind were looked at with these sizes and what came out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.readers.risk.artefacts import artefact

ARTEFACT = Path("thresholds") / "marks-v1.json"
_WHAT = ("印や署名を見る基準", "The limits of marks and signatures")


@dataclass(frozen=True, slots=True)
class MarkLimits:
    """Marks: lengths in millimetres of stroke, shares of the cell's inside.

    Attributes:
        tick_mm: Longest stroke inside a box from which it is a tick.
        tick_whole_mm: The same with what stands outside, where ``tick_inside`` of it is inside.
        tick_inside: See ``tick_whole_mm``.
        stray_mm: Longest stroke below which ink in a box is a stray dot.
        empty_filled: Share inked below which a tick box is empty.
        straight_share: Height against length below which what crosses a box is a line.
        black_filled: Share inked from which a box is blacked out.
        black_sure: The same for certain.
        black_unclear: Share from which it may be meant.
        black_stray: Share from which there is anything.
        scribbled: Share from which a tick box is scribbled over.
        circle_around: Share of the directions round a word in which a circle runs.
        circle_sure: The same for certain.
        circle_core: Share inked inside a circle from which the word is blacked over.
        circle_unclear: Share from which it may be a circle.
        stray_tail: Filling against that of a clear mark, below which a half mark is its tail.
    """

    tick_mm: float
    tick_whole_mm: float
    tick_inside: float
    stray_mm: float
    empty_filled: float
    straight_share: float
    black_filled: float
    black_sure: float
    black_unclear: float
    black_stray: float
    scribbled: float
    circle_around: float
    circle_sure: float
    circle_core: float
    circle_unclear: float
    stray_tail: float


@dataclass(frozen=True, slots=True)
class PresenceLimits:
    """Signature and seal.

    Attributes:
        signature_mm: Length of stroke from which a signature stands there; the shortest, of two
            characters, has more, a smudge has less.
        signature_unclear_mm: Length from which one may.
        seal_mm2: Area of ink of a seal; the rim of the smallest is 25 mm of line.
        seal_unclear_mm2: Area from which there may be one.
        seal_across_mm: Extent of a seal; the smallest personal ones are about 8 mm across.
    """

    signature_mm: float
    signature_unclear_mm: float
    seal_mm2: float
    seal_unclear_mm2: float
    seal_across_mm: float


@dataclass(frozen=True, slots=True)
class MarkThresholds:
    """The artefact."""

    version: str
    marks: MarkLimits
    presence: PresenceLimits
    evaluation: Mapping[str, object]

    @classmethod
    def load(cls, models: Path) -> MarkThresholds:
        """Read the artefact of a models folder, once per process.

        Raises:
            DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
        """
        return _load(models)


@lru_cache(maxsize=4)
def _load(models: Path) -> MarkThresholds:
    with artefact(models / ARTEFACT, *_WHAT) as found:
        content = found.content
        return MarkThresholds(
            found.version,
            MarkLimits(*_numbers(content["marks"], MarkLimits)),
            PresenceLimits(*_numbers(content["presence"], PresenceLimits)),
            content.get("evaluation", {}),
        )


def _numbers(section: Mapping[str, object], kind: type) -> list[float]:
    """The numbers of a section in the order of the fields, each above 0."""
    values = [float(str(section[f.name])) for f in dataclasses.fields(kind)]
    if not all(v > 0 for v in values):
        raise ValueError("a size above 0 expected")
    return values
