"""One change of an account, as the desk's page, the service and the command line ask for it."""

from __future__ import annotations

from typing import Any, Literal

from pipeline.desk import passwords
from pipeline.domain.errors import InputError
from pipeline.domain.roles import Role
from pipeline.store.auditing.audit import Actor
from pipeline.store.clock import utc_now
from pipeline.store.duckdb_store import DuckDBStore

Change = Literal["disable", "enable", "reset", "role"]


def add(
    store: DuckDBStore, actor: Actor, name: str, role: Role, *, by_directory: bool = False
) -> dict[str, str]:
    """Add an account; one with a password here answers with it, shown once.

    Raises:
        InputError: ``USER_NAME``, ``USER_EXISTS``.
    """
    if by_directory:
        person = store.people.add_of_directory(actor, name, role)
        return {"name": person.name, "role": person.role.value, "source": person.source.value}
    password = passwords.one_time()
    person = store.people.add(actor, name, role, passwords.hashed(password))
    return {"name": person.name, "role": person.role.value, "password": password}


def listed(store: DuckDBStore) -> list[dict[str, Any]]:
    """Every account and its state, without anything secret."""
    now = utc_now()
    return [
        {
            "name": p.name,
            "role": p.role.value,
            "source": p.source.value,
            "must_change": p.must_change,
            "locked": p.is_locked(now),
            "disabled": p.disabled_at is not None,
        }
        for p in store.people.all()
    ]


def change(
    store: DuckDBStore, actor: Actor, what: Change, name: str, role: Role | None = None
) -> dict[str, str]:
    """Change an account; a reset answers with the one-time password, which is shown once.

    Raises:
        InputError: ``USER_UNKNOWN``; ``ROLE_UNKNOWN`` without a role to change to.
        PolicyError: ``ACCOUNT_OWN``, ``ACCOUNT_LAST_ADMINISTRATOR``;
            ``PASSWORD_IN_DIRECTORY``, ``ROLE_BY_GROUPS``.
    """
    answer = {"name": name, "done": what}
    if what == "reset":
        password = passwords.one_time()
        store.accounts.reset_password(actor, name, passwords.hashed(password))
        answer["password"] = password
    elif what == "disable":
        store.accounts.disable(actor, name)
    elif what == "enable":
        store.accounts.enable(actor, name)
    elif role is None:
        raise InputError(
            "ROLE_UNKNOWN",
            ja=f"役割は {', '.join(Role)} のどれかです。",
            en=f"A role is one of {', '.join(Role)}.",
        )
    else:
        store.accounts.change_role(actor, name, role)
        answer["role"] = role.value
    return answer
