"""Fonts of this machine by family name, found through fontconfig."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import ImageFont

from pipeline.domain.errors import DefectError

MINCHO = "IPAexMincho"
GOTHIC = "IPAexGothic"
# The Debian package that brings each family, for the remedy.
HAND_FAMILIES: dict[str, str] = {
    "Klee One": "fonts-klee",
    "Yusei Magic": "fonts-yusei-magic",
    "SetoFont": "fonts-seto",
    "kiloji": "fonts-kiloji",
}
_PACKAGES = {**HAND_FAMILIES, MINCHO: "fonts-ipaexfont-mincho", GOTHIC: "fonts-ipaexfont-gothic"}


@lru_cache(maxsize=32)
def locate(family: str) -> Path:
    """The file of a font family.

    Raises:
        DefectError: ``FONT_MISSING`` if fontconfig is absent or knows no such family.
    """
    package = _PACKAGES.get(family, family)
    try:
        answer = subprocess.run(
            ["fc-match", "-f", "%{family}\n%{file}", f"{family}:style=Regular"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        answer = "\n"
    families, _, file = answer.partition("\n")
    # fc-match always answers with something; only the family asked for will do.
    if family not in [name.strip() for name in families.split(",")]:
        raise DefectError(
            "FONT_MISSING",
            ja=f"フォント「{family}」がありません。",
            en=f"The font “{family}” is not installed.",
            remedy_ja=f"パッケージ {package} を入れてください。",
            remedy_en=f"Install the package {package}.",
        )
    return Path(file)


@lru_cache(maxsize=32)
def coverage(family: str) -> frozenset[int]:
    """Code points that a family has a glyph for."""
    with TTFont(locate(family), fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap())


@lru_cache(maxsize=64)
def face(family: str, size_px: int) -> ImageFont.FreeTypeFont:
    """The family at a size.

    Args:
        family: Family name.
        size_px: Em height in pixels.
    """
    return ImageFont.truetype(str(locate(family)), size_px)
