"""``uketsuke audit``: check the record, take its seal away, read its reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.desk_or_store import by_desk_or_store

if TYPE_CHECKING:
    from pipeline.store.duckdb_store import DuckDBStore

audit_app = typer.Typer(
    help="監査記録の検証・封印・報告 / Verify, seal and report the audit.", no_args_is_help=True
)
JsonOption = Annotated[bool, typer.Option("--json", help="JSON で / As JSON.")]
_FAULTS = {
    "chain_broken": ("連鎖が切れています", "the chain is broken"),
    "tail_cut": ("末尾の行が切り取られています", "rows were cut off the end"),
    "row_replaced": ("行が差し替えられています", "a row was replaced"),
    "seal_altered": ("封印が改変されています", "a seal was altered"),
    "seal_removed": ("封印が抜かれています", "a seal was removed"),
}


@audit_app.command("verify")
def verify(
    seal: Annotated[
        list[Path] | None,
        typer.Option(
            "--seal",
            help="別に保管した封印 / A seal that was kept elsewhere; repeatable.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """監査記録の改変・抜き取りを調べます / Check that nothing was changed or cut."""
    from dataclasses import asdict

    from pipeline import settings
    from pipeline.store.auditing.audit_seals import AuditSeal, read_seal

    exported = [asdict(read_seal(path)) for path in seal or ()]

    def directly(store: DuckDBStore) -> dict[str, Any]:
        found = store.audit_seals.verify(tuple(AuditSeal(**facts) for facts in exported))
        return {
            "rows": found.rows,
            "seals": found.seals,
            "faults": [{"fault": str(kind), "where": where} for kind, where in found.faults],
        }

    found = by_desk_or_store(settings.current(), lambda desk: desk.verify_audit(exported), directly)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        typer.echo(f"{found['rows']} 行 / rows, {found['seals']} 個の封印 / seals")
        for fault in found["faults"]:
            ja, en = _FAULTS[fault["fault"]]
            typer.echo(f"✗ {ja}: {fault['where']} / {en}: {fault['where']}")
        if not found["faults"]:
            typer.echo("✓ 改変・抜き取りはありません。 / Nothing was changed or taken out.")
    if found["faults"]:
        raise typer.Exit(3)


@audit_app.command("seal")
def seal_now(
    out: Annotated[Path, typer.Option("--out", help="書き出すファイル / File to write.")],
) -> None:
    """今日までの監査記録の封印を書き出します / Write out the seal of the audit up to now."""
    from dataclasses import asdict

    from pipeline import settings
    from pipeline.domain.errors import not_writable

    made = by_desk_or_store(
        settings.current(),
        lambda desk: desk.audit_seal(),
        lambda store: asdict(store.audit_seals.renew()),
    )
    try:
        out.write_text(json.dumps(made) + "\n", encoding="utf-8")
    except OSError:
        raise not_writable(out) from None
    typer.echo(
        "封印を書き出しました。この機械とは別の場所に保管してください。 / "
        "Seal written. Keep it somewhere else than this machine.",
        err=True,
    )
    typer.echo(json.dumps({"day": made["day"], "rows": made["seq"], "file": out.name}))


@audit_app.command("report")
def show_report(
    days: Annotated[int, typer.Option(min=1, max=3660, help="日数 / Days, today included.")] = 31,
    as_json: JsonOption = False,
) -> None:
    """閲覧・書き出し・廃棄の報告 / Access by person, odd days, exports, deletions."""
    from pipeline import settings

    found = by_desk_or_store(
        settings.current(),
        lambda desk: desk.audit_report(days),
        lambda store: store.audit_report(days).as_dict(),
    )
    if as_json:
        typer.echo(json.dumps(found))
        return
    _show(found)


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    titles = {
        "access": "人ごとの閲覧 / access by person",
        "unusual": "普段と違う日 / unusual days",
        "exports": "書き出し / exports",
        "deletions": "廃棄 / deletions",
    }
    for name, title in titles.items():
        rows = found[name]
        if not rows:
            console.print(f"{title}: なし / none")
            continue
        table = Table(title=title, title_justify="left")
        for column in rows[0]:
            table.add_column(column)
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        console.print(table)
