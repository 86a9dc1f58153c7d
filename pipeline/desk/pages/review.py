"""The review page: one task after the other, by keyboard alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.desk import access, task_view
from pipeline.desk.context import Desk, checked_csrf, desk_of, with_role
from pipeline.desk.rendering import is_fragment, page
from pipeline.domain.documents import PIN_FIELDS, FieldName
from pipeline.domain.errors import InputError, PolicyError
from pipeline.store.arrivals import crops
from pipeline.store.arrivals.tasking import TaskKind
from pipeline.store.reviewing.decisions import Action, Decision
from pipeline.store.reviewing.queue import Task
from pipeline.store.reviewing.staleness import Change, StaleError, stale
from pipeline.store.staff.people import Session

router = APIRouter()
DeskNow = Annotated[Desk, Depends(desk_of)]
Reviewer = Annotated[Session, Depends(with_role(*access.REVIEW))]
_SEEN = {TaskKind.CONFIRM: "machine", TaskKind.KEY: "blind", TaskKind.ADJUDICATE: "both"}


@router.get("/review")
def review_page(request: Request, desk: DeskNow, session: Reviewer) -> Response:
    """The next task, leased to whoever asks."""
    task = desk.store.queue.claim_next(session.person.actor, desk.settings.lease_minutes)
    return answer(request, desk, session, task)


@router.get("/review/{task_id}")
def chosen_task(
    request: Request, desk: DeskNow, session: Reviewer, task_id: str, undone: bool = False
) -> Response:
    """One task that was chosen, leased to whoever asks; ``undone``: its decision was taken back."""
    task = desk.store.queue.claim(session.person.actor, task_id, desk.settings.lease_minutes)
    return answer(request, desk, session, task, undone=undone)


@router.post("/review/{task_id}", dependencies=[Depends(checked_csrf)])
def decide(
    request: Request,
    desk: DeskNow,
    session: Reviewer,
    task_id: str,
    action: Annotated[Action, Form()],
    ver: Annotated[int, Form()],
    value: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Take a decision and show the next task; 409 where the task changed meanwhile."""
    actor, lease_minutes = session.person.actor, desk.settings.lease_minutes
    desk.shown.close(session)
    error: InputError | PolicyError | None = None
    typed = None
    task = None
    decision = Decision(action, ver, value)

    def note_view(following: Task) -> None:
        if _is_shown_at_once(following):
            _note_views(desk, session, following, [following.field or ""])

    try:
        if not is_fragment(request):
            desk.store.decide(actor, task_id, decision)
            return RedirectResponse("/review", status_code=303)
        task = desk.store.decide_and_claim(actor, task_id, decision, lease_minutes, note_view)
    except (PolicyError, InputError) as refused:
        if refused.code not in ("TASK_STALE", "VALUE_MISSING", "ACTION_UNKNOWN"):
            raise
        error = refused
        if isinstance(refused, StaleError) and refused.change == Change.LEASE_ENDED:
            # Nobody has touched it: it is theirs again, with what they had typed, to be sent anew.
            task = _again(desk, session, task_id)
            typed = value if task is not None and action == Action.VALUE else None
        task = task or desk.store.queue.claim_next(actor, lease_minutes)
    if error is None:
        return answer(request, desk, session, task, is_noted=True)
    status = 409 if error.code == "TASK_STALE" else 422
    return answer(request, desk, session, task, status=status, error=error, typed=typed)


@router.post("/review/{task_id}/reveal", dependencies=[Depends(checked_csrf)])
def reveal(request: Request, desk: DeskNow, session: Reviewer, task_id: str) -> Response:
    """Show a PIN to the holder of its task; the audit says so first."""
    task = _held(desk, session, task_id)
    desk.store.audit.note(
        session.person.actor,
        "pin.view",
        f"document:{task.document_id}",
        field=task.field,
        detail=_SEEN[task.kind],
    )
    desk.shown.open(session, task.document_id, task.field or "")
    if not is_fragment(request):
        return RedirectResponse(f"/review/{task_id}", status_code=303)
    return answer(request, desk, session, task)


@router.post("/review/{task_id}/release", dependencies=[Depends(checked_csrf)])
def release(desk: DeskNow, session: Reviewer, task_id: str) -> Response:
    """Give a task back undone."""
    desk.shown.close(session)
    desk.store.queue.release(session.person.actor, task_id)
    return RedirectResponse("/queue", status_code=303)


@router.get("/tasks/{task_id}/crop")
def crop(desk: DeskNow, session: Reviewer, task_id: str, name: FieldName | None = None) -> Response:
    """The crop of a task that the person holds; of a PIN only once it was asked for.

    With a name: a field that the findings about the document as a whole point to.
    """
    task = _held(desk, session, task_id)
    _require_shown(desk, session, task)
    if name is not None and name not in task_view.build(desk, task, revealed=False).pictures:
        raise InputError("CROP_UNKNOWN", ja="その画像はありません。", en="No such picture.")
    shown = name or task.field or crops.PAGE
    image = crops.read(desk.settings.crops, desk.store.vault, task.document_id, shown)
    return Response(image, media_type=crops.media_type(image))


@router.get("/tasks/{task_id}/reference/{name}/{index}")
def reference(
    desk: DeskNow, session: Reviewer, task_id: str, name: FieldName, index: int
) -> Response:
    """The writer's own sure 0 or 1 from elsewhere on the sheet."""
    task = _held(desk, session, task_id)
    _require_shown(desk, session, task)
    image = task_view.reference_cut(desk, task, name, index) if task.field else None
    if image is None:
        raise InputError("NOT_FOUND", ja="その画像はありません。", en="There is no such picture.")
    return Response(image, media_type="image/png")


def _held(desk: Desk, session: Session, task_id: str) -> Task:
    task = desk.store.queue.task(task_id)
    if task is None or task.state != "open" or task.lease_user != session.person.user_id:
        raise stale()
    return task


def _again(desk: Desk, session: Session, task_id: str) -> Task | None:
    """The task, leased anew; None where somebody was faster."""
    try:
        return desk.store.queue.claim(session.person.actor, task_id, desk.settings.lease_minutes)
    except PolicyError:
        return None


def _require_shown(desk: Desk, session: Session, task: Task) -> None:
    if task.field in PIN_FIELDS and not desk.shown.is_open(
        session, task.document_id, task.field or ""
    ):
        raise PolicyError(
            "PIN_HIDDEN",
            ja="暗証番号は「表示」を押してから1件ずつ見られます。",
            en="A PIN is shown one at a time, after asking for it.",
        )


def _is_shown_at_once(task: Task) -> bool:
    """Whether a task shows a value as it comes: a PIN is asked for, a document shows parts."""
    return task.field is not None and task.field not in PIN_FIELDS


def _note_views(desk: Desk, session: Session, task: Task, names: Sequence[str]) -> None:
    seen = "document" if task.field is None else _SEEN[task.kind]
    desk.store.audit.note_views(session.person.actor, task.document_id, names, detail=seen)


def answer(
    request: Request,
    desk: Desk,
    session: Session,
    task: Task | None,
    *,
    status: int = 200,
    error: InputError | PolicyError | None = None,
    undone: bool = False,
    typed: str | None = None,
    is_noted: bool = False,
) -> Response:
    """The page of a task, or that there is none; the audit says first what it shows.

    ``typed``: what the person had typed for this very task; a PIN is never given back.
    ``is_noted``: it does already, of a value that is shown at once: with the handing out.
    """
    view = None
    if task is not None:
        is_pin = task.field in PIN_FIELDS
        revealed = is_pin and desk.shown.is_open(session, task.document_id, task.field or "")
        if not is_pin:
            desk.shown.close(session)
        view = task_view.build(desk, task, revealed=revealed)
        if typed is not None and not is_pin:
            view = replace(view, text=typed)
        whole = () if view.crop is None else (crops.PAGE,)
        names = () if is_pin else (task.field,) if task.field else (*view.pictures, *whole)
        if not (is_noted and _is_shown_at_once(task)):
            _note_views(desk, session, task, names)
    left = desk.store.queue.left()
    is_part = is_fragment(request)
    template = "_task.html" if is_part else "review.html"
    shown = {"view": view, "error": error, "left": left, "undone": undone, "is_part": is_part}
    return page(request, template, session, status, **shown)
