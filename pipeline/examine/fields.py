"""All fields of a registered page: each zone to its reader, the parts of a field joined."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.domain.documents import DATE_FIELDS, PIN_FIELDS, FieldName
from pipeline.forms.definition import KINDS_PART, FormDefinition, ReaderKind, Zone
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.boxes.resolve_digits import resolve_digits
from pipeline.readers.boxes.resolve_my_number import resolve_my_number
from pipeline.readers.boxes.resolve_pin import resolve_pin
from pipeline.readers.dates.date_thresholds import DateThresholds
from pipeline.readers.dates.resolve_date import resolve_date
from pipeline.readers.marks.kind_marks import read_kinds
from pipeline.readers.marks.mark_reader import read_marks, resolve_choice
from pipeline.readers.marks.presence import read_presence
from pipeline.readers.marks.qr import read_qr
from pipeline.readers.resolved import Resolved
from pipeline.readers.text.text_reader import TextReader


@dataclass(frozen=True, slots=True)
class FieldReaders:
    """The warm readers of one worker."""

    boxes: BoxReader
    text: TextReader
    thresholds: CharacterThresholds
    dates: DateThresholds

    def read(self, page: RegisteredPage, skip: frozenset[FieldName]) -> list[Resolved]:
        """Every field of the page but the photo and those to skip, in the form's order."""
        return [
            self._read_field(page, name)
            for name in fields_in_order(page.form)
            if name not in skip and name != FieldName.PHOTO
        ]

    def _read_field(self, page: RegisteredPage, name: FieldName) -> Resolved:
        zones = page.form.zones_of(name)
        if name in DATE_FIELDS:
            return self._read_date(page, name, zones)
        zone = zones[0]
        return self._reader(name, zone)(page, zone)

    def _reader(self, name: FieldName, zone: Zone) -> Callable[[RegisteredPage, Zone], Resolved]:
        match zone.reader:
            case ReaderKind.BOXES:
                return lambda page, zone: self._read_boxed(page, name, zone)
            case ReaderKind.MARKS:
                return lambda page, zone: resolve_choice(name, read_marks(page, zone))
            case ReaderKind.QR:
                return read_qr
            case ReaderKind.SIGNATURE | ReaderKind.SEAL:
                return read_presence
            case _:
                return self.text.read

    def _read_boxed(self, page: RegisteredPage, name: FieldName, zone: Zone) -> Resolved:
        boxed = self.boxes.read(page, zone)
        if name == FieldName.MY_NUMBER:
            return resolve_my_number(boxed, self.thresholds)
        if name in PIN_FIELDS:
            row = page.form.zone(name, KINDS_PART)
            kinds = read_kinds(page, row, zone) if row is not None else ()
            return resolve_pin(name, boxed, self.thresholds, kinds)
        return resolve_digits(name, boxed, self.thresholds)

    def _read_date(
        self, page: RegisteredPage, name: FieldName, zones: tuple[Zone, ...]
    ) -> Resolved:
        era = boxed = text = None
        for zone in zones:
            if zone.reader == ReaderKind.MARKS:
                era = read_marks(page, zone)
            elif zone.reader == ReaderKind.BOXES:
                boxed = self.boxes.read(page, zone)
            else:
                text = self.text.read(page, zone)
        arrived = dt.date.today()
        return resolve_date(name, era, boxed, text, thresholds=self.dates, arrived=arrived)


def fields_in_order(form: FormDefinition) -> tuple[FieldName, ...]:
    """The fields of a form, each once, in order of definition."""
    return tuple(dict.fromkeys(zone.field for zone in form.zones))
