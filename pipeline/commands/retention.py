"""``uketsuke purge`` and ``uketsuke holds``: the end of data, and what must not end yet."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.desk_or_store import by_desk_or_store

if TYPE_CHECKING:
    from pipeline.store.client import DeskClient
    from pipeline.store.duckdb_store import DuckDBStore

holds_app = typer.Typer(
    help="廃棄の保留 / Legal holds: documents that must not be destroyed.", no_args_is_help=True
)
DocumentArgument = Annotated[str, typer.Argument(help="書類の番号 / Number of the document.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON で / As JSON.")]
_CLASSES = {
    "pin": "暗証番号 / PINs",
    "image": "画像 / pictures",
    "text": "読み取り文字 / characters",
    "number": "番号 / numbers",
    "person": "人の情報 / person",
}


def purge(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="数えるだけ / Only count what is due.")
    ] = False,
    date: Annotated[
        dt.datetime | None,
        typer.Option(
            "--date",
            formats=["%Y-%m-%d"],
            help="今日の日付（時計の確認）/ Today's date, where the clock has to be confirmed.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """保存期限が過ぎたデータを廃棄します / Destroy what its retention has ended for."""
    from pipeline import settings

    known = settings.current()
    day = date.date() if date else None

    def through_desk(desk: DeskClient) -> dict[str, Any]:
        return desk.purge(dry_run=dry_run, confirmed_day=day.isoformat() if day else None)

    def directly(store: DuckDBStore) -> dict[str, Any]:
        from pipeline.store.auditing.audit import SYSTEM

        run = store.purging(known).run(SYSTEM, dry_run=dry_run, confirmed_day=day)
        return run.as_dict()

    report = by_desk_or_store(known, through_desk, directly)
    if as_json:
        typer.echo(json.dumps(report))
        return
    _show(report)


def _show(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    planned = report["run"] is None
    title = "廃棄の予定 / due" if planned else "廃棄しました / destroyed"
    table = Table(title=f"{title}  {report['today']}")
    for heading in (
        "種類\nclass",
        "規則\nrule",
        "書類\ndocuments",
        "値\nvalues",
        "ファイル\nfiles",
        "保留\non hold",
        "未決定\nundecided",
    ):
        table.add_column(heading)
    for end in report["classes"]:
        table.add_row(
            _CLASSES[end["data_class"]],
            end["rule"],
            str(end["documents"]),
            str(end["stored_values"]),
            "…" if planned else str(end["files"]),
            str(end["held"]),
            str(end["undecided"]),
        )
    console.print(table)
    for key in report["keys"]:
        console.print(f"  鍵を廃棄 / key destroyed: {_CLASSES[key['data_class']]} {key['period']}")
    if planned:
        console.print("まだ何も廃棄していません。 / Nothing was destroyed yet.")


@holds_app.command("set")
def set_hold(
    document: DocumentArgument,
    reason: Annotated[
        str, typer.Option(help="理由の記号・文書番号 / A code or file number, not a text.")
    ],
) -> None:
    """書類の廃棄を保留します / Keep a document from being destroyed."""
    _change(document, reason)


@holds_app.command("lift")
def lift_hold(document: DocumentArgument) -> None:
    """保留を解きます / Lift the hold."""
    _change(document, None)


@holds_app.command("list")
def list_holds() -> None:
    """保留の一覧 / Every hold there ever was."""
    from pipeline import settings

    found = by_desk_or_store(
        settings.current(),
        lambda desk: desk.holds(),
        lambda store: [hold.as_dict() for hold in store.holds.all()],
    )
    typer.echo(json.dumps({"holds": found}))


def _change(document: str, reason: str | None) -> None:
    from pipeline import settings

    def directly(store: DuckDBStore) -> bool:
        from pipeline.store.auditing.audit import SYSTEM

        if reason is None:
            return store.holds.lift(SYSTEM, document)
        return store.holds.set(SYSTEM, document, reason)

    changed = by_desk_or_store(
        settings.current(), lambda desk: desk.hold(document, reason), directly
    )
    typer.echo(json.dumps({"changed": changed}))
