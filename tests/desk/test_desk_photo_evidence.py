"""Evidence of the photo checks: drawn in a worker, shown to who asked, kept nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from desk_office import Office
from examination_fixtures import photo_application

from pipeline.desk import photo_evidence
from pipeline.domain.documents import FieldName
from pipeline.domain.errors import DefectError, InputError
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.photos import PhotoCheckName
from pipeline.examine.crops import crops_of
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader
from pipeline.samples.portraits import PortraitSpec, draw_portrait
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


def test_the_evidence_is_of_the_print_that_was_graded_and_not_of_the_paper_about_it(
    office: Office,
) -> None:
    form = Catalogue.load().get("application_handwritten")
    zone = form.zone(FieldName.PHOTO)
    assert zone is not None
    paper = (244, 248, 250)
    pixels = blank_raster(form, cache_dir=office.settings.cache / "forms") * (np.array(paper) / 255)
    box = zone.box.to_px()
    portrait = draw_portrait(PortraitSpec(exposure=0.35), np.random.default_rng(5), box.w, box.h)
    pixels[box.y + 7 : box.y + 7 + box.h, box.x - 9 : box.x - 9 + box.w] = portrait
    figures = RegistrationFigures(0.5, 300)
    page = RegisteredPage(
        form, pixels.astype(np.uint8), np.eye(3), figures, 1, 300.0, False, paper_bgr=paper
    )
    grader = PhotoGrader(ModelStore(office.settings.models), office.settings.cache / "forms")
    at_intake = grader.grade_on_page(page, zone)
    (crop,) = crops_of(page, (FieldName.PHOTO,)).values()
    shown = photo_evidence.graded_crop(
        grader,
        office.settings,
        np.asarray(cv2.imdecode(np.frombuffer(crop, np.uint8), cv2.IMREAD_COLOR), np.uint8),
        f"{form.name} {form.version}",
    )
    assert shown.found is not None
    # How large a print is, is told at intake from more of the page than the crop keeps.
    grades = (shown.grade, at_intake)
    said, expected = ({c.check: c.verdict for c in g.checks[1:]} for g in grades)
    assert said == expected
    assert shown.grade.checks[0].check == PhotoCheckName.SIZE
