"""The shipped definitions, the site's own, and what a broken file says."""

from pathlib import Path

import pytest

from pipeline.domain.documents import DATE_FIELDS, FieldName, FormName
from pipeline.domain.errors import InputError
from pipeline.domain.geometry import BoxMm
from pipeline.domain.pin import SIGNATURE_ALPHABET
from pipeline.forms.catalogue import DEFINITIONS, Catalogue
from pipeline.forms.definition import KINDS_PART, ReaderKind
from pipeline.forms.loading import load_definition, parse_definition

F = FieldName
CATALOGUE = Catalogue.load()


def test_all_four_forms_and_all_fields_are_reachable() -> None:
    assert list(dict.fromkeys(f.name for f in CATALOGUE.forms)) == list(FormName)
    assert {z.field for f in CATALOGUE.forms for z in f.zones} == set(FieldName)


def test_my_number_cells_stand_where_the_layout_has_them() -> None:
    zone = CATALOGUE.get(FormName.APPLICATION_HANDWRITTEN).zone(F.MY_NUMBER)
    assert zone is not None
    lefts = [50, 59, 68, 77, 89, 98, 107, 116, 128, 137, 146, 155]
    assert zone.cells == tuple(BoxMm(x, 29.5, 9, 10) for x in lefts)


def test_pin_cells_and_alphabets() -> None:
    form = CATALOGUE.get("reply_form")
    for field, count, alphabet in (
        (F.PIN_SIGNATURE, 16, SIGNATURE_ALPHABET),
        (F.PIN_AUTHENTICATION, 4, "0123456789"),
        (F.PIN_RESIDENT_RECORD, 4, "0123456789"),
    ):
        zone = form.zone(field)
        assert zone is not None
        assert (len(zone.cells), zone.alphabet) == (count, alphabet)


def test_the_newest_reply_form_has_a_mark_row_under_its_pin_boxes() -> None:
    form = CATALOGUE.get("reply_form")
    assert form.version == "2026.2"
    zones = form.zones_of(F.PIN_SIGNATURE)
    boxed = [z for z in zones if z.reader == ReaderKind.BOXES]
    rows = [z for z in zones if z.part == KINDS_PART]
    # A program that wants the PIN's boxes finds one zone, and finds it first.
    assert boxed == [zones[0]] and len(rows) == 1
    (row,) = rows
    assert (row.reader, row.alphabet) == (ReaderKind.MARKS, "英数")
    for i, box in enumerate(boxed[0].cells):
        letter, digit = row.cells[2 * i : 2 * i + 2]
        assert box.x <= letter.x < letter.x + letter.w < digit.x
        assert digit.x + digit.w <= box.x + box.w + 0.05
        # What is cut out of a box reaches 2 mm beyond it, and must not reach a mark.
        assert letter.y - (box.y + box.h) >= 2.2
    assert CATALOGUE.get("reply_form@2026.1").zone(F.PIN_SIGNATURE, KINDS_PART) is None


@pytest.mark.parametrize("form", CATALOGUE.forms, ids=lambda f: f.key)
def test_handwritten_dates_have_six_cells_and_printed_dates_are_text(form) -> None:
    for field in DATE_FIELDS:
        for zone in form.zones_of(field):
            if zone.reader == ReaderKind.BOXES:
                assert (zone.part, len(zone.cells)) == ("digits", 6)
                # Pairs: the gap before month and day is wider than within a pair.
                left = [c.x for c in zone.cells]
                assert left[2] - left[1] > left[1] - left[0]
            elif zone.reader == ReaderKind.MARKS:
                assert (zone.part, zone.alphabet) == ("era", "明大昭平令")
            else:
                assert zone.printed


@pytest.mark.parametrize("form", CATALOGUE.forms, ids=lambda f: f.key)
def test_first_zone_of_a_field_is_the_plain_one_except_for_dates(form) -> None:
    for zone in form.zones:
        if zone.field not in DATE_FIELDS:
            assert form.zones_of(zone.field)[0].part == ""


def test_preprinted_values_are_marked_as_printed() -> None:
    form = CATALOGUE.get("application_preprinted")
    for field in (F.APPLICATION_ID, F.NAME, F.ADDRESS, F.BIRTH_DATE, F.SEX, F.QR):
        assert all(z.printed for z in form.zones_of(field)), field
    for field in (F.PHONE, F.SIGNATURE, F.APPLICATION_DATE, F.REPRESENTATIVE_NAME):
        assert not any(z.printed for z in form.zones_of(field)), field


def test_site_forms_add_versions_and_newest_wins(tmp_path: Path) -> None:
    text = (DEFINITIONS / "reply_form.yaml").read_text(encoding="utf-8")
    for version in ("2026.10", "2026.9"):
        changed = text.replace('version: "2026.1"', f'version: "{version}"')
        (tmp_path / f"{version}.yaml").write_text(changed, encoding="utf-8")
    catalogue = Catalogue.load(tmp_path)
    assert catalogue.get("reply_form").version == "2026.10"
    assert catalogue.get("reply_form", "2026.1").version == "2026.1"
    assert catalogue.get("reply_form@2026.9").version == "2026.9"
    assert len(catalogue.forms) == len(CATALOGUE.forms) + 2


def test_site_form_of_same_version_takes_the_place_of_ours(tmp_path: Path) -> None:
    text = (DEFINITIONS / "reply_form.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace("title: ", "title: 町の"), encoding="utf-8")
    catalogue = Catalogue.load(tmp_path)
    assert len(catalogue.forms) == len(CATALOGUE.forms)
    assert catalogue.get("reply_form@2026.1").title.startswith("町の")
    assert not catalogue.get("reply_form@2026.2").title.startswith("町の")


def test_same_key_twice_in_a_folder_is_refused(tmp_path: Path) -> None:
    text = (DEFINITIONS / "reply_form.yaml").read_text(encoding="utf-8")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Catalogue.load(tmp_path)
    assert caught.value.code == "FORM_TWICE"


@pytest.mark.parametrize("name,version", [("no_such_form", None), ("reply_form", "1999.1")])
def test_unknown_form_names_those_there_are(name: str, version: str | None) -> None:
    with pytest.raises(InputError) as caught:
        CATALOGUE.get(name, version)
    assert caught.value.code == "FORM_NOT_FOUND"
    assert "expiry_notice@2026.1" in caught.value.remedy_en


def test_missing_folder_and_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Catalogue.load(tmp_path / "absent")
    assert caught.value.code == "FORM_FOLDER_MISSING"
    with pytest.raises(InputError) as caught:
        load_definition(tmp_path / "absent.yaml")
    assert caught.value.code == "FORM_FILE_MISSING"


GOOD = """
form: reply_form
version: "1"
title: 試験
zones:
  - {field: name, reader: text, box: [10, 10, 50, 10]}
"""


@pytest.mark.parametrize(
    "old,new,place",
    [
        ("field: name", "field: nickname", "zones.0.field"),
        ("reader: text", "reader: guess", "zones.0.reader"),
        ("form: reply_form", "form: tax_return", "form"),
        ("[10, 10, 50, 10]", "[10, 10, 50]", "zones.0.box"),
        ("[10, 10, 50, 10]", "[10, 10, -50, 10]", "zones.0.box"),
        ("[10, 10, 50, 10]", "[.nan, 10, 50, 10]", "zones.0.box"),
        ("title: 試験", "title: 試験\nlogo: x", "logo"),
        ('version: "1"', 'version: "../../x"', "version"),
        ("zones:", "zones: [", "line"),
        (GOOD, "- 1", "(file)"),
        (GOOD, "", "(file)"),
    ],
)
def test_a_broken_file_says_where(old: str, new: str, place: str) -> None:
    assert parse_definition(GOOD).name == FormName.REPLY_FORM
    with pytest.raises(InputError) as caught:
        parse_definition(GOOD.replace(old, new, 1))
    assert caught.value.code == "FORM_FILE_INVALID"
    assert place in caught.value.en


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe\x00form")
    with pytest.raises(InputError) as caught:
        load_definition(path)
    assert caught.value.code == "FORM_FILE_INVALID"
