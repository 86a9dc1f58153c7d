"""From pages to documents: separators, blank and printed backs, second pages, numbers in order.

The rules, in the order in which they are asked of each page of a file:

1. A separator sheet ends the section before it and begins the next. The same sheet again before
   any document (its printed back, a second look) is counted and begins nothing.
2. An empty page after a document is its back; after a separator it is the separator's.
3. A page that no form explains, after a form that has more pages by its definition, is its next
   page; a printed back after any recognised form is its back.
4. Everything else begins a document.

A section's count is compared when the section ends, and told on its last document. Empty pages do
not count as documents; for a count of pages every page after the separator and its own back does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, Self, TypeVar

from pipeline.domain.documents import Channel, Route
from pipeline.domain.examinations import Examination, PageTally
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.page_kinds import PageKind
from pipeline.domain.separators import Counted, Separator

_FORM_FOLLOWS = frozenset({FindingCode.FORM_UNKNOWN})


class Examined(Protocol):
    """A document as far as grouping is concerned: an ``ExaminedDocument``."""

    @property
    def examination(self) -> Examination:
        """What was found on its first page."""
        ...

    @property
    def form_pages(self) -> int:
        """How many pages its form has by its definition."""
        ...

    def replaced(self, examination: Examination) -> Self:
        """The same document with another examination."""
        ...


D = TypeVar("D", bound=Examined)


@dataclass(slots=True)
class _Section(Generic[D]):
    """What came since the last separator."""

    separator: Separator | None = None
    pages: int = 0
    documents: int = 0
    begun: bool = False
    last: D | None = None
    pages_of_last: int = 0
    photo_missing_on: int | None = None
    numbers: list[int] = field(default_factory=list)


class Grouping(Generic[D]):
    """Puts the pages of one file together. Give it every page in order, then ``finish``."""

    def __init__(self, channel: Channel) -> None:
        """Take the channel that the file came by."""
        self._channel = channel
        self._section: _Section[D] = _Section()
        self._counts: dict[str, int] = dict.fromkeys(
            (f.name for f in dataclasses.fields(PageTally)), 0
        )
        self._number: int | None = None

    @property
    def tally(self) -> PageTally:
        """What the pages so far came to."""
        return PageTally(**self._counts)

    def separator(self, separator: Separator) -> Iterator[D]:
        """Take a separator sheet; the documents that it finishes."""
        self._count("pages", "separators")
        current = self._section
        if not current.begun and current.separator == separator:
            return
        yield from self._end_section()
        self._section = _Section(separator)

    def page(self, document: D, sequence: int | None = None) -> Iterator[D]:
        """Take a page that was examined on its own; the documents that it finishes.

        Args:
            document: The page as a document.
            sequence: The number that the scanner gave it, where it gives one.
        """
        self._count("pages")
        section, blank = self._section, is_blank(document.examination)
        numbers = self._in_order(sequence)
        if blank and not section.begun and section.separator is not None:
            self._count("blank_backs")
            return
        section.begun = True
        section.pages += 1
        if section.last is not None and self._belongs(section, document):
            section.last = _with(section.last, _joined(document, blank), *numbers)
            section.pages_of_last += not blank
            self._count("blank_backs" if blank else "attached")
            return
        yield from self._release()
        self._count("documents")
        section.documents += not blank
        section.last = _with(
            _linked(document, section.photo_missing_on), *numbers, *self._of_channel()
        )
        section.pages_of_last = 1

    def finish(self) -> Iterator[D]:
        """The documents that the end of the file finishes."""
        yield from self._end_section()
        self._section = _Section()

    def _belongs(self, section: _Section[D], document: D) -> bool:
        before = section.last
        if before is None:
            return False
        if is_blank(document.examination):
            return not is_blank(before.examination)
        if before.examination.form is None or document.examination.form is not None:
            return False
        codes = {f.code for f in document.examination.findings}
        if codes & _FORM_FOLLOWS == set():
            return False
        kind = kind_of(document.examination)
        if kind == PageKind.FORM_BACK:
            return True
        expected = section.pages_of_last < before.form_pages
        return expected and kind in (PageKind.UNKNOWN, PageKind.LETTER, PageKind.OTHER_FORM)

    def _release(self) -> Iterator[D]:
        """Hand over the document in hand, complete or with what it lacks."""
        section = self._section
        document = section.last
        if document is None:
            return
        section.last = None
        missing = document.form_pages - section.pages_of_last
        if document.examination.form is not None and missing > 0:
            lacking = _mismatch("pages_of_document", document.form_pages, section.pages_of_last)
            document = _with(document, lacking)
        if any(f.code == FindingCode.PHOTO_MISSING for f in document.examination.findings):
            section.photo_missing_on = document.examination.page
        yield document

    def _end_section(self) -> Iterator[D]:
        section = self._section
        wrong = self._of_count(section)
        if wrong is not None:
            self._count("unreconciled")
            if section.last is not None:
                section.last = _with(section.last, wrong)
        yield from self._release()

    @staticmethod
    def _of_count(section: _Section[D]) -> Finding | None:
        stated = section.separator
        if stated is None or stated.count is None:
            return None
        found = section.pages if stated.unit == Counted.PAGES else section.documents
        if found == stated.count:
            return None
        return _mismatch(stated.unit.value, stated.count, found)

    def _of_channel(self) -> list[Finding]:
        stated = self._section.separator
        if stated is None or stated.channel in (None, self._channel):
            return []
        evidence = (("separator", str(stated.channel)), ("folder", self._channel.value))
        return [Finding(FindingCode.CHANNEL_MISMATCH, Severity.REVIEW, evidence=evidence)]

    def _in_order(self, sequence: int | None) -> list[Finding]:
        before, self._number = self._number, sequence
        if before is None or sequence is None or sequence == before + 1:
            return []
        reason = "sequence_repeats" if sequence <= before else "sequence_skips"
        evidence: tuple[tuple[str, str | float], ...] = (
            ("reason", reason),
            ("after", float(before)),
            ("number", float(sequence)),
        )
        return [Finding(FindingCode.DOUBLE_FEED_SUSPECTED, Severity.REVIEW, evidence=evidence)]

    def _count(self, *names: str) -> None:
        for name in names:
            self._counts[name] += 1


def is_blank(examination: Examination) -> bool:
    """Whether a page that was examined on its own is empty."""
    return examination.form is None and any(
        f.code == FindingCode.PAGE_BLANK for f in examination.findings
    )


def kind_of(examination: Examination) -> PageKind | None:
    """What a page that no form explains seems to be, or None."""
    for finding in examination.findings:
        if finding.code == FindingCode.FORM_UNKNOWN:
            kind = dict(finding.evidence).get("kind")
            return PageKind(str(kind)) if kind else PageKind.UNKNOWN
    return None


def _joined(document: Examined, blank: bool) -> Finding:
    examination = document.examination
    page: tuple[tuple[str, str | float], ...] = (("page", float(examination.page)),)
    if blank:
        return Finding(FindingCode.PAGE_BLANK, Severity.INFO, evidence=page)
    kind = kind_of(examination) or PageKind.UNKNOWN
    return Finding(FindingCode.PAGE_ATTACHED, Severity.INFO, evidence=(*page, ("kind", kind.value)))


def _mismatch(unit: str, expected: int, found: int) -> Finding:
    return Finding(
        FindingCode.COUNT_MISMATCH,
        Severity.REVIEW,
        evidence=(("unit", unit), ("expected", float(expected)), ("found", float(found))),
    )


def _with(document: D, *findings: Finding) -> D:
    """The document with more findings, which say nothing of its fields.

    A machine accepts nothing that a person has to look at; every other route holds.
    """
    if not findings:
        return document
    examination = document.examination
    heavy = any(f.severity == Severity.REVIEW for f in findings)
    route = Route.CONFIRM if heavy and examination.route == Route.ACCEPT else examination.route
    return document.replaced(
        dataclasses.replace(examination, route=route, findings=(*examination.findings, *findings))
    )


def _linked(document: D, photo_missing_on: int | None) -> D:
    """A photo that came off, linked to the document before it that has none, for a person."""
    examination = document.examination
    if photo_missing_on is None or kind_of(examination) != PageKind.PHOTO:
        return document
    link = ("photo_missing_on_page", float(photo_missing_on))
    findings = tuple(
        dataclasses.replace(f, evidence=(*f.evidence, link))
        if f.code == FindingCode.FORM_UNKNOWN
        else f
        for f in examination.findings
    )
    return document.replaced(dataclasses.replace(examination, findings=findings))
