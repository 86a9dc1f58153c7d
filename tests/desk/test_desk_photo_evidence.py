"""Evidence of the photo checks: drawn in a worker, shown to who asked, kept nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from desk_office import Office
from examination_fixtures import photo_application

from pipeline.desk import photo_evidence
from pipeline.domain.errors import DefectError, InputError
from pipeline.store.staff.people import Role


@pytest.fixture(autouse=True)
def quick_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker answers at once; grading and overlays have tests of their own."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    monkeypatch.setattr(photo_evidence, "EXAMINER", "desk_fake_overlays:fake_examiner")


def test_the_evidence_is_drawn_shown_and_kept_nowhere(office: Office) -> None:
    document = office.load("b", a=photo_application())["a"]
    anna, ben = office.log_in("anna", Role.REVIEWER), office.log_in("ben", Role.REVIEWER)
    path = f"/documents/{document}/photo-evidence"
    assert anna.get(f"{path}/pose").status_code == 403
    before = {p for p in office.settings.home.rglob("*") if "store" not in p.parts}
    shown = anna.post(path)
    assert shown.status_code == 200 and f"{path}/pose" in shown.text
    picture = anna.get(f"{path}/pose")
    assert picture.content.startswith(b"drawn ") and picture.headers["cache-control"] == "no-store"
    after = {p for p in office.settings.home.rglob("*") if "store" not in p.parts}
    assert after == before
    assert ben.get(f"{path}/pose").status_code == 403
    rows = office.store._database.rows("select field, detail from audit where detail = 'overlays'")
    assert rows == [("photo", "overlays")]
    anna.post(f"/documents/{document}/reveal/name")  # another secret closes this one
    assert anna.get(f"{path}/pose").status_code == 403
    assert anna.get(f"{path}/nonsense").status_code == 422


def test_who_may_not_open_values_draws_nothing(office: Office) -> None:
    document = office.load("b", a=photo_application())["a"]
    for role in (Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR, Role.ANALYST):
        browser = office.log_in(f"a-{role}", role)
        assert browser.post(f"/documents/{document}/photo-evidence").status_code == 403


def test_a_worker_that_fails_says_so_and_the_next_may_draw(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = office.load("b", a=photo_application())["a"]
    desk = office.app.state.desk
    stored = office.store.documents.document(document)
    assert stored is not None
    monkeypatch.setattr(photo_evidence, "EXAMINER", "desk_fake_overlays:broken_examiner")
    with pytest.raises((DefectError, InputError)):
        photo_evidence.draw(desk, stored)
    monkeypatch.setattr(photo_evidence, "EXAMINER", "desk_fake_overlays:fake_examiner")
    assert photo_evidence.draw(desk, stored)


def test_only_the_newest_few_are_held(office: Office) -> None:
    from pipeline.domain.photos import PhotoCheckName
    from pipeline.store.auditing.audit import SYSTEM

    held = photo_evidence.OpenPictures()
    sessions = []
    for n in range(photo_evidence.MOST_OPEN + 1):
        person = office.store.people.add(SYSTEM, f"p{n:02}", Role.REVIEWER, "-")
        sessions.append(office.store.people.log_in(person)[1])
        held.put(sessions[-1], "d", {PhotoCheckName.POSE: bytes([n])})
    assert held.take(sessions[0], "d", PhotoCheckName.POSE) is None
    assert held.take(sessions[-1], "d", PhotoCheckName.POSE) == bytes([len(sessions) - 1])
    assert held.take(sessions[-1], "other", PhotoCheckName.POSE) is None
