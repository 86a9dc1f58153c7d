"""Undo: the last decision of this session, taken back while nobody has built on it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.desk import access
from pipeline.desk.context import Desk, checked_csrf, desk_of, with_role
from pipeline.desk.pages import carpets, review
from pipeline.domain.errors import PolicyError
from pipeline.store.staff.people import Session

router = APIRouter()


@router.post("/undo", dependencies=[Depends(checked_csrf)])
def undo(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    session: Annotated[Session, Depends(with_role(*access.REVIEW))],
    at: Annotated[Literal["review", "carpet"], Form()] = "review",
) -> Response:
    """Take the last decision back and show its task again; 409 with what changed otherwise."""
    actor, lease_minutes = session.person.actor, desk.settings.lease_minutes
    desk.shown.close(session)
    since = desk.store.people.began(session)
    try:
        undone = desk.store.undoing.undo(actor, since, lease_minutes)
    except PolicyError as error:
        if error.code not in ("UNDO_NOTHING", "UNDO_TOO_LATE"):
            raise
        if at == "carpet":
            return carpets.answer(request, desk, session, error=error)
        task = desk.store.queue.claim_next(actor, lease_minutes)
        return review.answer(request, desk, session, task, status=409, error=error)
    back = "/carpet" if undone.task_id is None else f"/review/{undone.task_id}"
    return RedirectResponse(f"{back}?undone=true", status_code=303)
