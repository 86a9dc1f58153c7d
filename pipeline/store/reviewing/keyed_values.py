"""What a person typed, brought to a field's normal form, and when two values are the same."""

from __future__ import annotations

import re
import unicodedata

from pipeline.domain import era, phone
from pipeline.domain.documents import DATE_FIELDS, PIN_FIELDS, FieldName

_DIGITS_ONLY = frozenset(
    {
        FieldName.MY_NUMBER,
        FieldName.APPLICATION_ID,
        FieldName.QR,
        FieldName.REPRESENTATIVE_POSTAL_CODE,
    }
)
_PHONES = frozenset({FieldName.PHONE, FieldName.REPRESENTATIVE_PHONE})
_PACKED = re.compile(r"([明大昭平令MTSHR]?)[治正和成]?(\d{2})(\d{2})(\d{2})")
_PRINTED_ERA = "令和"


def normal_form(field: FieldName, typed: str) -> str:
    """A typed value as the store keeps it.

    Numbers lose spaces and hyphens, PINs become capitals, dates become ISO 8601 where they are
    dates (和暦, packed 和暦 such as 平020510, or western); names and addresses stay as typed.
    """
    text = typed.strip()
    if field in PIN_FIELDS:
        return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())
    if field in _PHONES:
        return phone.normalise(text)
    if field in _DIGITS_ONLY:
        return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isdigit())
    if field in DATE_FIELDS:
        return _date(field, unicodedata.normalize("NFKC", text).upper()) or text
    return re.sub(r"\s+", " ", text)


def same(field: FieldName, one: str, other: str) -> bool:
    """Whether two values say the same: width and spaces do not count, old characters do."""
    return _bare(normal_form(field, one)) == _bare(normal_form(field, other))


def _bare(text: str) -> str:
    return "".join(_narrow(c) for c in text if not c.isspace())


def _narrow(character: str) -> str:
    # Full-width forms only: NFKC on kanji would make one of two different old characters.
    if 0xFF01 <= ord(character) <= 0xFF5E:
        return chr(ord(character) - 0xFEE0)
    return character


def _date(field: FieldName, text: str) -> str | None:
    # Only a birth date has its era marked; the form prints the era of the other dates.
    printed = "" if field == FieldName.BIRTH_DATE else _PRINTED_ERA
    if packed := _PACKED.fullmatch(re.sub(r"\s+", "", text)):
        name = packed[1] or printed
        day = era.to_date(name, *(int(n) for n in packed.groups()[1:])) if name else None
    else:
        day = era.parse(text, printed)
    return day.isoformat() if day is not None else None
