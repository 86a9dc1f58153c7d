"""False fails of the photo checks by group of people, on photos that have not got the defect.

A group is what the evaluation data says about a face (UTKFace). Its photos are tight crops from
the street and the family album: what they cannot tell is named in ``CANNOT_TELL`` and not measured.
Photos that have a defect, or may have it, were named by eye (``photo_violations.json``): a turned
head that fails as turned is no false fail. Every photo is printed and scanned several times and
counts once: as failed where most of its prints fail.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.intervals import Rate
from pipeline.domain.photos import PhotoGrade, Verdict

VIOLATIONS = Path(__file__).with_name("photo_violations.json")
CANNOT_TELL = {
    "size": "no millimetres",
    "framing": "cropped to the face",
    "background": "streets and rooms; hardly any wall in the crop",
    "shadow": "streets and rooms; hardly any wall in the crop",
    "expression": "most people smile",
}
INFANT_YEARS = 3  # up to here a head's proportions are an infant's
DRAWS = 2000


class Row(NamedTuple):
    """What one photo adds to one check."""

    group: str
    age: int
    held_back: bool
    failed: bool


class GroupCounts:
    """Gathers verdicts by check and group."""

    def __init__(self) -> None:
        """Start with nothing."""
        raw = json.loads(VIOLATIONS.read_text(encoding="utf-8"))
        self._violations = {check: frozenset(names) for check, names in raw["checks"].items()}
        self._rows: dict[str, list[Row]] = {}

    def add(self, labels: dict[str, str], prints: Sequence[PhotoGrade], *, held_back: bool) -> None:
        """One photo of the set with groups.

        Args:
            labels: Of the photo.
            prints: The grades of its prints.
            held_back: Whether no limit was set on this person.
        """
        for check in (c.check for c in prints[0].checks):
            if check.value in CANNOT_TELL or self._has(check.value, labels["file"]):
                continue
            said = [c.verdict for g in prints for c in g.checks if c.check == check]
            failed = 2 * said.count(Verdict.FAIL) > len(said)
            row = Row(labels["group"], int(labels["age"] or 99), held_back, failed)
            self._rows.setdefault(check.value, []).append(row)

    def _has(self, check: str, file: str) -> bool:
        return file in self._violations.get(check, ())

    def summary(self) -> dict[str, Any]:
        """By check: false fails by group and the largest gap; without infants; held back alone."""
        return {
            "checks": {
                name: {
                    "everybody": _by_group(rows),
                    f"above_{INFANT_YEARS}_years": _by_group(
                        [r for r in rows if r.age > INFANT_YEARS]
                    ),
                    "held_back": _by_group([r for r in rows if r.held_back]),
                }
                for name, rows in sorted(self._rows.items())
            },
            "cannot_tell": CANNOT_TELL,
        }


def _by_group(rows: list[Row]) -> dict[str, Any]:
    groups = sorted({r.group for r in rows})
    fails = {g: np.array([r.failed for r in rows if r.group == g]) for g in groups}
    rates = {g: Rate(int(v.sum()), len(v)).as_dict() for g, v in fails.items()}
    if len(groups) < 2:
        return {"groups": rates, "largest_gap": None}
    rng = np.random.default_rng(1)
    draws = [
        _gap([v[rng.integers(0, len(v), len(v))] for v in fails.values()]) for _ in range(DRAWS)
    ]
    high = float(np.percentile(draws, 97.5))
    # Where no group has a single false fail a bootstrap is silent: the bound of the smallest does.
    if not any(v.any() for v in fails.values()):
        high = max(Rate(0, len(v)).high for v in fails.values())
    return {
        "groups": rates,
        "largest_gap": round(_gap(list(fails.values())), 4),
        "largest_gap_high": round(high, 4),
    }


def _gap(fails: list[np.ndarray[Any, Any]]) -> float:
    shares = [float(v.mean()) for v in fails]
    return max(shares) - min(shares)


def lines(summary: dict[str, Any]) -> list[str]:
    """The figures as text."""
    shown = []
    for check, parts in summary["checks"].items():
        for who, part in parts.items():
            cells = "  ".join(f"{g} {r['k']}/{r['n']}" for g, r in part["groups"].items())
            gap, high = part["largest_gap"], part.get("largest_gap_high")
            limit = "" if gap is None else f"  gap {100 * gap:.1f} (up to {100 * high:.1f}) points"
            shown.append(f"  {check:<14} {who:<15} {cells}{limit}")
    told = ", ".join(f"{c} ({why})" for c, why in summary["cannot_tell"].items())
    return [*shown, f"  not told by these photos: {told}"]
