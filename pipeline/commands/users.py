"""``uketsuke users``: accounts of the desk, through the desk that runs or by opening its store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.desk_or_store import by_desk_or_store

if TYPE_CHECKING:
    from pipeline.desk.accounts import Change
    from pipeline.settings import Settings
    from pipeline.store.duckdb_store import DuckDBStore

users_app = typer.Typer(help="受付デスクの利用者 / Accounts of the desk.", no_args_is_help=True)


@users_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="利用者名(半角英数字) / user name")],
    role: Annotated[
        str,
        typer.Option(help="operator | reviewer | supervisor | analyst | auditor | administrator"),
    ],
    by_directory: Annotated[
        bool,
        typer.Option(
            "--directory", help="本人確認は庁内のディレクトリで / proven by the office's directory"
        ),
    ] = False,
) -> None:
    """利用者を追加し、初回用パスワードを表示します / Add an account, show its one-time password."""
    from pipeline import settings

    account = _add(settings.current(), name, _role(role), by_directory)
    if not by_directory:
        _say_once()
    typer.echo(json.dumps(account))


@users_app.command("disable")
def disable(name: Annotated[str, typer.Argument(help="利用者名 / user name")]) -> None:
    """利用を止め、ログイン中なら直ちに終わらせます / Keep somebody out, from this moment on."""
    _change("disable", name)


@users_app.command("enable")
def enable(name: Annotated[str, typer.Argument(help="利用者名 / user name")]) -> None:
    """止めた利用者を再び使えるようにします / Let a disabled account in again."""
    _change("enable", name)


@users_app.command("reset")
def reset(name: Annotated[str, typer.Argument(help="利用者名 / user name")]) -> None:
    """初回用パスワードを出し直します / Give an account a new one-time password, shown once."""
    _say_once()
    _change("reset", name)


@users_app.command("role")
def change_role(
    name: Annotated[str, typer.Argument(help="利用者名 / user name")],
    role: Annotated[
        str,
        typer.Option(help="operator | reviewer | supervisor | analyst | auditor | administrator"),
    ],
) -> None:
    """役割を変え、ログイン中なら終わらせます / Give an account another role; ends its log-ins."""
    _change("role", name, _role(role))


@users_app.command("directory")
def try_directory(name: Annotated[str, typer.Argument(help="利用者名 / user name")]) -> None:
    """ディレクトリの設定を、一人を探して確かめます / Try the directory: find one person in it."""
    from pipeline import settings
    from pipeline.desk.directory import Directory
    from pipeline.desk.directory.faults import switched_off

    directory = Directory.of(settings.current())
    if directory is None:
        raise switched_off()
    entry = directory.find(name)
    found = {"found": entry is not None, "roles": [r.value for r in entry.roles] if entry else []}
    typer.echo(json.dumps(found))


@users_app.command("list")
def list_all() -> None:
    """利用者の一覧 / All accounts."""
    from pipeline import settings

    typer.echo(json.dumps({"users": _all(settings.current())}))


def _role(role: str) -> str:
    from pipeline.domain.errors import InputError
    from pipeline.domain.roles import Role

    if role not in set(Role):
        raise InputError(
            "ROLE_UNKNOWN",
            ja=f"役割は {', '.join(Role)} のどれかです。",
            en=f"A role is one of {', '.join(Role)}.",
        )
    return role


def _say_once() -> None:
    typer.echo(
        "初回用パスワードは一度だけ表示します。初回ログイン時に変更します。 / "
        "The one-time password is shown only now; it is changed at the first log-in.",
        err=True,
    )


def _change(what: Change, name: str, role: str | None = None) -> None:
    from pipeline import settings
    from pipeline.desk import accounts
    from pipeline.domain.roles import Role
    from pipeline.store.auditing.audit import SYSTEM

    def directly(store: DuckDBStore) -> dict[str, Any]:
        return dict(accounts.change(store, SYSTEM, what, name, Role(role) if role else None))

    answer = by_desk_or_store(
        settings.current(), lambda desk: desk.change_user(what, name, role), directly
    )
    typer.echo(json.dumps(answer))


def _add(settings: Settings, name: str, role: str, by_directory: bool) -> dict[str, Any]:
    from pipeline.desk import accounts
    from pipeline.domain.roles import Role
    from pipeline.store.auditing.audit import SYSTEM

    def directly(store: DuckDBStore) -> dict[str, Any]:
        return dict(accounts.add(store, SYSTEM, name, Role(role), by_directory=by_directory))

    return by_desk_or_store(
        settings, lambda desk: desk.add_user(name, role, by_directory=by_directory), directly
    )


def _all(settings: Settings) -> list[dict[str, Any]]:
    from pipeline.desk import accounts

    return by_desk_or_store(settings, lambda desk: desk.users(), accounts.listed)
