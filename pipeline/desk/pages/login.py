"""Log-in, log-out, the first password, the language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.desk import access, passwords, proving
from pipeline.desk.context import (
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    Desk,
    any_session,
    checked_csrf,
    desk_of,
    session_of,
    session_or_none,
)
from pipeline.desk.directory import DirectoryError
from pipeline.desk.language import LANGUAGES
from pipeline.desk.rendering import page
from pipeline.domain.errors import InputError, PolicyError
from pipeline.store.staff.accounts import in_directory
from pipeline.store.staff.people import Session, Source

router = APIRouter()
DeskNow = Annotated[Desk, Depends(desk_of)]
_YEAR_S = 365 * 24 * 3600


@router.get("/")
def home(session: Annotated[Session, Depends(session_of)]) -> Response:
    """To where this role begins."""
    return RedirectResponse(access.first_page(session.person.role), status_code=303)


@router.get("/login")
def login_page(request: Request) -> Response:
    """The log-in page."""
    if session_or_none(request) is not None:
        return RedirectResponse("/", status_code=303)
    return _login_page(request, 200)


def _login_page(
    request: Request,
    status: int,
    *,
    wrong: bool = False,
    locked: bool = False,
    error: DirectoryError | PolicyError | None = None,
) -> Response:
    return page(request, "login.html", status=status, wrong=wrong, locked=locked, error=error)


@router.post("/login")
def log_in(
    request: Request,
    desk: DeskNow,
    name: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=256)],
) -> Response:
    """Check a password; the answer does not tell an unknown name from a wrong password."""
    try:
        begun = proving.begin(desk, name, password)
    except (DirectoryError, PolicyError) as error:
        status = 503 if isinstance(error, DirectoryError) else 403
        return _login_page(request, status, error=error)
    if begun == "locked":
        return _login_page(request, 429, locked=True)
    if begun == "wrong":
        return _login_page(request, 401, wrong=True)
    answer = RedirectResponse("/password" if begun.person.must_change else "/", status_code=303)
    answer.set_cookie(
        SESSION_COOKIE,
        begun.token,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.get("/password")
def password_page(request: Request, session: Annotated[Session, Depends(any_session)]) -> Response:
    """The page for a password of one's own."""
    return page(request, "password.html", session, error=None)


@router.post("/password", dependencies=[Depends(checked_csrf)])
def change_password(
    request: Request,
    desk: DeskNow,
    session: Annotated[Session, Depends(any_session)],
    old: Annotated[str, Form(max_length=256)],
    new: Annotated[str, Form(max_length=256)],
    again: Annotated[str, Form(max_length=256)],
) -> Response:
    """Take a new password; every session of the account ends, so one logs in again with it."""
    if session.person.source != Source.LOCAL:
        raise in_directory()
    try:
        if not passwords.matches(old, session.person.password_hash):
            desk.store.people.note_failure(session.person)
            raise InputError(
                "PASSWORD_WRONG",
                ja="今のパスワードが正しくありません。",
                en="The present password is wrong.",
            )
        if new != again or new == old:
            raise InputError(
                "PASSWORD_REPEAT",
                ja="新しいパスワードを2回、今のものと違う同じ文字で入力してください。",
                en="Type the same new password twice, other than the present one.",
            )
        passwords.require_good(new, session.person.name)
    except InputError as error:
        return page(request, "password.html", session, 422, error=error)
    desk.store.people.set_password(session.person, passwords.hashed(new))
    return RedirectResponse("/login", status_code=303)


@router.post("/logout", dependencies=[Depends(checked_csrf)])
def log_out(desk: DeskNow, session: Annotated[Session, Depends(any_session)]) -> Response:
    """End the session and give back what was leased."""
    desk.store.queue.release_all(session.person.actor)
    desk.shown.close(session)
    desk.store.people.end(session.token_mark)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(SESSION_COOKIE)
    return answer


@router.get("/language/{language}")
def choose_language(request: Request, language: str) -> Response:
    """Switch the language and go back to the page."""
    # Only the path of where one came from, and never `//host`, which leads elsewhere.
    back = "/" + urlsplit(request.headers.get("referer", "")).path.lstrip("/\\")
    answer = RedirectResponse(back, status_code=303)
    if language in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_S, samesite="strict")
    return answer
