"""Who may begin a session: a password of ours, or one that the office's directory takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from pipeline.desk import passwords
from pipeline.desk.context import Desk
from pipeline.desk.directory import Directory, DirectoryError
from pipeline.store.clock import utc_now
from pipeline.store.staff.people import Person, Source, is_user_name


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that began."""

    token: str
    person: Person


Refused = Literal["wrong", "locked"]


def begin(desk: Desk, name: str, password: str) -> Begun | Refused:
    """Begin a session for somebody who is proven.

    An account with a password here is never asked of the directory, so that nobody becomes the
    administrator of the desk by an entry of that name.

    Raises:
        DirectoryError: The directory cannot be asked; nothing is counted against anybody.
        PolicyError: Proven, but the directory gives no role, or several.
    """
    person = desk.store.people.by_name(name)
    is_ours = person is not None and person.source == Source.LOCAL
    if desk.directory is None or is_ours:
        return _by_password(desk, person, password)
    return _by_directory(desk, desk.directory, name, password)


def _by_password(desk: Desk, person: Person | None, password: str) -> Begun | Refused:
    if person is not None and person.is_locked(utc_now()):
        return "locked"
    is_ours = person is not None and person.source == Source.LOCAL
    # An unknown name costs as much time as a wrong password.
    stored = person.password_hash if person is not None and is_ours else passwords.NOBODY
    if not passwords.matches(password, stored) or person is None:
        return _failed(desk, person)
    return _unless_disabled(desk, person) or _begun(desk, person)


def _by_directory(desk: Desk, directory: Directory, name: str, password: str) -> Begun | Refused:
    accounts = desk.store.directory_people
    named = desk.store.people.by_any_case(name)
    is_asked = is_user_name(name)
    if named is not None and named.source == Source.LOCAL:  # of the same letters, in capitals
        named, is_asked = None, False
    if named is not None and named.is_locked(utc_now()):
        return "locked"
    with _noting_silence(desk, named):
        entry = directory.find(name) if is_asked else None
    person = accounts.account_of(entry.identifier, name) if entry else named
    if person is not None and person.is_locked(utc_now()):
        return "locked"
    if entry is None or (person is None and not entry.roles):
        passwords.matches(password, passwords.NOBODY)
        return _failed(desk, person)
    with _noting_silence(desk, person):
        is_right = directory.confirms(entry, password)
    if not is_right:
        return _failed(desk, person)
    refused = _unless_disabled(desk, person) if person is not None else None
    return refused or _begun(desk, accounts.settle(entry.identifier, name, entry.roles))


@contextmanager
def _noting_silence(desk: Desk, person: Person | None) -> Iterator[None]:
    """Write down that somebody could not be proven because the directory was of no use."""
    try:
        yield
    except DirectoryError as error:
        if person is not None:
            _note_refusal(desk, person, error.code.lower())
        raise


def _failed(desk: Desk, person: Person | None) -> Refused:
    if person is not None:
        desk.store.people.note_failure(person)
    return "wrong"


def _unless_disabled(desk: Desk, person: Person) -> Refused | None:
    if person.disabled_at is None:
        return None
    _note_refusal(desk, person, "disabled")
    return "wrong"


def _note_refusal(desk: Desk, person: Person, why: str) -> None:
    desk.store.audit.note(person.actor, "session.refused", f"user:{person.user_id}", detail=why)


def _begun(desk: Desk, person: Person) -> Begun:
    return Begun(desk.store.people.log_in(person)[0], person)
