"""Examinations with synthetic values, built from the domain alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.domain.documents import Channel, FieldName, FormName, Route
from pipeline.domain.examinations import Examination, RegistrationFigures
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.geometry import BoxPx
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, PhotoGrade, Verdict
from pipeline.domain.readings import Alternative, Character, Reading
from pipeline.store.arrivals import crops, records
from pipeline.store.arrivals.records import Arrival, LoadedDocument, Outcome
from pipeline.vault import Vault

RECEIVED = dt.datetime(2026, 11, 20, 1, 0)
NUMBER = "123456789018"
NAME = "見本花子"
ADDRESS = "東京都千代田区見本町一丁目"
PIN = "SAMPLE10"


def reading(
    field: FieldName,
    value: str,
    *,
    accepted: bool = True,
    flagged: Sequence[int] = (),
    alternatives: Sequence[str] = ("7", "4"),
    confidence: float = 0.9997,
) -> Reading:
    characters = tuple(
        Character(
            c,
            0.62 if n in flagged else 0.9998,
            n in flagged,
            tuple(Alternative(a, 0.3 / (k + 1)) for k, a in enumerate(alternatives))
            if n in flagged
            else (),
            BoxPx(40 + 100 * n, 20, 90, 100),
        )
        for n, c in enumerate(value)
    )
    return Reading(
        field, value, confidence, accepted, characters, BoxPx(30, 10, 1250, 120), "boxes", "cnn-1"
    )


def examination(
    readings: Sequence[Reading],
    *,
    form: FormName | None = FormName.APPLICATION_HANDWRITTEN,
    route: Route = Route.CONFIRM,
    findings: Sequence[Finding] = (),
    channel: Channel = Channel.MAIL,
    photo: PhotoGrade | None = None,
    form_version: str = "2024-12",
) -> Examination:
    return Examination(
        file="scan.pdf",
        page=1,
        channel=channel,
        form=form,
        form_version=form_version if form else None,
        route=route,
        registration=RegistrationFigures(0.8, 412) if form else None,
        readings=tuple(readings),
        photo=photo,
        findings=tuple(findings),
    )


def flagged_number() -> Examination:
    """An application whose number has one flagged digit; the rest is sure."""
    return examination(
        [
            reading(FieldName.MY_NUMBER, "123456789011", accepted=False, flagged=[11]),
            reading(FieldName.NAME, NAME),
        ],
        findings=[
            Finding(FindingCode.MY_NUMBER_AMBIGUOUS, Severity.REVIEW, FieldName.MY_NUMBER, 11)
        ],
    )


def accepted_application(number: str = NUMBER) -> Examination:
    return examination(
        [
            reading(FieldName.MY_NUMBER, number),
            reading(FieldName.NAME, NAME),
            reading(FieldName.BIRTH_DATE, "1990-05-10"),
            reading(FieldName.ADDRESS, ADDRESS),
        ],
        route=Route.ACCEPT,
    )


def reply_form_with_pin() -> Examination:
    return examination(
        [
            reading(FieldName.PHONE, "0312345670"),
            reading(
                FieldName.PIN_SIGNATURE,
                PIN,
                accepted=False,
                flagged=[6, 7],
                alternatives=["I", "O"],
            ),
        ],
        form=FormName.REPLY_FORM,
        channel=Channel.COUNTER,
        findings=[Finding(FindingCode.PIN_AMBIGUOUS, Severity.REVIEW, FieldName.PIN_SIGNATURE, 6)],
    )


def keyed_number(number: str = NUMBER) -> Examination:
    return examination(
        [reading(FieldName.MY_NUMBER, number, accepted=False, confidence=0.3)], route=Route.KEY
    )


def photo_grade() -> PhotoGrade:
    return PhotoGrade(
        Verdict.REVIEW,
        (
            PhotoCheck(PhotoCheckName.FACE, Verdict.PASS, 0.98, "score", 0.8),
            PhotoCheck(PhotoCheckName.BACKGROUND, Verdict.FAIL, 2.4, "levels/px", 2.0),
            PhotoCheck(PhotoCheckName.SHADOW, Verdict.REVIEW, 11.0, "levels", 10.0),
            PhotoCheck(PhotoCheckName.EYES, Verdict.NOT_ASSESSABLE, None, "score", None),
        ),
    )


def photo_application() -> Examination:
    return examination(
        [reading(FieldName.NAME, NAME), reading(FieldName.PHOTO, "", accepted=False)],
        findings=[
            Finding(
                FindingCode.PHOTO_BACKGROUND,
                Severity.REVIEW,
                FieldName.PHOTO,
                evidence=(("value", 2.4),),
            )
        ],
        photo=photo_grade(),
    )


def returned_application() -> Examination:
    return examination(
        [reading(FieldName.MY_NUMBER, ""), reading(FieldName.NAME, NAME, accepted=False)],
        route=Route.RETURN,
        findings=[
            Finding(FindingCode.MY_NUMBER_MISSING, Severity.RETURN, FieldName.MY_NUMBER),
            Finding(FindingCode.SIGNATURE_MISSING, Severity.RETURN, FieldName.SIGNATURE),
        ],
    )


def unknown_page() -> Examination:
    return examination(
        [],
        form=None,
        route=Route.QUARANTINE,
        findings=[Finding(FindingCode.FORM_UNKNOWN, Severity.REVIEW)],
    )


def poorly_registered_page() -> Examination:
    return examination(
        [],
        form=FormName.APPLICATION_HANDWRITTEN,
        route=Route.KEY,
        findings=[Finding(FindingCode.REGISTRATION_POOR, Severity.REVIEW)],
    )


def arrival(
    vault: Vault, name: str, *examinations: Examination, with_crops: bool = True
) -> Arrival:
    """A loaded file of that name; every field has a crop."""
    scan_id = vault.surrogate("scan", name.encode())
    documents: list[LoadedDocument] = []
    for number, one in enumerate(examinations, start=1):
        page = Examination(
            one.file,
            number,
            one.channel,
            one.form,
            one.form_version,
            one.route,
            one.registration,
            one.readings,
            one.photo,
            one.findings,
        )
        origins = {r.field: (30, 10) for r in one.readings} if with_crops else {}
        documents.append(
            records.from_examination(
                page,
                vault,
                scan_id,
                crop_origins=origins,
                stage_ms={"register": 120.0, "read": 300.0},
            )
        )
    channel = examinations[0].channel if examinations else Channel.MAIL
    return Arrival(
        scan_id,
        channel,
        Outcome.LOADED,
        RECEIVED,
        pages=len(documents),
        documents=tuple(documents),
    )


def draw_crop(text: str, *, pitch_px: int = 100) -> bytes:
    """A picture of boxed characters, as PNG."""
    width = max(260, 20 + pitch_px * max(1, len(text)))
    pixels = np.full((130, width, 3), (236, 244, 247), np.uint8)
    for n, character in enumerate(text):
        left = 10 + pitch_px * n
        cv2.rectangle(pixels, (left, 12), (left + 88, 112), (190, 200, 160), 2)
        shown = character if character.isascii() else "#"
        cv2.putText(
            pixels, shown, (left + 18, 92), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 2.6, (70, 45, 30), 4
        )
    done, data = cv2.imencode(".png", pixels)
    assert done
    return bytes(data.tobytes())


def write_crops(folder: object, vault: Vault, document: LoadedDocument, shown: Examination) -> None:
    from pathlib import Path

    for one in shown.readings:
        crops.write(
            Path(str(folder)),
            vault,
            document.document_id,
            one.field.value,
            draw_crop(one.value or " "),
        )
