"""Calibration and thresholds of text fields, from a versioned artefact; none is a number in code.

Made by ``models/training/calibrate_text.py`` from composed, printed and scanned text that is held
apart from everything else; the artefact says how many fields each threshold rests on.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.documents import DATE_FIELDS, FieldName
from pipeline.forms.definition import Zone
from pipeline.readers.risk.acceptance import (
    STANDARD_PER_MILLION,
    Acceptance,
    SiteThresholds,
    decide,
)
from pipeline.readers.risk.artefacts import artefact
from pipeline.readers.risk.risk_curves import RiskCurve
from pipeline.readers.text.alphabets import ADDRESS_FIELDS, KANA_FIELDS, NAME_FIELDS, PHONE_FIELDS

ARTEFACT = Path("thresholds") / "text-v1.json"
_WHAT = ("文字欄のしきい値", "The thresholds of text fields")
READER = "text"


def class_of(zone: Zone) -> str:
    """What a text zone counts as: name, address, kana, digits or other, by hand or printed.

    Print is parted in numbers (days, the application ID) and text: a line of digits and a line of
    forty kanji are sure in different measure.
    """
    if zone.printed:
        number = zone.field in DATE_FIELDS or zone.field == FieldName.APPLICATION_ID
        return "printed_number" if number else "printed_text"
    if zone.field in NAME_FIELDS:
        return "name"
    if zone.field in ADDRESS_FIELDS:
        return "address"
    if zone.field in KANA_FIELDS:
        return "kana"
    return "digits" if zone.field in PHONE_FIELDS else "other"


@dataclass(frozen=True, slots=True)
class TextClass:
    """Thresholds of one class of fields.

    Attributes:
        flag_below: A character less probable than this is flagged.
        accept_from: Least calibrated confidence of a whole value that is accepted; above 1 means
            that the data supports no acceptance by machine.
        offset: Of the calibration of a value, ``sigmoid(offset + slope * logit(raw))``.
        slope: Of the calibration of a value.
        character_offset: The same for one character.
        character_slope: The same for one character.
        curve: Risk by ``accept_from``; None where no target is to move it (a class that is left
            to a person whatever the target).
    """

    flag_below: float
    accept_from: float
    offset: float
    slope: float
    character_offset: float
    character_slope: float
    curve: RiskCurve | None = None

    def calibrated(self, raw: float) -> float:
        """Probability that the whole value is right, from the product over its characters."""
        return _sigmoid(raw, self.offset, self.slope)

    def calibrated_character(self, raw: float) -> float:
        """Probability that one character is right, from its posterior after the temperature."""
        return _sigmoid(raw, self.character_offset, self.character_slope)


@dataclass(frozen=True, slots=True)
class TextThresholds:
    """The artefact.

    Attributes:
        temperature: Of the posteriors.
        classes: By class of field.
        evaluation: n, errors and bounds behind each threshold.
        acceptances: What the office's target made of the curves.
    """

    version: str
    temperature: float
    classes: Mapping[str, TextClass]
    evaluation: Mapping[str, object]
    acceptances: tuple[Acceptance, ...] = ()

    @classmethod
    def load(
        cls,
        models: Path,
        per_million: float = STANDARD_PER_MILLION,
        site: SiteThresholds | None = None,
    ) -> TextThresholds:
        """Read the artefact of a models folder.

        Args:
            models: The folder of models.
            per_million: The office's ``silent_errors_per_million``.
            site: What the site measured; left alone where it is for another artefact.

        Raises:
            DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
        """
        with artefact(models / ARTEFACT, *_WHAT) as found:
            content = found.content
            read = cls(
                version=found.fingerprint,
                temperature=float(content["temperature"]),
                classes={
                    name: TextClass(
                        flag_below=float(c["flag_below"]),
                        accept_from=float(c["accept_from"]),
                        offset=float(c["offset"]),
                        slope=float(c["slope"]),
                        character_offset=float(c["character_offset"]),
                        character_slope=float(c["character_slope"]),
                        curve=RiskCurve.from_dict(c["curve"]) if c.get("curve") else None,
                    )
                    for name, c in content["classes"].items()
                },
                evaluation=content.get("evaluation", {}),
            )
        return read.for_target(per_million, site)

    def for_target(self, per_million: float, site: SiteThresholds | None) -> TextThresholds:
        """The same with the thresholds that a target picks from the curves."""
        own = site.of(READER, self.version) if site is not None else None
        made = {
            name: decide(f"text_{name}", c.curve, per_million, own)
            for name, c in self.classes.items()
            if c.curve is not None
        }
        classes = {
            name: dataclasses.replace(c, accept_from=made[name].threshold) if name in made else c
            for name, c in self.classes.items()
        }
        return dataclasses.replace(
            self,
            version=self.version if own is None else f"{self.version} {own.version}",
            classes=classes,
            acceptances=tuple(made.values()),
        )

    def of(self, zone: Zone) -> TextClass:
        """The thresholds for a zone."""
        name = class_of(zone)
        general = "printed" if zone.printed and "printed" in self.classes else "other"
        return self.classes.get(name, self.classes[general])


def _sigmoid(raw: float, offset: float, slope: float) -> float:
    clipped = min(max(raw, 1e-6), 1 - 1e-6)
    return 1 / (1 + math.exp(-(offset + slope * math.log(clipped / (1 - clipped)))))
