"""Finds each cell's own ink, though strokes cross the lines, touch, or leave the cell."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM, BoxMm, BoxPx
from pipeline.forms.definition import Zone
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.readers.boxed import CellState
from pipeline.readers.ink.line_removal import LinePx, remove_lines

MARGIN_PX = 24  # 2 mm round the cells: as far as a stroke may leave its cell
_LEAST_DARKNESS = 45.0  # paler than this against the paper is no pen
_SPECK_AREA_PX = 12
_OWN_SHARE = 0.8
_GUEST_SHARE = 0.6  # of ink that reaches over into a cell which has a character of its own
_TALL_SHARE = 0.35
_TINY_SHARE = 0.22
_FILLED_SHARE = 0.72
_CONTACT_LEAST_PX = 6
# Ink that stands on a cell's border, most of it outside the middle.
_BORDER_PX = 4
_BORDER_SHARE = 0.5

Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class CellInk:
    """The ink of one cell.

    Attributes:
        ink: White on black, stretched so that a stroke is near 255; cut to the ink's extent.
        state: What the geometry alone tells; ``INK`` where nothing is unusual.
        box_px: The cell, registered pixels.
        ink_px: The extent of the ink, registered pixels; None where blank.
        two_parts: The ink stands in two tall parts side by side.
    """

    ink: Pixels
    state: CellState
    box_px: BoxPx
    ink_px: BoxPx | None = None
    two_parts: bool = False


def extract(page: RegisteredPage, zone: Zone, cells: Sequence[BoxPx]) -> tuple[CellInk, ...]:
    """The ink of every cell of a zone.

    Args:
        page: The registered page.
        zone: What the definition says of the zone: its rule width.
        cells: Where the cells lie on the page, in the order of the definition.
    """
    if not cells:
        return ()
    area = _union(cells, MARGIN_PX, page.pixels.shape[1], page.pixels.shape[0])
    crop = page.crop_px(area)
    local = [BoxPx(c.x - area.x, c.y - area.y, c.w, c.h) for c in cells]
    if min(crop.shape[:2]) < 8:
        return tuple(_blank(cell, CellState.CUT) for cell in cells)
    dark = darkness(crop, page, line_colour(page))
    level = ink_level(dark, local)
    if level is None:
        # A pen of the drop-out colour vanishes with the lines; look again at all channels.
        dark = darkness(crop, page, None)
        level = ink_level(dark, local)
    off = [_is_cut(page, cell) for cell in cells]
    if level is None:
        return tuple(
            _blank(cell, CellState.CUT if gone else CellState.BLANK)
            for cell, gone in zip(cells, off, strict=True)
        )
    lines = [*cell_lines(local, zone.rule_mm * PX_PER_MM), *_rulings(page, area, local)]
    clean, along = remove_lines(dark, lines, level)
    near_line = _line_mask(dark.shape, lines)
    labels, count, stats = _components(clean, level)
    owners = _owners(labels, count, stats, local, near_line)
    stretched = np.minimum(clean.astype(np.float32) * (255.0 / level), 255).astype(np.uint8)
    found = [
        _cell(stretched, labels, stats, owners[i], local[i], cells[i], area, along)
        for i in range(len(cells))
    ]
    return tuple(
        dataclasses.replace(cell, state=CellState.CUT) if gone else cell
        for cell, gone in zip(found, off, strict=True)
    )


def _is_cut(page: RegisteredPage, cell: BoxPx) -> bool:
    """Whether the scan begins inside the cell: its corner lies above or left of the page."""
    corners = np.array(
        [
            [cell.x, cell.x + cell.w, cell.x, cell.x + cell.w],
            [cell.y, cell.y, cell.y + cell.h, cell.y + cell.h],
            [1.0, 1.0, 1.0, 1.0],
        ]
    )
    on_page = page.to_page @ corners
    return bool((on_page[:2] / on_page[2] < -2.0).any())


def line_colour(page: RegisteredPage) -> tuple[int, int, int] | None:
    """The BGR colour of the form's drop-out lines, or None where the definition names none."""
    text = page.form.colours.get("line", "")
    if len(text) != 7 or not text.startswith("#"):
        return None
    return int(text[5:7], 16), int(text[3:5], 16), int(text[1:3], 16)


def darkness(crop: Pixels, page: RegisteredPage, line: tuple[int, int, int] | None) -> Pixels:
    """How dark each pixel is against the paper: 0 paper, 255 black; H x W uint8.

    In a colour scan the channel in which the form's lines are palest is taken, so that they drop
    out; in a grey or bilevel scan all channels are alike.
    """
    if line is not None and max(line) - min(line) >= 40:
        channel = int(np.argmax(line))
        plane = crop[:, :, channel]
        paper = page.paper_bgr[channel]
    else:
        plane = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).astype(np.uint8)
        paper = round(sum(page.paper_bgr) / 3)
    # The paper round a stroke: brighter than the stroke within a few millimetres.
    small = cv2.resize(plane, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    ground = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    ground = cv2.GaussianBlur(ground, (0, 0), 3)
    ground = np.maximum(ground, max(60, round(0.8 * paper))).astype(np.uint8)
    ground = cv2.resize(ground, (plane.shape[1], plane.shape[0]), interpolation=cv2.INTER_LINEAR)
    ratio = cv2.divide(plane, ground, scale=255.0)
    return cv2.bitwise_not(ratio).astype(np.uint8, copy=False)


def ink_level(dark: Pixels, cells: Sequence[BoxPx]) -> float | None:
    """The darkness of a pen stroke inside the cells, or None where there is no ink."""
    samples = []
    for cell in cells:
        inset_x, inset_y = max(6, cell.w // 8), max(6, cell.h // 8)
        inner = dark[
            max(0, cell.y + inset_y) : max(0, cell.y + cell.h - inset_y),
            max(0, cell.x + inset_x) : max(0, cell.x + cell.w - inset_x),
        ]
        samples.append(inner[inner > _LEAST_DARKNESS])
    held = np.concatenate(samples)
    if held.size < _SPECK_AREA_PX:
        return None
    return max(_LEAST_DARKNESS, float(np.percentile(held, 85)))


def cell_lines(cells: Sequence[BoxPx], width_px: float) -> list[LinePx]:
    """The four sides of every cell; a side shared by two cells once."""
    lines: list[LinePx] = []
    for cell in cells:
        for x in (cell.x, cell.x + cell.w):
            if not any(
                k.upright and abs(k.at - x) < 5 and abs(k.start - cell.y) < 5 for k in lines
            ):
                lines.append(LinePx(True, x, max(0, cell.y), cell.y + cell.h, width_px))
        lines.extend(
            LinePx(False, y, max(0, cell.x), cell.x + cell.w, width_px)
            for y in (cell.y, cell.y + cell.h)
        )
    return lines


def _rulings(page: RegisteredPage, area: BoxPx, cells: Sequence[BoxPx]) -> list[LinePx]:
    """The form's other lines that run through the crop, in pieces as long as a cell."""
    piece = max(40, cells[0].w)
    lines: list[LinePx] = []
    for ruling in page.form.rulings:
        if ruling.colour == "fill":
            continue
        for upright, at, start, stop in _sides_of(ruling.box):
            across, along = (area.x, area.y) if upright else (area.y, area.x)
            wide, long = (area.w, area.h) if upright else (area.h, area.w)
            place = at * PX_PER_MM - across
            low = max(0, round(start * PX_PER_MM) - along)
            high = min(long, round(stop * PX_PER_MM) - along)
            if not -4 < place < wide + 4 or high - low < 8:
                continue
            if _is_cell_side(cells, upright, place):
                continue
            width = ruling.width_mm * PX_PER_MM
            lines.extend(
                LinePx(upright, place, s, min(s + piece, high), width)
                for s in range(low, high, piece)
            )
    return lines


def _sides_of(box: BoxMm) -> list[tuple[bool, float, float, float]]:
    if box.w == 0:
        return [(True, box.x, box.y, box.y + box.h)]
    if box.h == 0:
        return [(False, box.y, box.x, box.x + box.w)]
    return [
        (True, box.x, box.y, box.y + box.h),
        (True, box.x + box.w, box.y, box.y + box.h),
        (False, box.y, box.x, box.x + box.w),
        (False, box.y + box.h, box.x, box.x + box.w),
    ]


def _is_cell_side(cells: Sequence[BoxPx], upright: bool, place: float) -> bool:
    sides = (
        [v for c in cells for v in (c.x, c.x + c.w)]
        if upright
        else [v for c in cells for v in (c.y, c.y + c.h)]
    )
    return any(abs(place - side) < 4 for side in sides)


def _line_mask(shape: tuple[int, ...], lines: Sequence[LinePx]) -> NDArray[np.bool_]:
    mask = np.zeros(shape[:2], np.uint8)
    for line in lines:
        half = round(line.width / 2) + 4
        low = max(0, round(line.at) - half)
        high = round(line.at) + half + 1
        if line.upright:
            mask[max(0, line.start - 4) : line.stop + 4, low:high] = 1
        else:
            mask[low:high, max(0, line.start - 4) : line.stop + 4] = 1
    return mask.astype(bool)


def _components(clean: Pixels, level: float) -> tuple[Labels, int, Labels]:
    smooth = cv2.GaussianBlur(clean, (0, 0), 0.7)
    binary = (smooth > max(0.6 * _LEAST_DARKNESS, 0.38 * level)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8)
    return labels.astype(np.int32), count, stats.astype(np.int32)


@dataclass(frozen=True, slots=True)
class _Owned:
    """Components (whole) and territory pieces (split) that belong to a cell.

    ``on_border`` names those that stand on the border, where another cell may claim them too.
    """

    whole: tuple[int, ...]
    split: tuple[int, ...]
    territory: tuple[int, int, int, int]
    on_border: tuple[int, ...] = ()


def _owners(
    labels: Labels,
    count: int,
    stats: Labels,
    cells: Sequence[BoxPx],
    near_line: NDArray[np.bool_],
) -> list[_Owned]:
    """Which component belongs to which cell; one that spans two is split at their border."""
    height, width = labels.shape
    land = np.full((height, width), len(cells), np.int32)
    lots = _territories(cells, width, height)
    for i, (x0, y0, x1, y1) in enumerate(lots):
        land[y0:y1, x0:x1] = i
    inner, outer = (_inside(cells, labels.shape, inset) for inset in (_BORDER_PX, -_BORDER_PX))
    held = labels > 0
    table = np.bincount(
        labels[held] * (len(cells) + 1) + land[held], minlength=count * (len(cells) + 1)
    ).reshape(count, len(cells) + 1)
    core = np.bincount(labels[held & inner], minlength=count)
    reached = np.bincount(labels[held & outer], minlength=count)
    on_line = np.bincount(labels[held & near_line], minlength=count)
    whole: list[list[int]] = [[] for _ in cells]
    split: list[list[int]] = [[] for _ in cells]
    border: list[list[int]] = [[] for _ in cells]
    beside: list[list[int]] = [[] for _ in cells]
    spanning: list[tuple[int, int, list[int]]] = []
    for k in range(1, count):
        area = int(stats[k, cv2.CC_STAT_AREA])
        thin = min(int(stats[k, cv2.CC_STAT_WIDTH]), int(stats[k, cv2.CC_STAT_HEIGHT]))
        if area < _SPECK_AREA_PX or (on_line[k] > 0.85 * area and thin <= 5):
            continue  # a speck, or what is left of a line
        shares = table[k, : len(cells)]
        owner = int(np.argmax(shares))
        if core[k] < 0.25 * area:
            tall = int(stats[k, cv2.CC_STAT_HEIGHT]) >= _TALL_SHARE * cells[owner].h
            if tall and reached[k] >= _BORDER_SHARE * area:
                whole[owner].append(k)
                border[owner].append(k)
            elif tall and reached[k] >= _SPECK_AREA_PX:
                beside[owner].append(k)
            continue
        others = [i for i in range(len(cells)) if i != owner and shares[i] > 0]
        reach = max((_reach(labels, k, lots[i], owner < i) / cells[i].w for i in others), default=0)
        if shares[owner] >= _OWN_SHARE * area and reach < 0.3:
            whole[owner].append(k)
        else:
            spanning.append((k, owner, others))
    for k, owner, others in spanning:
        area, shares = int(stats[k, cv2.CC_STAT_AREA]), table[k, : len(cells)]
        guest = shares[owner] >= _GUEST_SHARE * area and all(
            _has_own(whole[i], stats, cells[i], int(shares[i])) for i in others
        )
        if guest:
            # The other cell has a character of its own: this is its neighbour's, reaching over.
            whole[owner].append(k)
            continue
        for i in (owner, *others):
            if shares[i] >= max(_SPECK_AREA_PX, 0.04 * area):
                split[i].append(k)
    for i, strokes in enumerate(beside):
        if not whole[i] and not split[i]:
            # A stroke that nobody has, beside an empty cell: its character may have been put there.
            whole[i], border[i] = strokes, strokes
    return [
        _Owned(tuple(whole[i]), tuple(split[i]), lots[i], tuple(border[i]))
        for i in range(len(cells))
    ]


def _has_own(whole: Sequence[int], stats: Labels, cell: BoxPx, trespass_px: int) -> bool:
    """Whether a cell holds a character of its own, larger than what reaches in."""
    return any(
        stats[k, cv2.CC_STAT_HEIGHT] > _TALL_SHARE * cell.h
        and stats[k, cv2.CC_STAT_AREA] >= trespass_px
        for k in whole
    )


def _inside(cells: Sequence[BoxPx], shape: tuple[int, ...], inset: int) -> NDArray[np.bool_]:
    """The cells' own pixels, made smaller all round."""
    mask = np.zeros(shape[:2], bool)
    for cell in cells:
        mask[
            max(0, cell.y + inset) : max(0, cell.y + cell.h - inset),
            max(0, cell.x + inset) : max(0, cell.x + cell.w - inset),
        ] = True
    return mask


def _territories(
    cells: Sequence[BoxPx], width: int, height: int
) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of each cell's land: half of the gap to each neighbour."""
    lots = []
    for cell in cells:
        left, right = cell.x - MARGIN_PX, cell.x + cell.w + MARGIN_PX
        for other in cells:
            if other is cell or abs(other.y - cell.y) > cell.h / 2:
                continue
            if other.x > cell.x:
                right = min(right, (cell.x + cell.w + other.x) // 2)
            else:
                left = max(left, (other.x + other.w + cell.x) // 2)
        lots.append(
            (
                max(0, left),
                max(0, cell.y - MARGIN_PX),
                max(0, min(width, right)),
                max(0, min(height, cell.y + cell.h + MARGIN_PX)),
            )
        )
    return lots


def _reach(labels: Labels, k: int, lot: tuple[int, int, int, int], from_left: bool) -> int:
    """How far a component reaches into another cell's land, from the side it comes from."""
    x0, y0, x1, y1 = lot
    columns = np.flatnonzero((labels[y0:y1, x0:x1] == k).any(axis=0))
    if not len(columns):
        return 0
    return int(columns[-1]) + 1 if from_left else (x1 - x0) - int(columns[0])


def _cell(
    ink: Pixels,
    labels: Labels,
    stats: Labels,
    owned: _Owned,
    cell: BoxPx,
    on_page: BoxPx,
    area: BoxPx,
    along: NDArray[np.bool_],
) -> CellInk:
    if not owned.whole and not owned.split:
        # All of a stroke may have gone with the line that it was written on.
        inside = along[
            max(0, cell.y - 4) : cell.y + cell.h + 4, max(0, cell.x - 4) : cell.x + cell.w + 4
        ]
        return _blank(on_page, CellState.ON_LINE if inside.any() else CellState.BLANK)
    x0, y0, x1, y1 = owned.territory
    mask = np.zeros(labels.shape, np.uint8)
    for k in owned.whole:
        left, top = stats[k, cv2.CC_STAT_LEFT], stats[k, cv2.CC_STAT_TOP]
        right = left + stats[k, cv2.CC_STAT_WIDTH]
        bottom = top + stats[k, cv2.CC_STAT_HEIGHT]
        mask[top:bottom, left:right] |= labels[top:bottom, left:right] == k
    for k in owned.split:
        mask[y0:y1, x0:x1] |= labels[y0:y1, x0:x1] == k
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return _blank(on_page)
    left, right = max(0, x - 3), x + width + 3
    top, bottom = max(0, y - 3), y + height + 3
    soft = cv2.dilate(mask[top:bottom, left:right], np.ones((5, 5), np.uint8))
    glyph = (ink[top:bottom, left:right] * soft).astype(np.uint8)
    filled = float(mask.sum()) / (width * height)
    state = CellState.INK
    if max(width, height) < _TINY_SHARE * cell.h:
        if float(mask.sum()) < 30:
            return _blank(on_page)
        state = CellState.TINY
    elif filled > _FILLED_SHARE and width * height > 0.3 * cell.w * cell.h:
        state = CellState.FILLED
    elif owned.split or owned.on_border:
        state = CellState.TOUCHING
    elif _runs_along(mask[top:bottom, left:right], along[top:bottom, left:right]):
        state = CellState.ON_LINE
    return CellInk(
        glyph,
        state,
        on_page,
        BoxPx(x + area.x, y + area.y, width, height),
        _two_parts(owned.whole, stats, cell),
    )


def _runs_along(mask: Pixels, along: NDArray[np.bool_]) -> bool:
    """Whether the ink meets a stretch of line along which a stroke runs."""
    near = cv2.dilate(mask, np.ones((7, 7), np.uint8)).astype(bool)
    return int(np.count_nonzero(near & along)) >= _CONTACT_LEAST_PX


def _two_parts(whole: Sequence[int], stats: Labels, cell: BoxPx) -> bool:
    """Whether two tall parts stand side by side, without sharing columns."""
    tall = [
        (int(stats[k, cv2.CC_STAT_LEFT]), int(stats[k, cv2.CC_STAT_WIDTH]))
        for k in whole
        if stats[k, cv2.CC_STAT_HEIGHT] > _TALL_SHARE * cell.h
    ]
    tall.sort()
    return any(b[0] >= a[0] + a[1] - 0.1 * min(a[1], b[1]) for a, b in itertools.pairwise(tall))


def _blank(cell: BoxPx, state: CellState = CellState.BLANK) -> CellInk:
    return CellInk(np.zeros((1, 1), np.uint8), state, cell)


def _union(cells: Sequence[BoxPx], margin: int, width: int, height: int) -> BoxPx:
    left = max(0, min(c.x for c in cells) - margin)
    top = max(0, min(c.y for c in cells) - margin)
    right = min(width, max(c.x + c.w for c in cells) + margin)
    bottom = min(height, max(c.y + c.h for c in cells) + margin)
    return BoxPx(left, top, max(0, right - left), max(0, bottom - top))
