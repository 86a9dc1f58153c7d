"""From pages to documents: every page becomes one thing, whatever the order they come in."""

import dataclasses
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.documents import Channel, FormName, Route
from pipeline.domain.examinations import Examination
from pipeline.domain.finding_details import details
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.page_kinds import KINDS, REASONS, PageKind, Why
from pipeline.domain.separators import Counted, Separator
from pipeline.examine.grouping import Grouping


@dataclass(frozen=True)
class Page:
    """A page examined on its own, as grouping sees it."""

    examination: Examination
    form_pages: int = 1

    def replaced(self, examination: Examination) -> "Page":
        return dataclasses.replace(self, examination=examination)


def page(number: int, what: str = "form", pages: int = 1) -> Page:
    findings: tuple[Finding, ...] = ()
    form, route = None, Route.QUARANTINE
    if what == "blank":
        findings = (Finding(FindingCode.PAGE_BLANK, Severity.REVIEW),)
    elif what in ("form", "no photo"):
        form, route = FormName.APPLICATION_HANDWRITTEN, Route.ACCEPT
        if what == "no photo":
            findings = (Finding(FindingCode.PHOTO_MISSING, Severity.RETURN),)
    else:
        findings = (Finding(FindingCode.FORM_UNKNOWN, Severity.REVIEW, evidence=(("kind", what),)),)
    return Page(
        Examination("f", number, Channel.MAIL, form, None, route, None, (), None, findings), pages
    )


def sheet(
    count: int | None = None, unit: Counted = Counted.DOCUMENTS, channel: Channel | None = None
) -> Separator:
    return Separator("ab" * 8, channel, count, unit)


def grouped(*pages: Page | Separator, numbers: tuple[int | None, ...] = ()) -> tuple:
    grouping: Grouping[Page] = Grouping(Channel.MAIL)
    documents = []
    for index, one in enumerate(pages):
        if isinstance(one, Separator):
            documents += grouping.separator(one)
        else:
            documents += grouping.page(one, numbers[index] if numbers else None)
    documents += grouping.finish()
    return documents, grouping.tally


def found(document: Page, code: FindingCode) -> list[dict]:
    return [dict(f.evidence) for f in document.examination.findings if f.code == code]


def test_an_empty_back_is_noted_on_its_document_and_counted() -> None:
    documents, tally = grouped(page(1), page(2, "blank"), page(3), page(4, "blank"))
    assert [d.examination.page for d in documents] == [1, 3]
    assert found(documents[0], FindingCode.PAGE_BLANK) == [{"page": 2.0}]
    assert documents[0].examination.route == Route.ACCEPT, "an empty back changes nothing"
    assert (tally.documents, tally.blank_backs, tally.balanced) == (2, 2, True)


def test_an_empty_sheet_alone_is_a_document_of_its_own() -> None:
    documents, tally = grouped(page(1, "blank"), page(2, "blank"), page(3))
    assert [d.examination.page for d in documents] == [1, 2, 3]
    assert tally.blank_backs == 0


def test_a_printed_back_goes_with_its_form_but_a_letter_does_not() -> None:
    documents, tally = grouped(page(1), page(2, "form_back"), page(3), page(4, "letter"))
    assert [d.examination.page for d in documents] == [1, 3, 4]
    assert found(documents[0], FindingCode.PAGE_ATTACHED) == [{"page": 2.0, "kind": "form_back"}]
    assert tally.attached == 1


def test_a_back_without_a_form_before_it_is_a_document() -> None:
    documents, _ = grouped(page(1, "form_back"), page(2, "letter"), page(3, "form_back"))
    assert [d.examination.page for d in documents] == [1, 2, 3]


def test_a_second_page_is_taken_where_the_definition_has_one() -> None:
    documents, tally = grouped(page(1, pages=2), page(2, "unknown"), page(3))
    assert [d.examination.page for d in documents] == [1, 3]
    assert not found(documents[0], FindingCode.COUNT_MISMATCH)
    assert tally.attached == 1


@pytest.mark.parametrize("after", ["form", "blank", "photo", None])
def test_a_missing_second_page_is_told(after: str | None) -> None:
    pages = [page(1, pages=2)] + ([page(2, after)] if after else [])
    documents, _ = grouped(*pages)
    assert found(documents[0], FindingCode.COUNT_MISMATCH) == [
        {"unit": "pages_of_document", "expected": 2.0, "found": 1.0}
    ]
    assert documents[0].examination.route == Route.CONFIRM


def test_a_third_page_of_a_form_of_two_is_a_document_of_its_own() -> None:
    documents, _ = grouped(page(1, pages=2), page(2, "unknown"), page(3, "unknown"))
    assert [d.examination.page for d in documents] == [1, 3]


def test_a_separator_is_counted_and_its_count_compared() -> None:
    documents, tally = grouped(sheet(2), page(2), page(3), sheet(2), page(5), page(6, "blank"))
    assert [d.examination.page for d in documents] == [2, 3, 5]
    assert not found(documents[1], FindingCode.COUNT_MISMATCH)
    assert found(documents[2], FindingCode.COUNT_MISMATCH) == [
        {"unit": "documents", "expected": 2.0, "found": 1.0}
    ]
    assert (tally.separators, tally.unreconciled, tally.blank_backs) == (2, 1, 1)
    assert tally.balanced


def test_a_separator_parts_a_form_from_what_would_be_its_back() -> None:
    documents, _ = grouped(page(1), sheet(), page(3, "form_back"))
    assert [d.examination.page for d in documents] == [1, 3]


def test_the_back_of_a_separator_is_its_own_and_a_second_look_begins_nothing() -> None:
    documents, tally = grouped(sheet(1), page(2, "blank"), sheet(1), page(4), page(5, "blank"))
    assert [d.examination.page for d in documents] == [4]
    assert not found(documents[0], FindingCode.COUNT_MISMATCH)
    assert (tally.separators, tally.blank_backs, tally.unreconciled) == (2, 2, 0)


def test_a_count_of_pages_counts_backs_too() -> None:
    documents, tally = grouped(sheet(2, Counted.PAGES), page(2), page(3, "blank"))
    assert not found(documents[0], FindingCode.COUNT_MISMATCH) and tally.unreconciled == 0


def test_a_count_with_nothing_after_it_is_told_in_the_tally() -> None:
    documents, tally = grouped(page(1), sheet(3))
    assert tally.unreconciled == 1
    assert not found(documents[0], FindingCode.COUNT_MISMATCH), "it is not about that document"


def test_an_empty_sheet_does_not_count_as_a_document() -> None:
    documents, _ = grouped(sheet(1), page(2, "letter"), sheet(1), page(4), page(5, "blank"))
    assert not any(found(d, FindingCode.COUNT_MISMATCH) for d in documents)


def test_another_channel_on_the_separator_is_told_on_every_document_of_its_section() -> None:
    documents, _ = grouped(
        page(1), sheet(channel=Channel.COUNTER), page(3), page(4), sheet(channel=Channel.MAIL)
    )
    told = [bool(found(d, FindingCode.CHANNEL_MISMATCH)) for d in documents]
    assert told == [False, True, True]
    assert documents[1].examination.channel == Channel.MAIL, "a sheet of paper moves no channel"
    assert documents[1].examination.route == Route.CONFIRM


def test_a_photo_that_came_off_is_linked_to_the_document_without_one() -> None:
    documents, _ = grouped(page(1, "no photo"), page(2, "photo"), page(3), page(4, "photo"))
    assert found(documents[1], FindingCode.FORM_UNKNOWN) == [
        {"kind": "photo", "photo_missing_on_page": 1.0}
    ]
    apart, _ = grouped(page(1, "no photo"), sheet(), page(3, "photo"))
    assert found(apart[1], FindingCode.FORM_UNKNOWN) == [{"kind": "photo"}]


@pytest.mark.parametrize(
    ("numbers", "reasons"),
    [
        ((7, 8, 9), [None, None, None]),
        ((7, 9, 10), [None, "sequence_skips", None]),
        ((7, 7, 8), [None, "sequence_repeats", None]),
        ((7, 6, 7), [None, "sequence_repeats", None]),
        ((None, None, None), [None, None, None]),
        ((7, None, 9), [None, None, None]),
    ],
)
def test_a_number_that_skips_or_repeats_is_told(numbers: tuple, reasons: list) -> None:
    documents, _ = grouped(page(1), page(2), page(3), numbers=numbers)
    told = [found(d, FindingCode.DOUBLE_FEED_SUSPECTED) for d in documents]
    assert [t[0]["reason"] if t else None for t in told] == reasons


_pages = st.sampled_from(["form", "no photo", "blank", "letter", "photo", "form_back", "unknown"])
_sheets = st.builds(
    sheet,
    st.none() | st.integers(0, 4),
    st.sampled_from(list(Counted)),
    st.sampled_from([None, *Channel]),
)


@given(st.lists(st.tuples(_pages, st.integers(1, 3)) | _sheets, max_size=12))
def test_every_page_becomes_exactly_one_thing(contents: list) -> None:
    pages = [
        one if isinstance(one, Separator) else page(number, one[0], one[1])
        for number, one in enumerate(contents, start=1)
    ]
    documents, tally = grouped(*pages)
    assert tally.pages == len(contents) and tally.balanced
    assert tally.documents == len(documents)
    numbers = [d.examination.page for d in documents]
    assert numbers == sorted(set(numbers))
    inside = [
        dict(f.evidence)["page"]
        for d in documents
        for f in d.examination.findings
        if f.code in (FindingCode.PAGE_BLANK, FindingCode.PAGE_ATTACHED) and f.evidence
    ]
    assert len(inside) + len(numbers) + tally.separators <= tally.pages
    forms = [n for n, p in enumerate(pages, 1) if isinstance(p, Page) and p.examination.form]
    assert set(forms) <= set(numbers), "a form is never taken for another's page"


def test_every_kind_and_reason_has_words_in_both_languages() -> None:
    assert set(KINDS) == set(PageKind) and set(REASONS) == set(Why)
    for words in (*KINDS.values(), *REASONS.values()):
        assert any(ord(c) > 0x3000 for c in words.ja) and words.en.isascii()


def test_the_evidence_is_told_in_plain_words() -> None:
    evidence = {"kind": "photo", "why": "face_alone", "photo_missing_on_page": 3.0}
    said = details(FindingCode.FORM_UNKNOWN, evidence)
    assert len(said) == 3 and "3" in said[2].ja and "page 3" in said[2].en
    (count,) = details(
        FindingCode.COUNT_MISMATCH, {"unit": "documents", "expected": 3.0, "found": 2.0}
    )
    assert (count.ja, count.en) == (
        "3件のはずが2件でした。",
        "3 documents stated, 2 found.",
    )
    assert details(FindingCode.FORM_UNKNOWN, {"kind": "<b>"}) == ()
    (versions,) = details(
        FindingCode.FORM_VERSION_UNCERTAIN, {"version": "form@1", "other_version": "form@2"}
    )
    assert versions.en == "It was read as form@1; it may be form@2."
    assert "form@1" in versions.ja and "form@2" in versions.ja
