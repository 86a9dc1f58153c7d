"""The two printing fonts of the forms, found on this machine."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path

from pipeline.domain.errors import DefectError

# Family by the word that a definition uses, with the file names that Debian and upstream give it.
FAMILIES: dict[str, tuple[str, str]] = {
    "gothic": ("IPAexGothic", "ipaexg.ttf"),
    "mincho": ("IPAexMincho", "ipaexm.ttf"),
}
_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("~/.local/share/fonts"),
    Path("~/.fonts"),
)


def _ask_fontconfig(family: str) -> Path | None:
    try:
        answer = subprocess.run(
            ["fc-match", "-f", "%{family}\n%{file}", f"{family}:style=Regular"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    names, _, file = answer.partition("\n")
    # fc-match always answers with some font; only the family asked for will do.
    return Path(file) if family in [n.strip() for n in names.split(",")] and file else None


def _look_in_folders(file_name: str) -> Path | None:
    for folder in _FOLDERS:
        found = sorted(folder.expanduser().rglob(file_name))
        if found:
            return found[0]
    return None


@lru_cache(maxsize=8)
def find_font(font: str) -> Path:
    """The TrueType file for ``gothic`` or ``mincho``.

    Raises:
        DefectError: ``FONT_MISSING`` where neither fontconfig nor the usual folders have it.
    """
    family, file_name = FAMILIES[font]
    path = _ask_fontconfig(family) or _look_in_folders(file_name)
    if path is None:
        raise DefectError(
            "FONT_MISSING",
            ja=f"様式の印字に使うフォント「{family}」がありません。",
            en=f"The font “{family}”, with which the forms are printed, is not installed.",
            remedy_ja="パッケージ fonts-ipaexfont を入れてください。",
            remedy_en="Install the package fonts-ipaexfont.",
        )
    return path


def register_fonts() -> None:
    """Make the fonts known to reportlab, by the words that definitions use.

    Raises:
        DefectError: ``FONT_MISSING``.
    """
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for font in FAMILIES:
        if font not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(font, str(find_font(font))))
