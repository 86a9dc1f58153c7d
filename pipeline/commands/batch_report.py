"""The table at the end of a run: what became of the files, for a mailroom operator."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.domain.documents import Route
from pipeline.domain.finding_messages import message
from pipeline.domain.findings import FindingCode
from pipeline.store.summaries import BatchSummary, FindingExample

_ROUTES = (
    (Route.ACCEPT, "受理（機械のみ）", "accepted by machine", "green"),
    (Route.CONFIRM, "人が確認", "to confirm", "yellow"),
    (Route.KEY, "人が入力", "to key", "yellow"),
    (Route.RETURN, "返戻（不備）", "to return", "magenta"),
    (Route.REFUSE, "受付不可", "refused", "red"),
    (Route.QUARANTINE, "用紙不明・白紙", "no known form, or blank", "red"),
)


def show(console: Console, summary: BatchSummary) -> None:
    """Print the table, why files were set aside, and a few findings without values."""
    table = Table(
        title=f"受付結果 / Result   バッチ / batch {summary.batch_id}",
        title_justify="left",
        show_header=False,
    )
    table.add_column("", no_wrap=True)
    table.add_column("", style="dim")
    table.add_column("件数 / count", justify="right")
    table.add_row("受け取ったファイル", "files in", str(summary.files_in), style="bold")
    table.add_row("  読み取り済み", "  loaded", str(summary.loaded))
    table.add_row("  重複", "  duplicates", str(summary.duplicates))
    table.add_row("  隔離（開けない）", "  quarantined", str(summary.quarantined))
    table.add_row("出たファイル", "files out", str(summary.files_out), end_section=True)
    table.add_row("書類", "documents", str(summary.documents), style="bold")
    for route, ja, en, style in _ROUTES:
        count = summary.route(route)
        table.add_row(f"  {ja}", f"  {en}", str(count), style=style if count else None)
    console.print(table)
    files_in, files_out = summary.files_in, summary.files_out
    if summary.balanced:
        console.print(
            f"[green]✓[/] 入 {files_in} ＝ 出 {files_out}。失われたものはありません。"
            f" / In {files_in} = out {files_out}: nothing was lost."
        )
    else:
        console.print(
            f"[bold red]✗ 入 {files_in} ≠ 出 {files_out}。管理者に知らせてください。"
            f" / In {files_in} ≠ out {files_out}: tell your administrator."
        )
    if summary.pages and summary.seconds:
        pace = summary.pages / summary.seconds
        console.print(
            f"  {summary.pages} ページ / pages, {summary.seconds:.1f} s, {pace:.2f} pages/s",
            style="dim",
        )
    if summary.reasons:
        console.print("\n隔離の理由 / why files were quarantined")
        for code, count in sorted(summary.reasons.items()):
            console.print(f"  {count} × {escape(code)}")
    if summary.examples:
        console.print("\n見つかったことの例（値は示しません）/ example findings, without values")
        for example in summary.examples:
            _show_example(console, example)


def _show_example(console: Console, example: FindingExample) -> None:
    words = message(FindingCode(example.code))
    place = example.field or example.form or "-"
    if example.position is not None:
        place += f" #{example.position + 1}"
    console.print(
        f"  [bold]{escape(example.code)}[/] [dim]{escape(place)} · {example.document[:8]} "
        f"p.{example.page} → {example.route}[/]"
    )
    console.print(f"    {escape(words.ja)}\n    [dim]{escape(words.en)}[/]")
