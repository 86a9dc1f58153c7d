"""Form definitions: those in use, and drafts that a supervisor draws, checks and tries."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any

import cv2
from fastapi import APIRouter, Body, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from pipeline.desk import access, task_view
from pipeline.desk.context import Desk, checked_csrf, checked_csrf_header, desk_of, with_role
from pipeline.desk.learn_blank import learn_blank
from pipeline.desk.rendering import page
from pipeline.desk.trying import MOST_MIB, try_draft
from pipeline.domain.documents import PIN_FIELDS, Channel, FieldName, FormName
from pipeline.domain.errors import InputError
from pipeline.domain.examinations import Examination
from pipeline.forms.checking import Problem
from pipeline.forms.definition import FormDefinition, ReaderKind
from pipeline.forms.drawing import blank_raster
from pipeline.forms.site import Draft, SiteForms, zone_content
from pipeline.imaging.faults import file_fault
from pipeline.store.arrivals.records import masked
from pipeline.store.staff.people import Session

router = APIRouter(prefix="/forms")
DeskNow = Annotated[Desk, Depends(desk_of)]
Designer = Annotated[Session, Depends(with_role(*access.FORMS))]
PICTURE_DPI = 120
MARK_STYLES = ("", "circle", "tick", "black")


@router.get("")
def forms_page(request: Request, desk: DeskNow, session: Designer) -> Response:
    """Forms in use and drafts."""
    return _list(request, desk, session)


@router.get("/live/{key}")
def live_page(request: Request, desk: DeskNow, session: Designer, key: str) -> Response:
    """One form in use, its zones drawn on its blank."""
    form, own = _live(desk, key)
    return _editor(request, desk, session, form, own=own, picture=f"/forms/live/{form.key}/blank")


@router.get("/live/{key}/blank")
def live_blank(desk: DeskNow, session: Designer, key: str) -> Response:
    """Its blank as a picture."""
    return _picture(desk, _live(desk, key)[0])


@router.post("/live/{key}/draft", dependencies=[Depends(checked_csrf)])
def begin(desk: DeskNow, session: Designer, key: str) -> Response:
    """A draft of a form in use."""
    form, _ = _live(desk, key)
    draft = SiteForms(desk.settings).begin(form, session.person.name, origin=form.key)
    desk.store.audit.note(
        session.person.actor, "form.draft", f"form:{form.key}", detail=draft.draft_id
    )
    return RedirectResponse(f"/forms/drafts/{draft.draft_id}", status_code=303)


@router.post("/live/{key}/withdraw", dependencies=[Depends(checked_csrf)])
def withdraw(desk: DeskNow, session: Designer, key: str) -> Response:
    """Take one of the site's own definitions out of use."""
    SiteForms(desk.settings).withdraw(key)
    task_view.forms_changed()
    desk.store.audit.note(session.person.actor, "form.withdraw", f"form:{key}")
    return RedirectResponse("/forms", status_code=303)


@router.put("/learn", dependencies=[Depends(checked_csrf_header)])
async def learn(
    request: Request,
    desk: DeskNow,
    session: Designer,
    name: FormName | None = None,
    version: str = "",
) -> dict[str, str]:
    """A draft proposed from a blank sheet."""
    content = await _body(request)
    version = version.strip()
    return await run_in_threadpool(_learn, desk, session, content, name, version or None)


def _learn(
    desk: Desk, session: Session, content: bytes, name: FormName | None, version: str | None
) -> dict[str, str]:
    learned = learn_blank(desk.settings, content, name, version)
    draft = SiteForms(desk.settings).begin(
        dataclasses.replace(learned.form, blank=None),
        session.person.name,
        origin="learned",
        blank_png=learned.blank_png,
        notes=learned.notes,
    )
    key = draft.form.key
    desk.store.audit.note(session.person.actor, "form.learn", f"form:{key}", detail=draft.draft_id)
    return {"address": f"/forms/drafts/{draft.draft_id}"}


@router.get("/drafts/{draft_id}")
def draft_page(request: Request, desk: DeskNow, session: Designer, draft_id: str) -> Response:
    """A draft to be drawn."""
    draft = SiteForms(desk.settings).draft(draft_id)
    picture = f"/forms/drafts/{draft_id}/blank"
    return _editor(request, desk, session, draft.form, draft=draft, picture=picture)


@router.get("/drafts/{draft_id}/blank")
def draft_blank(desk: DeskNow, session: Designer, draft_id: str) -> Response:
    """The blank of a draft, as it would be printed or as it was learned."""
    return _picture(desk, SiteForms(desk.settings).draft(draft_id).form)


@router.put("/drafts/{draft_id}", dependencies=[Depends(checked_csrf_header)])
def save(
    desk: DeskNow, session: Designer, draft_id: str, content: Annotated[dict[str, Any], Body()]
) -> dict[str, Any]:
    """Take changes; the answer says what is wrong with the definition now."""
    site = SiteForms(desk.settings)
    draft = dataclasses.replace(site.draft(draft_id), ver=int(content.pop("ver", 0)))
    saved = site.save(draft, session.person.name, content)
    return {"ver": saved.ver, "key": saved.form.key, "problems": _plain(site.problems(saved))}


@router.put("/drafts/{draft_id}/try", dependencies=[Depends(checked_csrf_header)])
async def try_it(
    request: Request,
    desk: DeskNow,
    session: Designer,
    draft_id: str,
    channel: Channel = Channel.MAIL,
    reveal: bool = False,
) -> Response:
    """Read a filled scan with the draft; nothing of it is stored."""
    content = await _body(request)
    return await run_in_threadpool(_try, request, desk, session, draft_id, content, channel, reveal)


def _try(
    request: Request,
    desk: Desk,
    session: Session,
    draft_id: str,
    content: bytes,
    channel: Channel,
    reveal: bool,
) -> Response:
    site = SiteForms(desk.settings)
    draft = site.draft(draft_id)
    documents = try_draft(desk.settings, site.draft_folder(draft_id), content, channel)
    desk.store.audit.note(
        session.person.actor,
        "form.try_values" if reveal else "form.try",
        f"form:{draft.form.key}",
        detail=draft_id,
    )
    return page(
        request,
        "_form_tried.html",
        session,
        key=draft.form.key,
        tried=[_tried(one, reveal=reveal) for one in documents],
    )


@router.post("/drafts/{draft_id}/live", dependencies=[Depends(checked_csrf)])
def go_live(
    desk: DeskNow, session: Designer, draft_id: str, ver: Annotated[int, Form()]
) -> Response:
    """Put the draft into use, from the next batch on."""
    site = SiteForms(desk.settings)
    draft = site.draft(draft_id)
    if draft.ver != ver:
        raise InputError(
            "DRAFT_STALE",
            ja="下書きが変わっています。画面を読み込み直して確かめてください。",
            en="The draft has changed. Load the page again and look.",
        )
    key = site.go_live(draft)
    task_view.forms_changed()
    desk.store.audit.note(session.person.actor, "form.live", f"form:{key}", detail=draft_id)
    return RedirectResponse(f"/forms/live/{key}", status_code=303)


@router.post("/drafts/{draft_id}/discard", dependencies=[Depends(checked_csrf)])
def discard(desk: DeskNow, session: Designer, draft_id: str) -> Response:
    """Throw a draft away."""
    site = SiteForms(desk.settings)
    draft = site.draft(draft_id)
    site.discard(draft)
    desk.store.audit.note(
        session.person.actor, "form.discard", f"form:{draft.form.key}", detail=draft_id
    )
    return RedirectResponse("/forms", status_code=303)


async def _body(request: Request) -> bytes:
    content = await request.body()
    if not content:
        raise file_fault("FILE_EMPTY")
    return content


def _list(request: Request, desk: Desk, session: Session) -> Response:
    site = SiteForms(desk.settings)
    return page(
        request,
        "forms.html",
        session,
        live=site.live(),
        drafts=site.drafts(),
        names=list(FormName),
        max_mib=MOST_MIB,
    )


def _editor(
    request: Request,
    desk: Desk,
    session: Session,
    form: FormDefinition,
    *,
    picture: str,
    draft: Draft | None = None,
    own: bool = False,
) -> Response:
    content = {
        "ver": draft.ver if draft else 0,
        "version": form.version,
        "title": form.title,
        "page_mm": [form.page_w_mm, form.page_h_mm],
        "zones": zone_content(form),
        "problems": _plain(SiteForms(desk.settings).problems(draft)) if draft else [],
        "redrawn": form.blank is None,
        "notes": list(draft.notes) if draft else [],
    }
    return page(
        request,
        "form.html",
        session,
        form=form,
        draft=draft,
        own=own,
        picture=picture,
        content=json.dumps(content, ensure_ascii=False),
        fields=list(FieldName),
        readers=list(ReaderKind),
        styles=MARK_STYLES,
        max_mib=MOST_MIB,
    )


def _live(desk: Desk, key: str) -> tuple[FormDefinition, bool]:
    found = next((pair for pair in SiteForms(desk.settings).live() if pair[0].key == key), None)
    if found is None:
        raise InputError("NOT_FOUND", ja="その様式はありません。", en="There is no such form.")
    return found


def _picture(desk: Desk, form: FormDefinition) -> Response:
    pixels = blank_raster(form, PICTURE_DPI, desk.settings.cache / "forms")
    return Response(cv2.imencode(".png", pixels)[1].tobytes(), media_type="image/png")


def _plain(problems: list[Problem]) -> list[dict[str, str | bool]]:
    return [dataclasses.asdict(one) for one in problems]


def _tried(examination: Examination, *, reveal: bool) -> dict[str, Any]:
    return {
        "page": examination.page,
        "form": examination.form,
        "version": examination.form_version,
        "route": examination.route,
        "registration": examination.registration,
        "findings": examination.findings,
        "readings": [
            {
                "field": r.field,
                "shown": r.value
                if reveal and r.field not in PIN_FIELDS
                else masked(r.field, r.value),
                "confidence": r.confidence,
                "accepted": r.accepted,
            }
            for r in examination.readings
        ],
    }
