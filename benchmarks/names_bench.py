"""Written names and kana at an n that says something: sheets full of them, each by another hand.

The ink is of handwriting fonts under jitter, printed and scanned in simulation; real hands are
harder. Names of today's forms and names written in old forms (穗, 邊) are told apart: the reader
weighs old forms by how seldom they are written, which helps the ones and costs the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.intervals import Rate
from benchmarks.reading_errors import errors_of
from models.training.written_sheets import written_sheets
from pipeline.domain.person_names import variants_of
from pipeline.domain.readings import Reading
from pipeline.readers.text.alphabets import KANA_FIELDS, jis_x_0208
from pipeline.readers.text.text_reader import TextReader

SEED = 20263
# 24 fields a sheet: a third of them kana.
SHEETS, SHEETS_FULL = 26, 130
_OLD_SHEETS = 8


@dataclass(slots=True)
class _Tally:
    """Values and characters of one kind."""

    values: int = 0
    right: int = 0
    unnoticed: int = 0
    characters: int = 0
    errors: int = 0
    errors_flagged: int = 0
    read: int = 0
    flagged: int = 0

    def add(self, reading: Reading, wanted: str) -> None:
        errors, flagged = errors_of(reading, wanted)
        self.values += 1
        self.right += errors == 0
        self.unnoticed += errors > 0 and not any(c.flagged for c in reading.characters)
        self.characters += len(wanted.replace(" ", ""))
        self.errors += errors
        self.errors_flagged += flagged
        self.read += sum(bool(c.value.strip()) for c in reading.characters)
        self.flagged += sum(c.flagged for c in reading.characters)

    def as_dict(self) -> dict[str, Any]:
        return {
            "value_right": Rate(self.right, self.values).as_dict(),
            "value_wrong_without_a_flag": Rate(self.unnoticed, self.values).as_dict(),
            "character_errors": Rate(min(self.errors, self.characters), self.characters).as_dict(),
            "errors_in_flagged_span": Rate(self.errors_flagged, self.errors).as_dict(),
            "characters_flagged": Rate(self.flagged, self.read).as_dict(),
        }


def run(reader: TextReader, full: bool) -> dict[str, Any]:
    """Names, kana, and names of which every character that has an old form is written in it.

    Args:
        reader: A warm reader.
        full: More sheets.
    """
    names, kana, old = _Tally(), _Tally(), _Tally()
    for page, truth in written_sheets(SHEETS_FULL if full else SHEETS, SEED):
        for zone, wanted in truth:
            tally = kana if zone.field in KANA_FIELDS else names
            tally.add(reader.read(page, zone).reading, wanted)
    for page, truth in written_sheets(_OLD_SHEETS, SEED + 1, spelled=in_old_forms):
        for zone, wanted in truth:
            if zone.field not in KANA_FIELDS and set(wanted) & jis_x_0208(2):
                old.add(reader.read(page, zone).reading, wanted)
    return {"names": names.as_dict(), "kana": kana.as_dict(), "names_in_old_forms": old.as_dict()}


def in_old_forms(name: str) -> str:
    """A name with every character in its old form, where it has one."""
    old_forms = jis_x_0208(2)
    return "".join(
        next((v for v in variants_of(c) if v in old_forms), c) if c not in old_forms else c
        for c in name
    )
