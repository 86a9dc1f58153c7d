"""The queue: what waits, since when, and the way into it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from pipeline.desk import access
from pipeline.desk.context import Desk, desk_of, with_role
from pipeline.desk.rendering import page
from pipeline.store.arrivals.tasking import TaskKind
from pipeline.store.staff.people import Session

router = APIRouter()


@router.get("/queue")
def queue_page(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    session: Annotated[Session, Depends(with_role(*access.REVIEW))],
) -> Response:
    """Open tasks by kind with the age of the oldest, and today's work by person."""
    counts = desk.store.queue.counts()
    return page(
        request,
        "queue.html",
        session,
        counts=counts,
        people=desk.store.figures.people_today(),
        # Which of them a carpet can take is looked for when one is asked for, not on every view.
        carpets=any(c.kind == TaskKind.CONFIRM and c.open for c in counts),
        totals=desk.store.figures.totals("outcomes"),
    )
