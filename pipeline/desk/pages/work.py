"""The supervisor's page: what waits against the promise, who holds what, and moving it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.desk import access
from pipeline.desk.context import Desk, checked_csrf, desk_of, with_role
from pipeline.desk.rendering import page
from pipeline.domain.errors import InputError, PolicyError
from pipeline.store.clock import JAPAN, utc_now
from pipeline.store.staff.people import Session

router = APIRouter(prefix="/assignments")
DeskNow = Annotated[Desk, Depends(desk_of)]
Supervisor = Annotated[Session, Depends(with_role(*access.WORK))]
PACE_HOURS = 3


@router.get("")
def work_page(request: Request, desk: DeskNow, session: Supervisor) -> Response:
    """Ages, people, tasks."""
    return _page(request, desk, session)


@router.post("/take-back", dependencies=[Depends(checked_csrf)])
def take_back(
    request: Request,
    desk: DeskNow,
    session: Supervisor,
    task_id: Annotated[str, Form(max_length=64)] = "",
    name: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Give back one task, or with a name all that this person holds."""
    assignments = desk.store.assignments
    try:
        if name:
            assignments.take_back_all(session.person.actor, name)
        else:
            assignments.take_back(session.person.actor, task_id)
    except (InputError, PolicyError) as error:
        return _refused(request, desk, session, error)
    return RedirectResponse("/assignments", status_code=303)


@router.post("/assign", dependencies=[Depends(checked_csrf)])
def assign(
    request: Request,
    desk: DeskNow,
    session: Supervisor,
    task_id: Annotated[str, Form(max_length=64)],
    name: Annotated[str, Form(max_length=64)],
) -> Response:
    """Lease a task to somebody."""
    minutes = desk.settings.lease_minutes
    try:
        desk.store.assignments.assign(session.person.actor, task_id, name, minutes)
    except (InputError, PolicyError) as error:
        return _refused(request, desk, session, error)
    return RedirectResponse("/assignments", status_code=303)


def _refused(
    request: Request, desk: Desk, session: Session, error: InputError | PolicyError
) -> Response:
    if isinstance(error, InputError):
        return _page(request, desk, session, error=error, status=422)
    status = 409 if error.code == "TASK_STALE" else 403
    return _page(request, desk, session, error=error, status=status)


def _page(
    request: Request,
    desk: Desk,
    session: Session,
    *,
    error: InputError | PolicyError | None = None,
    status: int = 200,
) -> Response:
    today = utc_now().replace(tzinfo=dt.UTC).astimezone(JAPAN)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    assignments = desk.store.assignments
    return page(
        request,
        "work.html",
        session,
        status,
        waiting=assignments.waiting(desk.settings.sla_hours),
        forecast=assignments.forecast(PACE_HOURS),
        workers=assignments.workers(midnight.astimezone(dt.UTC).replace(tzinfo=None)),
        tasks=assignments.tasks(),
        sla_hours=desk.settings.sla_hours,
        pace_hours=PACE_HOURS,
        sample_rate=desk.settings.blind_sample_rate,
        late_before=utc_now() - dt.timedelta(hours=desk.settings.sla_hours),
        error=error,
    )
