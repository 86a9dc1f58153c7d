"""The carpet: characters that were read alike, side by side; the wrong ones are picked out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.desk import access, pictures
from pipeline.desk.context import Desk, checked_csrf, desk_of, with_role
from pipeline.desk.rendering import is_fragment, page
from pipeline.domain.errors import DefectError, InputError, PolicyError
from pipeline.store.arrivals import crops
from pipeline.store.reviewing.carpets import COLUMNS, ROWS, Carpet, CarpetResult
from pipeline.store.staff.people import Session

router = APIRouter()
DeskNow = Annotated[Desk, Depends(desk_of)]
Reviewer = Annotated[Session, Depends(with_role(*access.REVIEW))]


@router.get("/carpet")
def carpet_page(
    request: Request, desk: DeskNow, session: Reviewer, undone: bool = False
) -> Response:
    """A carpet, leased to whoever asks; ``undone``: what was said of it was taken back."""
    return answer(request, desk, session, undone=undone)


@router.get("/carpet/{carpet_id}/sheet")
def sheet(desk: DeskNow, session: Reviewer, carpet_id: str) -> Response:
    """The pictures of a carpet that the person holds; from now on they count as seen."""
    carpet = desk.store.carpets.held(session.person.actor, carpet_id)
    found = {}
    for cell in carpet.cells:
        folder, vault = desk.settings.crops, desk.store.vault
        try:
            image = crops.read(folder, vault, cell.document_id, cell.field)
        except (InputError, DefectError):
            continue  # its place stays empty, and nobody can confirm it
        found[cell.place] = (image, cell.box_px)
    image, drawn = pictures.sheet(found, COLUMNS, ROWS)
    desk.store.carpets.note_shown(session.person.actor, carpet, drawn)
    return Response(image, media_type="image/png")


@router.post("/carpet/{carpet_id}", dependencies=[Depends(checked_csrf)])
def decide(
    request: Request,
    desk: DeskNow,
    session: Reviewer,
    carpet_id: str,
    doubted: Annotated[list[int] | None, Form(max_length=COLUMNS * ROWS)] = None,
) -> Response:
    """Confirm what was not picked out and show the next carpet; 409 where nothing is held."""
    error: PolicyError | None = None
    result: CarpetResult | None = None
    try:
        result = desk.store.carpets.decide(session.person.actor, carpet_id, doubted or ())
    except PolicyError as refused:
        if refused.code != "TASK_STALE":
            raise
        error = refused
    if error is None and not is_fragment(request):
        return RedirectResponse("/carpet", status_code=303)
    return answer(request, desk, session, result=result, error=error)


@router.post("/carpet/{carpet_id}/release", dependencies=[Depends(checked_csrf)])
def release(desk: DeskNow, session: Reviewer, carpet_id: str) -> Response:
    """Give the carpet back undecided."""
    desk.store.carpets.release(session.person.actor)
    return RedirectResponse("/queue", status_code=303)


def answer(
    request: Request,
    desk: Desk,
    session: Session,
    *,
    result: CarpetResult | None = None,
    error: PolicyError | None = None,
    undone: bool = False,
) -> Response:
    """The page of a carpet, or that there is none."""
    desk.shown.close(session)
    carpet = desk.store.carpets.claim(session.person.actor, desk.settings.lease_minutes)
    return page(
        request,
        "_carpet.html" if is_fragment(request) else "carpet.html",
        session,
        409 if error else 200,
        carpet=carpet,
        places=_places(carpet),
        size_px=(COLUMNS * pictures.CELL_PX, ROWS * pictures.CELL_PX),
        columns=COLUMNS,
        result=result,
        error=error,
        undone=undone,
        waiting=desk.store.carpets.waiting(session.person.actor),
    )


def _places(carpet: Carpet | None) -> list[bool]:
    """For every place up to the last one, whether something lies there."""
    if carpet is None:
        return []
    taken = {cell.place for cell in carpet.cells}
    return [place in taken for place in range(max(taken) + 1)]
