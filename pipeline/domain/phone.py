"""Telephone numbers of Japan: a normal form and what is plausible.

Numbering plan (MIC): fixed and IP lines 10 digits; mobile 070/080/090 and, since 2024, 060, 11
digits; 050 11; 0120 10; 0800 11; 0570 10. The field is optional and never a ground for return.
"""

from __future__ import annotations

import re
import unicodedata

_ELEVEN = re.compile(r"0[6-9]0\d{8}|050\d{8}|0800\d{7}")
_TEN = re.compile(r"0[1-9]\d{8}")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ーｰ─"), "-")


def normalise(text: str) -> str:
    """Digits only, in the domestic form; +81 becomes 0. What is no number keeps its digits."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    digits = re.sub(r"[^\d+]", "", plain)
    if digits.startswith(("+81", "0081")):
        digits = "0" + digits[3 if digits[0] == "+" else 4 :].lstrip("0")
    return re.sub(r"\D", "", digits)


def is_plausible(digits: str) -> bool:
    """Whether digits in the normal form may be a number of Japan."""
    if digits.startswith(("060", "070", "080", "090", "050")):
        return _ELEVEN.fullmatch(digits) is not None
    return _TEN.fullmatch(digits) is not None
