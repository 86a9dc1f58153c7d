"""The supervisor's page: lateness counted from receipt, leases moved, the holder's answer stale."""

from __future__ import annotations

import pytest
from desk_office import Office, task_on
from examination_fixtures import flagged_number, keyed_number, photo_application

from pipeline.store.staff.people import Role


def age_documents(office: Office, hours: float) -> None:
    with office.store._database.writing() as cursor:
        for table in ("document", "open_task"):
            cursor.execute(
                f"update {table} set received_at = current_timestamp::timestamp - to_seconds(?)",
                [int(3600 * hours)],
            )


@pytest.mark.parametrize(("hours", "soon", "late"), [(10, 0, 0), (60, 1, 0), (80, 0, 1)])
def test_work_is_late_by_the_receipt_of_its_document(
    office: Office, hours: float, soon: int, late: int
) -> None:
    office.load("b", a=flagged_number())
    age_documents(office, hours)
    (waiting,) = office.store.assignments.waiting(office.settings.sla_hours)
    assert (waiting.open, waiting.soon, waiting.late) == (1, soon, late)


def test_a_task_is_moved_and_the_answer_of_the_one_before_is_stale(office: Office) -> None:
    office.load("b", a=flagged_number())
    sara, anna = office.log_in("sara", Role.SUPERVISOR), office.log_in("anna", Role.REVIEWER)
    ben = office.log_in("ben", Role.REVIEWER)
    task, ver = task_on(anna.get("/review").text)
    page = sara.get("/assignments").text
    assert "anna" in page and task in page
    assert sara.post("/assignments/assign", task_id=task, name="ben").status_code == 303
    assert anna.post(f"/review/{task}", action="blank", ver=ver).status_code == 409
    moved, ver = task_on(ben.get("/review").text)
    assert moved == task
    assert sara.post("/assignments/take-back", name="ben").status_code == 303
    assert ben.post(f"/review/{task}", action="blank", ver=ver).status_code == 409
    found = office.store.queue.task(task)
    assert found is not None and found.state == "open"
    rows = office.store._database.rows(
        "select action, subject from audit where action like 'task.%' order by seq"
    )
    assert ("task.assign", f"task:{task}") in rows
    assert any(action == "task.take_back" for action, _ in rows)


def test_nobody_is_given_what_they_may_not_settle(office: Office) -> None:
    office.load("b", a=keyed_number())
    sara, anna = office.log_in("sara", Role.SUPERVISOR), office.log_in("anna", Role.REVIEWER)
    task, ver = task_on(anna.get("/review").text)
    anna.post(f"/review/{task}", action="value", ver=ver, value="123456789026")
    (settling,) = [t for t in office.store.assignments.tasks() if t.kind == "adjudicate"]
    answer = sara.post("/assignments/assign", task_id=settling.task_id, name="anna")
    assert answer.status_code == 403
    office.person("otto", Role.OPERATOR)
    for nobody in ("otto", "nobody"):
        answer = sara.post("/assignments/assign", task_id=settling.task_id, name=nobody)
        assert answer.status_code == 422
    assert sara.post("/assignments/assign", task_id="f" * 16, name="anna").status_code == 409
    assert anna.post("/assignments/take-back", task_id=settling.task_id).status_code == 403


def test_the_forecast_is_open_work_by_the_pace_that_is_left(office: Office) -> None:
    office.load("b", a=flagged_number(), z=photo_application())
    begun = office.store.assignments.forecast(3)
    assert (begun.open, begun.done_per_hour, begun.hours_left) == (2, 0.0, None)
    anna = office.log_in("anna", Role.REVIEWER)
    task, ver = task_on(anna.get("/review").text)
    with office.store._database.writing() as cursor:
        cursor.execute("update open_task set created_at = created_at - interval 1 day")
    anna.post(f"/review/{task}", action="accept", ver=ver)
    anna.post(f"/review/{task}", action="blank", ver=ver)
    pace = office.store.assignments.forecast(3)
    assert pace.open == 1 and pace.new_per_hour == 0
    assert pace.done_per_hour == pytest.approx(1 / 3)
    assert pace.hours_left == pytest.approx(3.0)
