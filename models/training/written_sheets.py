"""Sheets full of written names and kana, scanned in simulation: many names in little time.

A form holds one name or two and costs seconds to compose and to find; a sheet holds a column of
them in zones of the sizes that our forms have, each by another hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from models.training.printed_sheets import column_of
from pipeline.domain.documents import FieldName as F
from pipeline.domain.documents import FormName
from pipeline.forms.definition import Zone
from pipeline.imaging.pages import RegisteredPage
from pipeline.samples.composing import TEXT_HEIGHT_PX, draw_style
from pipeline.samples.paper import PaperSpec, Preset, scan
from pipeline.samples.people import Applicant, make_applicant
from pipeline.samples.row_sheets import draw_rows, laid_on_form
from pipeline.samples.writing import write_text

# Field, width and height of its zone, lines: as on the form that is filled in by hand.
_ROWS = (
    (F.NAME, 147.0, 13.0, 2),
    (F.REPRESENTATIVE_KANA, 87.0, 6.2, 1),
    (F.REPRESENTATIVE_NAME, 87.0, 11.0, 1),
)
_PRESETS = (Preset.MILD, Preset.TYPICAL, Preset.TYPICAL, Preset.HARD)
_RESIDUAL_PX = 0.7


def written_sheets(
    count: int, seed: int, spelled: Callable[[str], str] = str
) -> Iterator[tuple[RegisteredPage, tuple[tuple[Zone, str], ...]]]:
    """Sheets with what is written in each zone.

    Args:
        count: How many sheets.
        seed: Everything follows from it.
        spelled: What is written of a value.
    """
    form = column_of(_ROWS, FormName.APPLICATION_HANDWRITTEN, printed=False)
    blank = draw_rows(form)
    for number in range(count):
        rng = np.random.default_rng([seed, 41, number])
        pixels = blank.copy()
        truth = []
        for row, zone in enumerate(form.zones):
            own = np.random.default_rng([seed, 43, number, row])
            text = spelled(_value(make_applicant(own), zone.field))
            style = draw_style(own)
            write_text(
                pixels,
                text,
                zone.box.inset(0.6).to_px(),
                style.words,
                style.hand,
                style.pen,
                own,
                lines=zone.lines,
                size_px=TEXT_HEIGHT_PX,
            )
            truth.append((zone, text))
        spec = PaperSpec.drawn(_PRESETS[number % len(_PRESETS)], rng)
        scanned = scan(pixels, spec, rng)
        page = laid_on_form(form, scanned.pixels, scanned.to_scan, spec, rng, _RESIDUAL_PX)
        yield page, tuple(truth)


def _value(person: Applicant, field: F) -> str:
    match field:
        case F.NAME:
            return person.name
        case F.REPRESENTATIVE_KANA:
            return person.representative.kana
        case _:
            return person.representative.name
