"""From a value and its limits to a verdict."""

from __future__ import annotations

from pipeline.domain.photos import PhotoCheck, PhotoCheckName, Verdict

Extra = tuple[tuple[str, float], ...]


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
