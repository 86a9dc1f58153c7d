"""Classes of personal data: what shares a key, and so what is destroyed together."""

from __future__ import annotations

from enum import StrEnum

from pipeline.domain.documents import PIN_FIELDS, FieldName


class DataClass(StrEnum):
    """What a sealed thing is. Every class has its own key for every month, PINs for every day."""

    IMAGE = "image"  # originals, page images, crops
    NUMBER = "number"  # the My Number and the application ID
    PIN = "pin"  # destroyed soonest
    PERSON = "person"  # names, addresses, dates, everything else a person wrote
    TEXT = "text"  # raw characters as read, notes


_NUMBERS = frozenset({FieldName.MY_NUMBER, FieldName.APPLICATION_ID, FieldName.QR})


def class_of(field: FieldName) -> DataClass:
    """The data class of a field's value."""
    if field in PIN_FIELDS:
        return DataClass.PIN
    return DataClass.NUMBER if field in _NUMBERS else DataClass.PERSON
