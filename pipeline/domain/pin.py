"""The rules of the three PINs on the reply form.

Signature PIN: 6-16 characters, upper-case letters and digits, at least one of each. The other
two: four digits. Sources in the form's own note and the municipalities' pages.
"""

from __future__ import annotations

import re

from pipeline.domain.documents import FieldName

SIGNATURE_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIGNATURE_MIN_LENGTH = 6
SIGNATURE_MAX_LENGTH = 16
NUMERIC_LENGTH = 4

_SIGNATURE = re.compile(r"(?=.*[A-Z])(?=.*[0-9])[A-Z0-9]{6,16}", re.ASCII)
_NUMERIC = re.compile(r"[0-9]{4}", re.ASCII)

AMBIGUOUS_GROUPS: tuple[frozenset[str], ...] = tuple(
    frozenset(g) for g in ("0OoDQ", "1Ili7", "5Ss", "2Zz", "8B", "6bG", "9qg")
)
ALWAYS_FLAGGED_GROUPS: tuple[frozenset[str], ...] = (frozenset("0O"), frozenset("1I"))


def is_legal(field: FieldName, value: str) -> bool:
    """Whether a PIN keeps its field's rule.

    Raises:
        ValueError: If the field is no PIN.
    """
    if field == FieldName.PIN_SIGNATURE:
        return _SIGNATURE.fullmatch(value) is not None
    if field in (FieldName.PIN_AUTHENTICATION, FieldName.PIN_RESIDENT_RECORD):
        return _NUMERIC.fullmatch(value) is not None
    raise ValueError(f"{field} is no PIN")


def always_flagged(character: str, alphabet: str) -> bool:
    """Whether one glyph can never tell this character from another legal one.

    Measured on real ink: 0/O and 1/I are told apart little better than by chance, so wherever
    the alphabet allows two of a group, a person or the writer's own mark has to say which.
    """
    return any(
        character in group and len(group & set(alphabet)) > 1 for group in ALWAYS_FLAGGED_GROUPS
    )
