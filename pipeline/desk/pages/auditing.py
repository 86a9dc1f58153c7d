"""The audit: the newest rows and whether the chain holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from pipeline.desk import access
from pipeline.desk.context import Desk, desk_of, with_role
from pipeline.desk.rendering import page
from pipeline.store.staff.people import Session

router = APIRouter()


@router.get("/audit")
def audit_page(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    session: Annotated[Session, Depends(with_role(*access.AUDIT))],
) -> Response:
    """The newest rows, with names for the people in them."""
    names = {p.user_id: p.name for p in desk.store.people.all()}
    return page(
        request,
        "audit.html",
        session,
        rows=desk.store.audit.rows(limit=300),
        names=names,
        broken=desk.store.audit.first_broken(),
    )
