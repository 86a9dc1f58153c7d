"""A stacked bar chart as plain geometry; the template writes it as SVG, CSS colours it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.domain.documents import Route
from pipeline.store.measuring.figures import Throughput

ROUTES = tuple(route.value for route in Route)
WIDTH, HEIGHT = 960, 300
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 14, 34
_TICKS_WANTED = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a stack."""

    x: float
    y: float
    w: float
    h: float
    route: str
    count: int
    slot: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Geometry in the units of the view box.

    Attributes:
        decided: Points of the line of decided documents, as SVG wants them.
    """

    width: int
    height: int
    left: int
    right: int
    bottom: int
    bars: tuple[Bar, ...]
    decided: str
    dots: tuple[tuple[float, float], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    total: int


def stacked(figures: Throughput, unit: str) -> Chart:
    """The chart of a throughput.

    Args:
        figures: Counts by slot.
        unit: ``hour`` or ``day``, for the labels.
    """
    slots = len(figures.slots)
    totals = [sum(counts[n] for counts in figures.loaded.values()) for n in range(slots)]
    step = _nice_step(max([*totals, *figures.decided, 1]))
    top = step * math.ceil(max([*totals, *figures.decided, 1]) / step)
    floor, plot = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    pitch = (WIDTH - LEFT - RIGHT) / slots
    bars = []
    for n in range(slots):
        y = float(floor)
        for route in ROUTES:
            count = figures.loaded.get(route, [0] * slots)[n]
            if count:
                h = plot * count / top
                y -= h
                x = LEFT + pitch * n + pitch * 0.12
                bars.append(Bar(_r(x), _r(y), _r(pitch * 0.76), _r(h), route, count, n))
    dots = tuple(
        (_r(LEFT + pitch * (n + 0.5)), _r(floor - plot * count / top))
        for n, count in enumerate(figures.decided)
    )
    every = max(1, slots // 8)
    label = "%H:00" if unit == "hour" else "%m/%d"
    return Chart(
        WIDTH,
        HEIGHT,
        LEFT,
        WIDTH - RIGHT,
        floor,
        tuple(bars),
        " ".join(f"{x},{y}" for x, y in dots),
        tuple(d for d, count in zip(dots, figures.decided, strict=True) if count),
        tuple(
            Tick(_r(LEFT + pitch * (n + 0.5)), slot.strftime(label))
            for n, slot in enumerate(figures.slots)
            if (slots - 1 - n) % every == 0
        ),
        tuple(
            Tick(_r(floor - plot * value / top), str(value)) for value in range(0, top + 1, step)
        ),
        sum(totals),
    )


def _nice_step(most: int) -> int:
    rough = max(1.0, most / _TICKS_WANTED)
    power = 10 ** math.floor(math.log10(rough))
    return int(next(m * power for m in (1, 2, 5, 10) if m * power >= rough))


def _r(value: float) -> float:
    return round(value, 1)
