"""``uketsuke users``: accounts of the desk, through the desk that runs or by opening its store."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.settings import Settings
    from pipeline.store.client import DeskClient
    from pipeline.store.duckdb_store import DuckDBStore

STARTING_S = 20.0
Answer = TypeVar("Answer")

users_app = typer.Typer(help="受付デスクの利用者 / Accounts of the desk.", no_args_is_help=True)


@users_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="利用者名(半角英数字) / user name")],
    role: Annotated[
        str,
        typer.Option(help="operator | reviewer | supervisor | analyst | auditor | administrator"),
    ],
) -> None:
    """利用者を追加し、初回用パスワードを表示します / Add an account, show its one-time password."""
    from pipeline import settings
    from pipeline.domain.errors import InputError
    from pipeline.store.people import Role

    if role not in set(Role):
        raise InputError(
            "ROLE_UNKNOWN",
            ja=f"役割は {', '.join(Role)} のどれかです。",
            en=f"A role is one of {', '.join(Role)}.",
        )
    account = _add(settings.current(), name, Role(role))
    typer.echo(
        "初回用パスワードは一度だけ表示します。初回ログイン時に変更します。 / "
        "The one-time password is shown only now; it is changed at the first log-in.",
        err=True,
    )
    typer.echo(json.dumps(account))


@users_app.command("list")
def list_all() -> None:
    """利用者の一覧 / All accounts."""
    from pipeline import settings

    typer.echo(json.dumps({"users": _all(settings.current())}))


def _add(settings: Settings, name: str, role: str) -> dict[str, Any]:
    from pipeline.desk import passwords
    from pipeline.store.audit import SYSTEM
    from pipeline.store.people import Role

    def directly(store: DuckDBStore) -> dict[str, Any]:
        password = passwords.one_time()
        person = store.people.add(SYSTEM, name, Role(role), passwords.hashed(password))
        return {"name": person.name, "role": person.role.value, "password": password}

    return _by_desk_or_store(settings, lambda desk: desk.add_user(name, role), directly)


def _all(settings: Settings) -> list[dict[str, Any]]:
    from pipeline.store.clock import utc_now

    def directly(store: DuckDBStore) -> list[dict[str, Any]]:
        return [
            {
                "name": p.name,
                "role": p.role.value,
                "must_change": p.must_change,
                "locked": p.is_locked(utc_now()),
            }
            for p in store.people.all()
        ]

    return _by_desk_or_store(settings, lambda desk: desk.users(), directly)


def _by_desk_or_store(
    settings: Settings,
    by_desk: Callable[[DeskClient], Answer],
    by_store: Callable[[DuckDBStore], Answer],
) -> Answer:
    """Ask the desk that runs; where none runs, open its store. A desk may just be starting."""
    from pipeline.domain.errors import InputError
    from pipeline.store.client import DeskClient
    from pipeline.store.duckdb_store import DuckDBStore

    deadline = time.monotonic() + STARTING_S
    while True:
        try:
            with DeskClient.of(settings) as desk:
                return by_desk(desk)
        except InputError as error:
            if error.code != "DESK_NOT_RUNNING":
                raise
        try:
            store = DuckDBStore.of(settings)
        except InputError as error:
            if error.code != "STORE_IN_USE" or time.monotonic() > deadline:
                raise
            time.sleep(0.5)
            continue
        try:
            return by_store(store)
        finally:
            store.close()
