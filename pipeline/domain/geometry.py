"""Boxes with their unit in the name.

Two frames are used everywhere. *Form millimetres*: origin at the top left of the sheet, x right,
y down. *Registered pixels*: the page after registration, at ``REGISTERED_DPI``, so that a form
millimetre is ``PX_PER_MM`` pixels. ``box_px`` in any output is in registered pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

REGISTERED_DPI = 300
MM_PER_INCH = 25.4
PX_PER_MM = REGISTERED_DPI / MM_PER_INCH


@dataclass(frozen=True, slots=True)
class BoxMm:
    """A box in form millimetres: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    def inset(self, margin_mm: float) -> BoxMm:
        """The box made smaller on each side (larger when the margin is negative)."""
        return BoxMm(
            self.x + margin_mm,
            self.y + margin_mm,
            max(0.0, self.w - 2 * margin_mm),
            max(0.0, self.h - 2 * margin_mm),
        )

    def overlaps(self, other: BoxMm, tolerance_mm: float = 0.0) -> bool:
        """Whether the two boxes share more than ``tolerance_mm`` in both directions."""
        return (
            min(self.x + self.w, other.x + other.w) - max(self.x, other.x) > tolerance_mm
            and min(self.y + self.h, other.y + other.h) - max(self.y, other.y) > tolerance_mm
        )

    def to_px(self) -> BoxPx:
        """The box in registered pixels."""
        return BoxPx(
            round(self.x * PX_PER_MM),
            round(self.y * PX_PER_MM),
            round(self.w * PX_PER_MM),
            round(self.h * PX_PER_MM),
        )

    def as_list(self) -> list[float]:
        """``[x, y, w, h]``, rounded to a hundredth of a millimetre."""
        return [round(v, 2) for v in (self.x, self.y, self.w, self.h)]


@dataclass(frozen=True, slots=True)
class BoxPx:
    """A box in registered pixels: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int

    def as_list(self) -> list[int]:
        """``[x, y, w, h]``."""
        return [self.x, self.y, self.w, self.h]
