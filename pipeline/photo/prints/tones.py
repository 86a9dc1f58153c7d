"""Measures the four sides of a print in the tones across them, to a fraction of a millimetre.

Tones are shares of the same sheet's blank paper, and what the form itself prints is left out
where it is in sight. The turn is that at which the steps of all sides gather on the fewest lines;
then each side is cut into parts, and an edge counts where most parts have it on one straight line.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import PX_PER_MM
from pipeline.imaging.pages import Pixels
from pipeline.photo.prints.edges import Edge, edge_in
from pipeline.photo.prints.printing_in_sight import BlankSurroundings, printing_in_sight
from pipeline.photo.thresholds import Limits

Plane = NDArray[np.floating[Any]]
Pair = tuple[float, float]

WORK_PX_PER_MM = 8.0
PARTS = 10  # of a side, each with a step of its own
SIDE_SHARE = 0.84  # of a side: corners may be round or lifted
REACH_MM = 4.5  # to both sides of where an edge is looked for
ANGLES_DEG = np.arange(-8.0, 8.01, 0.5)
ROUNDS = 3
SMALL_TURN_DEG = 0.1  # moves the middle of a side by nothing, its ends by 0.04 mm
LIGHT = np.array((0.114, 0.587, 0.299))  # of blue, green, red (ITU-R BT.601)
COLOUR_SHARE = 0.25  # a scan keeps colour less sharply than light, JPEG above all
FAINT = 0.006  # of the paper's tone: less is no step when the turn is looked for
LOW_QUANTILE = 0.3  # a step of a whole side is one that most of its parts have
ENOUGH_PARTS, ENOUGH_STRAIGHT = 4, 6


@dataclass(frozen=True, slots=True)
class Side:
    """A side of the print in the straightened working frame.

    Attributes:
        place: Where its middle lies, working pixels; NaN where there is no step at all.
        slope: Working pixels that it leaves the frame's direction by, a pixel along it.
        step: Share of the paper's tone.
        seen: An edge beyond doubt: straight, and the tones across it are those of an edge.
        fits: The tones across it are much like those of an edge, straight or not.
        steps: Place and size of every step that most parts have, the chosen one among them.
    """

    place: float
    slope: float
    step: float
    seen: bool
    fits: bool = False
    steps: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The surroundings of the photo's place at the working scale.

    Attributes:
        ratio: H x W x 3, tone over the tone of blank paper.
        plain: H x W, 1 where no printing of the form is in sight, else 0.
    """

    ratio: NDArray[np.float32]
    plain: NDArray[np.float32]


def working_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height at the working scale of registered pixels H x W."""
    factor = WORK_PX_PER_MM / PX_PER_MM
    return round(shape[1] * factor), round(shape[0] * factor)


def sheet_of(crop: Pixels, blank: BlankSurroundings, paper_bgr: tuple[int, int, int]) -> Sheet:
    """Scale a crop of a registered page for measuring."""
    seen = cv2.resize(crop, working_size(crop.shape), interpolation=cv2.INTER_AREA)
    tone = np.maximum(np.array(paper_bgr, np.float32), 1.0)
    hidden = printing_in_sight(np.asarray(seen, np.uint8), blank, tone)
    return Sheet(np.asarray(seen, np.float32) / tone, np.asarray(1 - hidden, np.float32))


def measure(sheet: Sheet, centre: Pair, half: Pair, limits: Limits) -> tuple[float, list[Side]]:
    """Turn, degrees clockwise, and the left, right, top and bottom side of a print.

    Args:
        sheet: Surroundings.
        centre: Where the print is expected, working pixels; the frame turns about it.
        half: Half of the width and height to expect, working pixels.
        limits: Of the artefact, part ``print``.
    """
    angle = _turn(sheet, centre, half)
    sides: list[Side] = []
    for more in reversed(range(ROUNDS)):
        sides = _sides(sheet, centre, half, angle, limits)
        seen = [(n, side) for n, side in enumerate(sides) if side.seen]
        if not seen:
            break
        # Sides that run down lean the other way than those that run right.
        leans = np.array([-side.slope if n < 2 else side.slope for n, side in seen])
        lengths = np.array([half[1] if n < 2 else half[0] for n, _ in seen])
        rest = math.degrees(math.atan(_weighted_median(leans, lengths)))
        if abs(rest) < SMALL_TURN_DEG or not more:
            break
        angle += rest
    return angle, sides


def _turn(sheet: Sheet, centre: Pair, half: Pair) -> float:
    ratio = cv2.resize(sheet.ratio, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    ratio = cv2.GaussianBlur(ratio, (0, 0), 0.7)
    plain = cv2.resize(sheet.plain, ratio.shape[1::-1], interpolation=cv2.INTER_AREA)
    sure = cv2.erode(plain, np.ones((3, 3), np.uint8)) > 0.9
    ys, xs = np.mgrid[: ratio.shape[0], : ratio.shape[1]].astype(np.float32)
    across, down = xs - centre[0] / 2, ys - centre[1] / 2
    reach = REACH_MM * WORK_PX_PER_MM / 2
    scores = np.zeros(len(ANGLES_DEG))
    for axis, offset, along, side, length in (
        (1, across, down, half[0] / 2, half[1] / 2),
        (0, down, across, half[1] / 2, half[0] / 2),
    ):
        before = np.roll(ratio, 1, axis)
        first, second, third = cv2.split(cv2.absdiff(ratio, before))
        rise = np.clip(cv2.max(cv2.max(first, second), third) - FAINT, 0, 5 * FAINT)
        here = sure & (np.abs(np.abs(offset) - side) < reach) & (np.abs(along) < length)
        here &= rise > 0
        weight, o, a = rise[here], offset[here], along[here]
        lines = round(2 * (side + reach) + 40)
        for n, angle in enumerate(ANGLES_DEG):
            lean = math.tan(math.radians(angle)) * (1 if axis else -1)
            bins = np.clip(np.round(o + lean * a + lines / 2), 0, lines - 1).astype(np.int64)
            scores[n] += float((np.bincount(bins, weights=weight, minlength=lines) ** 2).sum())
    return float(ANGLES_DEG[int(scores.argmax())])


def _weighted_median(values: Plane, weights: Plane) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(np.interp(total[-1] / 2, total - weights[order] / 2, values[order]))


def _sides(sheet: Sheet, centre: Pair, half: Pair, angle: float, limits: Limits) -> list[Side]:
    turn = cv2.getRotationMatrix2D(centre, angle, 1.0)
    size = (sheet.plain.shape[1], sheet.plain.shape[0])
    turned = cv2.warpAffine(sheet.ratio, turn, size, borderMode=cv2.BORDER_REPLICATE)
    ratio = np.asarray(turned, np.float32)
    plain = np.asarray(cv2.warpAffine(sheet.plain, turn, size) > 0.95, np.float32)
    found = []
    for number in range(4):
        axis, far = (0 if number < 2 else 1), number % 2 == 1
        tones = ratio if axis == 0 else ratio.transpose(1, 0, 2)
        clear = plain if axis == 0 else plain.T
        along = SIDE_SHARE * half[1 - axis]
        middle = centre[1 - axis]
        rows = slice(max(0, round(middle - along)), max(0, round(middle + along)))
        guess = centre[axis] + (half[axis] if far else -half[axis])
        reach = REACH_MM * WORK_PX_PER_MM
        low, high = max(0, round(guess - reach)), min(tones.shape[1], round(guess + reach))
        inwards = slice(None, None, -1 if far else 1)
        side = _side(tones[rows, low:high][:, inwards], clear[rows, low:high][:, inwards], limits)
        start, way = (high, -1) if far else (low, 1)
        steps = tuple((start + way * at, size) for at, size in side.steps)
        place = start + way * side.place
        found.append(replace(side, place=place, slope=way * side.slope, steps=steps))
    return found


def _side(strip: Plane, clear: Plane, limits: Limits) -> Side:
    """The edge in a strip whose rows run along the side, columns from the paper inwards."""
    nothing = Side(math.nan, 0.0, 0.0, False)
    if strip.shape[0] < 4 * PARTS or strip.shape[1] < 30:
        return nothing
    tones, rows = _tones(strip, clear)
    sizes = np.abs(_steps(_held(tones))).max(axis=2)
    common = _common(sizes, np.isfinite(_steps(tones)[..., 0]))
    side, least, tried = nothing, math.inf, -99
    for first in np.flatnonzero(common > limits["step_share"]):
        if first - tried < 4:
            continue
        tried = int(first)
        while tried > 3 and not np.isfinite(tones[:, tried - 1, 0]).any():
            tried -= 1  # it may lie anywhere under the printing
        line = _line(tried + int(common[tried : tried + 5].argmax()), sizes, rows, limits)
        edge = edge_in(_profile(tones, line.slope * (rows - rows.mean())), tried, limits)
        if edge.misfit < least or math.isnan(side.place):
            side, least = _side_at(edge, line, limits), edge.misfit
        if edge.misfit <= 1:
            break
    steps = np.flatnonzero(common > limits["step_share"])
    return replace(side, steps=tuple((float(at), float(common[at])) for at in steps))


def _side_at(edge: Edge, line: Side, limits: Limits) -> Side:
    seen = line.seen and edge.misfit <= 1
    fits = edge.misfit <= limits["standard_misfit"]
    return Side(edge.place, line.slope, edge.step, seen, fits)


def _tones(strip: Plane, clear: Plane) -> tuple[Plane, Plane]:
    """Light and two colour differences, parts x columns x 3, NaN where hidden; middle rows."""
    cuts = np.linspace(0, strip.shape[0], PARTS + 1).astype(int)
    count = np.add.reduceat(clear, cuts[:-1], axis=0)
    sums = np.add.reduceat(strip * clear[..., None], cuts[:-1], axis=0)
    known = count >= 0.25 * np.diff(cuts)[:, None]
    levels = np.where(known[..., None], sums / np.maximum(count, 1)[..., None], np.nan)
    light = levels @ LIGHT
    colours = (COLOUR_SHARE * (levels[..., c] - light) for c in (0, 2))
    return np.stack([light, *colours], axis=2), (cuts[:-1] + cuts[1:] - 1) / 2


def _held(tones: Plane) -> Plane:
    """Hidden tones taken from outside them."""
    out = tones.copy()
    for part in out:
        known = np.isfinite(part[:, 0])
        if not known.any():
            part[:] = (1.0, 0.0, 0.0)
            continue
        last = np.maximum.accumulate(np.where(known, np.arange(len(part)), -1))
        part[:] = part[np.where(last < 0, int(known.argmax()), last)]
    return out


def _steps(tones: Plane) -> Plane:
    """Two columns after each boundary less two before it, parts x columns + 1 x 3."""
    steps = np.zeros((tones.shape[0], tones.shape[1] + 1, tones.shape[2]))
    steps[:, 2:-2] = (tones[:, 2:-1] + tones[:, 3:] - tones[:, :-3] - tones[:, 1:-2]) / 2
    return steps


def _common(sizes: Plane, seen: NDArray[np.bool_]) -> Plane:
    """The step that most parts have within a column, by the parts that show it."""
    near = np.maximum(sizes, np.maximum(np.roll(sizes, 1, 1), np.roll(sizes, -1, 1)))
    count = seen.sum(axis=0)
    some = count >= ENOUGH_PARTS
    ordered = np.sort(np.where(seen | ~some, near, np.inf), axis=0)
    rank = LOW_QUANTILE * (np.where(some, count, len(sizes)) - 1)
    low = np.floor(rank).astype(int)
    columns = np.arange(sizes.shape[1])
    lower, upper = ordered[low, columns], ordered[np.minimum(low + 1, len(sizes) - 1), columns]
    share = rank - low
    return np.where(share > 0, lower + share * (np.where(share > 0, upper, 0) - lower), lower)


def _profile(tones: Plane, shifts: Plane) -> Plane:
    """Median over the parts, each moved by its shift so that the side is upright."""
    columns = np.arange(tones.shape[1])
    moved = [
        [np.interp(columns + shift, columns, part[:, c]) for c in range(3)]
        for shift, part in zip(shifts, tones, strict=True)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns that every part has hidden
        return np.asarray(np.nanmedian(moved, axis=0).T)


def _line(at: int, sizes: Plane, rows: Plane, limits: Limits) -> Side:
    """A straight line through the steps of the parts near a column."""
    low, high = max(0, at - 3), min(sizes.shape[1], at + 4)
    window = sizes[:, low:high]
    sharp = np.clip(window - 0.35 * window.max(axis=1, keepdims=True), 0, None)
    places = (sharp * np.arange(low, high)).sum(axis=1) / np.maximum(sharp.sum(axis=1), 1e-9)
    trust = np.minimum(window.max(axis=1), 0.1)
    strong = trust > 0.5 * limits["step_share"]
    middle, keep = float(rows.mean()), strong
    slope, place, off = 0.0, float(at), np.zeros(len(rows))
    for _ in range(3):
        if keep.sum() < 4:
            return Side(float(at), 0.0, 0.0, False)
        slope, place = np.polyfit(rows[keep] - middle, places[keep], 1, w=np.sqrt(trust[keep]))
        off = np.abs(places - (slope * (rows - middle) + place))
        keep = strong & (off <= max(0.6, 2 * float(np.median(off[keep]))))
    straight = (
        float(np.median(off[keep])) <= limits["line_px"] and int(keep.sum()) >= ENOUGH_STRAIGHT
    )
    enough = int(keep.sum()) >= ENOUGH_STRAIGHT
    return Side(float(place), float(slope), 0.0, straight and enough)
