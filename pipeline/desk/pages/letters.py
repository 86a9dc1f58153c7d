"""The letter to the applicant: reasons to tick, the letter as it will be, the PDF. Nothing kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from pipeline.desk import access, letter_view
from pipeline.desk.context import Desk, desk_of, with_role
from pipeline.desk.rendering import page
from pipeline.domain.errors import InputError
from pipeline.letters import drawing
from pipeline.letters.letter import MOST_REASONS
from pipeline.store.reviewing.documents import StoredDocument
from pipeline.store.staff.people import Session

router = APIRouter()
DeskNow = Annotated[Desk, Depends(desk_of)]
Writer = Annotated[Session, Depends(with_role(*access.REVIEW))]
Ticked = Annotated[list[str], Query(max_length=MOST_REASONS)]


@router.get("/documents/{document_id}/letter")
def letter_page(
    request: Request,
    desk: DeskNow,
    session: Writer,
    document_id: str,
    reason: Ticked = [],  # noqa: B006 - FastAPI copies it
    chosen: bool = False,
) -> Response:
    """The reasons with boxes, and the letter that they make. Audited: name and address show."""
    document = _document(desk, document_id)
    offer = letter_view.offer(desk, document, reason if chosen else None)
    letter = letter_view.write(desk, document, offer.chosen) if offer.chosen else None
    if letter is not None:
        _note(desk, session, document_id, "preview")
    return page(
        request,
        "letter.html",
        session,
        document=document,
        offer=offer,
        letter=letter,
        query="&".join(f"reason={r.key}" for r in offer.chosen),
    )


@router.get("/documents/{document_id}/letter.pdf")
def letter_pdf(
    desk: DeskNow,
    session: Writer,
    document_id: str,
    reason: Ticked = [],  # noqa: B006
) -> Response:
    """The letter as a PDF, made for this answer and kept nowhere."""
    document = _document(desk, document_id)
    offer = letter_view.offer(desk, document, reason)
    content = drawing.draw(letter_view.write(desk, document, offer.chosen))
    _note(desk, session, document_id, "pdf")
    name = f'inline; filename="letter-{document_id[:8]}.pdf"'
    return Response(content, media_type="application/pdf", headers={"Content-Disposition": name})


def _note(desk: Desk, session: Session, document_id: str, detail: str) -> None:
    desk.store.audit.note(
        session.person.actor, "letter.view", f"document:{document_id}", detail=detail
    )


def _document(desk: Desk, document_id: str) -> StoredDocument:
    document = desk.store.documents.document(document_id)
    if document is None:
        raise InputError("NOT_FOUND", ja="その書類はありません。", en="There is no such document.")
    return document
