"""What stands on a filled form and what an examination must find: decided before drawing.

A *case* is one thing that goes wrong, or one rare thing that is right. The findings that a plan
expects are those that follow from what is written; a bad scan may cause others beside them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from pipeline.domain import era, my_number
from pipeline.domain.documents import Channel, FormName, Route
from pipeline.domain.documents import FieldName as F
from pipeline.domain.findings import FindingCode as C
from pipeline.samples import name_lists as lists
from pipeline.samples.people import Applicant, make_name, pick


class Case(StrEnum):
    """What is particular about a document."""

    NUMBER_BLANK = "number_blank"
    NUMBER_CHECK_DIGIT = "number_check_digit"
    NUMBER_ZEROS = "number_zeros"
    NUMBER_OVERWRITTEN = "number_overwritten"
    PIN_LOOK_ALIKE = "pin_look_alike"
    PIN_BLANK = "pin_blank"
    PIN_SHORT = "pin_short"
    PIN_DIGITS_ONLY = "pin_digits_only"
    PIN_LOWER_CASE = "pin_lower_case"
    PIN_KINDS_MARKED = "pin_kinds_marked"
    PIN_KIND_WRONG = "pin_kind_wrong"
    ID_MISMATCH = "id_mismatch"
    ID_STAINED = "id_stained"
    QR_STAINED = "qr_stained"
    PHOTO_ABSENT = "photo_absent"
    PHOTO_OF_INFANT = "photo_of_infant"
    PHOTO_SIZE = "photo_size"
    PHOTO_NO_FACE = "photo_no_face"
    PHOTO_TURNED = "photo_turned"
    PHOTO_BACKGROUND = "photo_background"
    PHOTO_SHADOW = "photo_shadow"
    PHOTO_SMILE = "photo_smile"
    PHOTO_MOUTH_OPEN = "photo_mouth_open"
    PHOTO_EYES_CLOSED = "photo_eyes_closed"
    PHOTO_SUNGLASSES = "photo_sunglasses"
    PHOTO_HAT = "photo_hat"
    PHOTO_BLURRED = "photo_blurred"
    PHOTO_DARK = "photo_dark"
    PHOTO_FRAMING = "photo_framing"
    EXCEPTION_STATED = "exception_stated"
    SIGNATURE_ABSENT = "signature_absent"
    SIGNATURE_OTHER = "signature_other"
    SEAL_ABSENT = "seal_absent"
    STAMP_OVER_TEXT = "stamp_over_text"
    DATE_IMPOSSIBLE = "date_impossible"
    DATE_ABSENT = "date_absent"
    DATE_SCRAWLED = "date_scrawled"
    REPRESENTATIVE_ABSENT = "representative_absent"
    ADDRESS_INVENTED = "address_invented"
    ADDRESS_BLANK = "address_blank"
    NAME_BLANK = "name_blank"
    NAME_RARE_CHARACTER = "name_rare_character"
    SEX_BOTH = "sex_both"
    SEX_NEITHER = "sex_neither"
    MARK_FAINT = "mark_faint"
    CERTIFICATES_DECLINED = "certificates_declined"
    PRINT_CORRECTED = "print_corrected"
    TEXT_SCRAWLED = "text_scrawled"


PHOTO_FINDINGS: dict[Case, C] = {
    Case.PHOTO_SIZE: C.PHOTO_SIZE,
    Case.PHOTO_NO_FACE: C.PHOTO_FACE,
    Case.PHOTO_TURNED: C.PHOTO_POSE,
    Case.PHOTO_BACKGROUND: C.PHOTO_BACKGROUND,
    Case.PHOTO_SHADOW: C.PHOTO_SHADOW,
    Case.PHOTO_SMILE: C.PHOTO_EXPRESSION,
    Case.PHOTO_MOUTH_OPEN: C.PHOTO_EXPRESSION,
    Case.PHOTO_EYES_CLOSED: C.PHOTO_EYES,
    Case.PHOTO_SUNGLASSES: C.PHOTO_SUNGLASSES,
    Case.PHOTO_HAT: C.PHOTO_HEAD_COVERING,
    Case.PHOTO_BLURRED: C.PHOTO_SHARPNESS,
    Case.PHOTO_DARK: C.PHOTO_EXPOSURE,
    Case.PHOTO_FRAMING: C.PHOTO_FRAMING,
}
# A place that is in no list of addresses.
_INVENTED_PLACES = ("架空県夢見市幻町", "無何有県桃源郡仙境村", "空想県虹色市雲上町")
# Old forms that the text model's dictionary lacks (measured): they must become a finding.
_MARKS_KINDS = 0.7  # share of writers who mark the row under the PIN where there is one
_RARE_FAMILY = ("﨑山", "濵﨑", "濵口", "𠮷田", "𠮷川")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to draw.

    Attributes:
        values: The truth: every field of the form in its normal form, empty where blank.
        written: What is literally written where that differs from the normal form.
        eras: The era mark of each date.
        photo: A photo is pasted.
        kinds: For each character of the signature PIN the cell of the mark row that is marked,
            英 or 数; empty where the row is left blank or the form has none.
        expected: Findings that follow from what is written.
    """

    channel: Channel
    values: Mapping[F, str]
    written: Mapping[F, str]
    eras: Mapping[F, str]
    cases: frozenset[Case]
    photo: bool
    expected: tuple[C, ...]
    route: Route | None
    kinds: str = ""


@dataclass(slots=True)
class _Draft:
    values: dict[F, str]
    written: dict[F, str] = field(default_factory=dict)
    eras: dict[F, str] = field(default_factory=dict)
    expected: list[C] = field(default_factory=list)
    photo: bool = False
    kinds: str = ""

    def expect(self, code: C) -> None:
        if code not in self.expected:
            self.expected.append(code)


def spell_date(day: dt.date, mark: str | None = None) -> str:
    """A date as people write it: 令和8年11月20日."""
    return era.write(day, None if mark is None else era.find_era(mark))


def _spell_phone(digits: str) -> str:
    cut = 3 if len(digits) == 11 else (2 if digits[:2] in ("03", "06") else 3)
    cut = 4 if digits.startswith("0254") else cut
    return f"{digits[:cut]}-{digits[cut:-4]}-{digits[-4:]}"


def _flag(value: bool) -> str:
    return "1" if value else ""


def _all_values(a: Applicant) -> dict[F, str]:
    parent = a.representative
    named = a.needs_representative
    iso = {
        F.BIRTH_DATE: a.birth_date,
        F.APPLICATION_DATE: a.application_date,
        F.REPLY_DATE: a.application_date,
        F.MANDATE_DATE: a.application_date,
        F.EXPIRY_DATE: a.expiry_date,
    }
    values = {name: day.isoformat() for name, day in iso.items()}
    values |= {
        F.STAY_LIMIT_DATE: a.stay_limit_date.isoformat() if a.stay_limit_date else "",
        F.STAY_LIMIT_EXISTS: "有" if a.stay_limit_date else "",
        F.MY_NUMBER: a.my_number,
        F.APPLICATION_ID: a.application_id,
        F.QR: a.application_id,
        F.NAME: a.name,
        F.ADDRESS: a.address,
        F.SEX: a.sex,
        F.FORMER_NAME_OR_ALIAS: a.former_name_or_alias,
        F.PHONE: a.phone,
        F.FOREIGN_RESIDENT_CATEGORY: a.foreign_resident_category,
        F.BRAILLE_WANTED: _flag(a.braille_wanted),
        F.NO_SIGNATURE_CERTIFICATE: _flag(a.no_signature_certificate),
        F.NO_AUTHENTICATION_CERTIFICATE: _flag(a.no_authentication_certificate),
        F.SIGNATURE: a.name,
        F.REPRESENTATIVE_KANA: parent.kana if named else "",
        F.REPRESENTATIVE_NAME: parent.name if named else "",
        F.REPRESENTATIVE_RELATION: parent.relation if named else "",
        F.REPRESENTATIVE_POSTAL_CODE: parent.postal_code if named else "",
        F.REPRESENTATIVE_ADDRESS: parent.address if named else "",
        F.REPRESENTATIVE_PHONE: parent.phone if named else "",
        F.PHOTO: _flag(not a.needs_no_photo),
        F.APPLICANT_ADDRESS: a.address,
        F.APPLICANT_NAME: a.name,
        F.APPLICANT_SEAL: "1",
        F.PIN_SIGNATURE: a.pin_signature,
        F.PIN_AUTHENTICATION: a.pin_authentication,
        F.PIN_RESIDENT_RECORD: a.pin_resident_record,
        F.PROXY_ADDRESS: parent.address,
        F.PROXY_NAME: parent.name,
        F.PROXY_RELATION: parent.relation,
        F.HOLDER_NAME: a.name,
        F.EXPIRING_ITEM: "個人番号カード・電子証明書",
    }
    return values


def plan(
    kind: FormName,
    fields: frozenset[F],
    applicant: Applicant,
    channel: Channel,
    rng: np.random.Generator,
    cases: frozenset[Case] = frozenset(),
    *,
    mark_row: bool = False,
) -> Plan:
    """What stands on one form.

    Args:
        kind: The form.
        fields: The fields that the form has.
        applicant: Whose form it is.
        channel: How it comes in.
        rng: Randomness.
        cases: What is particular about it.
        mark_row: The form has a row to say of each PIN character whether it is a letter or digit.
    """
    draft = _Draft({f: v for f, v in _all_values(applicant).items() if f in fields})
    draft.eras[F.BIRTH_DATE] = applicant.birth_era
    draft.photo = F.PHOTO in fields and bool(draft.values[F.PHOTO])
    if F.PHONE in fields and draft.values[F.PHONE] and rng.random() < 0.6:
        draft.written[F.PHONE] = _spell_phone(draft.values[F.PHONE])
    for case in sorted(cases):
        _apply(case, draft, applicant, kind, rng)
    if mark_row:
        _mark_kinds(draft, cases, rng)
    return _finish(draft, kind, channel, cases)


def _apply(
    case: Case, draft: _Draft, applicant: Applicant, kind: FormName, rng: np.random.Generator
) -> None:
    values = draft.values
    if case in PHOTO_FINDINGS:
        draft.photo = True
        draft.expect(C.PHOTO_NOT_WANTED if applicant.needs_no_photo else PHOTO_FINDINGS[case])
        return
    match case:
        case Case.NUMBER_BLANK:
            values[F.MY_NUMBER] = ""
            draft.expect(C.MY_NUMBER_MISSING)
        case Case.NUMBER_CHECK_DIGIT:
            right = values[F.MY_NUMBER]
            wrong = (int(right[-1]) + int(rng.integers(1, 10))) % 10
            values[F.MY_NUMBER] = right[:-1] + str(wrong)
            draft.expect(C.MY_NUMBER_CHECK_DIGIT)
        case Case.NUMBER_ZEROS:
            values[F.MY_NUMBER] = my_number.PLACEHOLDER
            draft.expect(C.MY_NUMBER_PLACEHOLDER)
        case Case.NUMBER_OVERWRITTEN:
            draft.expect(C.MY_NUMBER_AMBIGUOUS)
        case Case.PIN_LOOK_ALIKE:
            values[F.PIN_SIGNATURE] = pick(("0O1I5S2Z8B", "B8O0Z2I1", "S5OO01I2Z", "I0DQ81B"), rng)
            values[F.PIN_AUTHENTICATION] = pick(("0158", "1081", "5250"), rng)
        case Case.PIN_BLANK:
            values[F.PIN_AUTHENTICATION] = ""
            draft.expect(C.PIN_MISSING)
        case Case.PIN_SHORT:
            values[F.PIN_SIGNATURE] = pick(("K4T7", "A3H9W", "7RKX"), rng)
            draft.expect(C.PIN_RULE)
        case Case.PIN_DIGITS_ONLY:
            values[F.PIN_SIGNATURE] = pick(("38474679", "473946", "9743473"), rng)
            draft.expect(C.PIN_RULE)
        case Case.PIN_LOWER_CASE:
            values[F.PIN_SIGNATURE] = pick(("h4nde7r", "a3tgb7e", "rae49bh"), rng)
            draft.expect(C.PIN_LOWER_CASE)
        case Case.PIN_KINDS_MARKED:
            values[F.PIN_SIGNATURE] = pick(("0O1IK4T7", "I0H3O1AX", "O7I0KE1O"), rng)
        case Case.PIN_KIND_WRONG:
            values[F.PIN_SIGNATURE] = pick(("K4T7H3A", "A3H4E7R", "7RK4TX3"), rng)
        case Case.ID_MISMATCH:
            right = values[F.APPLICATION_ID]
            at = int(rng.integers(8, 20))
            values[F.QR] = right[:at] + str((int(right[at]) + 4) % 10) + right[at + 1 :]
            draft.expect(C.APPLICATION_ID_MISMATCH)
        case Case.ID_STAINED:
            draft.expect(C.APPLICATION_ID_UNREADABLE)
            draft.expect(C.QR_UNREADABLE)
        case Case.QR_STAINED:
            draft.expect(C.QR_UNREADABLE)
        case Case.PHOTO_ABSENT:
            draft.photo = False
            if not applicant.needs_no_photo:
                draft.expect(C.PHOTO_MISSING)
        case Case.PHOTO_OF_INFANT:
            draft.photo = True
            draft.expect(C.PHOTO_NOT_WANTED)
        case Case.EXCEPTION_STATED:
            reason = pick(lists.EXCEPTION_REASONS, rng)
            draft.written[F.NAME] = f"{values[F.NAME]} {reason}"
            draft.expect(C.PHOTO_EXCEPTION_STATED)
        case Case.SIGNATURE_ABSENT:
            values[F.SIGNATURE] = ""
            draft.expect(C.SIGNATURE_MISSING)
        case Case.SIGNATURE_OTHER:
            values[F.SIGNATURE] = make_name(rng, pick("男女", rng))[0]
            draft.expect(C.NAME_SIGNATURE_MISMATCH)
        case Case.SEAL_ABSENT:
            values[F.APPLICANT_SEAL] = ""
            draft.expect(C.SEAL_MISSING)
        case Case.DATE_IMPOSSIBLE:
            _impossible_date(draft, kind, rng)
        case Case.DATE_ABSENT:
            values[F.REPLY_DATE if kind == FormName.REPLY_FORM else F.APPLICATION_DATE] = ""
            draft.expect(C.DATE_MISSING)
        case Case.DATE_SCRAWLED:
            draft.expect(C.DATE_UNCLEAR)
        case Case.REPRESENTATIVE_ABSENT:
            for name in list(values):
                if name.value.startswith("representative_"):
                    values[name] = ""
            draft.expect(C.REPRESENTATIVE_MISSING)
        case Case.ADDRESS_INVENTED:
            name = F.ADDRESS if F.ADDRESS in values else F.APPLICANT_ADDRESS
            values[name] = f"{pick(_INVENTED_PLACES, rng)}{int(rng.integers(1, 20))}番地"
            draft.expect(C.ADDRESS_UNKNOWN)
        case Case.ADDRESS_BLANK:
            values[F.ADDRESS if F.ADDRESS in values else F.APPLICANT_ADDRESS] = ""
            draft.expect(C.ADDRESS_MISSING)
        case Case.NAME_BLANK:
            values[F.NAME if F.NAME in values else F.APPLICANT_NAME] = ""
            draft.expect(C.NAME_MISSING)
        case Case.NAME_RARE_CHARACTER:
            name = F.NAME if F.NAME in values else F.APPLICANT_NAME
            values[name] = f"{pick(_RARE_FAMILY, rng)} {applicant.name.split()[-1]}"
            if F.SIGNATURE in values:
                values[F.SIGNATURE] = values[name]
            draft.expect(C.NAME_UNREADABLE)
        case Case.SEX_BOTH | Case.SEX_NEITHER:
            values[F.SEX] = ""
            draft.expect(C.SEX_UNCLEAR)
        case Case.MARK_FAINT:
            draft.expect(C.MARK_UNCLEAR)
        case Case.CERTIFICATES_DECLINED:
            values[F.NO_SIGNATURE_CERTIFICATE] = "1"
            values[F.NO_AUTHENTICATION_CERTIFICATE] = "1"
        case Case.PRINT_CORRECTED:
            draft.expect(C.PRINTED_DATA_CORRECTED)
        case Case.TEXT_SCRAWLED:
            draft.expect(C.TEXT_UNCLEAR)
        case _:
            pass


def _mark_kinds(draft: _Draft, cases: frozenset[Case], rng: np.random.Generator) -> None:
    """How the row under the PIN is marked: by most people in full, by the others not at all."""
    written = draft.values.get(F.PIN_SIGNATURE, "")
    asked = bool({Case.PIN_KINDS_MARKED, Case.PIN_KIND_WRONG} & cases)
    if not written or not (asked or rng.random() < _MARKS_KINDS):
        return
    marks = ["数" if c.isdigit() else "英" for c in written]
    if Case.PIN_KIND_WRONG in cases:
        at = int(rng.integers(len(marks)))
        marks[at] = "英" if marks[at] == "数" else "数"
        draft.expect(C.PIN_MARK_MISMATCH)
    if Case.PIN_KINDS_MARKED in cases:
        draft.expect(C.PIN_SETTLED_BY_MARK)
    draft.kinds = "".join(marks)


def _impossible_date(draft: _Draft, kind: FormName, rng: np.random.Generator) -> None:
    """A day that no calendar has, in the era digits as written: yymmdd, pairs right-aligned."""
    name = F.BIRTH_DATE if kind == FormName.APPLICATION_HANDWRITTEN else F.APPLICATION_DATE
    if kind == FormName.REPLY_FORM:
        name = F.REPLY_DATE
    if name == F.BIRTH_DATE:
        # 昭和64 ended on 7 January; 2月30日 and 13月 never are.
        mark, digits = pick((("昭", "640212"), ("昭", "550230"), ("平", "031305")), rng)
        draft.eras[name] = mark
    else:
        digits = pick(("080931", "080230", "081402"), rng)
    draft.values[name] = ""
    draft.written[name] = digits
    draft.expect(C.DATE_IMPOSSIBLE)


def _finish(draft: _Draft, kind: FormName, channel: Channel, cases: frozenset[Case]) -> Plan:
    values = draft.values
    if F.PHOTO in values:
        values[F.PHOTO] = _flag(draft.photo)
    for name in (F.NO_SIGNATURE_CERTIFICATE, F.NO_AUTHENTICATION_CERTIFICATE):
        if values.get(name):
            draft.expect(C.CERTIFICATE_DECLINED)
    signature_pin = values.get(F.PIN_SIGNATURE, "")
    # Where the writer has marked the kinds, whether a flag stays is the scan's affair.
    if any(c in "0O1I" for c in signature_pin) and not draft.kinds:
        draft.expect(C.PIN_AMBIGUOUS)
    route = None
    if kind == FormName.REPLY_FORM and channel == Channel.MAIL:
        draft.expected, route = [C.REPLY_FORM_BY_MAIL], Route.REFUSE
    elif kind == FormName.EXPIRY_NOTICE:
        draft.expected, route = [C.NOTICE_IS_NOT_APPLICATION], Route.RETURN
    return Plan(
        channel=channel,
        values=dict(values),
        written=dict(draft.written),
        eras=dict(draft.eras),
        cases=cases,
        photo=draft.photo,
        expected=tuple(draft.expected),
        route=route,
        kinds=draft.kinds,
    )


_PREPRINTED = ("id_", "qr_", "photo_", "signature_", "print_", "certificates_")
CASES_OF: dict[FormName, tuple[Case, ...]] = {
    FormName.APPLICATION_HANDWRITTEN: tuple(
        c
        for c in Case
        if not c.value.startswith(("pin_", "id_", "qr_", "seal_", "print_"))
        and c not in (Case.REPRESENTATIVE_ABSENT, Case.PHOTO_OF_INFANT)
    ),
    FormName.APPLICATION_PREPRINTED: tuple(
        c
        for c in Case
        if (c.value.startswith(_PREPRINTED) and c != Case.PHOTO_OF_INFANT)
        or c in (Case.DATE_ABSENT, Case.DATE_SCRAWLED, Case.STAMP_OVER_TEXT)
    ),
    FormName.REPLY_FORM: tuple(
        c
        for c in Case
        if c.value.startswith("pin_")
        or c in (Case.SEAL_ABSENT, Case.STAMP_OVER_TEXT, Case.ADDRESS_BLANK, Case.DATE_ABSENT)
    ),
    FormName.EXPIRY_NOTICE: (),
}
"""Cases that make sense on each form for any applicant."""
