"""Characters of the installed Japanese fonts: handwriting-like ones, and two for print."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.imaging.pages import Pixels

_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_PATTERNS = (
    "Klee*",
    "Yusei*",
    "setofont.ttf",
    "kiloji*",
    "ipaexg*",
    "ipaexm*",
    "Yomogi*",
    "ZenKurenaido*",
)


def font_files() -> list[Path]:
    """The fonts found on this machine, in a fixed order; some may be missing."""
    found = {
        path
        for folder in _FOLDERS
        if folder.is_dir()
        for pattern in _PATTERNS
        for path in folder.rglob(pattern)
        if path.suffix.lower() in (".ttf", ".otf")
    }
    return sorted(found)


def font_glyphs(characters: str, size_px: int = 72) -> list[tuple[str, Pixels]]:
    """Each character in each font, white on black, about ``size_px`` tall."""
    glyphs: list[tuple[str, Pixels]] = []
    for path in font_files():
        font = ImageFont.truetype(str(path), size_px)
        for character in characters:
            image = Image.new("L", (size_px * 2, size_px * 2), 0)
            ImageDraw.Draw(image).text((size_px // 2, size_px // 3), character, fill=255, font=font)
            pixels = np.asarray(image, dtype=np.uint8)
            if pixels.max() > 0:
                glyphs.append((character, pixels))
    return glyphs
