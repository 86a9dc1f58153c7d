"""Dates over possible days only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.documents import FieldName as F
from pipeline.domain.errors import DefectError
from pipeline.domain.findings import FindingCode as C
from pipeline.domain.geometry import BoxMm, BoxPx
from pipeline.domain.readings import Reading
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.readers.dates.date_thresholds import ARTEFACT, DateThresholds
from pipeline.readers.dates.resolve_date import resolve_date
from pipeline.readers.marks.mark_reader import CellMark, MarksReading, MarkState
from pipeline.readers.resolved import Resolved
from pipeline.settings import REPOSITORY

ZONE = Zone(F.BIRTH_DATE, ReaderKind.BOXES, BoxMm(0, 0, 60, 10), part="digits")
ERAS = "明大昭平令"
PLACE = BoxPx(0, 0, 1, 1)


@dataclass(frozen=True)
class Cell:
    posterior: Mapping[str, float]
    doubtful: bool = False
    box_px: BoxPx = PLACE
    unreadable: bool = False
    shares_ink: bool = False
    weighed: Mapping[str, float] = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        return not self.posterior


@dataclass(frozen=True)
class Boxed:
    cells: tuple[Cell, ...]
    zone: Zone = ZONE
    model_version: str = "test"


def boxed(text: str, sure: float = 0.999, **doubts: dict[str, float]) -> Boxed:
    cells = []
    for i, c in enumerate(text):
        if c == " ":
            cells.append(Cell({}))
        elif f"at{i}" in doubts:
            cells.append(Cell(doubts[f"at{i}"]))
        else:
            other = "1" if c != "1" else "7"
            cells.append(Cell({c: sure, other: 1 - sure}))
    return Boxed(tuple(cells))


def era(chosen: str) -> MarksReading:
    zone = Zone(F.BIRTH_DATE, ReaderKind.MARKS, BoxMm(0, 0, 40, 5), alphabet=ERAS, part="era")
    return MarksReading(
        zone,
        tuple(
            CellMark(
                e,
                MarkState.MARKED if e in chosen else MarkState.EMPTY,
                0.995 if e in chosen else 0.001,
                0.2,
                BoxPx(0, 0, 1, 1),
            )
            for e in ERAS
        ),
    )


def codes(resolved: Resolved) -> list[C]:
    return [f.code for f in resolved.findings]


@given(st.dates(dt.date(1989, 1, 9), dt.date(2019, 4, 30)), st.booleans())
def test_a_clear_date_is_read(day: dt.date, padded: bool) -> None:
    pattern = "{:02d}{:02d}{:02d}" if padded else "{:2d}{:2d}{:2d}"
    text = pattern.format(day.year - 1988, day.month, day.day)
    resolved = resolve_date(F.BIRTH_DATE, era("平"), boxed(text, sure=0.9995), None)
    assert resolved.reading.value == day.isoformat()
    assert resolved.reading.accepted
    assert resolved.findings == ()


def test_a_digit_may_stand_in_either_cell_of_its_pair() -> None:
    left = resolve_date(F.BIRTH_DATE, era("平"), boxed("2 5 3 "), None)
    right = resolve_date(F.BIRTH_DATE, era("平"), boxed(" 2 5 3"), None)
    assert left.reading.value == right.reading.value == "1990-05-03"


def test_impossible_days_are_left_out_of_a_doubt() -> None:
    digits = boxed("020930", at4={"3": 0.55, "8": 0.45})
    resolved = resolve_date(F.BIRTH_DATE, era("平"), digits, None)
    assert resolved.reading.value == "1990-09-30"


KNOWING = DateThresholds("test", 0.98, 0.95, {}, impossible_share=0.01)


def test_a_digit_whose_only_rival_names_no_day_is_sure() -> None:
    """Few people write a 37th of September: the calendar speaks for the 31st of December."""
    rival = {"1": 0.95, "7": 0.05}
    no_day = boxed("021231", at5=rival)  # 37
    a_day = boxed("021221", at5=rival)  # 27
    sure = resolve_date(F.BIRTH_DATE, era("平"), no_day, None, thresholds=KNOWING)
    assert sure.reading.accepted and sure.reading.value == "1990-12-31"
    assert sure.reading.confidence > 0.99
    unsure = resolve_date(F.BIRTH_DATE, era("平"), a_day, None, thresholds=KNOWING)
    assert not unsure.reading.accepted and unsure.reading.confidence < 0.96


@given(st.floats(0.501, 0.999))
def test_a_date_that_reads_as_no_day_is_never_accepted_as_another(sure: float) -> None:
    digits = boxed("020230", at4={"3": sure, "1": 1 - sure})
    resolved = resolve_date(F.BIRTH_DATE, era("平"), digits, None, thresholds=KNOWING)
    assert not resolved.reading.accepted
    assert codes(resolved)[0] in (C.DATE_IMPOSSIBLE, C.DATE_UNCLEAR)
    if resolved.reading.value is not None:
        assert resolved.reading.characters[5].flagged


def test_a_date_written_wrongly_is_impossible_and_has_no_value() -> None:
    resolved = resolve_date(F.BIRTH_DATE, era("平"), boxed("020230"), None)
    assert codes(resolved) == [C.DATE_IMPOSSIBLE]
    assert resolved.reading.value is None
    assert not resolved.reading.accepted
    assert resolved.reading.as_written == "平02年02月30日"
    beyond = resolve_date(F.BIRTH_DATE, era("昭"), boxed("640108"), None)
    assert codes(beyond) == [C.DATE_IMPOSSIBLE]


def test_an_unsure_digit_is_never_accepted() -> None:
    digits = boxed("020513", at5={"3": 0.6, "8": 0.4})
    resolved = resolve_date(F.BIRTH_DATE, era("平"), digits, None)
    assert codes(resolved) == [C.DATE_UNCLEAR]
    last = resolved.reading.characters[-1]
    assert last.flagged
    assert last.alternatives[0].value == "8"


def test_two_eras_or_none_are_unclear() -> None:
    for marks in (era("昭平"), era("")):
        resolved = resolve_date(F.BIRTH_DATE, marks, boxed("020513"), None)
        assert codes(resolved) == [C.DATE_UNCLEAR]
        assert not resolved.reading.accepted


def test_blank_dates() -> None:
    missing = resolve_date(F.APPLICATION_DATE, None, boxed("      "), None)
    assert (missing.reading.value, codes(missing)) == ("", [C.DATE_MISSING])
    marked = resolve_date(F.BIRTH_DATE, era("平"), boxed("      "), None)
    assert codes(marked) == [C.DATE_MISSING]
    assert not marked.reading.accepted


@given(st.integers(0, 5), st.booleans())
def test_a_doubtful_cell_bars_acceptance_though_it_be_blank(at: int, blank: bool) -> None:
    digits = boxed("020513")
    cells = list(digits.cells)
    cells[at] = Cell({} if blank else cells[at].posterior, doubtful=True)
    resolved = resolve_date(F.BIRTH_DATE, era("平"), Boxed(tuple(cells)), None)
    assert not resolved.reading.accepted
    assert resolved.findings
    assert resolved.reading.characters[at + (resolved.reading.value is not None)].flagged


@pytest.mark.parametrize("at", range(6))
def test_a_date_with_a_box_that_nobody_can_read_has_no_value(at: int) -> None:
    cells = list(boxed("020513").cells)
    cells[at] = Cell({}, doubtful=True, unreadable=True)
    resolved = resolve_date(F.BIRTH_DATE, era("平"), Boxed(tuple(cells)), None)
    assert codes(resolved) == [C.DATE_UNCLEAR]
    assert resolved.reading.value is None
    assert resolved.reading.characters[at].flagged


@pytest.mark.parametrize(("sure", "taken"), [(0.9999, True), (0.99, False)])
def test_a_digit_that_shares_ink_bars_a_date_unless_it_is_very_sure(
    sure: float, taken: bool
) -> None:
    limits = DateThresholds("test", 0.9, 0.95, {}, shared_sure_from=0.999)
    cells = list(boxed("020513", sure=0.9999).cells)
    cells[4] = Cell({"1": sure, "7": 1 - sure}, doubtful=True, shares_ink=True)
    row = Boxed(tuple(cells))
    found = resolve_date(F.BIRTH_DATE, era("平"), row, None, thresholds=limits).reading
    assert found.accepted == taken
    assert found.characters[5].flagged != taken
    # What is struck out or two in a box stays for a person, however sure; so does an artefact
    # that was measured without such digits.
    cells[4] = Cell({"1": 0.99999}, doubtful=True)
    struck = resolve_date(F.BIRTH_DATE, era("平"), Boxed(tuple(cells)), None, thresholds=limits)
    assert not struck.reading.accepted
    unmeasured = DateThresholds("test", 0.9, 0.95, {})
    assert not resolve_date(
        F.BIRTH_DATE, era("平"), row, None, thresholds=unmeasured
    ).reading.accepted


def test_a_zone_of_blank_cells_one_of_them_doubtful_is_not_missing() -> None:
    cells = list(boxed("      ").cells)
    cells[2] = Cell({}, doubtful=True)
    resolved = resolve_date(F.BIRTH_DATE, era(""), Boxed(tuple(cells)), None)
    assert codes(resolved) == [C.DATE_UNCLEAR]
    assert not resolved.reading.accepted


@given(st.floats(0.5, 0.9999))
def test_the_threshold_decides_and_something_is_flagged_where_it_refuses(sure: float) -> None:
    limits = DateThresholds("test", 0.98, 0.6, {})
    resolved = resolve_date(
        F.APPLICATION_DATE, None, boxed("081123", sure), None, thresholds=limits
    )
    reading = resolved.reading
    if reading.value is None:
        return
    assert reading.accepted == (reading.confidence >= 0.98)
    assert any(c.flagged for c in reading.characters) == (not reading.accepted)


def test_a_missing_or_broken_artefact_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DefectError) as missing:
        DateThresholds.load(tmp_path)
    assert missing.value.code == "THRESHOLDS_MISSING"
    (tmp_path / "thresholds").mkdir()
    for content in ("{", '{"version": "x"}', '{"version":"x","accept_from":7,"impossible_from":0}'):
        (tmp_path / ARTEFACT).write_text(content)
        with pytest.raises(DefectError) as broken:
            DateThresholds.load(tmp_path)
        assert broken.value.code == "THRESHOLDS_BROKEN"


def test_the_shipped_threshold_rests_on_the_dates_it_names() -> None:
    shipped = DateThresholds.load(REPOSITORY / "models")
    stood = shipped.evaluation["as_they_stood"]
    assert isinstance(stood, dict)
    assert stood["accepted"] >= 1000
    assert stood["errors"] / stood["accepted"] <= 0.01
    assert 0.9 < shipped.accept_from <= 1.01


def test_what_a_digit_is_mistaken_for_counts_in_a_date() -> None:
    """A sure 4 is a 9 more often than the views say: the date is no surer than that."""
    plain = boxed("041123")
    weighed = replace(plain.cells[1], weighed={"4": 0.8, "9": 0.2})
    doubted = replace(plain, cells=(plain.cells[0], weighed, *plain.cells[2:]))
    sure, unsure = (resolve_date(F.STAY_LIMIT_DATE, None, b, None) for b in (plain, doubted))
    assert sure.reading.accepted and not unsure.reading.accepted
    assert unsure.reading.confidence == pytest.approx(0.8, abs=0.02)


def test_the_printed_era_counts_where_there_are_no_marks() -> None:
    resolved = resolve_date(F.APPLICATION_DATE, None, boxed("081123"), None)
    assert resolved.reading.value == "2026-11-23"


def test_dates_in_print() -> None:
    def text(value: str) -> Resolved:
        return Resolved(Reading(F.EXPIRY_DATE, value, 0.99, accepted=True))

    good = resolve_date(F.EXPIRY_DATE, None, None, text("令和8年12月3日"))
    assert (good.reading.value, good.reading.accepted) == ("2026-12-03", True)
    assert codes(resolve_date(F.EXPIRY_DATE, None, None, text("平成31年5月1日"))) == [
        C.DATE_IMPOSSIBLE
    ]
    assert codes(resolve_date(F.EXPIRY_DATE, None, None, text("令和8年"))) == [C.DATE_IMPOSSIBLE]
