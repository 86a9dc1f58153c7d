"""What a person typed, brought to a field's normal form, and when two values are the same."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from pipeline.domain.documents import DATE_FIELDS, PIN_FIELDS, FieldName

_DIGITS_ONLY = frozenset(
    {
        FieldName.MY_NUMBER,
        FieldName.APPLICATION_ID,
        FieldName.QR,
        FieldName.PHONE,
        FieldName.REPRESENTATIVE_PHONE,
        FieldName.REPRESENTATIVE_POSTAL_CODE,
    }
)
# Year before the first of each era, so that era year 1 (元年) is the year itself.
_ERA_OFFSETS = {
    "明": 1867, "M": 1867,
    "大": 1911, "T": 1911,
    "昭": 1925, "S": 1925,
    "平": 1988, "H": 1988,
    "令": 2018, "R": 2018,
}  # fmt: skip
_ERA_DATE = re.compile(
    r"(?P<era>[明大昭平令MTSHR])[治正和成]?\s*(?P<year>元|\d{1,2})[年./-]?\s*"
    r"(?P<month>\d{1,2})[月./-]?\s*(?P<day>\d{1,2})日?"
)
_PACKED_ERA_DATE = re.compile(r"(?P<era>[明大昭平令MTSHR])[治正和成]?(\d{2})(\d{2})(\d{2})")
_PACKED_DATE = re.compile(r"(\d{2})(\d{2})(\d{2})")
_WESTERN_DATE = re.compile(r"(\d{4})[年./-]?(\d{1,2})[月./-]?(\d{1,2})日?")


def normal_form(field: FieldName, typed: str) -> str:
    """A typed value as the store keeps it.

    Numbers lose spaces and hyphens, PINs become capitals, dates become ISO 8601 where they are
    dates (和暦, packed 和暦 such as 平020510, or western); names and addresses stay as typed.
    """
    text = typed.strip()
    if field in PIN_FIELDS:
        return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())
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
    compact = re.sub(r"\s+", "", text)
    if packed := _PACKED_ERA_DATE.fullmatch(compact):
        return _iso(_ERA_OFFSETS[packed["era"]] + int(packed[2]), int(packed[3]), int(packed[4]))
    if field != FieldName.BIRTH_DATE and (bare := _PACKED_DATE.fullmatch(compact)):
        # The form prints the era of today's dates and has boxes for the digits alone.
        year, month, day = (int(part) for part in bare.groups())
        return _iso(_ERA_OFFSETS["令"] + year, month, day)
    if era := _ERA_DATE.fullmatch(compact):
        year = 1 if era["year"] == "元" else int(era["year"])
        return _iso(_ERA_OFFSETS[era["era"]] + year, int(era["month"]), int(era["day"]))
    if western := _WESTERN_DATE.fullmatch(compact):
        return _iso(*(int(part) for part in western.groups()))
    return None


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None
