"""The printed lines of a blank sheet, pale drop-out lines included, and the boxes they enclose.

A line is dark along its length and narrow across. Smoothing along it lifts a pale line out of the
scanner's noise; a grey-level opening along it keeps only what goes on for some millimetres; taking
away the opening across it drops tints and whatever is wide. Boxes are then the white regions that
lines shut in: no graph of crossings is needed, and a cell inside a frame is a region as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, BoxMm
from pipeline.imaging.pages import Pixels

_SHORTEST_LINE_PX = 27  # 2.3 mm: a side of the smallest box to tick, less its corners
_WIDEST_LINE_PX = 19  # 1.6 mm
_SMOOTH_PX = 9
_LEAST_LEVELS = 9.0
_GROUND_STEP = 8
_GROUND_REACH = 11  # times the step: 7.5 mm, wider than any caption's tint is dark
_CORNER_PX = 2  # lines that miss each other by less meet
_SMALLEST_BOX_MM = 2.4
_RECTANGULAR = 0.94
_EDGE_REACH_PX = 9
_NO_STROKE_PX = 95  # 8 mm: longer than a stroke of the largest heading
_SIDE_SHARE = 0.45
_FAINT_SHARE = 0.35
_ACROSS_PAPER = 0.94
_CELL_MM = (16.5, 18.5)
_CELL_GROW_MM = 0.55
_FRAME_LEVELS = 30
_SMALL_FRAME_MM = (2.6, 7.0)
_FRAME_CLOSED = 0.93
_BLOCK_PX = (355, 118)  # 30 x 10 mm
_GAP_SHARE = 0.35
_SOLID_SHARE = 0.97

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A straight printed line in form millimetres.

    Attributes:
        upright: Vertical; else horizontal.
        at: Its middle, across.
        start: Along, from.
        stop: Along, to.
        width: Across.
        colour: The tone of its middle, BGR.
    """

    upright: bool
    at: float
    start: float
    stop: float
    width: float
    colour: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Rulings:
    """All lines of a sheet.

    Attributes:
        lines: The lines.
        mask: H x W bool, where they are, a little grown.
        removable: H x W bool, the long lines and the sides of boxes: no stroke of a letter.
        boxes: Rectangles that lines shut in, form millimetres, on the middles of their lines.
        blocks: What hangs together by lines, outermost only: tables with all that is in them.
    """

    lines: tuple[Ruled, ...]
    mask: NDArray[np.bool_]
    removable: NDArray[np.bool_]
    boxes: tuple[BoxMm, ...]
    blocks: tuple[BoxMm, ...]


def darkness(bgr: Pixels) -> Pixels:
    """How dark the darkest channel is against the paper round it; H x W uint8, 0 is paper."""
    height, width = bgr.shape[:2]
    cells = (max(1, width // _GROUND_STEP), max(1, height // _GROUND_STEP))
    ground = cv2.resize(bgr, cells, interpolation=cv2.INTER_AREA)
    ground = cv2.dilate(ground, np.ones((_GROUND_REACH, _GROUND_REACH), np.uint8))
    ground = cv2.blur(ground, (_GROUND_REACH, _GROUND_REACH))
    ground = cv2.max(ground, np.full_like(ground, 60))
    level = cv2.resize(ground, (width, height), interpolation=cv2.INTER_LINEAR)
    blue, green, red = cv2.split(cv2.divide(bgr, level, scale=255.0))
    return cv2.bitwise_not(cv2.min(cv2.min(blue, green), red)).astype(np.uint8, copy=False)


def find_rulings(sheet: Pixels) -> Rulings:
    """The lines and boxes of an upright, straight sheet.

    Args:
        sheet: H x W x 3 BGR at 300 dpi.
    """
    dark = darkness(sheet)
    level, upright = _line_masks(_ridge(dark, upright=False), _ridge(dark, upright=True))
    lines = (
        *_lines(level, dark, sheet, upright=False),
        *_lines(upright, dark, sheet, upright=True),
    )
    reach = np.ones((2 * _CORNER_PX + 1,) * 2, np.uint8)
    mask = cv2.dilate(level | upright, reach).astype(np.uint8, copy=False)
    boxes = _boxes(mask, dark)
    # Cells that touch their frame cut into its outline: without them it is whole again.
    opened = _without_cells(mask, boxes, lines)
    boxes = _merged(boxes, _boxes(opened, dark))
    removable = _removable(level, upright, dark, boxes)
    return Rulings(lines, mask.astype(bool), removable, boxes, _blocks(mask))


def _without_cells(mask: Pixels, boxes: tuple[BoxMm, ...], lines: Sequence[Ruled]) -> Pixels:
    """The lines less those of small boxes, where these are not lines of a larger box as well."""
    result = mask.copy()
    for run in _runs([b for b in boxes if b.w <= _CELL_MM[0] and b.h <= _CELL_MM[1]]):
        left, right = run[0].x, run[-1].x + run[-1].w
        for box in run:
            x0, y0, x1, y1 = box.x, box.y, box.x + box.w, box.y + box.h
            grow = _CELL_GROW_MM
            top = -grow if _goes_on(lines, False, y0, left, right) else grow
            low = -grow if _goes_on(lines, False, y1, left, right) else grow
            west = -grow if _goes_on(lines, True, x0, y0, y1) else grow
            east = -grow if _goes_on(lines, True, x1, y0, y1) else grow
            area = BoxMm(x0 - west, y0 - top, x1 + east - x0 + west, y1 + low - y0 + top).to_px()
            result[area.y : area.y + area.h, area.x : area.x + area.w] = 0
    return result


def _runs(boxes: Sequence[BoxMm]) -> list[list[BoxMm]]:
    """Boxes of one height on one level, side by side."""
    rows: dict[tuple[int, int], list[BoxMm]] = {}
    for box in sorted(boxes, key=lambda b: b.x):
        key = (round(box.y / 1.5), round(box.h / 1.5))
        rows.setdefault(key, []).append(box)
    runs = []
    for row in rows.values():
        run = [row[0]]
        for box in row[1:]:
            if box.x - (run[-1].x + run[-1].w) > _CELL_MM[0]:
                runs.append(run)
                run = []
            run.append(box)
        runs.append(run)
    return runs


def _goes_on(lines: Sequence[Ruled], upright: bool, at: float, start: float, stop: float) -> bool:
    """Whether a line that is longer than a row of cells runs along its side."""
    return any(
        n.upright == upright
        and abs(n.at - at) < 0.4
        and n.start < start + 0.5
        and n.stop > stop - 0.5
        and n.stop - n.start > stop - start + 3.0
        for n in lines
    )


def _merged(boxes: tuple[BoxMm, ...], more: tuple[BoxMm, ...]) -> tuple[BoxMm, ...]:
    """Both, each place once; of two that are nearly one, the larger, which nothing cut into."""
    found = list(boxes)
    for box in more:
        near = [o for o in found if _nearly(o, box)]
        if not near:
            found.append(box)
        elif all(box.w * box.h > o.w * o.h for o in near):
            found = [o for o in found if o not in near] + [box]
    return tuple(sorted(found, key=lambda b: (b.y, b.x)))


def _nearly(one: BoxMm, other: BoxMm) -> bool:
    width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return False
    both = one.w * one.h + other.w * other.h - width * height
    return width * height > 0.8 * both


def _blocks(mask: Pixels) -> tuple[BoxMm, ...]:
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    large = [
        BoxMm(*(round(int(v) / PX_PER_MM, 3) for v in stats[n, :4]))
        for n in range(1, count)
        if stats[n, cv2.CC_STAT_WIDTH] >= _BLOCK_PX[0]
        and stats[n, cv2.CC_STAT_HEIGHT] >= _BLOCK_PX[1]
    ]
    return tuple(b for b in large if not any(o is not b and contains(o, b) for o in large))


def contains(outer: BoxMm, inner: BoxMm, slack_mm: float = 0.6) -> bool:
    """Whether one box lies in another, which is larger."""
    return (
        outer.w * outer.h > inner.w * inner.h
        and outer.x <= inner.x + slack_mm
        and outer.y <= inner.y + slack_mm
        and outer.x + outer.w >= inner.x + inner.w - slack_mm
        and outer.y + outer.h >= inner.y + inner.h - slack_mm
    )


def _removable(
    level: Pixels, upright: Pixels, dark: Pixels, boxes: tuple[BoxMm, ...]
) -> NDArray[np.bool_]:
    """The pixels of lines that are no strokes of letters: long ones, and the sides of boxes."""
    result = np.zeros(level.shape, np.uint8)
    for mask, along in ((level, cv2.CC_STAT_WIDTH), (upright, cv2.CC_STAT_HEIGHT)):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        for n in range(1, count):
            if stats[n, along] < _NO_STROKE_PX:
                continue
            x, y, w, h = (int(v) for v in stats[n, :4])
            part = labels[y : y + h, x : x + w] == n
            if _is_solid(np.where(part, dark[y : y + h, x : x + w], 0), axis=int(w < h)):
                result[y : y + h, x : x + w][part] = 1
    for box in boxes:
        area = box.to_px()
        cv2.rectangle(result, (area.x, area.y), (area.x + area.w, area.y + area.h), 1, 3)
    return cv2.dilate(result, np.ones((5, 5), np.uint8)).astype(bool)


def _ridge(dark: Pixels, *, upright: bool) -> Float:
    """How much darker a place is than what lies beside it, along lines of one direction."""
    turned = cv2.transpose(dark) if upright else dark
    smooth = cv2.blur(turned.astype(np.float32), (_SMOOTH_PX, 1))
    along = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, np.ones((1, _SHORTEST_LINE_PX), np.uint8))
    wide = cv2.morphologyEx(along, cv2.MORPH_OPEN, np.ones((_WIDEST_LINE_PX, 1), np.uint8))
    ridge = along - wide
    return np.asarray(cv2.transpose(ridge) if upright else ridge, np.float32)


def _line_masks(level: Float, upright: Float) -> tuple[Pixels, Pixels]:
    """Where lines run, level and upright; what is far paler than the rest is a fold or a hair."""
    parts = [_line_parts(level, upright=False), _line_parts(upright, upright=True)]
    long = np.concatenate([p.length_px for p in parts])
    strength = np.concatenate([p.strength for p in parts])
    held = long >= _NO_STROKE_PX
    usual = _low_quantile(strength[held], long[held]) if held.any() else 0.0
    level_mask, upright_mask = (p.mask(_FAINT_SHARE * usual) for p in parts)
    return level_mask, upright_mask


@dataclass(frozen=True, slots=True)
class _Parts:
    """Connected pieces that may be lines: their labels, and for each its label, length, level."""

    labels: NDArray[np.int32]
    numbers: NDArray[np.int64]
    length_px: NDArray[np.int64]
    strength: NDArray[np.float64]

    def mask(self, least: float) -> Pixels:
        kept = np.zeros(int(self.labels.max()) + 1, np.uint8)
        kept[self.numbers[self.strength >= least]] = 1
        return np.asarray(kept[self.labels], np.uint8)


def _line_parts(ridge: Float, *, upright: bool) -> _Parts:
    binary = (ridge > _LEAST_LEVELS).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8)
    long = stats[:, cv2.CC_STAT_HEIGHT if upright else cv2.CC_STAT_WIDTH].astype(np.int64)
    thick = stats[:, cv2.CC_STAT_AREA] / np.maximum(1, long)
    fits = (long >= _SHORTEST_LINE_PX) & (thick <= _WIDEST_LINE_PX) & (long > 3 * thick)
    # From edge to edge of the paper runs no line of a form, but a fold or the paper's own edge.
    fits &= long < _ACROSS_PAPER * ridge.shape[0 if upright else 1]
    fits[0] = False
    area = np.maximum(1, stats[:, cv2.CC_STAT_AREA])
    total = np.bincount(labels.ravel(), weights=ridge.ravel(), minlength=count)
    numbers = np.flatnonzero(fits)
    return _Parts(np.asarray(labels, np.int32), numbers, long[numbers], (total / area)[numbers])


def _low_quantile(values: NDArray[np.float64], weights: NDArray[np.int64]) -> float:
    """What a fifth of the length of all lines lies below."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) >= 0.2 * weights.sum()
    return float(values[order][int(np.argmax(reached))])


def _is_solid(strip: Pixels, axis: int) -> bool:
    """Whether a strip is one line: strokes of neighbouring letters leave gaps between them."""
    along = strip.max(axis=axis).astype(np.float64)
    return float((along >= _GAP_SHARE * np.median(along)).mean()) >= _SOLID_SHARE


def _lines(mask: Pixels, dark: Pixels, sheet: Pixels, *, upright: bool) -> list[Ruled]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found = []
    for n in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[n])
        part = labels[y : y + h, x : x + w] == n
        weights = np.where(part, dark[y : y + h, x : x + w], 0).astype(np.float64)
        total = float(weights.sum())
        if total <= 0:
            continue
        if upright:
            at = x + float((weights.sum(axis=0) * np.arange(w)).sum()) / total
            start, stop, width = y, y + h, area / h
        else:
            at = y + float((weights.sum(axis=1) * np.arange(h)).sum()) / total
            start, stop, width = x, x + w, area / w
        strong = part & (dark[y : y + h, x : x + w] >= np.percentile(weights[part], 60))
        tone = np.median(sheet[y : y + h, x : x + w][strong], axis=0)
        found.append(
            Ruled(
                upright,
                (at + 0.5) / PX_PER_MM,
                start / PX_PER_MM,
                stop / PX_PER_MM,
                # The soft edge on either side counts half.
                max(1.0, width - 1.0) / PX_PER_MM,
                (int(tone[0]), int(tone[1]), int(tone[2])),
            )
        )
    return found


def _boxes(mask: Pixels, dark: Pixels) -> tuple[BoxMm, ...]:
    """Rectangles among the white regions, grown onto the middles of their lines."""
    white = cv2.bitwise_not(mask * 255)
    outlines, nesting = cv2.findContours(white, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    least = _SMALLEST_BOX_MM * PX_PER_MM - 2 * _CORNER_PX - 3
    height, width = mask.shape
    found = []
    for outline, (_, _, _, parent) in zip(outlines, nesting[0] if outlines else (), strict=True):
        if parent >= 0:  # the outside of lines that stand free in a region
            continue
        x, y, w, h = cv2.boundingRect(outline)
        if min(w, h) < least or w > width - 4 or h > height - 4:
            continue
        if cv2.contourArea(outline) < _RECTANGULAR * (w - 1) * (h - 1):
            continue
        if x == 0 or y == 0 or x + w >= width or y + h >= height:
            continue
        box = _on_lines(x, y, w, h, dark)
        if box is not None:
            found.append(box)
    found += [b for b in _small_frames(dark) if not any(_same_place(b, o) for o in found)]
    return tuple(sorted(found, key=lambda b: (b.y, b.x)))


def _small_frames(dark: Pixels) -> list[BoxMm]:
    """Small closed frames by themselves: a letter in a box hides its sides from the search."""
    binary = (dark > _FRAME_LEVELS).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8)
    low, high = (v * PX_PER_MM for v in _SMALL_FRAME_MM)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    fits = ((sides >= low) & (sides <= high)).all(axis=1)
    found = []
    for n in np.flatnonzero(fits):
        x, y, w, h, _ = (int(v) for v in stats[n])
        part = labels[y : y + h, x : x + w] == n
        edges = (part[:4].any(axis=0), part[-4:].any(axis=0))
        upright = (part[:, :4].any(axis=1), part[:, -4:].any(axis=1))
        if min(float(e.mean()) for e in (*edges, *upright)) < _FRAME_CLOSED:
            continue
        thick = float(np.median([part[:, w // 2 - 3 : w // 2 + 3][:8].sum(axis=0).mean(), 2.0]))
        half = thick / 2
        found.append(
            BoxMm(*(round(v / PX_PER_MM, 3) for v in (x + half, y + half, w - thick, h - thick)))
        )
    return found


def _same_place(one: BoxMm, other: BoxMm) -> bool:
    return max(abs(one.x - other.x), abs(one.y - other.y), abs(one.w - other.w)) < 0.6


def _on_lines(x: int, y: int, w: int, h: int, dark: Pixels) -> BoxMm | None:
    """The box on the middles of its lines; None where a side is no straight line."""
    inner_x, inner_y = slice(x + 2, x + w - 2), slice(y + 2, y + h - 2)
    sides = (
        _line_near(dark[inner_y], x - _CORNER_PX - 1, axis=0),
        _line_near(dark[:, inner_x], y - _CORNER_PX - 1, axis=1),
        _line_near(dark[inner_y], x + w + _CORNER_PX, axis=0),
        _line_near(dark[:, inner_x], y + h + _CORNER_PX, axis=1),
    )
    held = [side for side in sides if side is not None]
    if len(held) < len(sides):
        return None
    left, top, right, bottom = held
    return BoxMm(*(round(v / PX_PER_MM, 3) for v in (left, top, right - left, bottom - top)))


def _line_near(strip: Pixels, near: int, axis: int) -> float | None:
    """The middle of the line near a place, or None where no line runs along the whole strip.

    In pixels' edges, so that a box from the first to the last pixel of a picture is its width.
    """
    length = strip.shape[1 - axis]
    low, high = max(0, near - _EDGE_REACH_PX), min(length, near + _EDGE_REACH_PX + 1)
    band = strip[:, low:high] if axis == 0 else strip[low:high].T
    profile = np.percentile(band, 30, axis=0)
    profile = profile - profile.min()
    weighed = profile * (1 - 0.05 * np.abs(np.arange(low, high) - near))
    peak = int(np.argmax(weighed))
    if profile[peak] < _LEAST_LEVELS * _SIDE_SHARE:
        return None
    around = slice(max(0, peak - 4), peak + 5)
    weights = np.maximum(0, profile[around] - 0.4 * profile[peak])
    places = np.arange(low, high)[around]
    return float((weights * places).sum() / weights.sum()) + 0.5
