"""Batches: what came in, what went out, and that the two agree."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from pipeline.desk import access
from pipeline.desk.context import Desk, desk_of, with_role
from pipeline.desk.rendering import page
from pipeline.store.people import Session

router = APIRouter()


@router.get("/batches")
def batches_page(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    session: Annotated[Session, Depends(with_role(*access.BATCHES))],
) -> Response:
    """The newest batches."""
    return page(request, "batches.html", session, batches=desk.store.figures.batches())
