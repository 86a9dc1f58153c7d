"""What every request needs: the open store, the settings, who is asking and in which language."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Form, Header, Request

from pipeline.desk.directory import Directory
from pipeline.desk.language import Words, words
from pipeline.desk.mailroom import Mailroom
from pipeline.domain.errors import PolicyError
from pipeline.domain.roles import Role
from pipeline.settings import Settings
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.staff.people import Session

SESSION_COOKIE = "uketsuke_session"
LANGUAGE_COOKIE = "uketsuke_language"
LIVE = "/live"
"""How the address of a part ends that a page loads again by itself."""


class Shown:
    """The one secret that each session has open: opening another closes it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: dict[str, tuple[str, str]] = {}

    def open(self, session: Session, document: str, name: str) -> None:
        """Remember what was shown."""
        with self._guard:
            self._open[session.token_mark] = (document, name)

    def is_open(self, session: Session, document: str, name: str) -> bool:
        """Whether it is what this session has open."""
        return self._open.get(session.token_mark) == (document, name)

    def close(self, session: Session) -> None:
        """Forget it."""
        with self._guard:
            self._open.pop(session.token_mark, None)


@dataclass(slots=True)
class Desk:
    """The desk's own state."""

    settings: Settings
    store: DuckDBStore
    directory: Directory | None = None
    shown: Shown = field(default_factory=Shown)
    mailroom: Mailroom = field(init=False)

    def __post_init__(self) -> None:
        """Open the mailroom of this installation."""
        self.mailroom = Mailroom(self.settings, self.store)


class LoginNeeded(Exception):  # noqa: N818 - not a fault: the answer is the log-in page
    """Nobody is logged in, or the password has to be changed first."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


# What only looks at what is at hand is a coroutine: any other dependency waits for a thread, and
# every request has several of them.
async def desk_of(request: Request) -> Desk:
    """The desk behind a request."""
    return desk_behind(request)


def desk_behind(request: Request) -> Desk:
    """The desk behind a request, for whoever is no dependency."""
    return cast(Desk, request.app.state.desk)


def words_of(request: Request) -> Words:
    """The language of a request: what was chosen, else Japanese."""
    return words(request.cookies.get(LANGUAGE_COOKIE, "ja"))


def session_or_none(request: Request) -> Session | None:
    """The session of a request, or None."""
    desk = desk_behind(request)
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    # A page that asks by itself every other second must not keep an absent person logged in.
    asks_by_itself = request.url.path.endswith(LIVE)
    return desk.store.people.session(token, desk.settings.idle_minutes, is_seen=not asks_by_itself)


def any_session(request: Request) -> Session:
    """The session of a request.

    Raises:
        LoginNeeded: Where there is none.
    """
    session = session_or_none(request)
    if session is None:
        raise LoginNeeded("/login")
    return session


async def session_of(session: Annotated[Session, Depends(any_session)]) -> Session:
    """The session of somebody who has a password of their own.

    Raises:
        LoginNeeded: Where the one-time password has not been changed.
    """
    if session.person.must_change:
        raise LoginNeeded("/password")
    return session


def with_role(*roles: Role) -> Callable[[Session], Awaitable[Session]]:
    """A dependency: the session of somebody with one of these roles.

    Raises:
        PolicyError: ``ROLE_FORBIDS`` (HTTP 403).
    """

    async def check(session: Annotated[Session, Depends(session_of)]) -> Session:
        if session.person.role not in roles:
            raise PolicyError(
                "ROLE_FORBIDS",
                ja="この画面は、あなたの役割では使えません。",
                en="Your role does not allow this page.",
            )
        return session

    return check


async def checked_csrf_header(
    session: Annotated[Session, Depends(any_session)],
    x_csrf_token: Annotated[str, Header()] = "",
) -> None:
    """As ``checked_csrf``, for a request whose body is a file.

    Raises:
        PolicyError: ``FORM_FOREIGN`` (HTTP 403).
    """
    await checked_csrf(session, x_csrf_token)


async def checked_csrf(
    session: Annotated[Session, Depends(any_session)], csrf: Annotated[str, Form()] = ""
) -> None:
    """Refuse a form that was not served to this session.

    Raises:
        PolicyError: ``FORM_FOREIGN`` (HTTP 403).
    """
    if not secrets.compare_digest(csrf.encode(), session.csrf.encode()):
        raise PolicyError(
            "FORM_FOREIGN",
            ja="このフォームは別のログインのものです。画面を読み込み直してください。",
            en="This form belongs to another log-in. Load the page again.",
        )
