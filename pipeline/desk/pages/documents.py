"""Documents: the newest, and one with its fields masked, findings, photo grade and history."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.desk import access, page_view, photo_evidence, pictures
from pipeline.desk.context import Desk, checked_csrf, desk_of, with_role
from pipeline.desk.rendering import page
from pipeline.domain.documents import PIN_FIELDS, FieldName
from pipeline.domain.errors import InputError, PolicyError
from pipeline.domain.photos import PhotoCheckName
from pipeline.store.arrivals import crops
from pipeline.store.arrivals.tasking import PRESENCE_FIELDS
from pipeline.store.reviewing.documents import StoredDocument
from pipeline.store.reviewing.notes import MOST_CHARACTERS
from pipeline.store.reviewing.reopening import REOPENABLE, Reason
from pipeline.store.staff.people import Session

router = APIRouter()
_open_pictures = photo_evidence.OpenPictures()
DeskNow = Annotated[Desk, Depends(desk_of)]
Looker = Annotated[Session, Depends(with_role(*access.DOCUMENTS))]
Opener = Annotated[Session, Depends(with_role(*access.REVEAL))]


@router.get("/documents")
def documents_page(request: Request, desk: DeskNow, session: Looker) -> Response:
    """The documents loaded last."""
    return page(
        request,
        "documents.html",
        session,
        documents=desk.store.documents.newest(),
        may_write=session.person.role in access.REVIEW,
    )


@router.get("/documents/{document_id}")
def document_page(request: Request, desk: DeskNow, session: Looker, document_id: str) -> Response:
    """One document, everything masked; notes only for those who may open values."""
    return _document_page(request, desk, session, document_id)


def _document_page(
    request: Request,
    desk: Desk,
    session: Session,
    document_id: str,
    *,
    error: InputError | None = None,
    draft: str = "",
    refused: InputError | PolicyError | None = None,
    status: int = 200,
) -> Response:
    document = _document(desk, document_id)
    found = desk.store.documents
    fields = found.fields(document_id)
    may_note = session.person.role in access.REVIEW
    notes = desk.store.notes.of_document(document_id) if may_note else []
    if notes:
        desk.store.audit.note(session.person.actor, "note.view", f"document:{document_id}")
    return page(
        request,
        "document.html",
        session,
        status,
        document=document,
        fields=fields,
        sheet=page_view.build(desk, document, fields),
        lineage=found.lineage(document_id),
        notes=notes,
        may_note=may_note,
        most_note=MOST_CHARACTERS,
        error=error,
        draft=draft,
        may_reopen=session.person.role in access.WORK and document.outcome in REOPENABLE,
        reasons=list(Reason),
        reopenable=[f for f in fields if f.name not in PRESENCE_FIELDS],
        refused=refused,
        findings=found.findings(document_id),
        checks=found.photo_checks(document_id),
        history=found.history(document_id),
        links=desk.store.rescans.links(document_id),
        tasks=desk.store.queue.of_document(document_id),
        may_reveal=session.person.role in access.REVEAL,
        may_review=session.person.role in access.REVIEW,
    )


@router.post("/documents/{document_id}/reveal/{name}", dependencies=[Depends(checked_csrf)])
def reveal(
    request: Request, desk: DeskNow, session: Opener, document_id: str, name: FieldName
) -> Response:
    """Show one value; the one shown before is closed, and the audit says who looked."""
    _document(desk, document_id)
    field = desk.store.documents.field(document_id, name)
    is_photo = name == FieldName.PHOTO
    if field is None and not is_photo:
        raise InputError("NOT_FOUND", ja="その項目はありません。", en="There is no such field.")
    # A value that somebody has still to key blind would not be blind any more.
    blind = [
        t
        for t in desk.store.queue.of_document(document_id)
        if t.field == name and t.state == "open" and t.kind != "confirm"
    ]
    if blind:
        raise PolicyError(
            "FIELD_BLIND",
            ja="この項目は見ないで入力する作業が残っているため、まだ表示できません。",
            en="This field is still to be keyed blind and cannot be shown yet.",
        )
    desk.store.audit.note(
        session.person.actor,
        "pin.view" if name in PIN_FIELDS else "value.view",
        f"document:{document_id}",
        field=name,
        detail="document",
    )
    desk.shown.open(session, document_id, name)
    has_crop = crops.exists(desk.settings.crops, document_id, name)
    place = None
    if has_crop:
        image = crops.read(desk.settings.crops, desk.store.vault, document_id, name)
        place = page_view.place(field, pictures.size_px(image))
    return page(
        request,
        "_revealed.html",
        session,
        place=place,
        document_id=document_id,
        name=name,
        value=None if is_photo else desk.store.documents.value(document_id, name, final=True),
        has_crop=has_crop,
    )


@router.get("/documents/{document_id}/blank")
def blank(desk: DeskNow, session: Looker, document_id: str) -> Response:
    """The blank of the document's form version: nothing of anybody is on it."""
    return Response(page_view.blank(desk, _document(desk, document_id)), media_type="image/png")


@router.post("/documents/{document_id}/page", dependencies=[Depends(checked_csrf)])
def reveal_page(request: Request, desk: DeskNow, session: Opener, document_id: str) -> Response:
    """Show the whole scan of a page that lay on no form; the audit says who looked."""
    _document(desk, document_id)
    if not crops.exists(desk.settings.crops, document_id, crops.PAGE):
        raise InputError("CROP_UNKNOWN", ja="その画像はありません。", en="No such picture.")
    desk.store.audit.note(
        session.person.actor,
        "value.view",
        f"document:{document_id}",
        field=crops.PAGE,
        detail="document",
    )
    desk.shown.open(session, document_id, crops.PAGE)
    return page(request, "_page_scan.html", session, document_id=document_id)


@router.get("/documents/{document_id}/page")
def page_scan(desk: DeskNow, session: Opener, document_id: str) -> Response:
    """The scan that this session has open."""
    return _shown_crop(desk, session, document_id, crops.PAGE)


@router.post("/documents/{document_id}/photo-evidence", dependencies=[Depends(checked_csrf)])
def draw_evidence(request: Request, desk: DeskNow, session: Opener, document_id: str) -> Response:
    """Draw what each photo check looked at; the audit says who asked for it."""
    document = _document(desk, document_id)
    drawn = photo_evidence.draw(desk, document)
    desk.store.audit.note(
        session.person.actor,
        "value.view",
        f"document:{document_id}",
        field=FieldName.PHOTO,
        detail="overlays",
    )
    desk.shown.open(session, document_id, photo_evidence.SHOWN)
    _open_pictures.put(session, document_id, drawn)
    return page(
        request,
        "_evidence.html",
        session,
        document_id=document_id,
        drawn=list(drawn),
        verdicts={c.check: c.verdict for c in desk.store.documents.photo_checks(document_id)},
    )


@router.get("/documents/{document_id}/photo-evidence/{check}")
def evidence(desk: DeskNow, session: Opener, document_id: str, check: PhotoCheckName) -> Response:
    """One overlay of those that this session has open."""
    is_open = desk.shown.is_open(session, document_id, photo_evidence.SHOWN)
    image = _open_pictures.take(session, document_id, check) if is_open else None
    if image is None:
        raise PolicyError(
            "CROP_HIDDEN",
            ja="画像は「判定の根拠を描く」を押してから見られます。",
            en="The overlays are shown after asking for them.",
        )
    return Response(image, media_type="image/jpeg")


@router.post("/documents/{document_id}/notes", dependencies=[Depends(checked_csrf)])
def add_note(
    request: Request,
    desk: DeskNow,
    session: Annotated[Session, Depends(with_role(*access.REVIEW))],
    document_id: str,
    text: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Append a note; one that is refused stays in its box to be put right."""
    try:
        desk.store.notes.add(session.person.actor, document_id, text)
    except InputError as refused:
        if refused.code == "NOT_FOUND":
            raise
        return _document_page(
            request, desk, session, document_id, error=refused, draft=text, status=422
        )
    return RedirectResponse(f"/documents/{document_id}#notes", status_code=303)


@router.post("/documents/{document_id}/reopen", dependencies=[Depends(checked_csrf)])
def reopen(
    request: Request,
    desk: DeskNow,
    session: Annotated[Session, Depends(with_role(*access.WORK))],
    document_id: str,
    reason: Annotated[Reason, Form()],
    field: Annotated[FieldName | Literal[""], Form()] = "",
) -> Response:
    """Open a decided document again, as a whole or one field; somebody else settles it."""
    name = FieldName(field) if field else None
    try:
        desk.store.reopening.reopen(session.person.actor, document_id, reason, name)
    except PolicyError as error:
        status = 403 if error.code == "REOPEN_OWN" else 409
        return _document_page(request, desk, session, document_id, refused=error, status=status)
    return RedirectResponse(f"/documents/{document_id}#tasks", status_code=303)


@router.get("/documents/{document_id}/crops/{name}")
def crop(desk: DeskNow, session: Opener, document_id: str, name: FieldName) -> Response:
    """The crop of the one field that this session has open."""
    return _shown_crop(desk, session, document_id, name)


def _shown_crop(desk: Desk, session: Session, document_id: str, name: str) -> Response:
    if not desk.shown.is_open(session, document_id, name):
        raise PolicyError(
            "CROP_HIDDEN",
            ja="画像は「表示」を押した項目だけ見られます。",
            en="Only the crop of the field that was asked for is shown.",
        )
    image = crops.read(desk.settings.crops, desk.store.vault, document_id, name)
    return Response(image, media_type=crops.media_type(image))


def _document(desk: Desk, document_id: str) -> StoredDocument:
    document = desk.store.documents.document(document_id)
    if document is None:
        raise InputError("NOT_FOUND", ja="その書類はありません。", en="There is no such document.")
    return document
