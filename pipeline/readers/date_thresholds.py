"""From which confidence a boxed date is accepted, from a versioned artefact.

Made by ``models/training/calibrate_dates.py`` from real ink that the network never learnt from;
the artefact says how many dates stand behind each number, and how many of them were wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.domain.errors import DefectError

ARTEFACT = Path("thresholds") / "dates-v1.json"


@dataclass(frozen=True, slots=True)
class DateThresholds:
    """The artefact.

    Attributes:
        version: For lineage.
        accept_from: Least confidence of a date that is accepted; a digit less sure is flagged.
            Above 1 means that the data supports no acceptance by machine.
        impossible_from: Probability that the digits name no day of the calendar from which that
            is told instead of a possible day that scores second.
        evaluation: n, errors and bounds behind them.
    """

    version: str
    accept_from: float
    impossible_from: float
    evaluation: Mapping[str, object]

    @classmethod
    def load(cls, models: Path) -> DateThresholds:
        """Read the artefact of a models folder, once per process.

        Raises:
            DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
        """
        return _load(models)


@lru_cache(maxsize=4)
def _load(models: Path) -> DateThresholds:
    try:
        content = json.loads((models / ARTEFACT).read_text(encoding="utf-8"))
        return DateThresholds(
            version=str(content["version"]),
            accept_from=_share(content["accept_from"]),
            impossible_from=_share(content["impossible_from"]),
            evaluation=content.get("evaluation", {}),
        )
    except FileNotFoundError:
        raise _error("THRESHOLDS_MISSING") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise _error("THRESHOLDS_BROKEN") from None


def _share(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not 0.0 <= number <= 1.01:
        raise ValueError("a probability expected")
    return number


def _error(code: str) -> DefectError:
    missing = code.endswith("MISSING")
    return DefectError(
        code,
        ja="日付欄のしきい値のファイルが" + ("ありません。" if missing else "壊れています。"),
        en="The thresholds of dates " + ("are missing." if missing else "cannot be used."),
        remedy_ja="models/ を配布物から入れ直してください。",
        remedy_en="Put models/ back from the distribution.",
    )
