"""Starting the desk and Dagster as processes of a command."""

from __future__ import annotations

import socket

from pipeline.commands import dagster_home
from pipeline.commands.children import Child, Children, wait_until
from pipeline.domain.errors import DefectError, InputError, UketsukeError
from pipeline.settings import REPOSITORY, Settings
from pipeline.store.client import DeskClient
from pipeline.vault import read_service_token

DESK_LIMIT_S = 60.0
DAGSTER_LIMIT_S = 180.0


def require_keys(settings: Settings) -> None:
    """Make sure that this home has keys.

    Raises:
        InputError: ``KEY_MISSING`` or ``KEY_PERMISSIONS``.
    """
    read_service_token(settings.keys)


def require_no_desk(settings: Settings) -> None:
    """Make sure that no other process serves this home.

    Raises:
        InputError: ``DESK_RUNS_ALREADY``.
    """
    if running_desk(settings) is not None:
        raise InputError(
            "DESK_RUNS_ALREADY",
            ja="受付デスクはすでに動いています。",
            en="The desk is running already.",
            remedy_ja="そのまま使うか、`make serve` を実行している画面で Ctrl-C を押してください。",
            remedy_en="Use it, or press Ctrl-C where `make serve` runs.",
        )


def running_desk(settings: Settings) -> DeskClient | None:
    """The desk of this home if one answers, or None."""
    try:
        client = DeskClient.of(settings)
        client.totals()  # not only alive: it must know our token, so it is this home's
    except UketsukeError as error:
        if error.code.startswith("KEY_"):
            raise
        return None
    return client


def start_desk(settings: Settings, children: Children, *, port: int) -> DeskClient:
    """Start the desk of this home and wait until it answers.

    Args:
        settings: Whose home it serves.
        children: The group that it ends with.
        port: Where it listens; 0 for any free port.

    Raises:
        DefectError: Where it does not start.
    """
    child = children.start("desk", "pipeline.desk", "--port", str(port))
    wait_until(lambda: running_desk(settings) is not None, child, DESK_LIMIT_S)
    client = running_desk(settings)
    if client is None:
        raise DefectError(
            "DESK_FAILED",
            ja="受付デスクが応答しません。",
            en="The desk does not answer.",
            remedy_ja=f"記録を見てください: {child.log}",
            remedy_en=f"See its log: {child.log}",
        )
    return client


def start_dagster(settings: Settings, children: Children) -> list[Child]:
    """Start Dagster's pages and its daemon; wait until the pages answer.

    Dagster has no log-in of its own, so its pages listen on this machine only.
    """
    dagster_home.prepare(settings)
    where = ("-m", dagster_home.DEFINITIONS, "-d", str(REPOSITORY))
    children.start("dagster-daemon", "dagster._daemon", "run", *where)
    pages = children.start(
        "dagster-webserver",
        "dagster_webserver",
        *where,
        "--host",
        "127.0.0.1",
        "--port",
        str(settings.dagster_port),
    )
    wait_until(lambda: answers("127.0.0.1", settings.dagster_port), pages, DAGSTER_LIMIT_S)
    return [pages]


def answers(host: str, port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0


def require_port(host: str, port: int, variable: str) -> None:
    """Make sure that a port is free.

    Raises:
        InputError: ``PORT_TAKEN``.
    """
    if answers(host, port):
        raise InputError(
            "PORT_TAKEN",
            ja=f"ポート {port} はほかのプログラムが使っています。",
            en=f"Port {port} is used by another program.",
            remedy_ja=f"それを止めるか、{variable} で別の番号を指定してください。",
            remedy_en=f"Stop it, or name another with {variable}.",
        )
