"""The photo checks of the official checklist and their verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipeline.domain.geometry import BoxPx


class PhotoCheckName(StrEnum):
    """One item of the checklist."""

    SIZE = "size"
    FACE = "face"
    POSE = "pose"
    BACKGROUND = "background"
    SHADOW = "shadow"
    EXPRESSION = "expression"
    EYES = "eyes"
    SUNGLASSES = "sunglasses"
    HEAD_COVERING = "head_covering"
    SHARPNESS = "sharpness"
    EXPOSURE = "exposure"
    FRAMING = "framing"


class Verdict(StrEnum):
    """What a check says."""

    PASS = "pass"
    REVIEW = "review"
    FAIL = "fail"
    NOT_ASSESSABLE = "not_assessable"


@dataclass(frozen=True, slots=True)
class PhotoCheck:
    """One check: its verdict, the value measured and the threshold it was held against.

    ``extra`` holds further measures by name with the unit in it (``yaw_deg``).
    """

    check: PhotoCheckName
    verdict: Verdict
    value: float | None
    unit: str
    threshold: float | None
    extra: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class PhotoGrade:
    """All checks of one photo and the verdict that follows from them."""

    verdict: Verdict
    checks: tuple[PhotoCheck, ...]
    box_px: BoxPx | None = None
    present: bool = True
    model_version: str = ""

    def check(self, name: PhotoCheckName) -> PhotoCheck | None:
        """The check of that name, or None where it was not made."""
        return next((c for c in self.checks if c.check == name), None)


def figure_text(value: float | None) -> str:
    """A measure as people read it: three figures, nothing finer than a thousandth; — for none."""
    if value is None:
        return "—"
    if abs(value) >= 100:
        return f"{value:.0f}"
    shown = f"{value:.3g}" if abs(value) >= 0.1 else f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown
