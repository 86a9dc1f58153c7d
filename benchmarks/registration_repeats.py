"""One sheet scanned twice, and other sheets of the same form: is a sheet known again, and only it.

Two ordinary scans of every sheet, registered and sketched as in a batch, their bits keyed by a
fresh vault. A form that is printed by machine throughout (the notice) has no sheet to know again;
its sheets count among those that must not be taken for each other. A sheet that is too empty to be
known again by its own rule counts as missed.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition
from pipeline.imaging.pages import PageImage, RegisteredPage
from pipeline.imaging.registration import Registrar
from pipeline.imaging.zone_sketches import zone_sketches
from pipeline.samples.composing import compose, draw_style
from pipeline.samples.paper import PaperSpec, Preset, scan
from pipeline.samples.people import make_applicant
from pipeline.store.arrivals.repeats.sheet_marks import Marks, same_sheet, sheet_marks
from pipeline.vault import Vault


@dataclass(frozen=True, slots=True)
class Repeats:
    """What became of the pairs.

    Attributes:
        sheets: Sheets written on by hand of which both scans were registered to their form.
        known_again: Of these, those whose second scan is known as the same sheet.
        pairs: Scans of two different sheets of one form.
        confused: Of these, those taken for the same sheet.
    """

    sheets: int
    known_again: int
    pairs: int
    confused: int


def repeats(registrar: Registrar, count: int, seed: int) -> Repeats:
    """Measure ``count`` sheets, the forms in turn; the registrar has to know those that ship."""
    forms = Catalogue.load().forms
    twice: dict[str, list[tuple[Marks, Marks]]] = {}
    with tempfile.TemporaryDirectory() as home:
        vault = Vault.create(Path(home) / "keys")
        for number in range(count):
            form = forms[number % len(forms)]
            seen = _two_scans(registrar, vault, form, np.random.default_rng([seed, number]))
            if seen is not None:
                twice.setdefault(form.key, []).append(seen)
    by_hand = {f.key for f in forms if any(not zone.printed for zone in f.zones)}
    every = [pair for key, own in twice.items() if key in by_hand for pair in own]
    others = [
        same_sheet(one[0], other[1])
        for own in twice.values()
        for one, other in permutations(own, 2)
    ]
    known = sum(same_sheet(*pair) for pair in every)
    return Repeats(len(every), known, len(others), sum(others))


def _two_scans(
    registrar: Registrar, vault: Vault, form: FormDefinition, rng: np.random.Generator
) -> tuple[Marks, Marks] | None:
    sheet = compose(form, make_applicant(rng), draw_style(rng), rng).pixels
    marks: list[Marks] = []
    for preset in (Preset.MILD, Preset.TYPICAL):
        seen = scan(sheet, PaperSpec.drawn(preset, rng), rng)
        page = registrar.register(PageImage(seen.pixels, 1, float(seen.dpi), seen.bilevel))
        if not isinstance(page, RegisteredPage) or page.form.key != form.key:
            return None
        marks.append(dict(sheet_marks(vault, zone_sketches(page))))
    return marks[0], marks[1]
