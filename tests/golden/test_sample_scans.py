"""Every sample scan, examined whole, against its truth.

The tolerances say what a change may cost; a silent error costs everything.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.documents import Channel, FieldName
from pipeline.domain.errors import InputError
from pipeline.domain.examinations import Examination
from pipeline.domain.findings import FindingCode
from pipeline.examine.document import examine_file
from pipeline.examine.engine import Engine
from pipeline.examine.report import to_json

SAMPLES = Path(__file__).resolve().parents[2] / "sample_scans"
TRUTH = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))

# Duplicates are found by the intake and the store, which see more than one file.
NEEDS_A_STORE = {FindingCode.DUPLICATE_SCAN, FindingCode.DUPLICATE_APPLICANT}
JUDGED_BY_PRESENCE = {FieldName.PHOTO, FieldName.SIGNATURE, FieldName.APPLICANT_SEAL, FieldName.QR}
LEAST_EXPECTED_FINDINGS_GIVEN = 0.95
LEAST_FIELDS_RIGHT = 0.95
LEAST_MY_NUMBERS_RIGHT = 0.97
SILENT_ERRORS = 0


@dataclass
class Judged:
    """All samples examined once, with what was seen."""

    examinations: list[tuple[str, Examination, dict[str, Any]]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    wrong_counts: list[str] = field(default_factory=list)


def readings_with_truth(judged: Judged) -> Iterator[tuple[str, Any, str]]:
    for file, examination, truth in judged.examinations:
        for reading in examination.readings:
            wanted = truth["fields"].get(reading.field.value)
            if wanted is None or reading.value is None or reading.field in JUDGED_BY_PRESENCE:
                continue
            yield file, reading, wanted


def same(read: str, wanted: str) -> bool:
    return "".join(read.split()) == "".join(wanted.split())


@pytest.fixture(scope="module")
def judged(engine: Engine) -> Judged:
    result = Judged()
    for entry in TRUTH["files"]:
        path = SAMPLES / entry["file"]
        channel = Channel(entry["channel"])
        try:
            documents = list(examine_file(engine, path, channel, name=path.name))
        except InputError as error:
            result.errors[entry["file"]] = error.code
            continue
        if len(documents) != len(entry["documents"]):
            result.wrong_counts.append(entry["file"])
            continue
        for document, truth in zip(documents, entry["documents"], strict=True):
            result.examinations.append((entry["file"], document.examination, truth))
    return result


def test_only_the_unreadable_files_are_refused_and_each_for_its_reason(judged: Judged) -> None:
    assert judged.errors == {
        "mail/063_truncated.pdf": "FILE_TRUNCATED",
        "mail/064_encrypted.pdf": "FILE_ENCRYPTED",
        "mail/065_archive.pdf": "FILE_TYPE_UNKNOWN",
        "mail/066_text.jpg": "FILE_TYPE_UNKNOWN",
        "mail/067_empty.pdf": "FILE_EMPTY",
        "mail/068_oversized.png": "FILE_TOO_LARGE",
    }


def test_every_document_is_found_and_its_form_is_right(judged: Judged) -> None:
    assert judged.wrong_counts == []
    wrong = [
        file
        for file, examination, truth in judged.examinations
        if (examination.form and examination.form.value) != truth["form"]
    ]
    assert wrong == []


def test_no_value_is_accepted_that_is_wrong(judged: Judged) -> None:
    silent = [
        f"{file}:{reading.field}"
        for file, reading, wanted in readings_with_truth(judged)
        if reading.accepted and not same(reading.value, wanted)
    ]
    assert len(silent) <= SILENT_ERRORS, silent


def test_expected_findings_are_given(judged: Judged) -> None:
    missing, given = [], 0
    for file, examination, truth in judged.examinations:
        codes = {finding.code for finding in examination.findings}
        for code in {FindingCode(c) for c in truth["expected_findings"]} - NEEDS_A_STORE:
            if code in codes:
                given += 1
            else:
                missing.append(f"{file}:{code}")
    assert given / (given + len(missing)) >= LEAST_EXPECTED_FINDINGS_GIVEN, missing


def test_routes_that_are_certain_are_taken(judged: Judged) -> None:
    wrong = [
        f"{file}: {examination.route} instead of {truth['expected_route']}"
        for file, examination, truth in judged.examinations
        if truth["expected_route"] and examination.route != truth["expected_route"]
    ]
    assert wrong == []


def test_most_fields_are_read_right(judged: Judged) -> None:
    outcome = Counter(same(r.value, wanted) for _, r, wanted in readings_with_truth(judged))
    assert outcome[True] / outcome.total() >= LEAST_FIELDS_RIGHT


def test_my_numbers_are_read_right(judged: Judged) -> None:
    outcome = Counter(
        same(reading.value, wanted)
        for _, reading, wanted in readings_with_truth(judged)
        if reading.field == FieldName.MY_NUMBER
    )
    assert outcome.total() >= 30
    assert outcome[True] / outcome.total() >= LEAST_MY_NUMBERS_RIGHT


def test_zero_and_o_one_and_i_in_pins_are_flagged_unless_the_writer_marked_them(
    judged: Judged,
) -> None:
    flagged = settled = 0
    for _, examination, truth in judged.examinations:
        reading = examination.reading(FieldName.PIN_SIGNATURE)
        if reading is None or not reading.value:
            continue
        marked = {
            f.position
            for f in examination.findings
            if f.code == FindingCode.PIN_SETTLED_BY_MARK and f.field == FieldName.PIN_SIGNATURE
        }
        assert not marked or examination.form_version == "2026.2"
        for position, character in enumerate(reading.characters):
            if not character.value or character.value not in "0O1I":
                continue
            assert character.alternatives
            if position in marked and not character.flagged:
                settled += 1
                assert character.value == truth["fields"]["pin_signature"][position]
            else:
                flagged += 1
                assert character.flagged
    assert flagged > 0 and settled > 0


def test_a_reply_form_by_mail_keeps_its_pins_unread(judged: Judged) -> None:
    seen = 0
    for _, examination, _ in judged.examinations:
        if any(f.code == FindingCode.REPLY_FORM_BY_MAIL for f in examination.findings):
            seen += 1
            pins = [r for r in examination.readings if r.field.value.startswith("pin_")]
            assert len(pins) == 3
            assert all(r.value is None and not r.characters for r in pins)
    assert seen > 0


def test_the_json_contract_holds_for_every_sample(judged: Judged) -> None:
    for _, examination, _ in judged.examinations:
        shown = json.loads(json.dumps(to_json(examination, reveal=True)))
        assert {"file", "page", "form", "form_version", "route", "registration"} <= set(shown)
        for reading in shown["fields"].values():
            assert {"value", "confidence", "accepted", "characters"} <= set(reading)
            assert 0 <= reading["confidence"] <= 1
            for character in reading["characters"]:
                assert {"value", "confidence", "flagged", "alternatives"} <= set(character)
                assert character["box_px"] is None or len(character["box_px"]) == 4
        for finding in shown["findings"]:
            assert finding["message_ja"]
            assert finding["message_en"]
        if shown["photo"]:
            for check in shown["photo"]["checks"]:
                assert {"check", "verdict", "value", "unit", "threshold"} <= set(check)
