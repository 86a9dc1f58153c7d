"""One change of an account, as the desk's page, the service and the command line ask for it."""

from __future__ import annotations

from typing import Literal

from pipeline.desk import passwords
from pipeline.domain.errors import InputError
from pipeline.store.auditing.audit import Actor
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.staff.people import Role

Change = Literal["disable", "enable", "reset", "role"]


def change(
    store: DuckDBStore, actor: Actor, what: Change, name: str, role: Role | None = None
) -> dict[str, str]:
    """Change an account; a reset answers with the one-time password, which is shown once.

    Raises:
        InputError: ``USER_UNKNOWN``; ``ROLE_UNKNOWN`` without a role to change to.
        PolicyError: ``ACCOUNT_OWN``, ``ACCOUNT_LAST_ADMINISTRATOR``.
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
