"""Which characters may stand in a text field, as masks over the model's columns.

The model knows 18,708 characters of many scripts and drifts towards simplified Chinese (結 read as
结). A resident's record in Japan holds JIS X 0208 and some more, so the mask is that set, with what
the field allows beside it.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.documents import DATE_FIELDS
from pipeline.domain.documents import FieldName as F
from pipeline.domain.person_names import VARIANT_GROUPS
from pipeline.readers.text.address_check import known_characters
from pipeline.readers.text.lexicons import CLOSED_FIELDS, words_of

DIGITS = "0123456789"
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NAME_FIELDS = frozenset(
    {
        *(F.NAME, F.FORMER_NAME_OR_ALIAS, F.REPRESENTATIVE_NAME, F.APPLICANT_NAME),
        *(F.PROXY_NAME, F.HOLDER_NAME, F.SIGNATURE),
    }
)
ADDRESS_FIELDS = frozenset(
    {F.ADDRESS, F.REPRESENTATIVE_ADDRESS, F.APPLICANT_ADDRESS, F.PROXY_ADDRESS}
)
KANA_FIELDS = frozenset({F.REPRESENTATIVE_KANA})
PHONE_FIELDS = frozenset({F.PHONE, F.REPRESENTATIVE_PHONE})
_FOLDED = {"∪": "U", "—": "-", "–": "-", "−": "-", "‐": "-", "─": "-"}
# Eras by name and letter, numbers in either script, and what people put between the parts.
DATE_CHARACTERS = "明治大正昭和平成令元年月日時点生まで西暦MTSHR./-〇一二三四五六七八九十 "
_PUNCTUATION = "-ー・々〆ヶヵ()、。 '.,/〒"


@lru_cache(maxsize=2)
def jis_x_0208(level: int = 0) -> frozenset[str]:
    """Kanji and kana of JIS X 0208; with ``level=2`` only the rarer kanji of level 2."""
    found = set()
    for first in range(0x50 if level == 2 else 0x21, 0x75):
        for second in range(0x21, 0x7F):
            try:
                character = bytes((first + 0x80, second + 0x80)).decode("euc_jp")
            except UnicodeDecodeError:
                continue
            if unicodedata.category(character) in ("Lo", "Lm"):
                found.add(character)
    return frozenset(found)


@lru_cache(maxsize=1)
def kana() -> frozenset[str]:
    """Hiragana and katakana with the long mark."""
    return frozenset(chr(c) for c in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB))) | frozenset(
        "ー ・"
    )


def alphabet_of(field: F, given: str = "") -> frozenset[str]:
    """The characters that may stand in a field.

    Args:
        field: The field.
        given: The zone's own alphabet; where it has one, that is all.
    """
    if given:
        return frozenset(given)
    if field in KANA_FIELDS:
        return kana()
    if field in CLOSED_FIELDS:
        # カ and 力 are one shape in print; only one of them stands in these words.
        return frozenset("".join(words_of(field)))
    if field in DATE_FIELDS:
        return frozenset(DATE_CHARACTERS) | frozenset(DIGITS)
    everything = jis_x_0208() | frozenset(_PUNCTUATION) | frozenset(DIGITS) | frozenset(LATIN)
    if field in ADDRESS_FIELDS:
        # Old forms (穗) look like today's (穂) and stand in an address only where a place has them.
        return (everything - jis_x_0208(2)) | known_characters()
    if field in NAME_FIELDS:
        return everything | frozenset("".join(VARIANT_GROUPS))
    return everything


def folded(character: str) -> str:
    """One model character as it is stored: half-width Latin and digits, ∪ as U."""
    plain = unicodedata.normalize("NFKC", character)
    return {"∪": "U", "—": "-", "–": "-", "−": "-", "‐": "-", "─": "-", "〇": "〇"}.get(
        plain, plain
    )


class Mask:
    """The columns of a model that may stand in a field, merged by what they are stored as."""

    def __init__(self, columns: tuple[str, ...], alphabet: frozenset[str]) -> None:
        """Choose the columns whose stored form is one character of the alphabet."""
        chosen = [
            (i, folded(c))
            for i, c in enumerate(columns)
            if i > 0 and len(folded(c)) == 1 and folded(c) in alphabet
        ]
        self.indices: NDArray[np.intp] = np.array([0, *(i for i, _ in chosen)], dtype=np.intp)
        self.characters: tuple[str, ...] = ("", *(c for _, c in chosen))
        self.unknown = alphabet - frozenset(self.characters)
        """What may stand here and the model has never seen."""

    def apply(
        self, posterior: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Posterior over the allowed columns, and how much fell outside them, per frame."""
        kept = posterior[:, self.indices].astype(np.float64)
        mass = kept.sum(axis=1)
        return kept / np.maximum(mass, 1e-9)[:, None], np.clip(1.0 - mass, 0.0, 1.0)
