"""A crop of one field never shows a PIN that stands near it."""

from __future__ import annotations

import pytest

from pipeline.domain.documents import PIN_FIELDS, FieldName
from pipeline.examine.crops import CROP_MARGIN_MM, field_box
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition

FORMS = Catalogue.load().forms
TALLEST_MM = 50.0  # the photo's zone with its margin; anything taller spans other fields


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.key)
def test_no_crop_of_another_field_reaches_a_pin(form: FormDefinition) -> None:
    pins = [zone.box for zone in form.zones if zone.field in PIN_FIELDS]
    for name in {zone.field for zone in form.zones} - PIN_FIELDS:
        box = field_box(form, name)
        assert box is not None
        shown = box.inset(-CROP_MARGIN_MM)
        assert shown.h <= TALLEST_MM, name
        assert not any(shown.overlaps(pin) for pin in pins), name


def test_both_parts_of_a_date_are_shown() -> None:
    form = next(f for f in FORMS if f.name == "application_handwritten")
    box = field_box(form, FieldName.BIRTH_DATE)
    assert box is not None
    for zone in form.zones_of(FieldName.BIRTH_DATE):
        assert box.x <= zone.box.x and zone.box.x + zone.box.w <= box.x + box.w + 1e-9
