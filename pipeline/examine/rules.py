"""Rules across fields: QR against print, ages, representative, photo, and what the form itself is.

Every function takes what was read and returns findings; none looks at an image. Ages count at
the application date, and are only as sure as the two dates: where either was not accepted by the
machine, what follows from it is for a person (``review``) and not a ground for return.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from pipeline.domain import application_id, era, person_names
from pipeline.domain.documents import Channel, FieldName, FormName
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.photos import PhotoCheckName, PhotoGrade, Verdict
from pipeline.domain.readings import Reading

Readings = Mapping[FieldName, Reading]

AGE_WITHOUT_PHOTO = 1
# The mesh was made for older faces: it reads a small child's chin as lifted, by about 7 degrees.
AGE_OF_A_SURE_POSE = 4
AGE_WITHOUT_REPRESENTATIVE = 15
REPRESENTATIVE_FIELDS = (FieldName.REPRESENTATIVE_NAME, FieldName.REPRESENTATIVE_RELATION)

_PHOTO_CODES = {name: FindingCode(f"PHOTO_{name.value.upper()}") for name in PhotoCheckName}


def of_the_form(form: FormName, channel: Channel, *, refuse_reply_by_mail: bool) -> list[Finding]:
    """What the kind of document alone tells, on this channel."""
    if form == FormName.REPLY_FORM and channel == Channel.MAIL and refuse_reply_by_mail:
        return [Finding(FindingCode.REPLY_FORM_BY_MAIL, Severity.REFUSE)]
    if form == FormName.EXPIRY_NOTICE:
        return [Finding(FindingCode.NOTICE_IS_NOT_APPLICATION, Severity.RETURN)]
    return []


def of_the_version(taken: str, other: str | None) -> list[Finding]:
    """That two versions explain the page alike where their prints differ, and which two.

    Args:
        taken: Name and version that the page was registered as.
        other: The one that it cannot be told from, if there is one.
    """
    if other is None:
        return []
    versions = (("version", taken), ("other_version", other))
    return [Finding(FindingCode.FORM_VERSION_UNCERTAIN, Severity.REVIEW, evidence=versions)]


def qr_against_print(readings: Readings) -> list[Finding]:
    """The application ID in the QR code against the printed digits."""
    printed, qr = readings.get(FieldName.APPLICATION_ID), readings.get(FieldName.QR)
    if printed is None or qr is None or not qr.value or not printed.value:
        return []
    if printed.value == qr.value:
        return []
    # A printed reading that is itself unsure is a reading problem, not yet a mismatch of paper.
    different = sum(a != b for a, b in zip(printed.value, qr.value, strict=False))
    return [
        Finding(
            FindingCode.APPLICATION_ID_MISMATCH,
            Severity.REVIEW,
            FieldName.APPLICATION_ID,
            evidence=(("different_digits", float(different)),),
        )
    ]


def confirm_id_by_qr(readings: Readings) -> Reading | None:
    """The application ID accepted where QR and print agree: the only free validator there is."""
    printed, qr = readings.get(FieldName.APPLICATION_ID), readings.get(FieldName.QR)
    if printed is None or qr is None or not qr.value or not application_id.is_legal(qr.value):
        return None
    if printed.value != qr.value:
        return None
    return Reading(
        field=printed.field,
        value=printed.value,
        confidence=max(printed.confidence, qr.confidence),
        accepted=True,
        characters=printed.characters,
        box_px=printed.box_px,
        reader=f"{printed.reader}+{qr.reader}",
        model_version=printed.model_version,
        as_written=printed.as_written,
        attributes={**printed.attributes, "agrees_with": FieldName.QR.value},
    )


def age_at_application(readings: Readings) -> tuple[int, bool] | None:
    """Completed years at the application date, and whether both dates are sure; or None."""
    birth, applied = (
        readings.get(FieldName.BIRTH_DATE),
        readings.get(FieldName.APPLICATION_DATE),
    )
    if birth is None or applied is None or not birth.value or not applied.value:
        return None
    try:
        born, when = dt.date.fromisoformat(birth.value), dt.date.fromisoformat(applied.value)
    except ValueError:
        return None
    if born > when:
        return None
    return era.age_at(born, when), birth.accepted and applied.accepted


def dates_against_each_other(readings: Readings, today: dt.date) -> list[Finding]:
    """Birth before application, application not in the future, a stay that has not ended."""
    findings = _stay_limit(readings)
    birth = _date(readings, FieldName.BIRTH_DATE)
    for name in (FieldName.APPLICATION_DATE, FieldName.REPLY_DATE):
        written = _date(readings, name)
        if written is None:
            continue
        if written > today:
            findings.append(
                Finding(
                    FindingCode.DATE_IMPOSSIBLE,
                    Severity.REVIEW,
                    name,
                    evidence=(("reason", "in the future"),),
                )
            )
        elif birth is not None and birth > written:
            findings.append(
                Finding(
                    FindingCode.DATE_IMPOSSIBLE,
                    Severity.REVIEW,
                    FieldName.BIRTH_DATE,
                    evidence=(("reason", "born after the application"),),
                )
            )
    return findings


def _stay_limit(readings: Readings) -> list[Finding]:
    """A period of stay that had ended before the application is a slip of the pen or a question."""
    limit = _date(readings, FieldName.STAY_LIMIT_DATE)
    applied = _date(readings, FieldName.APPLICATION_DATE)
    if limit is None or applied is None or limit >= applied:
        return []
    return [
        Finding(
            FindingCode.DATE_IMPOSSIBLE,
            Severity.REVIEW,
            FieldName.STAY_LIMIT_DATE,
            evidence=(("reason", "over before the application"),),
        )
    ]


def _kana_against_name(readings: Readings) -> list[Finding]:
    """The representative's kana where it cannot be how the name is read.

    No dictionary of readings of names is asked: hundreds of names are read as no dictionary says.
    Only what no reading can be is told: kana of the name that the reading lacks, or fewer kana
    than any name of so many characters has (八月一日 is read ほづみ: one kana fewer than kanji).
    """
    kana, name = (
        readings.get(FieldName.REPRESENTATIVE_KANA),
        readings.get(FieldName.REPRESENTATIVE_NAME),
    )
    if kana is None or name is None or not kana.value or not name.value:
        return []
    if person_names.kana_may_read(kana.value, name.value):
        return []
    return [
        Finding(
            FindingCode.TEXT_UNCLEAR,
            Severity.REVIEW,
            FieldName.REPRESENTATIVE_KANA,
            evidence=(("reason", "does not fit the name"),),
        )
    ]


def representative(readings: Readings) -> list[Finding]:
    """Under 15 at the application date somebody has to act for the applicant; kana and name fit."""
    if not any(name in readings for name in REPRESENTATIVE_FIELDS):
        return []
    findings = _kana_against_name(readings)
    age = age_at_application(readings)
    if age is None or age[0] >= AGE_WITHOUT_REPRESENTATIVE:
        return findings
    if all(_written(readings.get(name)) for name in REPRESENTATIVE_FIELDS):
        return findings
    severity = Severity.RETURN if age[1] else Severity.REVIEW
    return [
        *findings,
        Finding(
            FindingCode.REPRESENTATIVE_MISSING,
            severity,
            FieldName.REPRESENTATIVE_NAME,
            evidence=(("age_years", float(age[0])),),
        ),
    ]


def of_the_photo(
    grade: PhotoGrade | None, readings: Readings, *, exception_stated: bool
) -> list[Finding]:
    """Findings from a photo's grade, with small children and stated exceptions turned to review.

    Where the scan shows nothing of the photo, what it seems to show is no ground for return.
    Card Act art. 2(7): under one year at the application date (from 2024-12-02) no photo is used.
    Official checklist: a reason stated in the name field makes an unusual photo usable.
    """
    if grade is None:
        return []
    age, sure = age_at_application(readings) or (None, False)
    infant = age is not None and age < AGE_WITHOUT_PHOTO
    if infant and sure:
        unneeded = Finding(FindingCode.PHOTO_NOT_WANTED, Severity.INFO, FieldName.PHOTO)
        return [unneeded] if grade.present else []
    if not grade.present:
        # Whoever may yet turn out to be an infant needs none.
        severity = Severity.RETURN if sure else Severity.REVIEW
        return [Finding(FindingCode.PHOTO_MISSING, severity, FieldName.PHOTO)]
    findings = []
    if infant:
        # Whoever may yet turn out to be older needs one, and a good one.
        findings.append(Finding(FindingCode.PHOTO_NOT_WANTED, Severity.REVIEW, FieldName.PHOTO))
    unseen = grade.verdict == Verdict.NOT_ASSESSABLE
    if unseen:
        findings.append(Finding(FindingCode.PHOTO_NOT_ASSESSABLE, Severity.REVIEW, FieldName.PHOTO))
    for check in grade.checks:
        if check.check == PhotoCheckName.SIZE and check.verdict == Verdict.NOT_ASSESSABLE:
            if not unseen:
                code = FindingCode.PHOTO_SIZE_UNSEEN
                findings.append(Finding(code, Severity.REVIEW, FieldName.PHOTO))
            continue
        if check.verdict not in (Verdict.FAIL, Verdict.REVIEW):
            continue
        unsure = check.check == PhotoCheckName.HEAD_COVERING or (
            check.check == PhotoCheckName.POSE and age is not None and age < AGE_OF_A_SURE_POSE
        )
        excused = exception_stated or infant or unsure
        fails = check.verdict == Verdict.FAIL and not excused and not unseen
        evidence: list[tuple[str, str | float]] = []
        if check.value is not None:
            evidence.append(("value", round(check.value, 4)))
        if check.threshold is not None:
            evidence.append(("threshold", check.threshold))
        findings.append(
            Finding(
                _PHOTO_CODES[check.check],
                Severity.RETURN if fails else Severity.REVIEW,
                FieldName.PHOTO,
                evidence=tuple(evidence),
            )
        )
    return findings


def without_repeats(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in order, each (code, field, position) once, the heavier severity kept."""
    weight = {s: i for i, s in enumerate(Severity)}
    kept: dict[tuple[FindingCode, FieldName | None, int | None], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.field, finding.position)
        if key not in kept or weight[finding.severity] > weight[kept[key].severity]:
            kept[key] = finding
    return tuple(kept.values())


def _written(reading: Reading | None) -> bool:
    return reading is not None and reading.value != ""


def _date(readings: Readings, name: FieldName) -> dt.date | None:
    reading = readings.get(name)
    if reading is None or not reading.value:
        return None
    try:
        return dt.date.fromisoformat(reading.value)
    except ValueError:
        return None
