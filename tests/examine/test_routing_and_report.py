"""Routes follow from findings and readings; the report masks what it must."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.documents import Channel, FieldName, FormName, Route
from pipeline.domain.examinations import Examination, RegistrationFigures
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.geometry import BoxPx
from pipeline.domain.readings import Alternative, Character, Reading
from pipeline.examine.report import to_json
from pipeline.examine.routing import route

SURE = Reading(FieldName.NAME, "見本太郎", 0.999, accepted=True)
UNSURE = Reading(FieldName.NAME, "見本太郎", 0.9, accepted=False)
LOST_NUMBER = Reading(FieldName.MY_NUMBER, None, 0.0, accepted=False)


def finding(severity: Severity, code: FindingCode = FindingCode.TEXT_UNCLEAR) -> Finding:
    return Finding(code, severity)


@pytest.mark.parametrize(
    ("readings", "findings", "expected"),
    [
        ([SURE], [], Route.ACCEPT),
        ([SURE], [finding(Severity.INFO)], Route.ACCEPT),
        ([UNSURE], [], Route.CONFIRM),
        ([SURE], [finding(Severity.REVIEW)], Route.CONFIRM),
        ([SURE, LOST_NUMBER], [], Route.KEY),
        ([LOST_NUMBER], [finding(Severity.RETURN)], Route.RETURN),
        ([SURE], [finding(Severity.RETURN), finding(Severity.REFUSE)], Route.REFUSE),
        ([], [finding(Severity.REVIEW, FindingCode.REGISTRATION_POOR)], Route.KEY),
    ],
)
def test_the_heaviest_reason_decides(
    readings: list[Reading], findings: list[Finding], expected: Route
) -> None:
    assert route(readings, findings) == expected


@given(st.lists(st.booleans(), min_size=1), st.lists(st.sampled_from(list(Severity))))
def test_nothing_unsure_is_ever_accepted(accepted: list[bool], severities: list[Severity]) -> None:
    readings = [Reading(FieldName.NAME, "x", 0.9, accepted=a) for a in accepted]
    result = route(readings, [finding(s) for s in severities])
    if result == Route.ACCEPT:
        assert all(accepted)
        assert set(severities) <= {Severity.INFO}


def examination(value: str) -> Examination:
    characters = tuple(
        Character(c, 0.9, True, (Alternative("7", 0.1),), BoxPx(1, 2, 3, 4)) for c in value
    )
    return Examination(
        file="a.pdf",
        page=1,
        channel=Channel.MAIL,
        form=FormName.APPLICATION_HANDWRITTEN,
        form_version="t",
        route=Route.CONFIRM,
        registration=RegistrationFigures(0.8, 412),
        readings=(Reading(FieldName.MY_NUMBER, value, 0.9, False, characters),),
        photo=None,
        findings=(Finding(FindingCode.MY_NUMBER_AMBIGUOUS, Severity.REVIEW, position=3),),
    )


def test_without_reveal_no_character_of_a_value_is_shown() -> None:
    shown = to_json(examination("123456789018"))
    text = json.dumps(shown["fields"], ensure_ascii=False)
    assert shown["fields"]["my_number"]["value"] == "*" * 12
    assert '"7"' not in text
    assert "123456789018" not in text
    assert {c["value"] for c in shown["fields"]["my_number"]["characters"]} == {"*"}


def test_with_reveal_the_contract_holds() -> None:
    shown = to_json(examination("123456789018"), reveal=True)
    field = shown["fields"]["my_number"]
    assert field["value"] == "123456789018"
    assert field["characters"][0] == {
        "value": "1",
        "confidence": 0.9,
        "flagged": True,
        "alternatives": [["7", 0.1]],
        "box_px": [1, 2, 3, 4],
    }
    assert shown["registration"]["residual_px"] == 0.8
    assert shown["findings"][0]["message_ja"]
