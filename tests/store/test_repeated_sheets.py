"""The same sheet scanned twice: found by its ink, linked, never dropped; other sheets are not."""

import dataclasses
import datetime as dt
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from examination_fixtures import accepted_application, arrival
from hypothesis import given
from hypothesis import strategies as st
from store_actions import load, outcome_of

from pipeline.domain.documents import PIN_FIELDS, FieldName, FormName
from pipeline.domain.findings import FindingCode
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import PageImage, RegisteredPage
from pipeline.imaging.registration import Registrar
from pipeline.imaging.zone_sketches import zone_sketches
from pipeline.samples.composing import compose, draw_style
from pipeline.samples.paper import Mode, PaperSpec, scan
from pipeline.samples.people import make_applicant
from pipeline.store.arrivals.records import Arrival
from pipeline.store.arrivals.repeats import sheets
from pipeline.store.arrivals.repeats.sheet_marks import (
    BITS,
    Marks,
    Sheets,
    differing,
    same_sheet,
    sheet_marks,
)
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.vault import Vault

FIELDS = (FieldName.MY_NUMBER, FieldName.NAME, FieldName.ADDRESS, FieldName.BIRTH_DATE)
NUMBERS = ("123456789018", "271828182840", "314159265352")


def _ink(seed: int, length: int = 400) -> np.ndarray:
    """Strokes at random places."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(length) < 0.2, rng.random(length), 0).astype(np.float32)


def _again(ink: np.ndarray, seed: int, noise: float = 0.01) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(ink * rng.uniform(0.8, 1.2) + rng.normal(0, noise, len(ink)), 0, 1).astype(
        np.float32
    )


def _marks(vault: Vault, seed: int, again: int | None = None) -> Marks:
    sketches = {name: _ink(seed * 100 + n) for n, name in enumerate(FIELDS)}
    if again is not None:
        sketches = {name: _again(ink, again) for name, ink in sketches.items()}
    return dict(sheet_marks(vault, sketches))


def test_a_second_scan_is_the_same_sheet_and_another_sheet_is_not(vault: Vault) -> None:
    for seed in range(20):
        one = _marks(vault, seed)
        assert same_sheet(one, _marks(vault, seed, again=seed))
        assert not same_sheet(one, _marks(vault, seed + 1))


def test_one_field_that_differs_makes_it_another_sheet(vault: Vault) -> None:
    """Twins: one hand, one address, one birthday, another number and name."""
    one, other = _marks(vault, 1), _marks(vault, 2)
    for name in (FieldName.MY_NUMBER, FieldName.NAME):
        assert not same_sheet(one, {**one, name: other[name]})


def test_a_nearly_empty_sheet_is_never_found_again(vault: Vault) -> None:
    one = dict(list(_marks(vault, 1).items())[:2])
    assert not same_sheet(one, one), "two fields are too little to go by"
    assert not same_sheet({}, {})


def test_what_was_added_later_does_not_hide_the_sheet(vault: Vault) -> None:
    """A form that was sent back for its signature comes again with one."""
    one = _marks(vault, 3)
    signed = {**_marks(vault, 3, again=4), FieldName.SIGNATURE: bytes(16)}
    assert same_sheet(one, signed)


@given(st.data())
def test_one_sheet_against_many_is_one_against_each(data: st.DataObject) -> None:
    """Whoever compares with all at once must find what comparing with each finds."""
    base = data.draw(st.binary(min_size=16, max_size=16))

    def mark() -> bytes:
        flips = data.draw(st.sets(st.integers(0, BITS - 1), max_size=30))
        noise = sum(1 << n for n in flips)
        return (int.from_bytes(base) ^ noise).to_bytes(16)

    def sheet() -> Marks:
        return {name: mark() for name in data.draw(st.sets(st.sampled_from(FIELDS)))}

    known = {serial: sheet() for serial in range(1, data.draw(st.integers(2, 6)))}
    rows = [(serial, name, m) for serial, marks in known.items() for name, m in marks.items()]
    if not rows:
        return
    columns = dict(zip(("serial", "field", "mark"), zip(*rows, strict=True), strict=True))
    wanted = sheet()
    found = Sheets(pa.table(columns)).same_as(wanted)
    assert set(found) == {serial for serial, m in known.items() if same_sheet(wanted, m)}


def test_a_sheet_is_found_among_those_of_long_ago(store: DuckDBStore, vault: Vault) -> None:
    """However many sheets lie between, by stretches of documents."""
    first = _with_sheet(arrival(vault, "a", _person(0)), _marks(vault, 1), 20)
    load(store, "b1", first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sheets, "_AT_A_TIME", 2)
        for n in range(3):
            other = _with_sheet(arrival(vault, f"o{n}", _person(1)), _marks(vault, 10 + n), 21)
            load(store, f"o{n}", other)
        again = _with_sheet(arrival(vault, "b", _person(2)), _marks(vault, 1, again=9), 22)
        load(store, "b2", again)
    (document,) = again.documents
    evidence = {f.code: f.evidence for f in store.documents.findings(document.document_id)}
    assert evidence[FindingCode.DUPLICATE_SCAN]["document"] == first.documents[0].document_id


def test_the_bits_mean_nothing_under_another_key(vault: Vault, tmp_path) -> None:
    elsewhere = Vault.create(tmp_path / "keys")
    ink = {FieldName.NAME: _ink(5)}
    (here,), (there,) = (sheet_marks(v, ink) for v in (vault, elsewhere))
    share = differing(dict([here]), dict([there]))[FieldName.NAME]
    assert 0.3 < share < 0.7, "as different as two coins"


def _with_sheet(arrival: Arrival, marks: Marks, day: int) -> Arrival:
    (document,) = arrival.documents
    return dataclasses.replace(
        arrival,
        received_at=dt.datetime(2026, 11, day),
        documents=(dataclasses.replace(document, sheet=tuple(marks.items())),),
    )


def test_a_sheet_scanned_twice_is_linked_across_batches_and_waits_for_a_person(
    store: DuckDBStore, vault: Vault
) -> None:
    first = _with_sheet(arrival(vault, "a", _person(0)), _marks(vault, 1), 20)
    again = _with_sheet(arrival(vault, "b", _person(1)), _marks(vault, 1, again=9), 21)
    other = _with_sheet(arrival(vault, "c", _person(2)), _marks(vault, 2), 21)
    load(store, "b1", first)
    load(store, "b2", again, other)
    ids = [one.documents[0].document_id for one in (first, again, other)]
    codes = {i: {f.code: f.evidence for f in store.documents.findings(i)} for i in ids}
    assert FindingCode.DUPLICATE_SCAN not in codes[ids[0]] | codes[ids[2]]
    evidence = codes[ids[1]][FindingCode.DUPLICATE_SCAN]
    assert evidence["document"] == ids[0] and evidence["fields_compared"] == len(FIELDS)
    assert outcome_of(store, ids[0]) == "accept" and outcome_of(store, ids[1]) is None
    found = store.documents.document(ids[1])
    assert found is not None and found.route == "confirm"


def test_two_scans_in_one_batch_are_linked_too(store: DuckDBStore, vault: Vault) -> None:
    first = _with_sheet(arrival(vault, "a", _person(0)), _marks(vault, 1), 20)
    again = _with_sheet(arrival(vault, "b", _person(1)), _marks(vault, 1, again=9), 20)
    load(store, "b1", first, again)
    found = store.figures.totals()["findings"]
    assert found.get("DUPLICATE_SCAN") == 1


def _person(number: int):
    """Applications of different people, so that only the sheet can link them."""
    examination = accepted_application(NUMBERS[number])
    readings = tuple(
        dataclasses.replace(r, value=f"{r.value}{number}")
        if r.field == FieldName.NAME and r.value
        else r
        for r in examination.readings
    )
    return dataclasses.replace(examination, readings=readings)


@pytest.fixture(scope="module")
def registrar(tmp_path_factory: pytest.TempPathFactory) -> Registrar:
    form = Catalogue.load().get(FormName.APPLICATION_PREPRINTED.value)
    return Registrar([form], tmp_path_factory.mktemp("cache"))


def _scanned(registrar: Registrar, person: int, spec: PaperSpec) -> RegisteredPage:
    rng = np.random.default_rng([88, person])
    form = Catalogue.load().get(FormName.APPLICATION_PREPRINTED.value)
    flat = lambda cases, applicant, rng, w, h: np.full((h, w, 3), 190, np.uint8)  # noqa: E731
    page = compose(form, make_applicant(rng), draw_style(rng), rng, photos=flat)
    scanned = scan(page.pixels, spec, np.random.default_rng(1))
    found = registrar.register(PageImage(scanned.pixels, 1, 200.0, scanned.bilevel))
    assert isinstance(found, RegisteredPage)
    return found


def test_real_pages_scanned_in_two_ways(registrar: Registrar, vault: Vault) -> None:
    grey = PaperSpec(dpi=200, mode=Mode.GREY, skew_deg=1.1, noise=1.0, contrast=0.9)
    black = PaperSpec(dpi=200, mode=Mode.BILEVEL, skew_deg=-0.7, quarter_turns=2, scale_x=1.01)
    marks = [
        dict(sheet_marks(vault, zone_sketches(_scanned(registrar, person, spec))))
        for person, spec in ((1, grey), (1, black), (2, grey))
    ]
    assert same_sheet(marks[0], marks[1])
    assert not same_sheet(marks[0], marks[2])


def test_what_a_machine_printed_alike_on_everybodys_sheet_tells_no_sheet(
    vault: Vault, tmp_path
) -> None:
    """Notices have nothing but print: the same lines in the same font, for every holder."""
    form = Catalogue.load().get(FormName.EXPIRY_NOTICE.value)
    known = Registrar([form], tmp_path)
    marks = []
    for person in range(4):
        rng = np.random.default_rng([5, person])
        sheet = compose(form, make_applicant(rng), draw_style(rng), rng).pixels
        page = known.register(PageImage(sheet, 1, 300.0))
        assert isinstance(page, RegisteredPage)
        marks.append(dict(sheet_marks(vault, zone_sketches(page))))
    assert not any(same_sheet(a, b) for a, b in combinations(marks, 2))


def test_an_empty_form_has_no_sketch_and_pins_never_have_one(registrar: Registrar) -> None:
    form = Catalogue.load().get(FormName.APPLICATION_PREPRINTED.value)
    found = registrar.register(PageImage(blank_raster(form), 1, 300.0))
    assert isinstance(found, RegisteredPage) and zone_sketches(found) == {}
    reply = Catalogue.load().get(FormName.REPLY_FORM.value)
    black = np.zeros_like(blank_raster(reply))
    page = dataclasses.replace(found, form=reply, pixels=black, paper_bgr=(250, 250, 250))
    sketched = zone_sketches(page)
    assert sketched and not set(sketched) & PIN_FIELDS
