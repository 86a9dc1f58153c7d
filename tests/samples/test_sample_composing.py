"""A filled form holds what its truth says, in the zones where it belongs."""

from functools import lru_cache

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.documents import Channel, FieldName, FormName
from pipeline.domain.geometry import BoxPx
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition
from pipeline.forms.drawing import blank_raster
from pipeline.samples.composing import ComposedPage, PhotoSource, compose, draw_style
from pipeline.samples.people import Applicant, Kind, make_applicant
from pipeline.samples.photos import portrait_spec, synthetic_photo
from pipeline.samples.planning import CASES_OF, PHOTO_FINDINGS, Case

FORMS = Catalogue.load().forms
# Slant, wobble, round strokes and the turn of a glued photo reach this far beyond a zone.
BEYOND_ZONE_PX = 40
# One box of twelve may be left by a hurried writer.
BEYOND_CELL_PX = 30


def _no_photo(
    cases: frozenset[Case], person: Applicant, rng: np.random.Generator, width: int, height: int
) -> np.ndarray:
    """A grey card: quick, where the test is not about the portrait."""
    return np.full((height, width, 3), 160, np.uint8)


def _made(
    form: FormDefinition,
    seed: int,
    *cases: Case,
    kind: Kind | None = None,
    channel: Channel = Channel.COUNTER,
    mess: float | None = None,
    photos: PhotoSource = synthetic_photo,
) -> ComposedPage:
    rng = np.random.default_rng(seed)
    person = make_applicant(rng, kind)
    style = draw_style(rng, mess=mess)
    return compose(form, person, style, rng, channel=channel, cases=frozenset(cases), photos=photos)


@lru_cache(maxsize=8)
def _form(name: FormName) -> FormDefinition:
    return Catalogue.load().get(name)


HAND = _form(FormName.APPLICATION_HANDWRITTEN)
PRINTED = _form(FormName.APPLICATION_PREPRINTED)
REPLY = _form(FormName.REPLY_FORM)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(FORMS))
def test_ink_stays_in_the_zone_of_its_field(seed: int, form: FormDefinition) -> None:
    page = _made(form, seed)
    assert page.ink
    for place in page.ink:
        rooms = [z.box.to_px() for z in form.zones_of(place.field)]
        assert any(_within(place.box, room, BEYOND_ZONE_PX) for room in rooms), place.field


def _within(inner: BoxPx, outer: BoxPx, slack: int) -> bool:
    return (
        inner.x >= outer.x - slack
        and inner.y >= outer.y - slack
        and inner.x + inner.w <= outer.x + outer.w + slack
        and inner.y + inner.h <= outer.y + outer.h + slack
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_each_digit_of_the_number_is_in_its_own_cell(seed: int) -> None:
    page = _made(HAND, seed, mess=0.2, photos=_no_photo)
    zone = HAND.zone(FieldName.MY_NUMBER)
    assert zone is not None
    number = page.truth.fields["my_number"]
    assert page.truth.characters["my_number"] == tuple(number)
    places = {i.cell: i.box for i in page.ink if i.field == FieldName.MY_NUMBER}
    assert sorted(k for k in places if k is not None) == list(range(12))
    for index, cell in enumerate(zone.cells):
        assert _within(places[index], cell.to_px(), BEYOND_CELL_PX)


def test_the_same_seed_gives_the_same_page() -> None:
    first, again = _made(HAND, 3), _made(HAND, 3)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.truth == again.truth


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.key)
def test_every_case_of_a_form_can_be_composed_and_changes_the_page(form: FormDefinition) -> None:
    plain = _made(form, 21, kind=Kind.ADULT, photos=_no_photo)
    for case in set(CASES_OF[form.name]) - set(PHOTO_FINDINGS):
        page = _made(form, 21, case, kind=Kind.ADULT, photos=_no_photo)
        assert page.truth.conditions["cases"] == [case.value]
        assert not np.array_equal(page.pixels, plain.pixels), case


@pytest.mark.parametrize(
    ("case", "field"),
    [
        (Case.NUMBER_BLANK, FieldName.MY_NUMBER),
        (Case.ADDRESS_BLANK, FieldName.ADDRESS),
        (Case.NAME_BLANK, FieldName.NAME),
        (Case.SIGNATURE_ABSENT, FieldName.SIGNATURE),
        (Case.PHOTO_ABSENT, FieldName.PHOTO),
    ],
)
def test_what_is_left_blank_is_blank_on_the_page_and_in_the_truth(
    case: Case, field: FieldName
) -> None:
    page = _made(HAND, 5, case, kind=Kind.ADULT, mess=0.1)
    assert page.truth.fields[field.value] == ""
    assert not [i for i in page.ink if i.field == field]
    zone = HAND.zones_of(field)[0].box.inset(1.0).to_px()
    cut = (slice(zone.y, zone.y + zone.h), slice(zone.x, zone.x + zone.w))
    assert np.array_equal(page.pixels[cut], blank_raster(HAND)[cut])


def test_the_qr_code_says_what_the_truth_says() -> None:
    for case, same in ((None, True), (Case.ID_MISMATCH, False)):
        page = _made(PRINTED, 9, *([case] if case else []))
        zone = PRINTED.zone(FieldName.QR)
        assert zone is not None
        box = zone.box.inset(-2).to_px()
        found = zxingcpp.read_barcodes(page.pixels[box.y : box.y + box.h, box.x : box.x + box.w])
        assert [f.text for f in found] == [
            "https://example.invalid/apply?id=" + page.truth.fields["qr"]
        ]
        assert (page.truth.fields["qr"] == page.truth.fields["application_id"]) is same


def test_a_date_is_written_by_era_and_kept_as_iso() -> None:
    page = _made(HAND, 14, kind=Kind.ADULT)
    year, month, day = (int(p) for p in page.truth.fields["application_date"].split("-"))
    cells = page.truth.characters["application_date"]
    pairs = ["".join(cells[i : i + 2]) for i in (0, 2, 4)]
    assert [int(p) for p in pairs] == [year - 2018, month, day]


def test_a_child_names_a_representative_and_an_infant_has_no_photo() -> None:
    child = _made(HAND, 2, kind=Kind.CHILD).truth
    assert child.fields["representative_name"] and child.fields["representative_relation"]
    assert _made(HAND, 2, kind=Kind.ADULT).truth.fields["representative_name"] == ""
    assert _made(HAND, 2, kind=Kind.INFANT).truth.fields["photo"] == ""


def test_no_photo_of_an_infant_is_wanted_whatever_it_shows() -> None:
    shown = _made(HAND, 2, Case.PHOTO_BLURRED, kind=Kind.INFANT, photos=_no_photo).truth
    assert "PHOTO_NOT_WANTED" in shown.expected_findings
    assert "PHOTO_SHARPNESS" not in shown.expected_findings
    absent = _made(HAND, 2, Case.PHOTO_ABSENT, kind=Kind.INFANT).truth
    assert "PHOTO_MISSING" not in absent.expected_findings


def test_expectations_follow_the_channel() -> None:
    by_mail = _made(REPLY, 6, Case.PIN_SHORT, channel=Channel.MAIL).truth
    assert by_mail.expected_findings == ("REPLY_FORM_BY_MAIL",)
    assert by_mail.expected_route == "refuse"
    at_counter = _made(REPLY, 6, Case.PIN_SHORT).truth
    assert "PIN_RULE" in at_counter.expected_findings


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_a_pin_with_look_alikes_is_expected_to_be_flagged(seed: int) -> None:
    truth = _made(REPLY, seed).truth
    alike = any(c in "0O1I" for c in truth.fields["pin_signature"])
    marked = bool(truth.conditions["kinds"])
    assert ("PIN_AMBIGUOUS" in truth.expected_findings) == (alike and not marked)


def test_the_mark_row_says_what_was_written() -> None:
    page = _made(REPLY, 3, Case.PIN_KINDS_MARKED)
    pin, kinds = page.truth.fields["pin_signature"], page.truth.conditions["kinds"]
    assert kinds == "".join("数" if c.isdigit() else "英" for c in pin)
    assert "PIN_SETTLED_BY_MARK" in page.truth.expected_findings
    wrong = _made(REPLY, 3, Case.PIN_KIND_WRONG).truth
    told = zip(wrong.fields["pin_signature"], wrong.conditions["kinds"], strict=True)
    assert sum((c.isdigit()) != (kind == "数") for c, kind in told) == 1
    assert "PIN_MARK_MISMATCH" in wrong.expected_findings
    # The version without the row has nothing to mark.
    old = Catalogue.load().get("reply_form@2026.1")
    assert "kinds" not in _made(old, 3, Case.PIN_KINDS_MARKED).truth.conditions


def test_print_is_the_same_whoever_writes() -> None:
    rng = np.random.default_rng
    person = make_applicant(rng(1), Kind.ADULT)
    pages = [
        compose(PRINTED, person, draw_style(rng(i)), rng(i + 50), photos=_no_photo)
        for i in range(2)
    ]
    written = (FieldName.SIGNATURE, FieldName.APPLICATION_DATE)
    printed = (FieldName.APPLICATION_ID, FieldName.NAME, FieldName.ADDRESS, FieldName.QR)
    for field in (*printed, *written):
        box = PRINTED.zones_of(field)[0].box.inset(1.0).to_px()
        cut = (slice(box.y, box.y + box.h), slice(box.x, box.x + box.w))
        same = np.array_equal(pages[0].pixels[cut], pages[1].pixels[cut])
        assert same == (field in printed), field


@pytest.mark.parametrize("case", sorted(PHOTO_FINDINGS))
def test_every_defect_of_a_photo_is_drawn(case: Case) -> None:
    if case in (Case.PHOTO_SIZE, Case.PHOTO_NO_FACE):
        page = _made(HAND, 8, case, kind=Kind.ADULT)
        plain = _made(HAND, 8, kind=Kind.ADULT)
        assert not np.array_equal(page.pixels, plain.pixels)
        return
    person = make_applicant(np.random.default_rng(1), Kind.ADULT)
    good = portrait_spec(frozenset(), person, np.random.default_rng(2))
    assert portrait_spec(frozenset({case}), person, np.random.default_rng(2)) != good
