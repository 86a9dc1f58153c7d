"""Accounts: for administrators, who see no document."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from pipeline.desk import access, accounts
from pipeline.desk.context import Desk, checked_csrf, desk_of, with_role
from pipeline.desk.rendering import page
from pipeline.domain.errors import InputError, PolicyError
from pipeline.domain.roles import Role
from pipeline.store.clock import utc_now
from pipeline.store.staff.people import Session

router = APIRouter()
DeskNow = Annotated[Desk, Depends(desk_of)]
Administrator = Annotated[Session, Depends(with_role(*access.USERS))]


@router.get("/users")
def users_page(request: Request, desk: DeskNow, session: Administrator) -> Response:
    """All accounts, and a form for one more."""
    return _page(request, desk, session)


@router.post("/users", dependencies=[Depends(checked_csrf)])
def add(
    request: Request,
    desk: DeskNow,
    session: Administrator,
    name: Annotated[str, Form(max_length=64)],
    role: Annotated[Role, Form()],
    by_directory: Annotated[bool, Form()] = False,
) -> Response:
    """Add an account; its one-time password is on this page and nowhere else."""
    try:
        done = accounts.add(desk.store, session.person.actor, name, role, by_directory=by_directory)
    except InputError as error:
        return _page(request, desk, session, error=error, status=422)
    password = done.get("password")
    return _page(
        request,
        desk,
        session,
        added=(name, password) if password else None,
        changed=None if password else ("add", name),
    )


@router.post("/users/{what}", dependencies=[Depends(checked_csrf)])
def change_account(
    request: Request,
    desk: DeskNow,
    session: Administrator,
    what: accounts.Change,
    name: Annotated[str, Form(max_length=64)],
    role: Annotated[Role | None, Form()] = None,
) -> Response:
    """Disable or enable an account, give it a one-time password or another role."""
    try:
        done = accounts.change(desk.store, session.person.actor, what, name, role)
    except (InputError, PolicyError) as error:
        status = 422 if isinstance(error, InputError) else 403
        return _page(request, desk, session, error=error, status=status)
    password = done.get("password")
    return _page(
        request,
        desk,
        session,
        added=(name, password) if password else None,
        changed=None if password else (what, name),
    )


def _page(
    request: Request,
    desk: Desk,
    session: Session,
    *,
    added: tuple[str, str] | None = None,
    changed: tuple[str, str] | None = None,
    error: InputError | PolicyError | None = None,
    status: int = 200,
) -> Response:
    return page(
        request,
        "users.html",
        session,
        status,
        people=desk.store.people.all(),
        roles=list(Role),
        now=utc_now(),
        has_directory=desk.directory is not None,
        added=added,
        changed=changed,
        error=error,
    )
