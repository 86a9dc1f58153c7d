"""From which confidence a boxed date is accepted, from a versioned artefact.

Made by ``models/training/calibrate_dates.py`` from real ink that the network never learnt from;
the artefact says how many dates stand behind each number, and how many of them were wrong.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.readers.risk.acceptance import (
    STANDARD_PER_MILLION,
    Acceptance,
    SiteThresholds,
    decide,
)
from pipeline.readers.risk.artefacts import artefact
from pipeline.readers.risk.risk_curves import NEVER, RiskCurve

ARTEFACT = Path("thresholds") / "dates-v1.json"
_WHAT = ("日付欄のしきい値", "The thresholds of dates")
READER = "dates"
KIND = "date"


@dataclass(frozen=True, slots=True)
class DateThresholds:
    """The artefact.

    Attributes:
        version: For lineage.
        accept_from: Least confidence of a date that is accepted; a digit less sure is flagged.
            Above 1 means that the data supports no acceptance by machine.
        impossible_from: Probability that the digits name no day of the calendar from which that
            is told instead of a possible day that scores second.
        impossible_share: Share of dates on paper that name no day: what the calendar is worth as
            a witness. A half where nothing is known of it.
        shared_sure_from: Least probability of a digit whose ink runs into a neighbour or along a
            line from which it bars no acceptance; above 1 where every such digit does.
        evaluation: n, errors and bounds behind them.
        curve: Risk by threshold.
        acceptances: What the office's target made of the curve.
    """

    version: str
    accept_from: float
    impossible_from: float
    evaluation: Mapping[str, object]
    curve: RiskCurve | None = None
    acceptances: tuple[Acceptance, ...] = ()
    impossible_share: float = 0.5
    shared_sure_from: float = NEVER

    @property
    def impossible_odds(self) -> float:
        """How probable digits are that name no day, against digits that name one."""
        return self.impossible_share / (1 - self.impossible_share)

    @classmethod
    def load(
        cls,
        models: Path,
        per_million: float = STANDARD_PER_MILLION,
        site: SiteThresholds | None = None,
    ) -> DateThresholds:
        """Read the artefact of a models folder, once per process.

        Args:
            models: The folder of models.
            per_million: The office's ``silent_errors_per_million``.
            site: What the site measured; left alone where it is for another artefact.

        Raises:
            DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
        """
        return _load(models).for_target(per_million, site)

    def for_target(self, per_million: float, site: SiteThresholds | None) -> DateThresholds:
        """The same with the threshold that a target picks from the curve."""
        if self.curve is None:
            return self
        own = site.of(READER, self.version) if site is not None else None
        found = decide(KIND, self.curve, per_million, own)
        return dataclasses.replace(
            self,
            version=self.version if own is None else f"{self.version} {own.version}",
            accept_from=found.threshold,
            acceptances=(found,),
        )


@lru_cache(maxsize=4)
def _load(models: Path) -> DateThresholds:
    with artefact(models / ARTEFACT, *_WHAT) as found:
        content = found.content
        curve = content.get("curve")
        return DateThresholds(
            version=found.fingerprint,
            accept_from=_share(content["accept_from"]),
            impossible_from=_share(content["impossible_from"]),
            evaluation=content.get("evaluation", {}),
            curve=None if curve is None else RiskCurve.from_dict(curve),
            impossible_share=_share(content["impossible_share"]),
            shared_sure_from=_share(content.get("shared_sure_from", NEVER)),
        )


def _share(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not 0.0 <= number <= 1.01:
        raise ValueError("a probability expected")
    return number
