"""Rules across fields: ages, representative, photo, QR, dates; and signature against name."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.documents import Channel, FormName
from pipeline.domain.documents import FieldName as F
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.findings import Finding, Severity
from pipeline.domain.findings import FindingCode as C
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, PhotoGrade, Verdict
from pipeline.domain.readings import Character, Reading
from pipeline.examine import rules
from pipeline.examine.signatures import compare_signature
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import Zone
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.resolved import Resolved

BORN = dt.date(2011, 6, 15)
ID = "12345678901234567890123"


def read(field: F, value: str | None, accepted: bool = True) -> Reading:
    return Reading(field, value, 0.99, accepted=accepted)


def dated(
    born: dt.date, applied: dt.date, *, born_sure: bool = True, applied_sure: bool = True
) -> dict[F, Reading]:
    return {
        F.BIRTH_DATE: read(F.BIRTH_DATE, born.isoformat(), born_sure),
        F.APPLICATION_DATE: read(F.APPLICATION_DATE, applied.isoformat(), applied_sure),
        F.REPRESENTATIVE_NAME: read(F.REPRESENTATIVE_NAME, ""),
        F.REPRESENTATIVE_RELATION: read(F.REPRESENTATIVE_RELATION, ""),
    }


def told(findings: list[Finding]) -> list[tuple[C, Severity]]:
    return [(f.code, f.severity) for f in findings]


def photo(*checks: tuple[PhotoCheckName, Verdict], present: bool = True) -> PhotoGrade:
    made = tuple(PhotoCheck(name, verdict, 0.5, "", 0.4) for name, verdict in checks)
    return PhotoGrade(Verdict.FAIL, made, present=present)


# Age and representative


def test_a_representative_is_wanted_until_the_day_before_the_fifteenth_birthday() -> None:
    eve, birthday = dt.date(2026, 6, 14), dt.date(2026, 6, 15)
    assert told(rules.representative(dated(BORN, eve))) == [
        (C.REPRESENTATIVE_MISSING, Severity.RETURN)
    ]
    assert rules.representative(dated(BORN, birthday)) == []


def test_one_born_on_the_29th_of_february_is_fifteen_from_the_first_of_march() -> None:
    leap = dt.date(2012, 2, 29)
    assert rules.representative(dated(leap, dt.date(2027, 2, 28))) != []
    assert rules.representative(dated(leap, dt.date(2027, 3, 1))) == []


@given(
    st.dates(dt.date(1990, 1, 1), dt.date(2026, 1, 1)),
    st.dates(dt.date(2026, 1, 1), dt.date(2030, 1, 1)),
)
def test_a_representative_is_asked_of_exactly_those_under_fifteen(
    born: dt.date, applied: dt.date
) -> None:
    fifteenth = dt.date(
        born.year + 15, *((3, 1) if (born.month, born.day) == (2, 29) else (born.month, born.day))
    )
    if (born.month, born.day) == (2, 29) and (born.year + 15) % 4 == 0:
        fifteenth = dt.date(born.year + 15, 2, 29)
    assert bool(rules.representative(dated(born, applied))) == (applied < fifteenth)


@pytest.mark.parametrize(("born_sure", "applied_sure"), [(True, False), (False, True)])
def test_an_unsure_date_makes_a_missing_representative_a_question(
    born_sure: bool, applied_sure: bool
) -> None:
    readings = dated(BORN, dt.date(2020, 1, 1), born_sure=born_sure, applied_sure=applied_sure)
    assert told(rules.representative(readings)) == [(C.REPRESENTATIVE_MISSING, Severity.REVIEW)]


def test_name_and_relation_are_both_needed_and_unreadable_ink_counts_as_written() -> None:
    child = dated(BORN, dt.date(2020, 1, 1))
    child[F.REPRESENTATIVE_NAME] = read(F.REPRESENTATIVE_NAME, "見本 花子")
    assert rules.representative(child) != []
    child[F.REPRESENTATIVE_RELATION] = read(F.REPRESENTATIVE_RELATION, None, False)
    assert rules.representative(child) == []


def test_a_form_without_a_representative_part_asks_for_none() -> None:
    readings = dated(BORN, dt.date(2020, 1, 1))
    del readings[F.REPRESENTATIVE_NAME], readings[F.REPRESENTATIVE_RELATION]
    assert rules.representative(readings) == []


@pytest.mark.parametrize("missing", [F.BIRTH_DATE, F.APPLICATION_DATE])
def test_no_age_without_both_dates(missing: F) -> None:
    for value in ("", None, "not a day"):
        readings = dated(BORN, dt.date(2026, 1, 1)) | {missing: read(missing, value)}
        assert rules.age_at_application(readings) is None
    assert rules.age_at_application(dated(dt.date(2026, 1, 2), dt.date(2026, 1, 1))) is None


# Photo


def test_the_photo_of_an_infant_is_not_wanted_and_its_faults_do_not_matter() -> None:
    grade = photo((PhotoCheckName.EYES, Verdict.FAIL))
    day_before = dated(dt.date(2026, 1, 10), dt.date(2027, 1, 9))
    assert told(rules.of_the_photo(grade, day_before, exception_stated=False)) == [
        (C.PHOTO_NOT_WANTED, Severity.INFO)
    ]
    birthday = dated(dt.date(2026, 1, 10), dt.date(2027, 1, 10))
    assert told(rules.of_the_photo(grade, birthday, exception_stated=False)) == [
        (C.PHOTO_EYES, Severity.RETURN)
    ]


def test_an_infant_by_unsure_dates_is_a_question_and_so_is_all_about_the_photo() -> None:
    infant = dated(dt.date(2026, 1, 10), dt.date(2026, 2, 1), born_sure=False)
    grade = photo((PhotoCheckName.EYES, Verdict.FAIL))
    assert told(rules.of_the_photo(grade, infant, exception_stated=False)) == [
        (C.PHOTO_NOT_WANTED, Severity.REVIEW),
        (C.PHOTO_EYES, Severity.REVIEW),
    ]
    unseen = PhotoGrade(Verdict.NOT_ASSESSABLE, (), present=True)
    assert told(rules.of_the_photo(unseen, infant, exception_stated=False)) == [
        (C.PHOTO_NOT_WANTED, Severity.REVIEW),
        (C.PHOTO_NOT_ASSESSABLE, Severity.REVIEW),
    ]
    missing = photo(present=False)
    assert told(rules.of_the_photo(missing, infant, exception_stated=False)) == [
        (C.PHOTO_MISSING, Severity.REVIEW)
    ]
    sure = dated(dt.date(2026, 1, 10), dt.date(2026, 2, 1))
    assert rules.of_the_photo(missing, sure, exception_stated=False) == []


def test_no_photo_is_returned_for_its_size_where_the_scan_shows_nothing_of_it() -> None:
    """In black and white the edge of a print is guessed from what is left of its picture."""
    adult = dated(dt.date(1990, 1, 1), dt.date(2026, 1, 1))
    size = PhotoCheck(PhotoCheckName.SIZE, Verdict.FAIL, 8.0, "mm", 2.0)
    for verdict, severity in (
        (Verdict.FAIL, Severity.RETURN),
        (Verdict.NOT_ASSESSABLE, Severity.REVIEW),
    ):
        grade = PhotoGrade(verdict, (size,), present=True)
        found = rules.of_the_photo(grade, adult, exception_stated=False)
        assert (C.PHOTO_SIZE, severity) in told(found)


def test_the_pose_of_a_small_child_is_a_question() -> None:
    grade = photo((PhotoCheckName.POSE, Verdict.FAIL), (PhotoCheckName.EYES, Verdict.FAIL))
    for born, severity in ((2023, Severity.REVIEW), (2021, Severity.RETURN)):
        child = dated(dt.date(born, 1, 1), dt.date(2026, 1, 1))
        assert told(rules.of_the_photo(grade, child, exception_stated=False)) == [
            (C.PHOTO_POSE, severity),
            (C.PHOTO_EYES, Severity.RETURN),
        ]


def test_a_photo_whose_size_cannot_be_seen_is_a_question_of_its_own() -> None:
    adult = dated(dt.date(1990, 1, 1), dt.date(2026, 1, 1))
    size = PhotoCheck(PhotoCheckName.SIZE, Verdict.NOT_ASSESSABLE, 0.2, "mm", 1.0)
    with_tones = PhotoGrade(Verdict.REVIEW, (size,), present=True)
    assert told(rules.of_the_photo(with_tones, adult, exception_stated=False)) == [
        (C.PHOTO_SIZE_UNSEEN, Severity.REVIEW)
    ]
    # Of a scan without tones the whole photo is looked at anyhow.
    without = PhotoGrade(Verdict.NOT_ASSESSABLE, (size,), present=True)
    assert told(rules.of_the_photo(without, adult, exception_stated=False)) == [
        (C.PHOTO_NOT_ASSESSABLE, Severity.REVIEW)
    ]


def test_a_missing_photo_is_a_ground_for_return_from_one_year_on() -> None:
    adult = dated(dt.date(1990, 1, 1), dt.date(2026, 1, 1))
    assert told(rules.of_the_photo(photo(present=False), adult, exception_stated=False)) == [
        (C.PHOTO_MISSING, Severity.RETURN)
    ]
    for readings in (dated(dt.date(1990, 1, 1), dt.date(2026, 1, 1), born_sure=False), {}):
        assert told(rules.of_the_photo(photo(present=False), readings, exception_stated=False)) == [
            (C.PHOTO_MISSING, Severity.REVIEW)
        ]


@given(
    st.lists(st.tuples(st.sampled_from(list(PhotoCheckName)), st.sampled_from(list(Verdict)))),
    st.booleans(),
)
def test_a_stated_reason_turns_every_failure_into_a_question(
    checks: list[tuple[PhotoCheckName, Verdict]], stated: bool
) -> None:
    adult = dated(dt.date(1990, 1, 1), dt.date(2026, 1, 1))
    findings = rules.of_the_photo(photo(*checks), adult, exception_stated=stated)
    size_unseen = (PhotoCheckName.SIZE, Verdict.NOT_ASSESSABLE)
    asked = [c for c in checks if c[1] in (Verdict.FAIL, Verdict.REVIEW) or c == size_unseen]
    assert len(findings) == len(asked)
    for finding, (name, verdict) in zip(findings, asked, strict=True):
        unseen = "_UNSEEN" if (name, verdict) == size_unseen else ""
        assert finding.code.value == f"PHOTO_{name.value.upper()}{unseen}"
        excused = stated or name == PhotoCheckName.HEAD_COVERING
        returned = verdict == Verdict.FAIL and not excused
        assert finding.severity == (Severity.RETURN if returned else Severity.REVIEW)


def test_a_form_without_a_photo_has_no_findings_of_one() -> None:
    assert rules.of_the_photo(None, {}, exception_stated=False) == []


# QR against print


def test_qr_and_print_that_agree_vouch_for_each_other() -> None:
    readings = {
        F.APPLICATION_ID: read(F.APPLICATION_ID, ID, accepted=False),
        F.QR: read(F.QR, ID),
    }
    assert rules.qr_against_print(readings) == []
    confirmed = rules.confirm_id_by_qr(readings)
    assert confirmed is not None
    assert confirmed.accepted
    assert confirmed.value == ID


@given(st.text("0123456789", min_size=23, max_size=23), st.integers(0, 22), st.integers(1, 9))
def test_one_digit_of_difference_is_told_and_never_confirmed(
    printed: str, at: int, by: int
) -> None:
    other = printed[:at] + str((int(printed[at]) + by) % 10) + printed[at + 1 :]
    readings = {
        F.APPLICATION_ID: read(F.APPLICATION_ID, printed),
        F.QR: read(F.QR, other),
    }
    findings = rules.qr_against_print(readings)
    assert told(findings) == [(C.APPLICATION_ID_MISMATCH, Severity.REVIEW)]
    assert dict(findings[0].evidence)["different_digits"] == 1.0
    assert rules.confirm_id_by_qr(readings) is None


def test_a_code_that_holds_no_id_confirms_nothing() -> None:
    short = {F.APPLICATION_ID: read(F.APPLICATION_ID, "123"), F.QR: read(F.QR, "123")}
    assert rules.confirm_id_by_qr(short) is None
    unread = {F.APPLICATION_ID: read(F.APPLICATION_ID, ID), F.QR: read(F.QR, None, False)}
    assert rules.confirm_id_by_qr(unread) is None
    assert rules.qr_against_print(unread) == []


# Dates against each other


@given(st.integers(-400, 400))
def test_only_a_date_after_today_is_in_the_future(days: int) -> None:
    today = dt.date(2026, 11, 23)
    readings = dated(BORN, today + dt.timedelta(days=days))
    findings = rules.dates_against_each_other(readings, today)
    assert [f.field for f in findings] == ([F.APPLICATION_DATE] if days > 0 else [])
    assert all(f.code == C.DATE_IMPOSSIBLE and f.severity == Severity.REVIEW for f in findings)


def test_born_after_the_application_is_impossible() -> None:
    today = dt.date(2026, 11, 23)
    readings = dated(dt.date(2026, 11, 2), dt.date(2026, 11, 1))
    assert [(f.code, f.field) for f in rules.dates_against_each_other(readings, today)] == [
        (C.DATE_IMPOSSIBLE, F.BIRTH_DATE)
    ]
    same_day = dated(dt.date(2026, 11, 1), dt.date(2026, 11, 1))
    assert rules.dates_against_each_other(same_day, today) == []


# What the form itself is


def test_a_reply_form_by_mail_is_refused_only_where_the_site_says_so() -> None:
    refused = rules.of_the_form(FormName.REPLY_FORM, Channel.MAIL, refuse_reply_by_mail=True)
    assert told(refused) == [(C.REPLY_FORM_BY_MAIL, Severity.REFUSE)]
    for channel, refuse in ((Channel.MAIL, False), (Channel.COUNTER, True)):
        assert rules.of_the_form(FormName.REPLY_FORM, channel, refuse_reply_by_mail=refuse) == []
    notice = rules.of_the_form(FormName.EXPIRY_NOTICE, Channel.MAIL, refuse_reply_by_mail=True)
    assert told(notice) == [(C.NOTICE_IS_NOT_APPLICATION, Severity.RETURN)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([C.TEXT_UNCLEAR, C.DATE_UNCLEAR]),
            st.sampled_from(list(Severity)),
            st.sampled_from([F.NAME, F.ADDRESS]),
        )
    )
)
def test_repeats_keep_the_heavier_severity(given_: list[tuple[C, Severity, F]]) -> None:
    findings = [Finding(code, severity, field) for code, severity, field in given_]
    kept = rules.without_repeats(findings)
    order = list(Severity)
    assert len({(f.code, f.field) for f in kept}) == len(kept)
    for one in findings:
        same = next(f for f in kept if (f.code, f.field) == (one.code, one.field))
        assert order.index(same.severity) >= order.index(one.severity)


# Signature against name


class StubText:
    """Reads what it is told."""

    def __init__(self, text: str, confidence: float = 0.99) -> None:
        self.reading = named(F.NAME, text, confidence)
        self.views: list[int] = []

    def read(self, page: RegisteredPage, zone: Zone, *, two_views: bool = True) -> Resolved:
        self.views.append(1 + two_views)
        return Resolved(self.reading)


def named(field: F, text: str, confidence: float = 0.99) -> Reading:
    return Reading(
        field, text, confidence, False, tuple(Character(c, confidence) for c in text if c != " ")
    )


def signature_findings(name: Reading, text: StubText, *more: Finding) -> list[C]:
    form = Catalogue.load().get(FormName.APPLICATION_HANDWRITTEN)
    page = RegisteredPage(
        form=form,
        pixels=np.full((8, 8, 3), 255, np.uint8),
        to_page=np.eye(3),
        figures=RegistrationFigures(0.5, 100),
        number=1,
        source_dpi=300.0,
        bilevel=False,
        paper_bgr=(255, 255, 255),
    )
    resolved = [Resolved(name, more), Resolved(read(F.SIGNATURE, "1"))]
    return [f.code for f in compare_signature(page, resolved, text)]  # type: ignore[arg-type]


def test_another_persons_signature_is_told() -> None:
    found = signature_findings(named(F.NAME, "伊藤 誠"), StubText("橋本 直樹"))
    assert found == [C.NAME_SIGNATURE_MISMATCH]


@pytest.mark.parametrize("signed", ["伊藤 誠", "伊藤誠", "伊藤", "誠", "伊藤 誠一", "藤 誠"])
def test_the_same_name_part_of_it_or_one_misread_is_not_told(signed: str) -> None:
    assert signature_findings(named(F.NAME, "伊藤 誠"), StubText(signed)) == []


def test_two_given_names_under_one_family_name_are_told_only_where_both_are_clear() -> None:
    name = named(F.NAME, "伊藤 誠")
    assert signature_findings(name, StubText("伊藤 花子")) == [C.NAME_SIGNATURE_MISMATCH]
    assert signature_findings(name, StubText("伊藤 花子", 0.9)) == []


def test_a_second_look_is_taken_only_where_it_could_tell_something() -> None:
    for name, signed, views in (
        (named(F.NAME, "伊藤 誠"), "伊藤 誠", [1]),
        (named(F.NAME, "伊藤 誠"), "橋本 直樹", [1, 2]),
        (named(F.NAME, "伊藤 誠", 0.6), "橋本 直樹", []),
    ):
        text = StubText(signed)
        signature_findings(name, text)
        assert text.views == views


def test_variants_are_one_name() -> None:
    assert signature_findings(named(F.NAME, "髙﨑 真"), StubText("高崎 眞")) == []


def test_nothing_is_told_of_what_cannot_be_read() -> None:
    other = "橋本 直樹"
    assert signature_findings(named(F.NAME, "伊藤 誠", 0.6), StubText(other)) == []
    assert signature_findings(named(F.NAME, "伊藤 誠"), StubText(other, 0.6)) == []
    stated = Finding(C.PHOTO_EXCEPTION_STATED, Severity.INFO, F.NAME)
    assert signature_findings(named(F.NAME, "伊藤 誠"), StubText(other), stated) == []


# Kana against the name, and a stay that is over


@pytest.mark.parametrize(
    ("kana", "name", "fits"),
    [
        ("やまだ はなこ", "山田 花子", True),
        ("ほづみ さくら", "八月一日 さくら", True),
        ("イチノセ マコト", "一ノ瀬 誠", True),
        ("やまだ はな", "山田 さくら", False),
        ("や", "山田 太郎", False),
        ("たろう", "TARO YAMADA", True),
        ("", "山田 太郎", True),
    ],
)
def test_only_kana_that_no_reading_can_be_are_told(kana: str, name: str, fits: bool) -> None:
    readings = {
        F.REPRESENTATIVE_KANA: read(F.REPRESENTATIVE_KANA, kana),
        F.REPRESENTATIVE_NAME: read(F.REPRESENTATIVE_NAME, name),
    }
    found = told(rules.representative(readings))
    assert found == ([] if fits else [(C.TEXT_UNCLEAR, Severity.REVIEW)])


@given(st.integers(-400, 400))
def test_a_stay_that_ended_before_the_application_is_asked_about(days: int) -> None:
    applied = dt.date(2026, 6, 15)
    readings = {
        F.APPLICATION_DATE: read(F.APPLICATION_DATE, applied.isoformat()),
        F.STAY_LIMIT_DATE: read(F.STAY_LIMIT_DATE, (applied + dt.timedelta(days=days)).isoformat()),
    }
    found = told(rules.dates_against_each_other(readings, applied))
    assert found == ([(C.DATE_IMPOSSIBLE, Severity.REVIEW)] if days < 0 else [])
