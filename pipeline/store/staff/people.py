"""The people who work at the desk, and their sessions. Passwords and cookies only as hashes."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import duckdb

from pipeline.domain.errors import InputError
from pipeline.domain.roles import Role
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database
from pipeline.store.staff.known_sessions import KnownSessions

FAILURES_BEFORE_LOCK = 5
LOCK_MINUTES = 15
NO_PASSWORD = "-"
"""In the place of a hash: no password matches it."""
_SEEN_EVERY = dt.timedelta(seconds=30)  # a write for every key would be too many
_NAME = re.compile(r"[A-Za-z0-9._-]{2,32}", re.ASCII)
_COLUMNS = (
    "user_id, name, role, password_hash, must_change, failures, locked_until, created_at, "
    "disabled_at, source, directory_id"
)


class Source(StrEnum):
    """Who proves that somebody is who they say, and who gives them their role."""

    LOCAL = "local"  # a password here, a role given here
    DIRECTORY = "directory"  # the office's directory proves; a role given here
    GROUPS = "groups"  # the directory proves, and its groups give the role at every log-in


@dataclass(frozen=True, slots=True)
class Person:
    """An account."""

    user_id: str
    name: str
    role: Role
    password_hash: str
    must_change: bool
    failures: int
    locked_until: dt.datetime | None
    created_at: dt.datetime
    disabled_at: dt.datetime | None = None
    source: Source = Source.LOCAL
    directory_id: str | None = None

    @property
    def actor(self) -> Actor:
        """The person as the audit names them."""
        return Actor(self.user_id, self.role)

    def is_locked(self, now: dt.datetime) -> bool:
        """Whether too many wrong passwords have locked the account for now."""
        return self.locked_until is not None and self.locked_until > now


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in that has not ended."""

    token_mark: str
    person: Person
    csrf: str
    seen_at: dt.datetime


class People:
    """Accounts and sessions."""

    def __init__(self, database: Database, audit: Audit, known: KnownSessions) -> None:
        self._database = database
        self._audit = audit
        self._known = known

    def add(self, actor: Actor, name: str, role: Role, password_hash: str) -> Person:
        """Add an account whose password must be changed at the first log-in.

        Raises:
            InputError: ``USER_NAME`` for an illegal name, ``USER_EXISTS``.
        """
        return self._added(actor, name, role, password_hash, Source.LOCAL)

    def add_of_directory(self, actor: Actor, name: str, role: Role) -> Person:
        """Add an account that has no password here: the office's directory proves who it is.

        Raises:
            InputError: ``USER_NAME`` for an illegal name, ``USER_EXISTS``.
        """
        return self._added(actor, name, role, NO_PASSWORD, Source.DIRECTORY)

    def _added(
        self, actor: Actor, name: str, role: Role, password_hash: str, source: Source
    ) -> Person:
        if not is_user_name(name):
            raise InputError(
                "USER_NAME",
                ja="利用者名は半角英数字と . _ - で2〜32文字です。",
                en="A user name has 2 to 32 of A-Z a-z 0-9 . _ -",
            )
        if self.by_any_case(name) is not None:
            raise InputError(
                "USER_EXISTS",
                ja=f"利用者「{name}」はすでにいます。",
                en=f"The user '{name}' exists already.",
            )
        user_id = secrets.token_hex(6)
        with self._database.writing() as cursor:
            insert_person(cursor, user_id, name, role, password_hash, source)
            detail = role.value if source == Source.LOCAL else f"{role}:{source}"
            self._audit.append(cursor, actor, "user.add", f"user:{user_id}", detail=detail)
        person = self.by_name(name)
        if person is None:  # the row was just written
            raise RuntimeError("account vanished")
        return person

    def all(self) -> list[Person]:
        """All accounts by name."""
        rows = self._database.rows(f"select {_COLUMNS} from person order by name")
        return [_person(row) for row in rows]

    def by_name(self, name: str) -> Person | None:
        """An account by its name."""
        row = self._database.row(f"select {_COLUMNS} from person where name = ?", [name])
        return _person(row) if row else None

    def by_any_case(self, name: str) -> Person | None:
        """An account by its name in capitals or not: directories tell no difference."""
        row = self._database.row(
            f"select {_COLUMNS} from person where lower(name) = lower(?) order by name <> ?",
            [name, name],
        )
        return _person(row) if row else None

    def by_directory_id(self, directory_id: str) -> Person | None:
        """The account that belongs to an entry of the directory."""
        row = self._database.row(
            f"select {_COLUMNS} from person where directory_id = ?", [directory_id]
        )
        return _person(row) if row else None

    def set_password(self, person: Person, password_hash: str) -> None:
        """Take a new password that the person chose; ends all other sessions."""
        with self._database.writing() as cursor:
            cursor.execute(
                "update person set password_hash = ?, must_change = false where user_id = ?",
                [password_hash, person.user_id],
            )
            cursor.execute(
                "update session set ended_at = ? where user_id = ? and ended_at is null",
                [utc_now(), person.user_id],
            )
            self._audit.append(cursor, person.actor, "user.password", f"user:{person.user_id}")
        self._known.forget()

    def log_in(self, person: Person) -> tuple[str, Session]:
        """Begin a session: the cookie's token, and the session. Says how it was proven."""
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), utc_now()
        with self._database.writing() as cursor:
            cursor.execute(
                "insert into session values (?, ?, ?, ?, ?, null)",
                [mark_of(token), person.user_id, csrf, now, now],
            )
            cursor.execute(
                "update person set failures = 0, locked_until = null where user_id = ?",
                [person.user_id],
            )
            self._audit.append(
                cursor,
                person.actor,
                "session.begin",
                f"user:{person.user_id}",
                detail="password" if person.source == Source.LOCAL else "directory",
            )
        self._known.forget()
        return token, Session(mark_of(token), person, csrf, now)

    def note_failure(self, person: Person) -> None:
        """Count a wrong password; the fifth locks the account for a quarter of an hour."""
        failures = person.failures + 1
        locked = failures >= FAILURES_BEFORE_LOCK
        until = utc_now() + dt.timedelta(minutes=LOCK_MINUTES) if locked else None
        with self._database.writing() as cursor:
            cursor.execute(
                "update person set failures = ?, locked_until = ? where user_id = ?",
                [0 if locked else failures, until, person.user_id],
            )
            self._audit.append(
                cursor,
                person.actor,
                "session.refused",
                f"user:{person.user_id}",
                detail="locked" if locked else "password",
            )
        self._known.forget()

    def session(self, token: str, idle_minutes: int, *, is_seen: bool = True) -> Session | None:
        """The session of a cookie, unless it ended or idled too long.

        Counts as being seen, unless it was not the person who asked but a page by itself.
        """
        mark, changes = mark_of(token), self._known.changes
        session = self._known.get(mark) or self._looked_up(mark)
        if session is None:
            return None
        now = utc_now()
        if now - session.seen_at > dt.timedelta(minutes=idle_minutes):
            self.end(mark)
            return None
        if is_seen and now - session.seen_at > _SEEN_EVERY:
            with self._database.writing() as cursor:
                cursor.execute("update session set seen_at = ? where token_mark = ?", [now, mark])
            session = replace(session, seen_at=now)
        self._known.keep(session, changes)
        return session

    def _looked_up(self, token_mark: str) -> Session | None:
        row = self._database.row(
            f"select s.token_mark, s.csrf, s.seen_at, {_qualified()} "
            "from session s join person p using (user_id) "
            "where s.token_mark = ? and s.ended_at is null and p.disabled_at is null",
            [token_mark],
        )
        return Session(row[0], _person(row[3:]), row[1], row[2]) if row else None

    def began(self, session: Session) -> dt.datetime:
        """When a session began."""
        row = self._database.row(
            "select started_at from session where token_mark = ?", [session.token_mark]
        )
        return row[0] if row else session.seen_at

    def end(self, token_mark: str) -> None:
        """End a session."""
        with self._database.writing() as cursor:
            ended = cursor.execute(
                "update session set ended_at = ? where token_mark = ? and ended_at is null "
                "returning user_id",
                [utc_now(), token_mark],
            ).fetchall()
            for (user_id,) in ended:
                self._audit.append(
                    cursor, Actor(user_id, "session"), "session.end", f"user:{user_id}"
                )
        self._known.forget()


def is_user_name(name: str) -> bool:
    """Whether an account may have this name."""
    return _NAME.fullmatch(name) is not None


def insert_person(
    cursor: duckdb.DuckDBPyConnection,
    user_id: str,
    name: str,
    role: Role,
    password_hash: str,
    source: Source,
) -> None:
    """Write a new account; one with a password of ours has to change it at first."""
    cursor.execute(
        f"insert into person ({_COLUMNS}) values (?, ?, ?, ?, ?, 0, null, ?, null, ?, null)",
        [user_id, name, role.value, password_hash, source == Source.LOCAL, utc_now(), source.value],
    )


def mark_of(token: str) -> str:
    """What is stored of a cookie. The token is random, so a plain hash cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def _qualified() -> str:
    return ", ".join(f"p.{name.strip()}" for name in _COLUMNS.split(","))


def _person(row: tuple[Any, ...]) -> Person:
    known = Person(row[0], row[1], Role(row[2]), *row[3:9])
    return replace(known, source=Source(row[9]), directory_id=row[10])
