"""A batch as the examination hands it over: applications with a number of their own in doubt."""

from __future__ import annotations

import dataclasses
import os
import secrets

from pipeline.domain import my_number
from pipeline.domain.documents import Channel, FieldName, FormName, Route
from pipeline.domain.examinations import Examination, RegistrationFigures
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.geometry import BoxPx
from pipeline.domain.readings import Alternative, Character, Reading
from pipeline.store.arrivals import records
from pipeline.store.arrivals.records import Arrival, Outcome
from pipeline.store.clock import utc_now
from pipeline.vault import Vault

# Fields whose ink a sheet is known by.
_SKETCHED = (
    FieldName.MY_NUMBER, FieldName.NAME, FieldName.ADDRESS, FieldName.BIRTH_DATE,
    FieldName.PHONE, FieldName.SEX,
)  # fmt: skip


def arrival(vault: Vault, batch: str, number: int) -> Arrival:
    """A file with an application whose number, its own, has one digit in doubt."""
    eleven = f"{secrets.randbelow(10**11):011}"
    name, value = FieldName.MY_NUMBER, f"{eleven}{my_number.check_digit(eleven)}"
    characters = tuple(
        Character(
            digit,
            0.6 if n == 11 else 0.9998,
            n == 11,
            (Alternative("7", 0.3),) if n == 11 else (),
            BoxPx(40 + 100 * n, 20, 90, 100),
        )
        for n, digit in enumerate(value)
    )
    box = BoxPx(30, 10, 1250, 120)
    read = Reading(name, value, 0.6, False, characters, box, "boxes", "bench")
    finding = Finding(FindingCode.MY_NUMBER_AMBIGUOUS, Severity.REVIEW, name, 11)
    examination = Examination(
        file="scan.pdf",
        page=1,
        channel=Channel.MAIL,
        form=FormName.APPLICATION_HANDWRITTEN,
        form_version="2024-12",
        route=Route.CONFIRM,
        registration=RegistrationFigures(0.8, 412),
        readings=(read,),
        photo=None,
        findings=(finding,),
    )
    scan = vault.surrogate("scan", f"{batch}/{number}".encode())
    document = records.from_examination(examination, vault, scan, crop_origins={name: (30, 10)})
    sheet = tuple((field, os.urandom(16)) for field in _SKETCHED)
    document = dataclasses.replace(document, sheet=sheet)
    return Arrival(scan, Channel.MAIL, Outcome.LOADED, utc_now(), pages=1, documents=(document,))
