"""Sheets full of printed fields, printed and scanned in simulation: for calibrating print alone.

A preprinted form holds six printed values; a sheet holds a column of them in zones of the same
size and type, so that a thousand can be read in minutes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.domain import era
from pipeline.domain.documents import DATE_FIELDS, FormName
from pipeline.domain.documents import FieldName as F
from pipeline.domain.geometry import BoxMm
from pipeline.forms.definition import FormDefinition, ReaderKind, Zone
from pipeline.imaging.pages import RegisteredPage
from pipeline.samples import fonts, name_lists
from pipeline.samples.paper import PaperSpec, Preset, scan
from pipeline.samples.people import Applicant, make_applicant, pick
from pipeline.samples.row_sheets import PAGE_H_MM, PAGE_W_MM, draw_rows, laid_on_form
from pipeline.samples.stamps import print_text

# Field, width and height of its zone, lines: as on the preprinted form and the notice.
_ROWS = (
    (F.NAME, 147.0, 13.0, 2),
    (F.ADDRESS, 147.0, 15.0, 2),
    (F.BIRTH_DATE, 59.0, 8.0, 1),
    (F.HOLDER_NAME, 124.0, 13.0, 1),
    (F.EXPIRY_DATE, 124.0, 11.0, 1),
    (F.APPLICATION_ID, 67.0, 8.0, 1),
    (F.EXPIRING_ITEM, 124.0, 11.0, 1),
    (F.FOREIGN_RESIDENT_CATEGORY, 59.0, 8.0, 1),
)
_ALPHABETS = {F.APPLICATION_ID: "0123456789"}
_GAP_MM = 1.2
_PRESETS = (Preset.MILD, Preset.TYPICAL, Preset.TYPICAL, Preset.HARD)
_RESIDUAL_PX = 0.7
_ITEMS = ("個人番号カード", "電子証明書", "個人番号カード・電子証明書")


def printed_sheets(
    count: int, seed: int
) -> Iterator[tuple[RegisteredPage, tuple[tuple[Zone, str], ...]]]:
    """Sheets with what is printed in each zone; dates as days in ISO 8601.

    Args:
        count: How many sheets.
        seed: Everything follows from it.
    """
    form = column_of(_ROWS, FormName.APPLICATION_PREPRINTED, printed=True)
    blank = draw_rows(form)
    for number in range(count):
        rng = np.random.default_rng([seed, 31, number])
        pixels = blank.copy()
        truth = []
        family = fonts.MINCHO if rng.random() < 0.7 else fonts.GOTHIC
        for row, zone in enumerate(form.zones):
            person = make_applicant(np.random.default_rng([seed, 33, number, row]))
            value = _value(person, zone.field, rng)
            text = era.write(dt.date.fromisoformat(value)) if zone.field in DATE_FIELDS else value
            box = zone.box.inset(0.6).to_px()
            print_text(pixels, text, box, lines=zone.lines, family=family)
            truth.append((zone, value))
        spec = PaperSpec.drawn(_PRESETS[number % len(_PRESETS)], rng)
        scanned = scan(pixels, spec, rng)
        page = laid_on_form(form, scanned.pixels, scanned.to_scan, spec, rng, _RESIDUAL_PX)
        yield page, tuple(truth)


def column_of(
    rows: Sequence[tuple[F, float, float, int]], name: FormName, *, printed: bool
) -> FormDefinition:
    """A sheet with a column of text zones, the rows over and over as long as there is room.

    Args:
        rows: Field, width and height in millimetres, lines.
        name: The form that it passes for.
        printed: Whether a machine fills it in.
    """
    zones = []
    y, number = 12.0, 0
    while True:
        field, width, height, lines = rows[number % len(rows)]
        if y + height > PAGE_H_MM - 12:
            break
        box = BoxMm(30.0, y, width, height)
        zones.append(
            Zone(
                field,
                ReaderKind.TEXT,
                box,
                (),
                _ALPHABETS.get(field, ""),
                printed=printed,
                optional=True,
                lines=lines,
            )
        )
        y, number = y + height + _GAP_MM, number + 1
    return FormDefinition(
        name,
        "text-rows",
        "text-rows",
        PAGE_W_MM,
        PAGE_H_MM,
        tuple(zones),
        colours={"line": "#f6b48f"},
    )


def _value(person: Applicant, field: F, rng: np.random.Generator) -> str:
    match field:
        case F.NAME | F.HOLDER_NAME:
            return person.name
        case F.ADDRESS:
            return person.address
        case F.BIRTH_DATE:
            return person.birth_date.isoformat()
        case F.EXPIRY_DATE:
            return person.expiry_date.isoformat()
        case F.APPLICATION_ID:
            return person.application_id
        case F.EXPIRING_ITEM:
            return pick(_ITEMS, rng)
        case _:
            return pick(name_lists.FOREIGN_CATEGORIES, rng)
