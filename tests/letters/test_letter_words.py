"""Letters to applicants: every ground has its sentences, and no number gets in."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.errors import InputError
from pipeline.domain.findings import FindingCode
from pipeline.domain.photos import PhotoCheckName
from pipeline.letters import drawing
from pipeline.letters.enclosures import WORDS, Enclosure, together
from pipeline.letters.field_words import FIELD_WORDS
from pipeline.letters.letter import Letter, Office, Reason, addressee_of, compose
from pipeline.letters.paragraphs import NO_REASON, PARAGRAPHS

HERE = Path(__file__).parent
PIPELINE = HERE.parent.parent / "pipeline"
DAY = dt.date(2026, 11, 23)
OFFICE = Office("見本市受付センター", "見本県見本市中央一丁目1番1号", "03-0000-0000")
SEVERE = re.compile(r"Severity\.(?:RETURN|REFUSE)")
REASONS = st.builds(
    Reason, st.sampled_from(sorted(PARAGRAPHS)), st.none() | st.sampled_from(FieldName)
)


def letter(*reasons: Reason, form: FormName = FormName.APPLICATION_HANDWRITTEN) -> Letter:
    who = addressee_of("見本 花子", "見本県見本市見本町一丁目2番3号")
    return compose(form, reasons, who, OFFICE, "5f0c9a31", DAY)


def test_every_code_has_its_sentences_or_is_no_reason() -> None:
    assert set(PARAGRAPHS) | NO_REASON == set(FindingCode)
    assert not set(PARAGRAPHS) & NO_REASON
    assert set(FIELD_WORDS) == set(FieldName) and set(WORDS) == set(Enclosure)


def test_whatever_the_code_calls_a_ground_for_a_return_has_sentences() -> None:
    """The functions that give a finding one of the two severities name its codes beside it."""
    named: set[str] = set()
    for path in [*(PIPELINE / "readers").rglob("*.py"), *(PIPELINE / "examine").rglob("*.py")]:
        for function in re.split(r"\n(?=(?:    )?def )", path.read_text("utf-8")):
            if SEVERE.search(function):
                named |= set(re.findall(r"FindingCode\.([A-Z_]+)", function))
    photo = {f"PHOTO_{check.value.upper()}" for check in PhotoCheckName}
    # Beside a severe finding of the photo stand some that are never more than a hint.
    unseen = {"PHOTO_NOT_ASSESSABLE", "PHOTO_SIZE_UNSEEN"}
    hints = {"PHOTO_NOT_WANTED", "REGISTRATION_POOR", *unseen}
    grounds = (named | photo | {"NAME_MISSING", "ADDRESS_MISSING"}) - hints
    assert {"MY_NUMBER_MISSING", "PIN_RULE", "SIGNATURE_MISSING", "DATE_MISSING"} <= grounds
    assert grounds <= {code.value for code in PARAGRAPHS}


@given(reasons=st.lists(REASONS, min_size=1, max_size=20, unique=True))
def test_a_letter_has_no_long_number_no_blank_left_open_and_no_code(reasons: list[Reason]) -> None:
    for form in (FormName.APPLICATION_PREPRINTED, FormName.REPLY_FORM):
        text = "\n".join(letter(*reasons, form=form).lines())
        assert not re.search(r"\d{4}", text.replace("03-0000-0000", ""))
        assert "{" not in text and not re.search(r"[A-Z]{4}", text)
        assert all(Reason.parse(r.key) == r for r in reasons)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "123456789018",
        "1234 5678 9018",
        "１２３４‐５６７８‐９０１８ 子",
        "手術中です。",
        "あ" * 200,
    ],
)
def test_a_number_or_a_sentence_never_becomes_an_addressee(value: str) -> None:
    assert addressee_of(value, value * 2).name is None
    assert addressee_of(value, value * 2).address is None


def test_who_writes_anew_does_not_also_send_the_old_sheet() -> None:
    every = together(Enclosure)
    assert Enclosure.APPLICATION_RETURNED not in every
    assert Enclosure.REPLY_FORM_RETURNED not in every
    assert together([Enclosure.PHOTO, Enclosure.APPLICATION_RETURNED]) == (
        Enclosure.APPLICATION_RETURNED,
        Enclosure.PHOTO,
    )


@pytest.mark.parametrize("key", ["", "NO_SUCH", "DATE_MISSING:nothing", "DUPLICATE_SCAN", "é" * 9])
def test_an_unknown_reason_is_refused(key: str) -> None:
    with pytest.raises(InputError) as refused:
        Reason.parse(key)
    assert refused.value.code == "REASON_UNKNOWN"


def test_a_letter_without_a_reason_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        letter()
    assert refused.value.code == "LETTER_EMPTY"


GOLDEN = {
    "application": letter(
        Reason(FindingCode.MY_NUMBER_MISSING, FieldName.MY_NUMBER),
        Reason(FindingCode.PHOTO_SUNGLASSES, FieldName.PHOTO),
        Reason(FindingCode.DATE_MISSING, FieldName.APPLICATION_DATE),
        Reason(FindingCode.REPRESENTATIVE_MISSING, FieldName.REPRESENTATIVE_NAME),
    ),
    "reply_form_by_mail": letter(
        Reason(FindingCode.REPLY_FORM_BY_MAIL), form=FormName.REPLY_FORM
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_the_letter_reads_as_agreed(name: str) -> None:
    agreed = (HERE / "golden" / f"{name}.txt").read_text("utf-8")
    assert "\n".join(GOLDEN[name].lines()) + "\n" == agreed


def test_the_pdf_says_what_the_letter_says() -> None:
    one = GOLDEN["application"]
    drawn = drawing.draw(one)
    pages = PdfReader(io.BytesIO(drawn)).pages
    assert len(pages) == 1
    text = re.sub(r"\s", "", pages[0].extract_text())
    for said in (one.title, one.day, one.reference, "見本花子", *sum(one.reasons, ()), one.closing):
        assert re.sub(r"\s", "", said) in text
    assert drawn == drawing.draw(one)  # nothing of the machine or the hour in it


def lines_in_the_window(pdf: bytes, *words: str) -> dict[str, float]:
    """How far down the sheet each of the words stands, in mm."""
    found: dict[str, float] = {}

    def visit(text: str, _: object, matrix: list[float], *rest: object) -> None:
        for word in words:
            if word in text:
                found[word] = 297 - matrix[5] * 25.4 / 72

    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=visit)
    return found


def test_the_longest_name_and_address_stay_in_the_window_of_the_envelope() -> None:
    name = "SAMPLE " + "ISABEL " * 6 + "ENDE"
    address = "見本県" + "見本町一丁目" * 11 + "終号室"
    reasons = [Reason(FindingCode.SEX_UNCLEAR)]
    pdf = drawing.draw(compose(None, reasons, addressee_of(name, address), OFFICE, "5f0c9a31", DAY))
    found = lines_in_the_window(pdf, "終号室", "ENDE")
    _, top, _, height = drawing.WINDOW_MM
    assert set(found) == {"終号室", "ENDE"}
    assert all(top < down < top + height for down in found.values())
    too_long = addressee_of(name, "見本町" * 39)
    assert "見本町" not in PdfReader(
        io.BytesIO(drawing.draw(compose(None, reasons, too_long, OFFICE, "5f0c9a31", DAY)))
    ).pages[0].extract_text().replace("見本市", "")


def test_a_long_letter_goes_on_and_a_rare_name_is_left_for_the_hand() -> None:
    every = [Reason(code, FieldName.BIRTH_DATE) for code in sorted(PARAGRAPHS)][:20]
    who = addressee_of("\U00030000田", None)
    pages = PdfReader(
        io.BytesIO(drawing.draw(compose(None, every, who, Office(), "5f0c9a31", DAY)))
    ).pages
    assert len(pages) > 1
    assert "\U00030000" not in pages[0].extract_text()
