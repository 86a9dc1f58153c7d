"""Changes to accounts: disabled, enabled, a new one-time password, another role.

Whatever narrows what somebody may do ends their sessions in the same transaction and gives back
the tasks that they hold, so it counts from that moment and not from their next log-in.
"""

from __future__ import annotations

from typing import Any

import duckdb

from pipeline.domain.errors import InputError, PolicyError
from pipeline.domain.roles import Role
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database
from pipeline.store.staff.known_sessions import KnownSessions
from pipeline.store.staff.people import Source


class Accounts:
    """Changes accounts; every change is audited with who did it to whom."""

    def __init__(self, database: Database, audit: Audit, known: KnownSessions) -> None:
        self._database = database
        self._audit = audit
        self._known = known

    def disable(self, actor: Actor, name: str) -> None:
        """Keep somebody out from now on.

        Raises:
            InputError: ``USER_UNKNOWN``.
            PolicyError: ``ACCOUNT_OWN``, ``ACCOUNT_LAST_ADMINISTRATOR``.
        """
        with self._database.writing() as cursor:
            user_id, role, _ = _of(cursor, name)
            _require_another(actor, user_id)
            _require_administrator_left(cursor, user_id, role)
            cursor.execute(
                "update person set disabled_at = coalesce(disabled_at, ?) where user_id = ?",
                [utc_now(), user_id],
            )
            end_work(cursor, user_id)
            self._audit.append(cursor, actor, "user.disable", f"user:{user_id}")
        self._known.forget()

    def enable(self, actor: Actor, name: str) -> None:
        """Let somebody in again, with the password that they had.

        Raises:
            InputError: ``USER_UNKNOWN``.
        """
        with self._database.writing() as cursor:
            user_id, _, _ = _of(cursor, name)
            cursor.execute(
                "update person set disabled_at = null, failures = 0, locked_until = null "
                "where user_id = ?",
                [user_id],
            )
            self._audit.append(cursor, actor, "user.enable", f"user:{user_id}")
        self._known.forget()

    def reset_password(self, actor: Actor, name: str, password_hash: str) -> None:
        """Put a one-time password in the place of somebody's own; a lock ends with it.

        Args:
            actor: Who does it; nobody to themselves: they change their own password.
            name: Whose.
            password_hash: Of the one-time password.

        Raises:
            InputError: ``USER_UNKNOWN``.
            PolicyError: ``ACCOUNT_OWN``; ``PASSWORD_IN_DIRECTORY``.
        """
        with self._database.writing() as cursor:
            user_id, _, source = _of(cursor, name)
            _require_another(actor, user_id)
            if source != Source.LOCAL:
                raise in_directory()
            cursor.execute(
                "update person set password_hash = ?, must_change = true, failures = 0, "
                "locked_until = null where user_id = ?",
                [password_hash, user_id],
            )
            end_work(cursor, user_id)
            self._audit.append(cursor, actor, "user.reset", f"user:{user_id}")
        self._known.forget()

    def change_role(self, actor: Actor, name: str, role: Role) -> None:
        """Give somebody another role.

        Raises:
            InputError: ``USER_UNKNOWN``.
            PolicyError: ``ACCOUNT_OWN``, ``ACCOUNT_LAST_ADMINISTRATOR``; ``ROLE_BY_GROUPS``.
        """
        with self._database.writing() as cursor:
            user_id, before, source = _of(cursor, name)
            _require_another(actor, user_id)
            if source == Source.GROUPS:
                raise _by_groups()
            if role == before:
                return
            _require_administrator_left(cursor, user_id, before)
            cursor.execute("update person set role = ? where user_id = ?", [role.value, user_id])
            end_work(cursor, user_id)
            self._audit.append(
                cursor, actor, "user.role", f"user:{user_id}", detail=f"{before}:{role}"
            )
        self._known.forget()


def in_directory() -> PolicyError:
    """``PASSWORD_IN_DIRECTORY``: there is no password here to change."""
    return PolicyError(
        "PASSWORD_IN_DIRECTORY",
        ja="この利用者のパスワードは庁内のディレクトリにあります。",
        en="This account's password is the directory's.",
        remedy_ja="ディレクトリの側で変えてください。",
        remedy_en="Change it there.",
    )


def _by_groups() -> PolicyError:
    return PolicyError(
        "ROLE_BY_GROUPS",
        ja="この利用者の役割は、庁内のディレクトリのグループで決まります。",
        en="This account's role comes from its groups in the directory.",
        remedy_ja="ディレクトリでグループを変えてください。次のログインから有効です。",
        remedy_en="Change the group there; it counts from the next log-in.",
    )


def _of(cursor: duckdb.DuckDBPyConnection, name: str) -> tuple[str, Role, Source]:
    rows: list[tuple[Any, ...]] = cursor.execute(
        "select user_id, role, source from person where name = ?", [name]
    ).fetchall()
    if not rows:
        raise InputError("USER_UNKNOWN", ja="その利用者はいません。", en="There is no such user.")
    return rows[0][0], Role(rows[0][1]), Source(rows[0][2])


def _require_another(actor: Actor, user_id: str) -> None:
    if actor.user_id == user_id:
        raise PolicyError(
            "ACCOUNT_OWN",
            ja="自分のアカウントは変えられません。別の管理者が行います。",
            en="Nobody changes their own account; another administrator does.",
        )


def _require_administrator_left(
    cursor: duckdb.DuckDBPyConnection, user_id: str, role: Role
) -> None:
    if role != Role.ADMINISTRATOR:
        return
    left = cursor.execute(
        "select count(*) from person where role = ? and disabled_at is null and user_id <> ?",
        [Role.ADMINISTRATOR.value, user_id],
    ).fetchall()[0][0]
    if not left:
        raise PolicyError(
            "ACCOUNT_LAST_ADMINISTRATOR",
            ja="最後の管理者です。先に別の管理者を作ってください。",
            en="This is the last administrator. Make another one first.",
        )


def end_work(cursor: duckdb.DuckDBPyConnection, user_id: str) -> None:
    """End somebody's sessions and give back the tasks that they hold."""
    cursor.execute(
        "update session set ended_at = ? where user_id = ? and ended_at is null",
        [utc_now(), user_id],
    )
    cursor.execute(
        "update open_task set lease_user = null, lease_until = null where lease_user = ?",
        [user_id],
    )
