"""``uketsuke quarantine``: files that were set aside, and the two ways out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.desk_or_store import by_desk_or_store

if TYPE_CHECKING:
    from pipeline.store.duckdb_store import DuckDBStore

quarantine_app = typer.Typer(
    help="隔離したファイル / Files that were set aside.", no_args_is_help=True
)
FileArgument = Annotated[
    str, typer.Argument(help="バッチ:位置 / batch:position, as the list has it.")
]


@quarantine_app.command("list")
def list_waiting() -> None:
    """隔離され、まだ終わっていないファイル / Files in quarantine that wait."""
    from pipeline import settings

    known = settings.current()
    found = by_desk_or_store(
        known,
        lambda desk: desk.quarantined(),
        lambda store: [held.as_dict() for held in store.releases(known).waiting()],
    )
    typer.echo(json.dumps({"files": found}))


@quarantine_app.command("release")
def release(file: FileArgument) -> None:
    """受信箱に戻し、もう一度読み取ります / Give a file to the inbox again."""
    from pipeline import settings

    known = settings.current()

    def directly(store: DuckDBStore) -> dict[str, Any]:
        from pipeline.store.auditing.audit import SYSTEM

        store.releases(known).release(SYSTEM, file)
        return {"file": file, "done": "release"}

    done = by_desk_or_store(known, lambda desk: desk.end_quarantine("release", file), directly)
    typer.echo(json.dumps(done))


@quarantine_app.command("discard")
def discard(
    file: FileArgument,
    reason: Annotated[
        str,
        typer.Option(help="not_ours | nothing_on_it | test_scan | came_otherwise | paper_returned"),
    ],
) -> None:
    """理由を残して終わりにします / Let go of a file, with a reason."""
    from pipeline import settings
    from pipeline.domain.errors import InputError
    from pipeline.store.arrivals.releases import DiscardReason

    if reason not in set(DiscardReason):
        raise InputError(
            "REASON_UNKNOWN",
            ja=f"理由は {', '.join(DiscardReason)} のどれかです。",
            en=f"A reason is one of {', '.join(DiscardReason)}.",
        )
    known = settings.current()

    def directly(store: DuckDBStore) -> dict[str, Any]:
        from pipeline.store.auditing.audit import SYSTEM

        store.releases(known).discard(SYSTEM, file, DiscardReason(reason))
        return {"file": file, "done": "discard"}

    done = by_desk_or_store(
        known, lambda desk: desk.end_quarantine("discard", file, reason), directly
    )
    typer.echo(json.dumps(done))
