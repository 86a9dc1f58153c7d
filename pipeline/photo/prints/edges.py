"""The cut edge of a print in the tones across one of its sides.

From the paper inwards the tones are: paper; where light falls from the other side, the print's
own shadow, which darkens without colouring and may begin sharply or softly; the edge; the print.
Every such course is drawn for a scanner's blur and fitted by least squares at every place; the
edge is where one fits within the noise and a course without an edge does not. A shadow that ends
at no edge is no shadow but a grey wall, and its beginning is the edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.photo.thresholds import Limits

Plane = NDArray[np.floating[Any]]

OUT, IN = 18, 6  # samples outside and inside an edge that a course describes
BACK, AHEAD = 3, 14  # samples round the first step in which an edge is looked for
BLURS = (0.7, 1.0, 1.35)  # standard deviations of a scanner's blur, samples
SOFTNESSES = (0.5, 0.9, 1.4, 2.0, 2.8)  # standard deviations of a shadow's beginning, samples
FRACTIONS = (0.0, 0.25, 0.5, 0.75)
DARKEST_SHADOW = 0.65
NEAR = 1.6  # samples: courses this close tell of one edge
FINE = 8  # steps a sample when courses are drawn


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge across a profile.

    Attributes:
        place: Samples from the profile's beginning.
        step: Share of the paper's tone by which print and surroundings differ there.
        misfit: Of the course that fits best: 1 is the noise; infinite where none fits.
    """

    place: float
    step: float
    misfit: float


@dataclass(frozen=True, slots=True)
class _Courses:
    """What the tones across an edge can look like, courses x samples, darkening counted up."""

    shadow: Plane  # ends at the edge
    endless: Plane  # the same shadow without an edge
    edge: Plane
    reached: Plane  # share of its depth that the shadow has at the edge
    fraction: Plane  # place of the edge within its sample


@dataclass(frozen=True, slots=True)
class _Fit:
    rest: float  # noise variances a sample that the course leaves
    place: float
    step: float
    gain: float  # what the course without an edge leaves, less this one's


def edge_in(profile: Plane, first: int, limits: Limits) -> Edge:
    """The edge near the first step of a profile.

    Args:
        profile: Samples x 3 from the paper inwards: light and two colour differences, shares of
            the paper's tone; NaN where the form's printing hides them.
        first: Sample at which the tones begin to change.
        limits: Of the artefact, part ``print``.
    """
    fits, shadowed = _fits(profile, first, limits)
    gain = limits["edge_gain"]
    plain = _best([f for f in fits if f.gain >= gain], limits)
    ended = _best([f for f in shadowed if f.gain >= gain and _misfit(f, limits) <= 1], limits)
    faint = _best([f for f in shadowed if f.gain >= gain / 4], limits)
    chosen = plain
    # A shadow is the dearer explanation: it needs an end, or a clearly better fit.
    better = math.inf if plain is None else plain.rest - limits["shadow_worth"]
    if ended is not None and (
        plain is None or ended.place > plain.place - 1 or ended.rest < better
    ):
        chosen = ended
    elif faint is not None and faint.rest < better:
        chosen = faint
    if chosen is None:
        return Edge(float(first), 0.0, math.inf)
    return Edge(chosen.place, chosen.step, _misfit(chosen, limits))


def _misfit(fit: _Fit, limits: Limits) -> float:
    """1 where a fit just counts: within the noise, or all but little of a large change told."""
    noise = fit.rest / limits["fit_noise"]
    if not noise <= 4:
        return math.inf
    untold = fit.rest / max(fit.gain + fit.rest, 1e-9)
    return min(noise, untold / limits["fit_rest_share"])


def _best(fits: list[_Fit], limits: Limits) -> _Fit | None:
    fits = [f for f in fits if f.step >= limits["step_share"]]
    fitting = [f for f in fits if _misfit(f, limits) <= 1]
    if not fitting:
        return min(fits, key=lambda f: f.rest, default=None)
    most = max(fitting, key=lambda f: f.gain)
    return min((f for f in fitting if abs(f.place - most.place) <= NEAR), key=lambda f: f.rest)


def _fits(profile: Plane, first: int, limits: Limits) -> tuple[list[_Fit], list[_Fit]]:
    """The best course at every place: from paper to print, and with a shadow between."""
    courses = _courses()
    darkening, weight = _prepared(profile, first, limits)
    places = np.arange(max(first - BACK, 0), min(first + AHEAD, len(profile) - IN))
    take = places[:, None] + np.arange(OUT + IN)
    y, w = darkening[take], weight[take]  # places x samples
    w = _trusting(y[..., 0], w, limits)
    on_both_sides = (w[:, OUT - 3 : OUT + 1] > 0).any(1) & (w[:, OUT : OUT + 4] > 0).any(1)
    count = np.maximum((w > 0).sum(axis=1), 1)
    light, wl = y[..., 0], (w * y[..., 0]).T
    # Normal equations of every course (rows) at every place (columns).
    shadow, edge, endless = courses.shadow, courses.edge, courses.endless
    ss, se, ee, hh = (v @ w.T for v in (shadow**2, shadow * edge, edge**2, endless**2))
    sy, ey, hy = shadow @ wl, edge @ wl, endless @ wl
    ee = np.maximum(ee, 1e-9)
    yy = (w * light**2).sum(axis=1)
    cc = (w[..., None] * y[..., 1:] ** 2).sum(axis=(1, 2))
    by_colour = [edge @ (w * y[..., c]).T for c in (1, 2)]
    colour_step = np.maximum(*(np.abs(v) / ee for v in by_colour))
    colour = cc - sum(v**2 for v in by_colour) / ee
    flat = (yy - ey**2 / ee + colour) / count
    flat_step = np.maximum(np.abs(ey / ee), colour_step)
    depth = (sy * ee - ey * se) / np.maximum(ss * ee - se**2, 1e-9)
    height = (ey - depth * se) / ee
    shaded = (
        yy - 2 * depth * sy - 2 * height * ey + depth**2 * ss + 2 * depth * height * se
        + height**2 * ee + colour
    ) / count  # fmt: skip
    reached = depth * courses.reached[:, None]
    shaded_step = np.maximum(np.abs(height - reached), colour_step)
    allowed = (depth >= limits["shadow_from"]) & (depth <= DARKEST_SHADOW)
    allowed &= (reached >= limits["shadow_seen"]) & (shaded_step >= limits["step_share"])
    # Where all but nothing changes at its end, the shadow is the print's own wall.
    allowed &= shaded_step >= limits["shadow_end"] * reached
    shaded = np.where(allowed, shaded, np.inf)
    alone = np.clip(hy / np.maximum(hh, 1e-9), 0, DARKEST_SHADOW)
    no_end = ((yy - 2 * alone * hy + alone**2 * hh + cc) / count).min(axis=0)
    nothing = (yy + cc) / count
    plain: list[_Fit] = []
    shadowed: list[_Fit] = []
    for k in np.flatnonzero(on_both_sides):
        for leaves, steps, without, found in (
            (flat, flat_step, nothing[k], plain),
            (shaded, shaded_step, min(no_end[k], nothing[k]), shadowed),
        ):
            n = int(leaves[:, k].argmin())
            place = float(places[k] + courses.fraction[n])
            rest = float(leaves[n, k])
            found.append(_Fit(rest, place, float(steps[n, k]), float(without) - rest))
    return plain, shadowed


def _prepared(profile: Plane, first: int, limits: Limits) -> tuple[Plane, Plane]:
    """Darkening against the paper outside, padded; how far each sample is to be trusted."""
    outside = profile[max(0, first - 24) : max(first - 2, 1)]
    outside = outside[np.isfinite(outside[:, 0])]
    paper, grain = np.array((1.0, 0.0, 0.0)), 0.0
    if len(outside) > 3:
        paper = np.median(outside, axis=0)
        grain = 1.48 * float(np.median(np.abs(outside[:, 0] - paper[0])))
    darkening = np.pad((paper - profile) / paper[0], ((OUT, IN), (0, 0)), mode="edge")
    known = np.isfinite(darkening[:, 0])
    darkening[~known] = 0
    # On a flank a small shift is a large difference.
    flank = np.abs(np.gradient(darkening[:, 0]))
    noise = max(grain, limits["noise_share"]) + limits["flank_share"] * flank
    return darkening, np.where(known, 1 / noise**2, 0.0)


def _trusting(light: Plane, weight: Plane, limits: Limits) -> Plane:
    """Weights again, places x samples: prints are not even, nor is paper, beside a strong edge."""
    inside = np.arange(OUT + IN) > OUT
    within = np.abs(light[:, OUT + 1 :]).mean(axis=1, keepdims=True)
    more = limits["inside_share"] * np.abs(light) * inside + limits["uneven_share"] * within
    noise = 1 / np.sqrt(np.maximum(weight, 1e-9)) + more
    return np.where(weight > 0, 1 / noise**2, 0.0)


@lru_cache(maxsize=1)
def _courses() -> _Courses:
    xs = (np.arange(-40 * FINE, 20 * FINE) + 0.5) / FINE
    rows: list[tuple[Plane, Plane, Plane, float, float]] = []
    for blur in BLURS:
        kernel = np.exp(-((np.arange(-6 * FINE, 6 * FINE + 1) / FINE / blur) ** 2) / 2)
        kernel /= kernel.sum()
        edge = _blurred(xs > 0, kernel, xs)
        for soft in SOFTNESSES:
            for begin in np.arange(-9.5, 2.6, 0.5 if soft < 1 else 1.0):
                raw = np.array([_normal((x - begin) / soft) for x in xs])
                shadow = _blurred(raw * (xs < 0), kernel, xs, end=0.0)
                endless = _blurred(raw, kernel, xs)
                for fraction in FRACTIONS:
                    at = np.arange(-OUT, IN) + 0.5 - fraction
                    drawn = (np.interp(at, xs, v) for v in (shadow, endless, edge))
                    rows.append((*drawn, _normal(-begin / soft), fraction))  # type: ignore[arg-type]
    return _Courses(*(np.array(v) for v in zip(*rows, strict=True)))


def _blurred(values: Any, kernel: Plane, xs: Plane, end: float = 1.0) -> Plane:
    out = np.convolve(np.asarray(values, float), kernel, "same")
    out[xs > 10] = end  # the convolution knows nothing beyond the last sample
    return out


def _normal(x: float) -> float:
    return 0.5 + 0.5 * math.erf(x / math.sqrt(2))
