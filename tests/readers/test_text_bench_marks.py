"""What the text bench counts as a mark that was made, read right, or silently wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipeline.domain.documents import Channel, FieldName, FormName
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import KINDS_PART, Zone
from pipeline.readers.marks.mark_reader import MarkState
from pipeline.samples.truth import DocumentTruth

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.text_bench import MarkTally, meant_cells


def zone(form: str, field: FieldName, part: str = "") -> Zone:
    found = Catalogue.load().get(form).zone(field, part)
    assert found is not None
    return found


def truth(field: FieldName, value: str, **conditions: object) -> DocumentTruth:
    return DocumentTruth(
        FormName.APPLICATION_HANDWRITTEN,
        "1",
        Channel.MAIL,
        {field.value: value},
        {},
        (),
        None,
        conditions,
    )


@pytest.mark.parametrize(
    ("day", "meant"),
    [
        ("1964-05-05", frozenset("昭")),
        ("1989-01-08", frozenset("平")),
        ("2020-02-29", frozenset("令")),
        ("1926-12-25", None),  # legal in two eras: the day does not tell which was marked
        ("", frozenset()),
    ],
)
def test_the_era_that_is_marked_follows_from_the_day(
    day: str, meant: frozenset[str] | None
) -> None:
    era = zone("application_handwritten", FieldName.BIRTH_DATE, "era")
    assert meant_cells(era, truth(FieldName.BIRTH_DATE, day)) == meant


def test_a_day_that_is_in_no_calendar_tells_no_era() -> None:
    era = zone("application_handwritten", FieldName.BIRTH_DATE, "era")
    written = truth(FieldName.BIRTH_DATE, "", written={"birth_date": "550230"})
    assert meant_cells(era, written) is None


def test_a_single_box_and_a_word_of_two_are_told_by_the_value() -> None:
    box = zone("application_handwritten", FieldName.BRAILLE_WANTED)
    only = meant_cells(box, truth(FieldName.BRAILLE_WANTED, "1"))
    assert only is not None and len(only) == 1
    assert meant_cells(box, truth(FieldName.BRAILLE_WANTED, "")) == frozenset()
    sex = zone("application_handwritten", FieldName.SEX)
    assert meant_cells(sex, truth(FieldName.SEX, "女")) == frozenset("女")


def test_a_pin_is_no_truth_of_the_row_under_it() -> None:
    row = zone("reply_form", FieldName.PIN_SIGNATURE, KINDS_PART)
    assert meant_cells(row, truth(FieldName.PIN_SIGNATURE, "K4T7H3A")) is None


def test_a_cell_for_a_person_is_not_silent_and_a_lost_mark_is() -> None:
    tally = MarkTally()
    for state, meant in (
        (MarkState.MARKED, True),
        (MarkState.CORRECTED, True),
        (MarkState.UNCLEAR, False),
        (MarkState.STRAY, True),
        (MarkState.MARKED, False),
        (MarkState.EMPTY, False),
    ):
        tally.add(state, meant=meant)
    assert (tally.cells, tally.right, tally.silent) == (6, 2, 2)
    assert (tally.made, tally.made_right, tally.made_silent) == (3, 1, 1)
