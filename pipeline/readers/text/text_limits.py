"""What counts as writing in a text zone: sizes and widths, from a versioned artefact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.readers.risk.artefacts import artefact

ARTEFACT = Path("thresholds") / "text-layout-v1.json"
_WHAT = ("文字欄の書き方を見る基準", "The limits of writing in text fields")


@dataclass(frozen=True, slots=True)
class TextLimits:
    """The artefact.

    Attributes:
        version: For lineage.
        least_height_mm: Writing whose lines are lower than this and narrower than
            ``least_width_mm`` is a speck.
        least_width_mm: See ``least_height_mm``.
        dirt_width_mm: Ink wider than this in all is no single hair or fibre.
        least_pen_mm: Mean stroke width below which ink is of no pen.
        character_mm: Least extent of a part that may be a character by itself.
        character_px: Least area of such a part, registered pixels.
        crossing_mm: How far writing may reach over the edge of its zone.
        around_mm: How far to the sides the neighbours of a part are looked for.
        around_times: How much more ink than the part they must have.
        line_mm: Least height of a line of writing.
        strike_heights: Length of a straight stroke, in heights of the line, from which it is no
            part of a character.
        strike_darkness: Least darkness (of 255, mean over a sixth of a millimetre) of a strike.
        evaluation: What the numbers rest on.
    """

    version: str
    least_height_mm: float
    least_width_mm: float
    dirt_width_mm: float
    least_pen_mm: float
    character_mm: float
    character_px: int
    crossing_mm: float
    around_mm: float
    around_times: float
    line_mm: float
    strike_heights: float
    strike_darkness: int
    evaluation: Mapping[str, object]

    @classmethod
    def load(cls, models: Path) -> TextLimits:
        """Read the artefact of a models folder, once per process.

        Raises:
            DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
        """
        return _load(models)


@lru_cache(maxsize=4)
def _load(models: Path) -> TextLimits:
    with artefact(models / ARTEFACT, *_WHAT) as found:
        content = found.content
        return TextLimits(
            version=found.version,
            least_height_mm=float(content["least_height_mm"]),
            least_width_mm=float(content["least_width_mm"]),
            dirt_width_mm=float(content["dirt_width_mm"]),
            least_pen_mm=float(content["least_pen_mm"]),
            character_mm=float(content["character_mm"]),
            character_px=int(content["character_px"]),
            crossing_mm=float(content["crossing_mm"]),
            around_mm=float(content["around_mm"]),
            around_times=float(content["around_times"]),
            line_mm=float(content["line_mm"]),
            strike_heights=float(content["strike_heights"]),
            strike_darkness=int(content["strike_darkness"]),
            evaluation=content.get("evaluation", {}),
        )
