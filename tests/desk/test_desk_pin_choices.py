"""What a reviewer of a PIN is offered: choices in order, and the writer's own digits beside."""

from __future__ import annotations

import dataclasses
import re

from desk_office import Office, task_on
from examination_fixtures import examination, reading

from pipeline.domain.documents import Channel, FieldName, FormName
from pipeline.domain.examinations import Examination
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.readings import Alternative
from pipeline.store.staff.people import Role

SETTLED, FLAGGED = 2, 4


def reply_with_an_s() -> Examination:
    """K7OAS3: the O settled by the writer's mark, the S perhaps a 5, a telephone with two 5."""
    pin = reading(FieldName.PIN_SIGNATURE, "K7OAS3", accepted=False, flagged=[FLAGGED])
    characters = list(pin.characters)
    ranked = tuple(Alternative(c, p) for c, p in (("5", 0.31), ("8", 0.04), ("J", 0.002)))
    characters[FLAGGED] = dataclasses.replace(characters[FLAGGED], alternatives=ranked)
    phone = reading(FieldName.PHONE, "0355519874")
    digits = list(phone.characters)
    digits[2] = dataclasses.replace(digits[2], confidence=0.97)  # a 5, but not beyond doubt
    digits[4] = dataclasses.replace(digits[4], confidence=0.9999)  # the surest 5
    field = FieldName.PIN_SIGNATURE
    return examination(
        [
            dataclasses.replace(phone, characters=tuple(digits)),
            dataclasses.replace(pin, characters=tuple(characters)),
        ],
        form=FormName.REPLY_FORM,
        channel=Channel.COUNTER,
        findings=[
            Finding(FindingCode.PIN_AMBIGUOUS, Severity.REVIEW, field, FLAGGED),
            Finding(FindingCode.PIN_SETTLED_BY_MARK, Severity.INFO, field, SETTLED),
        ],
    )


def shown(office: Office) -> tuple[str, str]:
    office.load("b", a=reply_with_an_s())
    anna = office.log_in("anna", Role.REVIEWER)
    task, _ = task_on(anna.get("/review").text)
    return task, anna.post(f"/review/{task}/reveal").text


def test_choices_stand_in_the_order_of_the_reading(office: Office) -> None:
    _, page = shown(office)
    assert re.findall(r'data-choose="(\d)" data-value="(\w)"', page) == [
        ("1", "S"),
        ("2", "5"),
        ("3", "8"),
        ("4", "J"),
    ]


def test_a_character_settled_by_the_writers_mark_asks_for_nothing(office: Office) -> None:
    _, page = shown(office)
    assert re.findall(r'class="cell flagged" data-index="(\d+)"', page) == [str(FLAGGED)]
    assert "記入者が付けた" in page


def test_the_writers_own_digits_are_those_in_question_and_beyond_doubt(office: Office) -> None:
    task, page = shown(office)
    found = re.findall(rf'/tasks/{task}/reference/phone/(\d+)" alt="(\d)"', page)
    # The 5 that was read for certain, the surest first, then the 8; neither 0 nor 1 is in question.
    assert found == [("4", "5"), ("3", "5"), ("7", "8")]
