"""Which threshold a target asks for: what was measured at every step, and the choice among them.

A curve holds, for a fixed series of thresholds from strict to lax, how many readings were at or
above each, how many of those were wrong, and the upper end of the exact one-sided 95 % interval
of that share (Clopper & Pearson 1934). The thresholds stand at fixed shares of the readings, by
confidence alone: no right or wrong decides where a step is.

The choice goes from the first step towards the laxer ones and stops before the first whose bound
lies above the target. That is fixed-sequence testing (Angelopoulos et al., "Learn then Test",
2021): the bound holds for the step chosen though several were looked at. Where the first step
already fails, the data does not support the target and nothing is accepted. A stricter target
never gets further along the series, so it never accepts more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEVER = 1.01
CONFIDENCE = 0.95
MILLION = 1e6
# From the half that is surest to everything: shares of the readings that reach a step.
STEPS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.84, 0.87, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0)
# For kinds of which only the surest may ever be accepted, where much can be simulated.
FINE_STEPS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, *STEPS)

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


def upper_bound(errors: int, n: int, confidence: float = CONFIDENCE) -> float:
    """The share of errors that n readings with so many errors cannot rule out.

    Exact and one-sided; with no error it is ``1 - (1 - confidence) ** (1 / n)``, about 3 / n.
    """
    if n <= 0 or errors >= n:
        return 1.0
    return _beta_quantile(confidence, errors + 1, n - errors)


def lower_bound(errors: int, n: int, confidence: float = CONFIDENCE) -> float:
    """The share of errors that is proven to be exceeded; exact and one-sided."""
    if n <= 0 or errors <= 0:
        return 0.0
    return _beta_quantile(1 - confidence, errors, n - errors + 1)


# Imported where they are asked for: only measuring asks, and the distributions would cost every
# worker and the desk 30 MB of memory.
def _beta_quantile(share: float, a: float, b: float) -> float:
    from scipy import special

    return float(special.betaincinv(a, b, share))


def _student_quantile(share: float, freedom: int) -> float:
    from scipy import special

    return float(special.stdtrit(freedom, share))


def needed_without_error(target: float, confidence: float = CONFIDENCE) -> int:
    """How many readings without one error show that the share is within the target."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-target))


@dataclass(frozen=True, slots=True)
class Step:
    """One threshold and what was seen at or above it.

    Attributes:
        threshold: Least confidence.
        held: Readings at or above it.
        errors: How many of those were wrong.
        bound: Upper end of the one-sided 95 % interval of the share of errors.
    """

    threshold: float
    held: int
    errors: int
    bound: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The threshold for a target.

    Attributes:
        threshold: Least confidence that is accepted; ``NEVER`` where the data supports none.
        target: Largest share of errors, after the kind's own relation to the office's setting.
        supported: Whether the data proves the target at that threshold.
        step: What was seen there; at the first step where nothing is accepted.
        n: Readings in all.
    """

    threshold: float
    target: float
    supported: bool
    step: Step
    n: int

    @property
    def needed(self) -> int:
        """Readings without one error that would support the target."""
        return needed_without_error(self.target)


@dataclass(frozen=True, slots=True)
class RiskCurve:
    """What was measured for one kind of field.

    Attributes:
        relative: The kind's target as a multiple of the office's
            ``silent_errors_per_million``. Kinds differ in what vouches for them and in what
            the data can show; the setting moves all of them together.
        n: Readings that nothing but their confidence keeps from acceptance.
        steps: From strict to lax.
    """

    relative: float
    n: int
    steps: tuple[Step, ...]

    def target(self, per_million: float) -> float:
        """Largest share of errors of this kind under the office's setting."""
        return min(1.0, self.relative * per_million / MILLION)

    def choose(self, per_million: float) -> Choice:
        """The laxest threshold that the data supports for the office's setting."""
        target = self.target(per_million)
        chosen: Step | None = None
        for step in self.steps:
            if step.bound > target:
                break
            chosen = step
        if chosen is None:
            first = self.steps[0] if self.steps else Step(NEVER, 0, 0, 1.0)
            return Choice(NEVER, target, False, first, self.n)
        return Choice(chosen.threshold, target, True, chosen, self.n)

    def down_to(self, least: float) -> RiskCurve:
        """The same without steps that would take readings less sure than this, one by one."""
        kept = tuple(step for step in self.steps if step.threshold >= least)
        return replace(self, steps=kept)

    def as_dict(self) -> dict[str, Any]:
        """For an artefact."""
        return {
            "relative": self.relative,
            "n": self.n,
            "steps": [[s.threshold, s.held, s.errors, round(s.bound, 9)] for s in self.steps],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> RiskCurve:
        """From an artefact.

        Raises:
            KeyError: Where a part is missing.
            ValueError, TypeError: Where a number is none or lies out of its range.
        """
        steps = tuple(
            Step(_within(t, NEVER), int(held), int(errors), _within(bound, 1.0))
            for t, held, errors, bound in content["steps"]
        )
        relative = float(content["relative"])
        if relative <= 0:
            raise ValueError("a relation above 0 expected")
        return cls(relative, int(content["n"]), steps)

    @classmethod
    def measured(
        cls,
        confidence: Floats,
        right: Truths,
        relative: float,
        shares: Sequence[float] = STEPS,
    ) -> RiskCurve:
        """The curve of readings that were compared with the truth.

        Args:
            confidence: N calibrated probabilities.
            right: Whether each was right.
            relative: The kind's target as a multiple of the setting.
            shares: Where the steps stand, strict first; fixed before the data is looked at.
        """
        steps = []
        for threshold in thresholds_at(confidence, shares):
            taken = confidence >= threshold
            held, errors = int(taken.sum()), int((taken & ~right).sum())
            steps.append(Step(threshold, held, errors, upper_bound(errors, held)))
        return cls(relative, len(confidence), tuple(steps))

    @classmethod
    def measured_in_parts(
        cls,
        parts: Sequence[tuple[Floats, Truths]],
        relative: float,
        shares: Sequence[float] = STEPS,
    ) -> RiskCurve:
        """The curve of readings put together from few: its bound knows how few.

        Values simulated from the characters of each part count as independent within the exact
        interval, which they are not; so a step's bound is no less than the upper end of the
        one-sided 95 % interval (Student) of the mean over the parts, which share no character.

        Args:
            parts: Confidence and truth of readings simulated from each part.
            relative: The kind's target as a multiple of the setting.
            shares: Where the steps stand, strict first; fixed before the data is looked at.
        """
        confidences, rights = (np.concatenate(column) for column in zip(*parts, strict=True))
        pooled = cls.measured(confidences, rights, relative, shares)
        steps = []
        for step in pooled.steps:
            risks = [
                float((~right[confidence >= step.threshold]).mean())
                for confidence, right in parts
                if (confidence >= step.threshold).any()
            ]
            spread = float(np.std(risks, ddof=1)) if len(risks) > 1 else 1.0
            student = _student_quantile(CONFIDENCE, max(1, len(risks) - 1))
            bound = float(np.mean(risks or [1.0])) + student * spread / max(1, len(risks)) ** 0.5
            steps.append(
                Step(step.threshold, step.held, step.errors, max(step.bound, min(1.0, bound)))
            )
        return cls(relative, pooled.n, tuple(steps))


def thresholds_at(confidence: Floats, shares: Sequence[float] = STEPS) -> list[float]:
    """The confidences that these shares of the readings reach, strict first, each once.

    They are rounded down to a millionth, as the store keeps confidences, so that a reading at a
    threshold is on the same side of it before and after it was stored.
    """
    if not len(confidence):
        return []
    ranked = np.sort(confidence)[::-1]
    places = [max(0, math.ceil(share * len(ranked)) - 1) for share in shares]
    values = [math.floor(float(ranked[i]) * MILLION) / MILLION for i in places]
    return list(dict.fromkeys(values))


def _within(value: object, highest: float) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not 0.0 <= number <= highest:
        raise ValueError("a share expected")
    return number
