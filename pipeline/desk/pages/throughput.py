"""Throughput: documents by hour or day, routes, ages. No value, no identifier of a person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from pipeline.desk import access, charts
from pipeline.desk.context import Desk, desk_of, with_role
from pipeline.desk.rendering import page
from pipeline.store.staff.people import Session

router = APIRouter()
SLOTS = {"hour": 24, "day": 31}


@router.get("/throughput")
def throughput_page(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    session: Annotated[Session, Depends(with_role(*access.THROUGHPUT))],
    by: Annotated[str, Query(pattern="^(hour|day)$")] = "hour",
) -> Response:
    """The chart with its table, routes, findings, the queue's age and stage times."""
    figures = desk.store.figures.throughput(by, SLOTS[by])
    return page(
        request,
        "throughput.html",
        session,
        by=by,
        chart=charts.stacked(figures, by),
        figures=figures,
        routes=charts.ROUTES,
        totals=desk.store.figures.totals("routes", "findings"),
        counts=desk.store.queue.counts(),
        stages=desk.store.figures.stage_times(),
    )
