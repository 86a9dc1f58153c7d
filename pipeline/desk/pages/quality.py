"""Silent errors: what blind keying of accepted fields has shown so far, and what it has not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from pipeline.desk import access, intervals
from pipeline.desk.context import Desk, desk_of, with_role
from pipeline.desk.rendering import page
from pipeline.store.measuring.figures import SilentErrors
from pipeline.store.staff.people import Session

router = APIRouter()
_MILLION = 1_000_000


@router.get("/quality")
def quality_page(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    session: Annotated[Session, Depends(with_role(*access.QUALITY))],
) -> Response:
    """The blind sample by field, with exact intervals against the target."""
    limit = desk.settings.silent_errors_per_million / _MILLION
    found = desk.store.figures.silent_errors()
    total = SilentErrors(
        "",
        sum(f.sampled for f in found),
        sum(f.wrong for f in found),
        sum(f.waiting for f in found),
    )
    return page(
        request,
        "quality.html",
        session,
        rows=[(f, intervals.share(f.wrong, f.sampled)) for f in [total, *found]],
        limit=limit,
        per_million=desk.settings.silent_errors_per_million,
        needed=intervals.needed(limit),
        rate=desk.settings.blind_sample_rate,
    )
