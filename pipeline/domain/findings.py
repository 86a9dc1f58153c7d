"""Findings: the closed list of things a person should know about a document."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipeline.domain.documents import FieldName


class Severity(StrEnum):
    """How much a finding weighs."""

    INFO = "info"
    REVIEW = "review"
    RETURN = "return"
    REFUSE = "refuse"


class FindingCode(StrEnum):
    """Every code a finding can have; ``finding_messages`` has the words for each."""

    MY_NUMBER_MISSING = "MY_NUMBER_MISSING"
    MY_NUMBER_CHECK_DIGIT = "MY_NUMBER_CHECK_DIGIT"
    MY_NUMBER_AMBIGUOUS = "MY_NUMBER_AMBIGUOUS"
    MY_NUMBER_PLACEHOLDER = "MY_NUMBER_PLACEHOLDER"
    PIN_AMBIGUOUS = "PIN_AMBIGUOUS"
    PIN_RULE = "PIN_RULE"
    PIN_MISSING = "PIN_MISSING"
    PIN_LOWER_CASE = "PIN_LOWER_CASE"
    REPLY_FORM_BY_MAIL = "REPLY_FORM_BY_MAIL"
    NOTICE_IS_NOT_APPLICATION = "NOTICE_IS_NOT_APPLICATION"
    APPLICATION_ID_MISMATCH = "APPLICATION_ID_MISMATCH"
    APPLICATION_ID_UNREADABLE = "APPLICATION_ID_UNREADABLE"
    QR_UNREADABLE = "QR_UNREADABLE"
    PHOTO_MISSING = "PHOTO_MISSING"
    PHOTO_NOT_WANTED = "PHOTO_NOT_WANTED"
    PHOTO_NOT_ASSESSABLE = "PHOTO_NOT_ASSESSABLE"
    PHOTO_SIZE = "PHOTO_SIZE"
    PHOTO_FACE = "PHOTO_FACE"
    PHOTO_POSE = "PHOTO_POSE"
    PHOTO_BACKGROUND = "PHOTO_BACKGROUND"
    PHOTO_SHADOW = "PHOTO_SHADOW"
    PHOTO_EXPRESSION = "PHOTO_EXPRESSION"
    PHOTO_EYES = "PHOTO_EYES"
    PHOTO_SUNGLASSES = "PHOTO_SUNGLASSES"
    PHOTO_HEAD_COVERING = "PHOTO_HEAD_COVERING"
    PHOTO_SHARPNESS = "PHOTO_SHARPNESS"
    PHOTO_EXPOSURE = "PHOTO_EXPOSURE"
    PHOTO_FRAMING = "PHOTO_FRAMING"
    PHOTO_EXCEPTION_STATED = "PHOTO_EXCEPTION_STATED"
    SIGNATURE_MISSING = "SIGNATURE_MISSING"
    SEAL_MISSING = "SEAL_MISSING"
    DATE_IMPOSSIBLE = "DATE_IMPOSSIBLE"
    DATE_MISSING = "DATE_MISSING"
    DATE_UNCLEAR = "DATE_UNCLEAR"
    REPRESENTATIVE_MISSING = "REPRESENTATIVE_MISSING"
    ADDRESS_UNKNOWN = "ADDRESS_UNKNOWN"
    ADDRESS_MISSING = "ADDRESS_MISSING"
    NAME_MISSING = "NAME_MISSING"
    NAME_UNREADABLE = "NAME_UNREADABLE"
    NAME_SIGNATURE_MISMATCH = "NAME_SIGNATURE_MISMATCH"
    SEX_UNCLEAR = "SEX_UNCLEAR"
    MARK_UNCLEAR = "MARK_UNCLEAR"
    CERTIFICATE_DECLINED = "CERTIFICATE_DECLINED"
    PRINTED_DATA_CORRECTED = "PRINTED_DATA_CORRECTED"
    TEXT_UNCLEAR = "TEXT_UNCLEAR"
    REGISTRATION_POOR = "REGISTRATION_POOR"
    FORM_UNKNOWN = "FORM_UNKNOWN"
    PAGE_BLANK = "PAGE_BLANK"
    DUPLICATE_SCAN = "DUPLICATE_SCAN"
    DUPLICATE_APPLICANT = "DUPLICATE_APPLICANT"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a person should know.

    Attributes:
        field: The field it is about, where it is about one.
        position: The character position in the field, from 0, where it is about one.
        evidence: Names and numbers that carry no personal value.
    """

    code: FindingCode
    severity: Severity
    field: FieldName | None = None
    position: int | None = None
    evidence: tuple[tuple[str, str | float], ...] = ()
