"""Whether somebody is still logged in: what the privacy screen asks before it lifts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from pipeline.desk.context import any_session
from pipeline.store.staff.people import Session

router = APIRouter()


@router.get("/session")
def present(session: Annotated[Session, Depends(any_session)]) -> Response:
    """204 for somebody who is there, which counts as being seen; else 401 or the log-in."""
    return Response(status_code=204)


@router.get("/session/live")
def waiting(session: Annotated[Session, Depends(any_session)]) -> Response:
    """The same, asked by the page itself: it keeps nobody logged in."""
    return Response(status_code=204)
