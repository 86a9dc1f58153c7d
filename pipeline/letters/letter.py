"""A letter as it will be read: addressee, office, paragraphs, what to enclose. No picture yet.

The only values in it are a name and an address that somebody decided. Of every other field the
letter knows its name alone, so no number and no PIN can come into it; what looks like a number in
the name or the address is left out as well.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.domain import era
from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.errors import InputError
from pipeline.domain.findings import FindingCode
from pipeline.letters.enclosures import WORDS, Enclosure, together
from pipeline.letters.field_words import said
from pipeline.letters.paragraphs import PARAGRAPHS, Paragraph

MOST_REASONS = 20
NAME_FIELDS = (FieldName.NAME, FieldName.APPLICANT_NAME, FieldName.HOLDER_NAME)
ADDRESS_FIELDS = (FieldName.ADDRESS, FieldName.APPLICANT_ADDRESS)
_LONGEST_NAME = 60  # longer is a sentence: the reason for an unusual photo stands in that field
_LONGEST_ADDRESS = 120
_NUMBER = re.compile(r"(?:\d[\s\-－‐ー―・.]*){12,}")


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """Why a document is returned: a finding and the field it is about."""

    code: FindingCode
    field: FieldName | None = None

    @property
    def key(self) -> str:
        """The reason as a form sends it: ``DATE_MISSING`` or ``DATE_MISSING:birth_date``."""
        return self.code.value if self.field is None else f"{self.code}:{self.field}"

    @property
    def paragraph(self) -> Paragraph:
        """The sentences of this reason."""
        return PARAGRAPHS[self.code]

    @staticmethod
    def parse(key: str) -> Reason:
        """The reason of a key.

        Raises:
            InputError: ``REASON_UNKNOWN`` for anything that no letter says.
        """
        code, _, field = key.partition(":")
        try:
            reason = Reason(FindingCode(code), FieldName(field) if field else None)
        except ValueError:
            raise _unknown() from None
        if reason.code not in PARAGRAPHS:
            raise _unknown()
        return reason


@dataclass(frozen=True, slots=True)
class Office:
    """Who writes; what is empty becomes a line to fill in by hand."""

    name: str = ""
    address: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who it goes to; None is left blank for writing by hand."""

    name: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """All that stands in a letter.

    Attributes:
        reference: The document's random identifier, shortened.
        day: The date of the letter, 和暦.
        reasons: What is wrong and what to do, a pair each.
        enclosures_title: Whether things are sent or brought.
    """

    title: str
    addressee: Addressee
    office: Office
    reference: str
    day: str
    opening: str
    reasons: tuple[tuple[str, str], ...]
    enclosures_title: str
    enclosures: tuple[str, ...]
    closing: str

    def lines(self) -> list[str]:
        """The text of the letter, line by line, blanks for writing by hand as underscores."""
        numbered = [
            line
            for n, (wrong, todo) in enumerate(self.reasons, start=1)
            for line in (f"{n}. {wrong}", f"   → {todo}")
        ]
        listed = [f"□ {one}" for one in self.enclosures]
        return [
            self.day,
            f"整理番号 {self.reference}",
            self.addressee.address or "____",
            f"{self.addressee.name or '____'} 様",
            self.office.name or "____",
            self.office.address or "____",
            f"電話 {self.office.phone or '____'}",
            self.title,
            self.opening,
            *numbered,
            *([self.enclosures_title, *listed] if listed else []),
            self.closing,
        ]


def compose(
    form: FormName | None,
    reasons: Iterable[Reason],
    addressee: Addressee,
    office: Office,
    reference: str,
    day: dt.date,
) -> Letter:
    """The letter for these reasons.

    Args:
        form: What the document was taken for; None where it was no known form.
        reasons: In the order of the letter; the same sentences stand in it once.
        addressee: As ``addressee_of`` gives it.
        office: From the settings.
        reference: Short random identifier.
        day: The date of the letter, in Japan.

    Raises:
        InputError: ``LETTER_EMPTY`` without reasons, ``REASON_UNKNOWN`` for too many.
    """
    chosen = tuple(dict.fromkeys(reasons))
    if not chosen:
        raise InputError(
            "LETTER_EMPTY",
            ja="手紙に書く理由が一つも選ばれていません。",
            en="No reason is chosen for the letter.",
            remedy_ja="不備の理由を一つ以上選んでください。",
            remedy_en="Choose at least one reason.",
        )
    if len(chosen) > MOST_REASONS:
        raise _unknown()
    by_counter = form == FormName.REPLY_FORM
    wanted: list[Enclosure] = []
    for reason in chosen:
        wanted += reason.paragraph.bring if by_counter else reason.paragraph.send
    if by_counter and wanted:
        wanted += [Enclosure.PROXY_IDENTITY, Enclosure.CARD]
    pairs = dict.fromkeys(
        (said(r.paragraph.wrong, r.field), said(r.paragraph.todo, r.field)) for r in chosen
    )
    codes = {r.code for r in chosen}
    title, opening = _heading(by_counter, codes)
    return Letter(
        title=title,
        addressee=addressee,
        office=office,
        reference=reference,
        day=era.write(day),
        opening=opening,
        reasons=tuple(pairs),
        enclosures_title=_BRING if by_counter else _SEND,
        enclosures=tuple(WORDS[e] for e in together(wanted)),
        closing=_CLOSING,
    )


def addressee_of(name: str | None, address: str | None) -> Addressee:
    """Who the letter goes to, from decided values; what cannot be one is left blank.

    A name field may hold a sentence (why the photo is unusual), and twelve digits in a row are
    never part of a name or an address.
    """
    return Addressee(_usable(name, _LONGEST_NAME), _usable(address, _LONGEST_ADDRESS))


def _usable(text: str | None, longest: int) -> str | None:
    clean = " ".join((text or "").split())
    if not clean or len(clean) > longest or "。" in clean:
        return None
    return None if _NUMBER.search(unicodedata.normalize("NFKC", clean)) else clean


_SEND = "次のものをお送りください"
_BRING = "代理人の方が窓口へお持ちいただくもの"
_CLOSING = (
    "個人番号（マイナンバー）や暗証番号を、お電話やこの手紙の余白で伝えないでください。"
    "お問い合わせの際は、整理番号をお知らせください。すでにお手続きがお済みの場合は、ご容赦ください。"
)


def _heading(by_counter: bool, codes: set[FindingCode]) -> tuple[str, str]:
    if FindingCode.REPLY_FORM_BY_MAIL in codes:
        return (
            "照会書兼回答書をお返しします",
            "お送りいただいた照会書兼回答書について、次のとおりお知らせします。",
        )
    if FindingCode.NOTICE_IS_NOT_APPLICATION in codes:
        return (
            "有効期限通知書をお返しします（申請の手続について）",
            "マイナンバーカードの更新について、次のとおりお知らせします。",
        )
    paper = "照会書兼回答書" if by_counter else "個人番号カード交付申請書"
    return (
        f"{paper}の不備のお知らせ",
        f"ご提出いただいた{paper}を確認したところ、このままでは手続を進められないところが"
        "ありました。お手数ですが、次のとおりお願いします。",
    )


def _unknown() -> InputError:
    return InputError(
        "REASON_UNKNOWN",
        ja="その理由は手紙に書けません。",
        en="A letter has no sentence for that reason.",
    )


def offered(found: Sequence[Reason]) -> tuple[Reason, ...]:
    """Of what was found, what a letter can say, each once."""
    return tuple(dict.fromkeys(r for r in found if r.code in PARAGRAPHS))
