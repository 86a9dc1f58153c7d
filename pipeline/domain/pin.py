"""The rules of the three PINs on the reply form, and which of their characters look alike.

Signature PIN: 6-16 characters, upper-case letters and digits, at least one of each. The other
two: four digits. Sources in the form's own note and the municipalities' pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from pipeline.domain.documents import FieldName

SIGNATURE_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIGNATURE_MIN_LENGTH = 6
SIGNATURE_MAX_LENGTH = 16
NUMERIC_LENGTH = 4

_SIGNATURE = re.compile(r"(?=.*[A-Z])(?=.*[0-9])[A-Z0-9]{6,16}", re.ASCII)
_NUMERIC = re.compile(r"[0-9]{4}", re.ASCII)


class Kind(StrEnum):
    """What the writer says of a character in the form's mark row."""

    LETTER = "letter"
    DIGIT = "digit"


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """Characters that people or machines take for one another.

    Attributes:
        characters: The group; small letters stand for what a writer may have meant.
        source: Where it comes from.
    """

    characters: str
    source: str


_LISTED = "listed as look-alikes in the product's rules; pair errors measured on real ink"
# Of the glyphs of either, read as the other: 1 % and more of 13,427 cells of held-back real ink
# (split calibrate, seed 771, characters-v1 with the line model).
_CONFUSED = "read for one another by the machine"
LOOK_ALIKES: tuple[LookAlikes, ...] = (
    LookAlikes("0OoDQ", f"{_LISTED}: O/o 45 %, 0/O 33 %, 0/D 2.7 % wrong at equal priors"),
    LookAlikes("1Ili7", f"{_LISTED}: 1/l 39 %, I/l 27 %, 1/I 27 %, 1/7 0.1 %"),
    LookAlikes("5Ss", f"{_LISTED}: 5/S 5.8 %"),
    LookAlikes("2Zz", f"{_LISTED}: 2/Z 7.7 %"),
    LookAlikes("8B", f"{_LISTED}: 8/B 0.8 %"),
    LookAlikes("6bG", f"{_LISTED}: 6/b 3.1 %, 6/G 2.9 %"),
    LookAlikes("9qg", f"{_LISTED}: 9/q 21 %, 9/g 10 %"),
    LookAlikes("UV", f"{_CONFUSED}: 8.3 %"),
    LookAlikes("4Y", f"{_CONFUSED}: 3.2 %"),
    LookAlikes("0CO", f"{_CONFUSED}: C/O 2.3 %, 0/C 1.2 %"),
    LookAlikes("XY", f"{_CONFUSED}: 1.9 %"),
    LookAlikes("FP", f"{_CONFUSED}: 1.6 %"),
    LookAlikes("FR", f"{_CONFUSED}: 1.2 %"),
    LookAlikes("AH", f"{_CONFUSED}: 1.2 %"),
    LookAlikes("IL", f"{_CONFUSED}: 1.1 %"),
    LookAlikes("GQ", f"{_CONFUSED}: 1.1 %"),
)
AMBIGUOUS_GROUPS: tuple[frozenset[str], ...] = tuple(frozenset(g.characters) for g in LOOK_ALIKES)
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


def look_alikes(character: str, alphabet: str) -> str:
    """The legal characters that a character may be taken for, in order of the alphabet."""
    alike = {c for group in AMBIGUOUS_GROUPS if character in group for c in group}
    return "".join(c for c in alphabet if c in alike and c != character)


def kind_of(character: str) -> Kind:
    """Whether a character is a letter or a digit."""
    return Kind.DIGIT if character in "0123456789" else Kind.LETTER


def same_shape_of_kind(character: str, kind: Kind) -> str:
    """The character of a kind that no glyph tells from this one: O for 0, itself for S.

    Empty where the character is of the other kind and has no such twin.
    """
    if kind_of(character) == kind:
        return character
    for group in ALWAYS_FLAGGED_GROUPS:
        if character in group:
            return next(c for c in group if kind_of(c) == kind)
    return ""
