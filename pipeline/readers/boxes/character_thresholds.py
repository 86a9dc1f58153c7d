"""Calibration and thresholds, loaded from a versioned artefact; none is a number in code.

The artefact is made by ``models/training/calibrate_characters.py`` from forms composed with real
ink that the network never saw, printed and scanned in simulation. It holds the evaluation that
each threshold came from, so that anyone can see what the data supports and what it does not, and
the risk curves by which the office's target picks the thresholds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.readers.boxes.matrix_scaling import MatrixScaling
from pipeline.readers.risk.acceptance import (
    STANDARD_PER_MILLION,
    Acceptance,
    SiteThresholds,
    decide,
)
from pipeline.readers.risk.artefacts import artefact
from pipeline.readers.risk.risk_curves import NEVER, RiskCurve

ARTEFACT = Path("thresholds") / "characters-v1.json"
_WHAT = ("しきい値", "The thresholds")
READER = "characters"
_NUMBERS = ("my_number", "my_number_zero")


@dataclass(frozen=True, slots=True)
class ViewWeights:
    """How the two views are joined: log p = first * log p1 + second * log p2, renormalised.

    Attributes:
        first: Power of the network.
        second: Power of the line model.
        first_alone: Power of the network where the line model is not there.
        floor: Share that is spread evenly over all characters.
        before: What is done to the network's log probabilities before they are joined, where a
            site has trained for itself.
        scaling: What both views together are weighed by where a rule vouches for the value.
    """

    first: float
    second: float
    first_alone: float
    floor: float
    before: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None
    scaling: MatrixScaling | None = None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> ViewWeights:
        """As the artefact holds them."""
        scaling = content.get("scaling")
        return cls(
            first=float(content["first"]),
            second=float(content["second"]),
            first_alone=float(content["first_alone"]),
            floor=float(content["floor"]),
            scaling=MatrixScaling.of(**scaling) if scaling else None,
        )


@dataclass(frozen=True, slots=True)
class CharacterThresholds:
    """What makes a reading of boxed characters sure enough.

    Attributes:
        version: Of the artefact, for lineage.
        views: Weights of the views by kind of alphabet: ``digits`` or ``capitals``.
        character: Least probability of a character that is not flagged, by kind of alphabet.
        field: Least probability of a whole value that is accepted, by field, with ``digits`` as
            the default; ``my_number_corrected`` where the check digit changed one digit,
            ``my_number_zero`` where the check digit is 0 and does not see every wrong digit.
        junk: Probability of "no single character" from which a cell is doubtful.
        overwritten: Probability of "one digit over another" from which a cell is doubtful.
        lower_case: Probability of a lower-case shape from which a PIN character is named so.
        invalid_written_share: Share of My Numbers assumed to be written wrongly by the writer.
        evaluation: As stored: n, errors seen, bounds, curves.
        doubt: By state of a doubtful cell that need not bar a My Number: the share of such cells
            that are read wrong, at the upper end of its interval; the posterior is spread by it.
        doubt_sure: The same of such cells whose best digit has ``doubt_sure_from`` or more.
        doubt_sure_from: Least probability of a cell that is sure though cut out with doubt.
        curves: Risk by threshold: ``my_number``, ``digits``, ``character_digits``,
            ``character_capitals``.
        acceptances: What the office's target made of the curves.
    """

    version: str
    views: Mapping[str, ViewWeights]
    character: Mapping[str, float]
    field: Mapping[str, float]
    junk: float
    lower_case: float
    invalid_written_share: float
    evaluation: Mapping[str, object]
    overwritten: float = NEVER
    doubt: Mapping[str, float] = dataclasses.field(default_factory=dict)
    doubt_sure: Mapping[str, float] = dataclasses.field(default_factory=dict)
    doubt_sure_from: float = NEVER
    curves: Mapping[str, RiskCurve] = dataclasses.field(default_factory=dict)
    acceptances: tuple[Acceptance, ...] = ()

    @classmethod
    def load(
        cls,
        models: Path,
        per_million: float = STANDARD_PER_MILLION,
        site: SiteThresholds | None = None,
    ) -> CharacterThresholds:
        """Reads the artefact and picks the thresholds for the office's target.

        Args:
            models: The folder of models, or the artefact itself.
            per_million: The office's ``silent_errors_per_million``.
            site: What the site measured; left alone where it is for another artefact.

        Raises:
            DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
        """
        path = models / ARTEFACT if models.is_dir() else models
        with artefact(path, *_WHAT) as found:
            content = found.content
            read = cls(
                version=found.fingerprint,
                views={kind: ViewWeights.of(w) for kind, w in content["views"].items()},
                character={k: _share(v) for k, v in content["character"].items()},
                field={k: _share(v) for k, v in content["field"].items()},
                junk=_share(content["junk"]),
                lower_case=_share(content["lower_case"]),
                invalid_written_share=_share(content["invalid_written_share"]),
                evaluation=content.get("evaluation", {}),
                overwritten=_share(content.get("overwritten", NEVER)),
                doubt={k: _share(v) for k, v in content.get("doubt", {}).items()},
                doubt_sure={k: _share(v) for k, v in content.get("doubt_sure", {}).items()},
                doubt_sure_from=_share(content.get("doubt_sure_from", NEVER)),
                curves={k: RiskCurve.from_dict(v) for k, v in content.get("curves", {}).items()},
            )
        return read.for_target(per_million, site)

    def for_target(self, per_million: float, site: SiteThresholds | None) -> CharacterThresholds:
        """The same with the thresholds that a target picks from the curves.

        Args:
            per_million: The office's setting.
            site: What the site measured; left alone where it is for another artefact.
        """
        own = site.of(READER, self.version) if site is not None else None
        made = {k: decide(k, curve, per_million, own) for k, curve in self.curves.items()}
        fields, characters = dict(self.field), dict(self.character)
        for kind, acceptance in made.items():
            alphabet = kind.removeprefix("character_")
            if alphabet != kind:
                characters[alphabet] = acceptance.threshold
            else:
                # One posterior for both: a check digit of 0 has made it smaller already.
                for name in _NUMBERS if kind == "my_number" else (kind,):
                    fields[name] = acceptance.threshold
        return dataclasses.replace(
            self,
            version=self.version if own is None else f"{self.version} {own.version}",
            field=fields,
            character=characters,
            acceptances=tuple(made.values()),
        )

    def with_first_view(
        self, change: Callable[[NDArray[np.float64]], NDArray[np.float64]], version: str
    ) -> CharacterThresholds:
        """The same with a change to the network's digits before the views are joined.

        Args:
            change: From N x 10 log probabilities to such.
            version: For lineage.
        """
        digits = dataclasses.replace(self.views["digits"], before=change)
        views = {**self.views, "digits": digits}
        return dataclasses.replace(self, views=views, version=f"{self.version} {version}")

    def weights(self, alphabet: str) -> ViewWeights:
        """The weights for an alphabet."""
        return self.views[kind_of(alphabet)]

    def for_character(self, alphabet: str) -> float:
        """Least probability of an unflagged character of an alphabet."""
        return self.character[kind_of(alphabet)]

    def doubt_of(self, state: str, confidence: float) -> float | None:
        """How often cells of a doubtful state are read wrong; None where the state bars a value.

        Args:
            state: Of the cell.
            confidence: Of its most probable character.
        """
        sure = confidence >= self.doubt_sure_from
        return (self.doubt_sure if sure else self.doubt).get(state)

    def for_field(self, name: str) -> float:
        """Least probability of an accepted value of a field; that of ``digits`` by default."""
        return self.field.get(name, self.field["digits"])


def kind_of(alphabet: str) -> str:
    """``digits`` where the alphabet is of digits alone, else ``capitals``."""
    return "digits" if alphabet and all(c in "0123456789" for c in alphabet) else "capitals"


def _share(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    # 1.0 and a little more are legal: "never".
    if not 0.0 <= number <= NEVER:
        raise ValueError("a probability expected")
    return number
