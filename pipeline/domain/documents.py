"""Channels, forms, fields and routes: the closed lists that everything else speaks in."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """How a scan came in."""

    MAIL = "mail"
    COUNTER = "counter"


class FormName(StrEnum):
    """A printed form, whatever its version."""

    APPLICATION_HANDWRITTEN = "application_handwritten"
    APPLICATION_PREPRINTED = "application_preprinted"
    REPLY_FORM = "reply_form"
    EXPIRY_NOTICE = "expiry_notice"


class Route(StrEnum):
    """Where a document goes next."""

    ACCEPT = "accept"
    CONFIRM = "confirm"
    KEY = "key"
    RETURN = "return"
    REFUSE = "refuse"
    QUARANTINE = "quarantine"


class FieldName(StrEnum):
    """A field on any form."""

    MY_NUMBER = "my_number"
    APPLICATION_ID = "application_id"
    NAME = "name"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    FORMER_NAME_OR_ALIAS = "former_name_or_alias"
    PHONE = "phone"
    FOREIGN_RESIDENT_CATEGORY = "foreign_resident_category"
    STAY_LIMIT_EXISTS = "stay_limit_exists"
    STAY_LIMIT_DATE = "stay_limit_date"
    BRAILLE_WANTED = "braille_wanted"
    NO_SIGNATURE_CERTIFICATE = "no_signature_certificate"
    NO_AUTHENTICATION_CERTIFICATE = "no_authentication_certificate"
    APPLICATION_DATE = "application_date"
    SIGNATURE = "signature"
    REPRESENTATIVE_KANA = "representative_kana"
    REPRESENTATIVE_NAME = "representative_name"
    REPRESENTATIVE_RELATION = "representative_relation"
    REPRESENTATIVE_POSTAL_CODE = "representative_postal_code"
    REPRESENTATIVE_ADDRESS = "representative_address"
    REPRESENTATIVE_PHONE = "representative_phone"
    PHOTO = "photo"
    QR = "qr"
    REPLY_DATE = "reply_date"
    APPLICANT_ADDRESS = "applicant_address"
    APPLICANT_NAME = "applicant_name"
    APPLICANT_SEAL = "applicant_seal"
    PIN_SIGNATURE = "pin_signature"
    PIN_AUTHENTICATION = "pin_authentication"
    PIN_RESIDENT_RECORD = "pin_resident_record"
    PROXY_ADDRESS = "proxy_address"
    PROXY_NAME = "proxy_name"
    PROXY_RELATION = "proxy_relation"
    MANDATE_DATE = "mandate_date"
    HOLDER_NAME = "holder_name"
    EXPIRY_DATE = "expiry_date"
    EXPIRING_ITEM = "expiring_item"


PIN_FIELDS = frozenset(
    {FieldName.PIN_SIGNATURE, FieldName.PIN_AUTHENTICATION, FieldName.PIN_RESIDENT_RECORD}
)
DATE_FIELDS = frozenset(
    {
        FieldName.BIRTH_DATE,
        FieldName.STAY_LIMIT_DATE,
        FieldName.APPLICATION_DATE,
        FieldName.REPLY_DATE,
        FieldName.MANDATE_DATE,
        FieldName.EXPIRY_DATE,
    }
)
