"""What a site's own measurements say: reliability, risk and coverage, and the site's artefact.

Arithmetic on pairs of a stated confidence and whether the value was right; where they come from
(composed forms with real ink, or values that people keyed blind) is the caller's business.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.readers.calibrating.calibration import calibration_error, risk_coverage
from pipeline.readers.risk.acceptance import SITE_FILE, Source
from pipeline.readers.risk.risk_curves import (
    RiskCurve,
    lower_bound,
    upper_bound,
)
from pipeline.vault.private_files import make_folder, write_private

BINS = 10
COVERAGE = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


class Verdict(StrEnum):
    """What the data says about the target for one kind of field."""

    SHOWN = "shown"  # the upper end of the interval lies within the target
    EXCEEDED = "exceeded"  # the lower end lies above it
    UNDECIDED = "undecided"  # neither: too few readings


@dataclass(frozen=True, slots=True)
class Bin:
    """Readings of about the same confidence.

    Attributes:
        low: Least confidence in it.
        high: Highest confidence in it.
        stated: Mean confidence: the share that should be right.
        right: How many were right.
        surely_below: Even the upper end of the one-sided 95 % interval of the share that is right
            lies below what was stated: the readings are less sure than they say.
    """

    low: float
    high: float
    n: int
    stated: float
    right: int
    surely_below: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of field as measured.

    Attributes:
        kind: As the risk curves name it.
        n: Readings.
        errors: How many were wrong.
        target: Largest share of errors.
        low: Lower end of the one-sided 95 % interval of the share of errors.
        high: Upper end of it: no better than this is proven.
        verdict: What that says about the target.
        needed: Readings without one error that would show the target.
        calibration_error: Mean gap between stated and seen, over bins of equal count.
        bins: The reliability table.
        coverage: For shares of the surest readings, the share of errors among them.
        curve: Risk by threshold.
    """

    kind: str
    n: int
    errors: int
    target: float
    low: float
    high: float
    verdict: Verdict
    needed: int
    calibration_error: float
    bins: tuple[Bin, ...]
    coverage: tuple[tuple[float, float], ...]
    curve: RiskCurve

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "n": self.n,
            "errors": self.errors,
            "target": self.target,
            "low": self.low,
            "high": self.high,
            "verdict": self.verdict.value,
            "needed_without_error": self.needed,
            "calibration_error": round(self.calibration_error, 6),
            "reliability": [
                {
                    "from": b.low,
                    "to": b.high,
                    "n": b.n,
                    "stated": round(b.stated, 6),
                    "right": b.right,
                    "surely_below": b.surely_below,
                }
                for b in self.bins
            ],
            "risk_coverage": [[share, round(risk, 6)] for share, risk in self.coverage],
            "curve": self.curve.as_dict(),
        }


def reliability(confidence: Floats, right: Truths, bins: int = BINS) -> tuple[Bin, ...]:
    """Readings in bins of equal count, least sure first: what was stated, what was right."""
    table = []
    for part in np.array_split(np.argsort(confidence, kind="stable"), bins):
        if not len(part):
            continue
        stated, good = float(confidence[part].mean()), int(right[part].sum())
        at_most_right = 1 - lower_bound(len(part) - good, len(part))
        table.append(
            Bin(
                float(confidence[part].min()),
                float(confidence[part].max()),
                len(part),
                stated,
                good,
                at_most_right < stated,
            )
        )
    return tuple(table)


def measure(
    kind: str,
    confidence: Floats,
    right: Truths,
    curve: RiskCurve,
    per_million: float,
    *,
    accepted: bool,
) -> Measured:
    """Everything about one kind of field.

    Args:
        kind: As the risk curves name it.
        confidence: N stated probabilities.
        right: Whether each was right.
        curve: Risk by threshold of these readings.
        per_million: The office's ``silent_errors_per_million``.
        accepted: The readings are those that the machine accepted, so that all of them together
            bear on the target; else only those from the threshold on that the curve gives.
    """
    n, errors = len(confidence), int((~right).sum())
    choice = curve.choose(per_million)
    low, high = lower_bound(errors, n), upper_bound(errors, n)
    if not accepted:
        low = lower_bound(choice.step.errors, choice.step.held)
        high = choice.step.bound
    verdict = Verdict.UNDECIDED
    if high <= choice.target:
        verdict = Verdict.SHOWN
    elif low > choice.target:
        verdict = Verdict.EXCEEDED
    return Measured(
        kind,
        n,
        errors,
        choice.target,
        low,
        high,
        verdict,
        choice.needed,
        calibration_error(confidence, right),
        reliability(confidence, right),
        tuple(risk_coverage(confidence, right, COVERAGE)) if n else (),
        curve,
    )


def site_artefact(
    source: Source,
    measured: Sequence[Measured],
    models: Mapping[str, str],
    per_million: float,
    now: dt.datetime,
    head: str = "",
) -> dict[str, Any]:
    """The content of the site's artefact.

    Args:
        source: Where the readings come from.
        measured: By kind of field.
        models: The versions of the shipped artefacts, by reader.
        per_million: The office's setting when it was made; a later one picks from the curves.
        now: The moment, UTC.
        head: The version of the site's own weights, where it has some.
    """
    return {
        "version": f"site/{now:%Y%m%dT%H%M%SZ}",
        "source": source.value,
        "made": {"on": now.date().isoformat(), "silent_errors_per_million": per_million},
        "models": dict(models),
        "head": head,
        "curves": {one.kind: one.curve.as_dict() for one in measured if _tells(source, one)},
        "measured": [one.as_dict() for one in measured],
    }


def _tells(source: Source, one: Measured) -> bool:
    """Whether a curve is to be in force: an evaluation too small to tell leaves the shipped one."""
    return one.n > 0 and (source == Source.DECISIONS or one.verdict != Verdict.UNDECIDED)


def write_site_artefact(home: Path, content: Mapping[str, Any]) -> Path:
    """Writes the artefact whole or not at all; to go back to the shipped one, remove it.

    Args:
        home: The installation's home folder.
        content: As ``site_artefact`` makes it.
    """
    path = home / SITE_FILE
    make_folder(path.parent)
    write_private(path, (json.dumps(content, indent=1) + "\n").encode())
    return path
