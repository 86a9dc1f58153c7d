"""Which printed words are the caption of which box, and in which section a box stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain.geometry import BoxMm
from pipeline.learning.layout import Face, Layout, reading_order, union
from pipeline.learning.lexicon import Meaning, Section, heading, meaning
from pipeline.learning.printed_text import PrintedLine
from pipeline.learning.rulings import contains

_TOUCH_MM = 1.6
_SHARED = 0.6
_ABOVE_MM = 6.5
_WORDY = 0.35
_NARROW_MM = 45.0
_MOST_INSIDE = 2
_SURE_INSIDE = 0.85


@dataclass(frozen=True, slots=True)
class Caption:
    """The words that say what a box is for.

    Attributes:
        text: As read.
        meaning: What they mean, or None where no word of the lexicon is near.
        probability: How surely they were read.
        place: ``left``, ``above``, ``over`` (loose words over the box) or ``inside``.
    """

    text: str
    meaning: Meaning | None
    probability: float
    place: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The start of a section."""

    section: Section
    box: BoxMm
    block: BoxMm | None


def is_caption(face: Face) -> bool:
    """Whether a box holds a caption and not an answer."""
    if face.rows or face.choice is not None or not face.words:
        return False
    if face.tinted:
        return True
    said = meaning(face.words) is not None or heading(face.words) is not None
    wordy = union([line.box for line in face.lines]).w >= _WORDY * face.box.w
    return said and wordy and face.box.w <= _NARROW_MM


def headings(layout: Layout) -> list[Heading]:
    """The headings of the sheet, top to bottom."""
    found = []
    for face in layout.faces:
        whole = heading(face.words) if is_caption(face) else None
        if whole is not None:
            found.append((whole, face.box))
            continue
        if not is_caption(face):
            found += [(s, line.box) for line in face.lines if (s := heading(line.text)) is not None]
    found += [(s, line.box) for line in layout.free_lines if (s := heading(line.text)) is not None]
    return sorted(
        (
            Heading(section, box, next((b for b in layout.blocks if contains(b, box)), None))
            for section, box in found
        ),
        key=lambda h: h.box.y,
    )


def section_of(box: BoxMm, opened: Sequence[Heading]) -> Section | None:
    """The section that a box stands in: the last heading above it whose table holds it."""
    here = None
    for one in opened:
        if one.box.y > box.y + box.h / 2:
            break
        if one.block is not None and not contains(one.block, box):
            continue
        here = one.section
    return here


def caption_of(face: Face, layout: Layout) -> Caption | None:
    """The caption of an answer box: on its left, above it, loosely over it, or in it."""
    captions = [f for f in layout.faces if f is not face and is_caption(f)]
    left = [
        f
        for f in captions
        if abs(f.box.x + f.box.w - face.box.x) <= _TOUCH_MM
        and _shared(f.box.y, f.box.h, face.box.y, face.box.h) >= _SHARED
    ]
    if left:
        nearest = max(left, key=lambda f: _shared(f.box.y, f.box.h, face.box.y, face.box.h))
        return _caption(nearest.lines, "left")
    above = [
        f
        for f in captions
        if abs(f.box.y + f.box.h - face.box.y) <= _TOUCH_MM
        and _shared(f.box.x, f.box.w, face.box.x, face.box.w) >= _SHARED
        and heading(f.words) is None
    ]
    if above:
        return _caption(above[0].lines, "above")
    over = [
        line
        for line in layout.free_lines
        if 0 <= face.box.y - (line.box.y + line.box.h) <= _ABOVE_MM
        and face.box.x - 2 <= line.box.x <= face.box.x + face.box.w
    ]
    if over:
        lowest = max(line.box.y for line in over)
        row = [line for line in over if abs(line.box.y - lowest) <= 2.0]
        found = _caption(row, "over")
        if found.meaning is not None:
            return found
    if len(face.lines) > _MOST_INSIDE:
        return None  # a box of notes, in which a word of ours may well stand
    for line in sorted(face.lines, key=lambda n: (n.box.x, n.box.y)):
        found = _caption([line], "inside")
        sure = found.meaning is not None and found.meaning.score >= _SURE_INSIDE
        if sure and line.box.x < face.box.x + 0.3 * face.box.w:
            return found
    return None


def _shared(start: float, length: float, other: float, other_length: float) -> float:
    both = min(start + length, other + other_length) - max(start, other)
    return both / max(1e-6, min(length, other_length))


def _caption(lines: Sequence[PrintedLine], place: str) -> Caption:
    text = reading_order(lines)
    read = [line.probability for line in lines if line.text]
    return Caption(text, meaning(text), min(read, default=0.0), place)
