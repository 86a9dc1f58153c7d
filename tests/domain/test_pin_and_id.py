"""PIN rules, glyphs that are always flagged, and the 23 digits in a QR's text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import application_id, pin
from pipeline.domain.documents import FieldName


@pytest.mark.parametrize(
    ("value", "legal"),
    [
        ("ABC123", True),
        ("A1B2C3D4E5F6G7H8", True),
        ("ABCDEF", False),
        ("38535679", False),
        ("ABC12", False),
        ("A1B2C3D4E5F6G7H8I", False),
        ("abc123", False),
        ("ABC１23", False),
        ("ABC123\n", False),
    ],
)
def test_signature_pin_rule(value: str, legal: bool) -> None:
    assert pin.is_legal(FieldName.PIN_SIGNATURE, value) is legal


@given(st.text(max_size=6))
def test_numeric_pins_are_four_ascii_digits(value: str) -> None:
    expected = len(value) == 4 and all(c in "0123456789" for c in value)
    assert pin.is_legal(FieldName.PIN_AUTHENTICATION, value) is expected
    assert pin.is_legal(FieldName.PIN_RESIDENT_RECORD, value) is expected


def test_other_fields_have_no_pin_rule() -> None:
    with pytest.raises(ValueError, match="no PIN"):
        pin.is_legal(FieldName.NAME, "1234")


@pytest.mark.parametrize("character", list("0O1I"))
def test_confusable_characters_are_flagged_where_both_are_legal(character: str) -> None:
    assert pin.always_flagged(character, pin.SIGNATURE_ALPHABET)


@pytest.mark.parametrize("character", list("01"))
def test_an_alphabet_of_digits_settles_them(character: str) -> None:
    assert not pin.always_flagged(character, "0123456789")


@given(st.text("0123456789", min_size=23, max_size=23))
def test_the_id_is_found_in_a_link(value: str) -> None:
    assert application_id.find_in(f"https://example.invalid/apply?id={value}&x=12") == value


@pytest.mark.parametrize("text", ["", "1" * 22, "1" * 24, "1" * 23 + " " + "2" * 23])
def test_no_id_where_there_is_not_exactly_one(text: str) -> None:
    assert application_id.find_in(text) is None


@pytest.mark.parametrize(
    ("character", "alike"),
    [("0", "CDOQ"), ("O", "0CDQ"), ("1", "7I"), ("S", "5"), ("8", "B"), ("6", "G"), ("V", "U")],
)
def test_look_alikes_are_legal_and_never_the_character_itself(character: str, alike: str) -> None:
    found = pin.look_alikes(character, pin.SIGNATURE_ALPHABET)
    assert sorted(found) == sorted(alike)
    assert pin.look_alikes(character, "0123456789") == "".join(c for c in found if c.isdigit())


@given(st.sampled_from(pin.SIGNATURE_ALPHABET), st.sampled_from(pin.SIGNATURE_ALPHABET))
def test_looking_alike_goes_both_ways(one: str, other: str) -> None:
    alphabet = pin.SIGNATURE_ALPHABET
    assert (other in pin.look_alikes(one, alphabet)) == (one in pin.look_alikes(other, alphabet))


def test_every_group_says_where_it_comes_from() -> None:
    named = {"0OoDQ", "1Ili7", "5Ss", "2Zz", "8B", "6bG", "9qg"}
    assert named <= {g.characters for g in pin.LOOK_ALIKES}
    assert all(g.source and len(set(g.characters)) > 1 for g in pin.LOOK_ALIKES)


@given(st.sampled_from(pin.SIGNATURE_ALPHABET), st.sampled_from(list(pin.Kind)))
def test_a_twin_is_of_the_kind_and_only_where_no_glyph_tells(
    character: str, kind: pin.Kind
) -> None:
    twin = pin.same_shape_of_kind(character, kind)
    if twin:
        assert pin.kind_of(twin) == kind
        assert twin == character or pin.always_flagged(character, pin.SIGNATURE_ALPHABET)
    else:
        assert not pin.always_flagged(character, pin.SIGNATURE_ALPHABET)
