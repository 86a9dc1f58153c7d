"""Batches as they arrive: what came in, where it is, what went out, and that the two agree."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from pipeline.desk import access
from pipeline.desk.context import Desk, desk_of, with_role, words_of
from pipeline.desk.reasons import todo, why
from pipeline.desk.rendering import page
from pipeline.domain.errors import InputError
from pipeline.store.staff.people import Session

router = APIRouter()
DeskNow = Annotated[Desk, Depends(desk_of)]
Watcher = Annotated[Session, Depends(with_role(*access.BATCHES))]
NOTHING_NEW = 204


@router.get("/batches")
def batches_page(request: Request, desk: DeskNow, session: Watcher) -> Response:
    """The inbox, the batches under way and the newest that were loaded."""
    return _room(request, desk, session, "batches.html")


@router.get("/batches/live")
def batches_live(request: Request, desk: DeskNow, session: Watcher, seen: str = "") -> Response:
    """The part of the page that changes, or nothing where it did not."""
    if seen == desk.mailroom.stamp():
        return Response(status_code=NOTHING_NEW)
    return _room(request, desk, session, "_batches.html")


@router.get("/batches/{batch_id}")
def batch_page(request: Request, desk: DeskNow, session: Watcher, batch_id: str) -> Response:
    """One batch: its account, and what to scan again."""
    return _batch(request, desk, session, batch_id, "batch.html")


@router.get("/batches/{batch_id}/live")
def batch_live(
    request: Request, desk: DeskNow, session: Watcher, batch_id: str, seen: str = ""
) -> Response:
    """The part of that page that changes, or nothing where it did not."""
    if seen == desk.mailroom.stamp():
        return Response(status_code=NOTHING_NEW)
    return _batch(request, desk, session, batch_id, "_batch.html")


def _room(request: Request, desk: Desk, session: Session, template: str) -> Response:
    t = words_of(request)
    return page(
        request,
        template,
        session,
        room=desk.mailroom.look(),
        may_drop=session.person.role in access.DROP,
        max_file_mib=desk.settings.max_file_mib,
        why=lambda code: why(t, code),
        target="",
    )


def _batch(
    request: Request, desk: Desk, session: Session, batch_id: str, template: str
) -> Response:
    stamp = desk.mailroom.stamp()
    tray = desk.mailroom.tray(batch_id)
    if tray is None:
        raise InputError("NOT_FOUND", ja="そのバッチはありません。", en="There is no such batch.")
    t = words_of(request)
    return page(
        request,
        template,
        session,
        tray=tray,
        stamp=stamp,
        wanted=desk.store.rescans.wanted(batch_id),
        doubts=desk.store.rescans.stack_doubts(batch_id),
        may_drop=session.person.role in access.DROP,
        may_release=session.person.role in access.RELEASE,
        why=lambda code: why(t, code),
        todo=lambda code: todo(t, code),
    )
