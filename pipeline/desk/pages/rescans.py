"""What to scan again and why; a new scan is given for one thing on the list."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.desk import access
from pipeline.desk.context import Desk, checked_csrf, desk_of, with_role, words_of
from pipeline.desk.reasons import todo, why
from pipeline.desk.rendering import page
from pipeline.store.staff.people import Session

router = APIRouter()
DeskNow = Annotated[Desk, Depends(desk_of)]
Watcher = Annotated[Session, Depends(with_role(*access.BATCHES))]
Dropper = Annotated[Session, Depends(with_role(*access.DROP))]
NOTHING_NEW = 204


@router.get("/rescans")
def rescans_page(request: Request, desk: DeskNow, session: Watcher) -> Response:
    """Everything that is to be scanned again, newest batch first."""
    return _list(request, desk, session, "rescans.html")


@router.get("/rescans/live")
def rescans_live(request: Request, desk: DeskNow, session: Watcher, seen: str = "") -> Response:
    """The list, or nothing where it did not change."""
    if seen == desk.mailroom.stamp():
        return Response(status_code=NOTHING_NEW)
    return _list(request, desk, session, "_rescans.html")


@router.get("/rescans/{target}")
def rescan_page(request: Request, desk: DeskNow, session: Dropper, target: str) -> Response:
    """Where the new scan of one paper is given."""
    wanted = desk.store.rescans.find(target)
    t = words_of(request)
    return page(
        request,
        "rescan.html",
        session,
        wanted=wanted,
        target=target,
        max_file_mib=desk.settings.max_file_mib,
        why=lambda code: why(t, code),
        todo=lambda code: todo(t, code),
    )


@router.post("/rescans/{target}/unneeded", dependencies=[Depends(checked_csrf)])
def unneeded(desk: DeskNow, session: Dropper, target: str) -> Response:
    """Take it off the list: its paper needs no new scan."""
    desk.store.rescans.unneeded(session.person.actor, target)
    return RedirectResponse("/rescans", status_code=303)


def _list(request: Request, desk: Desk, session: Session, template: str) -> Response:
    t = words_of(request)
    stamp = desk.mailroom.stamp()
    return page(
        request,
        template,
        session,
        stamp=stamp,
        wanted=desk.store.rescans.wanted(),
        may_drop=session.person.role in access.DROP,
        may_release=session.person.role in access.RELEASE,
        why=lambda code: why(t, code),
        todo=lambda code: todo(t, code),
    )
