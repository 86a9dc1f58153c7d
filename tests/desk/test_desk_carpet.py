"""The carpet at the desk: what its page tells, who may open it, and a hand on the keys alone."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from desk_office import Office, task_on
from examination_fixtures import NAME, examination, reading
from PIL import Image
from playwright.sync_api import Browser as Chromium
from test_desk_browser import Desk, browser, served

from pipeline.desk import pictures
from pipeline.domain import my_number
from pipeline.domain.documents import FieldName
from pipeline.domain.examinations import Examination
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.store.arrivals import crops
from pipeline.store.staff.people import Role

__all__ = ["browser", "served"]
DOUBTFUL = 4


def number(n: int) -> str:
    """A valid number whose fifth digit is a 4."""
    body = f"{1000 + n}4{n:06d}"
    return f"{body}{my_number.check_digit(body)}"


def application(n: int) -> Examination:
    field = FieldName.MY_NUMBER
    return examination(
        [
            reading(field, number(n), accepted=False, flagged=[DOUBTFUL]),
            reading(FieldName.NAME, NAME),
        ],
        findings=[Finding(FindingCode.MY_NUMBER_AMBIGUOUS, Severity.REVIEW, field, DOUBTFUL)],
    )


def load(office: Office, count: int) -> dict[str, str]:
    return office.load("b", **{f"d{n}": application(n) for n in range(count)})


def carpet_on(text: str) -> str:
    found = re.search(r'data-id="([0-9a-f]+)"', text)
    assert found is not None
    return found[1]


def test_the_page_names_no_document_and_shows_one_digit_of_each(office: Office) -> None:
    documents = load(office, 3)
    anna = office.log_in("anna", Role.REVIEWER)
    assert 'href="/carpet"' in anna.get("/queue").text
    page = anna.get("/carpet").text
    assert NAME not in page and not any(d in page or d[:8] in page for d in documents.values())
    assert not any(number(n) in page for n in range(3))
    sheet = anna.get(f"/carpet/{carpet_on(page)}/sheet")
    assert sheet.status_code == 200 and sheet.headers["cache-control"] == "no-store"
    with Image.open(io.BytesIO(sheet.content)) as image:
        grey = np.asarray(image.convert("L"))
    inked = [bool((grey[:128, n * 128 : n * 128 + 128] < 120).any()) for n in range(8)]
    assert inked == [True] * 3 + [False] * 5
    views = [r for r in office.store.audit.rows() if r.action == "value.view"]
    assert {(r.subject, r.detail) for r in views} == {
        (f"document:{d}", "carpet") for d in documents.values()
    }


def test_a_picked_character_goes_to_review_marked_and_the_rest_is_closed(office: Office) -> None:
    documents = load(office, 3)
    anna = office.log_in("anna", Role.SUPERVISOR)
    carpet = carpet_on(anna.get("/carpet").text)
    early = anna.post(f"/carpet/{carpet}")  # nothing was shown yet: nothing is taken
    assert early.status_code == 409
    carpet = carpet_on(early.text)
    anna.get(f"/carpet/{carpet}/sheet")
    answer = anna.post(f"/carpet/{carpet}", doubted="1")
    assert answer.status_code == 200
    outcomes = [office.store.documents.document(d).outcome for d in documents.values()]  # type: ignore[union-attr]
    assert sorted(map(str, outcomes)) == ["None", "accept", "accept"]
    review = anna.get("/review").text
    assert re.search(r'class="cell flagged" data-index="4".*?疑いあり', review, re.DOTALL)
    assert anna.post(f"/carpet/{carpet}").status_code == 409


def test_a_character_without_its_picture_is_never_confirmed(office: Office) -> None:
    documents = load(office, 2)
    crops.path_of(office.settings.crops, documents["d1"], "my_number").unlink()
    anna = office.log_in("anna", Role.REVIEWER)
    carpet = carpet_on(anna.get("/carpet").text)
    anna.get(f"/carpet/{carpet}/sheet")
    anna.post(f"/carpet/{carpet}")
    outcomes = {n: office.store.documents.document(d).outcome for n, d in documents.items()}  # type: ignore[union-attr]
    assert outcomes == {"d0": "accept", "d1": None}
    assert "carpet-cell" not in anna.get("/carpet").text


def test_a_sheet_is_served_to_who_holds_it_alone(office: Office) -> None:
    load(office, 1)
    anna = office.log_in("anna", Role.REVIEWER)
    carpet = carpet_on(anna.get("/carpet").text)
    assert office.log_in("ben", Role.REVIEWER).get(f"/carpet/{carpet}/sheet").status_code == 409
    for role in (Role.OPERATOR, Role.ANALYST, Role.AUDITOR, Role.ADMINISTRATOR):
        other = office.log_in(f"other-{role}", role)
        assert other.get("/carpet").status_code == 403
        assert other.get(f"/carpet/{carpet}/sheet").status_code == 403
    foreign = anna.client.post(f"/carpet/{carpet}", data={"csrf": "x", "doubted": "0"})
    assert foreign.status_code == 403
    assert anna.post(f"/carpet/{carpet}", doubted="many").status_code == 422


def test_a_cell_is_cut_along_its_box_without_its_neighbours() -> None:
    strip = Image.new("RGB", (300, 100), "white")
    strip.paste((0, 0, 0), (0, 0, 100, 100))
    strip.paste((0, 0, 0), (200, 0, 300, 100))
    content = io.BytesIO()
    strip.save(content, "PNG")
    image = content.getvalue()
    cells = {0: (image, (100, 0, 100, 100)), 2: (image, (250, 0, 100, 100))}
    drawn_sheet, drawn = pictures.sheet(cells, 3, 1)
    assert drawn == {0}  # half of the other box lies outside
    with Image.open(io.BytesIO(drawn_sheet)) as found:
        assert found.size == (3 * pictures.CELL_PX, pictures.CELL_PX)
        assert found.convert("L").getextrema() == (255, 255)


@pytest.mark.browser
def test_a_carpet_by_keys_alone(served: tuple[Office, str], browser: Chromium) -> None:
    office, address = served
    documents = load(office, 11)
    office.person("anna", Role.REVIEWER)
    desk = Desk(browser, address)
    desk.log_in("anna")
    desk.page.wait_for_function("() => document.activeElement?.id === 'begin'")
    desk.press("Tab")
    desk.page.wait_for_function("() => document.activeElement?.id === 'carpets'")
    desk.press("Enter")
    desk.page.wait_for_function("() => document.activeElement?.value === '0'")
    desk.page.wait_for_function("() => document.getElementById('carpet-sheet')?.naturalWidth > 0")
    desk.press("ArrowRight", "ArrowRight", "ArrowDown", " ", "ArrowRight", "ArrowUp", " ", " ")
    picked = desk.page.eval_on_selector_all(
        "#carpet input:checked", "boxes => boxes.map(box => box.value)"
    )
    assert picked == ["10"]
    desk.press("Enter")
    desk.page.wait_for_function("() => document.activeElement?.getAttribute('href') === '/queue'")
    assert "確定 10、違う 1、見送り 0" in desk.page.inner_text("#carpet")
    outcomes = [office.store.documents.document(d).outcome for d in documents.values()]  # type: ignore[union-attr]
    assert outcomes.count("accept") == 10
    assert len([r for r in office.store.audit.rows() if r.action.startswith("decision.")]) == 11
    desk.close()


def test_undo_brings_back_the_task_or_the_carpet_or_says_what_changed(office: Office) -> None:
    documents = load(office, 2)
    anna = office.log_in("anna", Role.REVIEWER)
    nothing = anna.post("/undo", htmx=False)
    assert nothing.status_code == 409 and "取り消せる決定はありません" in nothing.text
    task, ver = task_on(nothing.text)
    anna.post(f"/review/{task}", action="value", ver=ver, value=number(7))
    back = anna.post("/undo", htmx=False)
    assert (back.status_code, back.headers["location"]) == (303, f"/review/{task}?undone=true")
    assert "取り消しました" in anna.get(back.headers["location"]).text
    anna.post(f"/review/{task}/release", htmx=False)
    carpet = carpet_on(anna.get("/carpet").text)
    anna.get(f"/carpet/{carpet}/sheet")
    anna.post(f"/carpet/{carpet}")
    back = anna.post("/undo", htmx=False, at="carpet")
    assert back.headers["location"] == "/carpet?undone=true"
    assert carpet_on(anna.get("/carpet?undone=true").text) == carpet
    assert {office.store.documents.document(d).outcome for d in documents.values()} == {None}  # type: ignore[union-attr]
    with office.store._database.writing() as cursor:
        cursor.execute("update session set started_at = started_at + interval 1 hour")
    assert anna.post("/undo", htmx=False, at="carpet").status_code == 409
    assert office.log_in("kanri", Role.ADMINISTRATOR).post("/undo").status_code == 403
