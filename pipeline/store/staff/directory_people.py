"""Accounts of people whom the office's directory proves: admitted, and their role kept up.

An account belongs to the entry's own lasting name, not to a user name: people are renamed, and
user names are given out again; a successor must not log in as whoever had the name before.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import duckdb

from pipeline.domain.errors import PolicyError
from pipeline.domain.roles import Role
from pipeline.store.auditing.audit import SYSTEM, Audit
from pipeline.store.database import Database
from pipeline.store.staff.accounts import end_work
from pipeline.store.staff.known_sessions import KnownSessions
from pipeline.store.staff.people import NO_PASSWORD, People, Person, Source, insert_person


class DirectoryPeople:
    """What a proven entry of the directory means for the accounts here."""

    def __init__(
        self, database: Database, audit: Audit, known: KnownSessions, people: People
    ) -> None:
        self._database = database
        self._audit = audit
        self._known = known
        self._people = people

    def account_of(self, directory_id: str, name: str) -> Person | None:
        """The account of an entry: its own, else one of that name that waits for its entry."""
        own = self._people.by_directory_id(directory_id)
        if own is not None:
            return own
        named = self._people.by_any_case(name)
        waits = named is not None and named.source == Source.DIRECTORY and not named.directory_id
        return named if waits else None

    def settle(self, directory_id: str, name: str, roles: Sequence[Role]) -> Person:
        """The account with which somebody who was proven begins their session.

        Args:
            directory_id: The entry's lasting name.
            name: The user name, for an account that does not exist yet.
            roles: What the entry's groups give.

        Raises:
            PolicyError: ``DIRECTORY_NO_ROLE``, ``DIRECTORY_ROLES``, ``DIRECTORY_NAME_TAKEN``;
                whoever lost their groups loses their open sessions and work with it.
        """
        person = self.account_of(directory_id, name)
        if person is not None and person.source == Source.DIRECTORY:
            return self._bound(person, directory_id)
        if len(roles) != 1:
            if person is not None:
                self._keep_out(person, "no_role" if not roles else "roles")
            raise _without_role() if not roles else _several_roles()
        if person is None:
            return self._admitted(directory_id, name, roles[0])
        return self._with_role(person, roles[0])

    def _bound(self, person: Person, directory_id: str) -> Person:
        if person.directory_id is None:
            with self._database.writing() as cursor:
                cursor.execute(
                    "update person set directory_id = ? where user_id = ?",
                    [directory_id, person.user_id],
                )
                self._audit.append(cursor, SYSTEM, "user.bind", f"user:{person.user_id}")
            self._known.forget()
        return self._again(directory_id)

    def _admitted(self, directory_id: str, name: str, role: Role) -> Person:
        with self._database.writing() as cursor:
            if self._people.by_directory_id(directory_id) is not None:  # pressed twice
                return self._again(directory_id)
            if _is_taken(cursor, name):
                raise PolicyError(
                    "DIRECTORY_NAME_TAKEN",
                    ja="この利用者名は、ここでは別の人の記録に使われています。",
                    en="This user name belongs to somebody else's records here.",
                    remedy_ja="管理者に伝え、ディレクトリで別の利用者名を受けてください。",
                    remedy_en="Tell the administrator: the directory has to give another name.",
                )
            user_id = secrets.token_hex(6)
            insert_person(cursor, user_id, name.lower(), role, NO_PASSWORD, Source.GROUPS)
            cursor.execute(
                "update person set directory_id = ? where user_id = ?", [directory_id, user_id]
            )
            self._audit.append(
                cursor, SYSTEM, "user.add", f"user:{user_id}", detail=f"{role}:{Source.GROUPS}"
            )
        self._known.forget()
        return self._again(directory_id)

    def _with_role(self, person: Person, role: Role) -> Person:
        if role != person.role:
            with self._database.writing() as cursor:
                cursor.execute(
                    "update person set role = ? where user_id = ?", [role.value, person.user_id]
                )
                end_work(cursor, person.user_id)
                detail = f"{person.role}:{role}"
                subject = f"user:{person.user_id}"
                self._audit.append(cursor, SYSTEM, "user.role", subject, detail=detail)
            self._known.forget()
        return self._again(person.directory_id or "")

    def _keep_out(self, person: Person, why: str) -> None:
        with self._database.writing() as cursor:
            end_work(cursor, person.user_id)
            self._audit.append(
                cursor, person.actor, "session.refused", f"user:{person.user_id}", detail=why
            )
        self._known.forget()

    def _again(self, directory_id: str) -> Person:
        person = self._people.by_directory_id(directory_id)
        if person is None:  # the row was just written
            raise RuntimeError("account vanished")
        return person


def _is_taken(cursor: duckdb.DuckDBPyConnection, name: str) -> bool:
    taken = cursor.execute("select 1 from person where lower(name) = lower(?)", [name])
    return taken.fetchone() is not None


def _without_role() -> PolicyError:
    return PolicyError(
        "DIRECTORY_NO_ROLE",
        ja="ディレクトリで、この窓口を使うグループに入っていません。",
        en="The directory has you in no group that may use this desk.",
        remedy_ja="ディレクトリの管理者にグループへの追加を依頼してください。",
        remedy_en="Ask whoever runs the directory to add you to a group.",
    )


def _several_roles() -> PolicyError:
    return PolicyError(
        "DIRECTORY_ROLES",
        ja="ディレクトリで、役割の違う二つ以上のグループに入っています。",
        en="The directory has you in groups of more than one role.",
        remedy_ja="役割は一人に一つです。ディレクトリの管理者に、一つだけ残すよう依頼してください。",
        remedy_en="One person has one role: ask whoever runs the directory to leave only one.",
    )
