"""The thresholds of all readers as they are in force at a site, and what to say about them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.calibrating.site_head import SiteHead
from pipeline.readers.dates.date_thresholds import KIND, DateThresholds
from pipeline.readers.risk.acceptance import Acceptance, SiteThresholds
from pipeline.readers.risk.risk_curves import RiskCurve
from pipeline.readers.text.text_thresholds import TextThresholds
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class ThresholdSet:
    """What every reader of a worker is given.

    Attributes:
        characters: Boxed characters, My Numbers and codes.
        dates: Boxed dates.
        text: Text fields.
        stale: The site measured for models that are no longer in use; its artefact is left alone.
    """

    characters: CharacterThresholds
    dates: DateThresholds
    text: TextThresholds
    stale: bool = False

    @classmethod
    def of(cls, settings: Settings) -> ThresholdSet:
        """The shipped artefacts under the office's target, with what the site measured.

        Raises:
            DefectError: ``THRESHOLDS_MISSING``, ``THRESHOLDS_BROKEN``,
                ``SITE_THRESHOLDS_BROKEN``, ``SITE_HEAD_BROKEN``.
        """
        site, head = SiteThresholds.load(settings.home), SiteHead.load(settings.home)
        shipped = cls.shipped_versions(settings.models)["characters"]
        fitting = head if head is not None and head.model == shipped else None
        # Thresholds hold for the weights that they were measured with.
        with_this = (
            site if site is None or site.head == (fitting.version if fitting else "") else None
        )
        found = cls.load(settings.models, settings.silent_errors_per_million, with_this)
        characters = found.characters
        if fitting is not None:
            characters = characters.with_first_view(fitting.apply, fitting.version)
        stale = found.stale or with_this is not site or fitting is not head
        return dataclasses.replace(found, characters=characters, stale=stale)

    @classmethod
    def load(cls, models: Path, per_million: float, site: SiteThresholds | None) -> ThresholdSet:
        """The artefacts of a models folder under a target.

        Raises:
            DefectError: ``THRESHOLDS_MISSING``, ``THRESHOLDS_BROKEN``.
        """
        shipped = cls.shipped_versions(models)
        return cls(
            CharacterThresholds.load(models, per_million, site),
            DateThresholds.load(models, per_million, site),
            TextThresholds.load(models, per_million, site),
            stale=site is not None
            and any(shipped.get(reader) != version for reader, version in site.models.items()),
        )

    @staticmethod
    def shipped_versions(models: Path) -> dict[str, str]:
        """The versions of the shipped artefacts by reader: what a site's artefact has to match."""
        return {
            "characters": CharacterThresholds.load(models).version,
            "dates": DateThresholds.load(models).version,
            "text": TextThresholds.load(models).version,
        }

    @property
    def curves(self) -> dict[str, RiskCurve]:
        """The shipped risk curves by kind of field."""
        text = {f"text_{k}": c.curve for k, c in self.text.classes.items()}
        every = {**self.characters.curves, KIND: self.dates.curve, **text}
        return {kind: curve for kind, curve in every.items() if curve is not None}

    @property
    def acceptances(self) -> tuple[Acceptance, ...]:
        """Every kind of field with its threshold and what stands behind it."""
        return (
            *self.characters.acceptances,
            *self.dates.acceptances,
            *self.text.acceptances,
        )
