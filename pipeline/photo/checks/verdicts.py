"""From a value and its limits to a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict

Extra = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """One of several measures of a check.

    Attributes:
        value: As measured.
        unit: Of the value; tells also what was measured where a check has several measures.
        verdict: What this measure alone says.
        limit: What the value was held against.
    """

    value: float
    unit: str
    verdict: Verdict
    limit: float


def measured_above(value: float, unit: str, review: float, fail: float | None = None) -> Measure:
    """Bad when large; without a limit to fail it goes to a person at most."""
    verdict, limit = above(value, review, float("inf") if fail is None else fail)
    return Measure(value, unit, verdict, limit)


def measured_below(value: float, unit: str, review: float, fail: float | None = None) -> Measure:
    """Bad when small; without a limit to fail it goes to a person at most."""
    verdict, limit = below(value, review, float("-inf") if fail is None else fail)
    return Measure(value, unit, verdict, limit)


def decided(check: PhotoCheckName, measures: Sequence[Measure], extra: Extra) -> PhotoCheck:
    """The check with the measure that decided it: the first, unless a later one says worse."""
    heaviest = worst(*(m.verdict for m in measures))
    one = next(m for m in measures if m.verdict == heaviest)
    return PhotoCheck(check, one.verdict, one.value, one.unit, one.limit, extra)


def above(value: float, review: float, fail: float) -> tuple[Verdict, float]:
    """Bad when large: the verdict and the limit that the value was held against."""
    if value > fail:
        return Verdict.FAIL, fail
    return (Verdict.REVIEW if value > review else Verdict.PASS), review


def below(value: float, review: float, fail: float) -> tuple[Verdict, float]:
    """Bad when small: the verdict and the limit that the value was held against."""
    if value < fail:
        return Verdict.FAIL, fail
    return (Verdict.REVIEW if value < review else Verdict.PASS), review


def worst(*verdicts: Verdict) -> Verdict:
    """The heaviest: fail, review, not assessable, pass."""
    order = (Verdict.FAIL, Verdict.REVIEW, Verdict.NOT_ASSESSABLE, Verdict.PASS)
    return next((v for v in order if v in verdicts), Verdict.PASS)


def not_assessable(check: PhotoCheckName, unit: str, extra: Extra = ()) -> PhotoCheck:
    """A check that this photo does not allow."""
    return PhotoCheck(check, Verdict.NOT_ASSESSABLE, None, unit, None, extra)
