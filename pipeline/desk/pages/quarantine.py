"""One file in quarantine: released for another examination, or discarded with a reason."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.desk import access
from pipeline.desk.context import Desk, checked_csrf, desk_of, with_role, words_of
from pipeline.desk.reasons import todo, why
from pipeline.desk.rendering import page
from pipeline.domain.errors import InputError, PolicyError
from pipeline.store.arrivals.releases import DiscardReason
from pipeline.store.staff.people import Session

router = APIRouter(prefix="/quarantine")
DeskNow = Annotated[Desk, Depends(desk_of)]
Supervisor = Annotated[Session, Depends(with_role(*access.RELEASE))]


@router.get("/{target}")
def quarantine_page(request: Request, desk: DeskNow, session: Supervisor, target: str) -> Response:
    """Where it came in, why it was set aside, and what can be done."""
    return _page(request, desk, session, target)


@router.post("/{target}/release", dependencies=[Depends(checked_csrf)])
def release(request: Request, desk: DeskNow, session: Supervisor, target: str) -> Response:
    """Give it to the inbox again."""
    try:
        desk.store.releases(desk.settings).release(session.person.actor, target)
    except (InputError, PolicyError) as error:
        if error.code == "NOT_FOUND":
            raise
        return _page(request, desk, session, target, error)
    return RedirectResponse("/rescans", status_code=303)


@router.post("/{target}/discard", dependencies=[Depends(checked_csrf)])
def discard(
    desk: DeskNow, session: Supervisor, target: str, reason: Annotated[DiscardReason, Form()]
) -> Response:
    """Let go of it, with a reason."""
    desk.store.releases(desk.settings).discard(session.person.actor, target, reason)
    return RedirectResponse("/rescans", status_code=303)


def _page(
    request: Request,
    desk: Desk,
    session: Session,
    target: str,
    error: InputError | PolicyError | None = None,
) -> Response:
    t = words_of(request)
    held = desk.store.releases(desk.settings).find(target)
    return page(
        request,
        "quarantine.html",
        session,
        409 if error else 200,
        held=held,
        reasons=list(DiscardReason),
        error=error,
        why=why(t, held.code),
        todo=todo(t, held.code),
    )
