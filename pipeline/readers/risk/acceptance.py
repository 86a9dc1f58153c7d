"""What decides acceptance now: shipped curves, the office's target, and what the site has seen.

Every kind of field has a risk curve in a shipped artefact. The office's setting picks the
threshold from it. A site may have measured for itself (``uketsuke calibrate``):

* from an evaluation, its curve takes the place of the shipped one;
* from its own decisions, its curve can only raise a threshold: where the blind sample proves
  that the target is exceeded, the threshold rises to where it no longer does. Decisions tell
  nothing of readings that were never accepted, so they cannot lower one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.domain.errors import DefectError
from pipeline.readers.risk.risk_curves import NEVER, Choice, RiskCurve, lower_bound

SITE_FILE = Path("thresholds") / "site-v1.json"
STANDARD_PER_MILLION = 370
"""Silent errors of careful single keying (Paulsen et al. 2012): what the artefacts ship for."""


class Source(StrEnum):
    """Where a threshold comes from."""

    SHIPPED = "shipped"
    EVALUATION = "evaluation"
    DECISIONS = "decisions"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The threshold of one kind of field as it is in force, and what stands behind it.

    Attributes:
        kind: ``my_number``, ``digits``, ``date``, ``text_printed`` ... (values) or
            ``character_digits``, ``character_capitals`` (single characters that are not flagged).
        threshold: Least confidence; above 1 where nothing is accepted.
        target: Largest share of errors among what is accepted.
        supported: Whether the data proves it.
        held: Readings at or above the threshold in that data; at the strictest step where
            nothing is accepted.
        errors: How many of those were wrong.
        bound: Upper end of the one-sided 95 % interval of their share.
        source: Whose data.
    """

    kind: str
    threshold: float
    target: float
    supported: bool
    held: int
    errors: int
    bound: float
    source: Source

    @property
    def never(self) -> bool:
        """Nothing of this kind is accepted."""
        return self.threshold > 1.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "threshold": None if self.never else self.threshold,
            "target": self.target,
            "supported": self.supported,
            "n": self.held,
            "errors": self.errors,
            "bound": self.bound,
            "source": self.source.value,
        }


@dataclass(frozen=True, slots=True)
class SiteThresholds:
    """What a site measured for itself.

    Attributes:
        version: ``site/`` and the moment it was made, for lineage.
        source: From an evaluation or from decisions.
        models: For which artefacts it holds, by reader (``characters``, ``dates``, ``text``):
            a curve of another model says nothing about this one.
        curves: By kind of field.
        head: The version of the site's own weights that were in use; empty where none were.
    """

    version: str
    source: Source
    models: Mapping[str, str]
    curves: Mapping[str, RiskCurve]
    head: str = ""

    @classmethod
    def load(cls, home: Path) -> SiteThresholds | None:
        """The site's artefact, or None where it has none.

        Args:
            home: The installation's home folder.

        Raises:
            DefectError: ``SITE_THRESHOLDS_BROKEN``.
        """
        try:
            return cls.from_dict(json.loads((home / SITE_FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise DefectError(
                "SITE_THRESHOLDS_BROKEN",
                ja="この設置環境で作ったしきい値のファイルが壊れています。",
                en="The thresholds that this site made cannot be used.",
                remedy_ja=f"{SITE_FILE} を消すと配布時のしきい値に戻ります。"
                "`uketsuke calibrate` で作り直せます。",
                remedy_en=f"Remove {SITE_FILE} to go back to the shipped thresholds; "
                "`uketsuke calibrate` makes it anew.",
            ) from None

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> SiteThresholds:
        """From the content of an artefact.

        Raises:
            KeyError, ValueError, TypeError, AttributeError: Where it is not one.
        """
        return cls(
            version=str(content["version"]),
            source=Source(content["source"]),
            models={str(k): str(v) for k, v in content["models"].items()},
            curves={k: RiskCurve.from_dict(v) for k, v in content["curves"].items()},
            head=str(content.get("head", "")),
        )

    def of(self, reader: str, version: str) -> SiteThresholds | None:
        """Itself where it was made for this version of a reader's artefact, else None."""
        return self if self.models.get(reader) == version else None


def decide(
    kind: str, shipped: RiskCurve, per_million: float, site: SiteThresholds | None = None
) -> Acceptance:
    """The threshold in force for a kind of field.

    Args:
        kind: The kind.
        shipped: Its curve in the shipped artefact.
        per_million: The office's setting.
        site: What the site measured for the models in use, if anything.
    """
    own = site.curves.get(kind) if site is not None else None
    if own is not None and site is not None and site.source == Source.EVALUATION:
        return _acceptance(kind, own.choose(per_million), Source.EVALUATION)
    choice = shipped.choose(per_million)
    found = _acceptance(kind, choice, Source.SHIPPED)
    if own is None:
        return found
    return _raised(found, own, per_million)


def _acceptance(kind: str, choice: Choice, source: Source) -> Acceptance:
    step = choice.step
    return Acceptance(
        kind,
        choice.threshold,
        choice.target,
        choice.supported,
        step.held,
        step.errors,
        step.bound,
        source,
    )


def _raised(found: Acceptance, own: RiskCurve, per_million: float) -> Acceptance:
    """The shipped choice, raised to where decisions no longer contradict the target."""
    target = own.target(per_million)
    least, refuted = 0.0, False
    for step in own.steps:
        if lower_bound(step.errors, step.held) > target:
            refuted = True
            break
        least = step.threshold
    if not refuted:
        return found
    if own.steps and lower_bound(own.steps[0].errors, own.steps[0].held) > target:
        least = NEVER
    if least <= found.threshold:
        return found
    at = next((s for s in own.steps if s.threshold == least), own.steps[0])
    return Acceptance(
        found.kind, least, target, False, at.held, at.errors, at.bound, Source.DECISIONS
    )
