"""An examination as the JSON that ``uketsuke examine`` prints (the form is a fixed contract)."""

from __future__ import annotations

from typing import Any

from pipeline.domain.documents import Route
from pipeline.domain.errors import UketsukeError
from pipeline.domain.examinations import Examination
from pipeline.domain.finding_details import details
from pipeline.domain.finding_messages import message
from pipeline.domain.findings import Finding
from pipeline.domain.photos import PhotoCheck, PhotoGrade
from pipeline.domain.readings import Character, Reading
from pipeline.examine.masking import mask


def to_json(examination: Examination, *, reveal: bool = False) -> dict[str, Any]:
    """One document as a JSON object; values are masked unless ``reveal``."""
    figures = examination.registration
    return {
        "file": examination.file,
        "page": examination.page,
        "channel": examination.channel.value,
        "form": examination.form.value if examination.form else None,
        "form_version": examination.form_version,
        "route": examination.route.value,
        "registration": None
        if figures is None
        else {
            "residual_px": round(figures.residual_px, 2),
            "inliers": figures.inliers,
            "rotation_deg": 90 * figures.rotation_quarters,
        },
        "fields": {r.field.value: reading_json(r, reveal=reveal) for r in examination.readings},
        "photo": None if examination.photo is None else photo_json(examination.photo),
        "findings": [finding_json(f) for f in examination.findings],
    }


def quarantined_json(file: str, error: UketsukeError) -> dict[str, Any]:
    """A file that could not be opened, in the shape of a document without a form."""
    return {
        "file": file,
        "page": None,
        "form": None,
        "form_version": None,
        "route": Route.QUARANTINE.value,
        "registration": None,
        "fields": {},
        "photo": None,
        "findings": [],
        "error": {"code": error.code, "message_ja": error.ja, "message_en": error.en},
    }


def reading_json(reading: Reading, *, reveal: bool) -> dict[str, Any]:
    """A field's reading as JSON."""
    shown = reading.value if reveal else mask(reading.value)
    return {
        "value": shown,
        "confidence": round(reading.confidence, 6),
        "accepted": reading.accepted,
        "reader": reading.reader,
        "model_version": reading.model_version,
        "characters": [_character_json(c, reveal=reveal) for c in reading.characters],
    }


def _character_json(character: Character, *, reveal: bool) -> dict[str, Any]:
    return {
        "value": character.value if reveal else mask(character.value),
        "confidence": round(character.confidence, 6),
        "flagged": character.flagged,
        "alternatives": [
            [a.value if reveal else mask(a.value), round(a.probability, 6)]
            for a in character.alternatives
        ],
        "box_px": None if character.box_px is None else character.box_px.as_list(),
    }


def photo_json(grade: PhotoGrade) -> dict[str, Any]:
    """A photo's grade as JSON."""
    return {
        "present": grade.present,
        "verdict": grade.verdict.value,
        "box_px": None if grade.box_px is None else grade.box_px.as_list(),
        "checks": [check_json(c) for c in grade.checks],
    }


def check_json(check: PhotoCheck) -> dict[str, Any]:
    """One photo check as JSON."""
    return {
        "check": check.check.value,
        "verdict": check.verdict.value,
        "value": None if check.value is None else round(check.value, 4),
        "unit": check.unit,
        "threshold": check.threshold,
        **{name: round(value, 3) for name, value in check.extra},
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding with its words as JSON."""
    words = message(finding.code)
    more = details(finding.code, dict(finding.evidence))
    return {
        "code": finding.code.value,
        "field": finding.field.value if finding.field else None,
        "position": finding.position,
        "severity": finding.severity.value,
        "message_ja": words.ja,
        "message_en": words.en,
        "detail_ja": [detail.ja for detail in more],
        "detail_en": [detail.en for detail in more],
        "evidence": dict(finding.evidence),
    }
