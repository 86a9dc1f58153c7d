"""Each fault of a definition is found under its own code, and a sound one has none."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.domain.documents import FieldName
from pipeline.domain.geometry import BoxMm
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.checking import check
from pipeline.forms.definition import KINDS_PART, FormDefinition, Label, Zone

F = FieldName
FORM = Catalogue.load().get("application_handwritten")


@pytest.mark.parametrize("form", Catalogue.load().forms, ids=lambda f: f.key)
def test_shipped_forms_have_no_problem(form) -> None:
    assert check(form) == []


def with_zone(field: F, change: Callable[[Zone], Zone], part: str = "") -> FormDefinition:
    zones = tuple(change(z) if (z.field, z.part) == (field, part) else z for z in FORM.zones)
    assert zones != FORM.zones
    return replace(FORM, zones=zones)


def cell_changed(zone: Zone, index: int, cell: BoxMm) -> Zone:
    return replace(zone, cells=(*zone.cells[:index], cell, *zone.cells[index + 1 :]))


FAULTS: dict[str, FormDefinition] = {
    "NO_ZONES": replace(FORM, zones=()),
    "LINE_NOT_DROPOUT": replace(FORM, colours={**FORM.colours, "line": "#444444"}),
    "COLOUR_UNKNOWN": replace(FORM, labels=(replace(FORM.labels[0], colour="mauve"),)),
    "ZONE_EMPTY": with_zone(F.NAME, lambda z: replace(z, box=BoxMm(50, 45, 0, 5))),
    "ZONE_OUTSIDE_PAGE": with_zone(F.NAME, lambda z: replace(z, box=BoxMm(150, 45, 61, 5))),
    "ZONES_OVERLAP": with_zone(F.NAME, lambda z: replace(z, box=BoxMm(50, 45, 100, 12))),
    "FIELD_TWICE": with_zone(F.PHONE, lambda z: replace(z, field=F.NAME)),
    "CELLS_MISSING": with_zone(F.MY_NUMBER, lambda z: replace(z, cells=())),
    "CELLS_UNUSED": with_zone(F.NAME, lambda z: replace(z, cells=(BoxMm(50, 43, 9, 9),))),
    "CELL_OUTSIDE_ZONE": with_zone(F.MY_NUMBER, lambda z: cell_changed(z, 0, BoxMm(50, 35, 9, 10))),
    "CELL_TOO_SMALL": with_zone(F.MY_NUMBER, lambda z: cell_changed(z, 0, BoxMm(50, 30, 3, 10))),
    "CELLS_OVERLAP": with_zone(F.MY_NUMBER, lambda z: cell_changed(z, 0, BoxMm(52, 29.5, 9, 10))),
    "ALPHABET_MISSING": with_zone(F.MY_NUMBER, lambda z: replace(z, alphabet="")),
    "ALPHABET_REPEATED": with_zone(F.MY_NUMBER, lambda z: replace(z, alphabet="01234567890")),
    "MARKS_COUNT": with_zone(F.SEX, lambda z: replace(z, alphabet="男女他")),
    "MARK_STYLE_MISSING": with_zone(F.SEX, lambda z: replace(z, mark_style="")),
    "CELL_COUNT": with_zone(F.MY_NUMBER, lambda z: replace(z, cells=z.cells[:11])),
    "PHOTO_SIZE": with_zone(F.PHOTO, lambda z: replace(z, box=BoxMm(150, 142, 30, 40))),
    "LABEL_OUTSIDE_PAGE": replace(FORM, labels=(Label("外", BoxMm(205, 10, 10, 5), 9),)),
    "LABEL_TOO_WIDE": replace(FORM, labels=(Label("とても長い見出し", BoxMm(10, 5, 10, 5), 9),)),
    "PRINT_IN_CELL": replace(FORM, labels=(Label("年", BoxMm(55, 30, 5, 5), 8),)),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_is_found_under_its_code(code: str) -> None:
    problems = [p for p in check(FAULTS[code]) if p.code == code]
    assert problems
    assert all(p.ja and p.en for p in problems)
    assert all(p.bars == (code != "LINE_NOT_DROPOUT") for p in problems)


def test_a_date_needs_six_cells() -> None:
    form = with_zone(F.BIRTH_DATE, lambda z: replace(z, cells=z.cells[:5]), part="digits")
    (problem,) = check(form)
    assert (problem.code, problem.field) == ("CELL_COUNT", "birth_date/digits")


def test_a_mark_row_has_a_choice_for_every_box() -> None:
    form = Catalogue.load().get("reply_form")
    row = form.zone(F.PIN_SIGNATURE, KINDS_PART)
    assert row is not None
    short = replace(row, cells=row.cells[:-1])
    changed = replace(form, zones=tuple(short if z is row else z for z in form.zones))
    (problem,) = check(changed)
    assert (problem.code, problem.field) == ("MARKS_COUNT", "pin_signature/kinds")
