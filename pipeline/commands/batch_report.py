"""The table at the end of a run: what became of the files, for a mailroom operator."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.domain.documents import Route
from pipeline.domain.finding_messages import message
from pipeline.domain.findings import FindingCode
from pipeline.intake.expectations import Unit
from pipeline.store.arrivals.reconciliation import Reconciled
from pipeline.store.arrivals.summaries import BatchSummary, FindingExample

_UNITS = {Unit.DOCUMENTS: ("件", "documents"), Unit.FILES: ("ファイル", "files")}
_ROUTES = (
    (Route.ACCEPT, "受理（機械のみ）", "accepted by machine", "green"),
    (Route.CONFIRM, "人が確認", "to confirm", "yellow"),
    (Route.KEY, "人が入力", "to key", "yellow"),
    (Route.RETURN, "返戻（不備）", "to return", "magenta"),
    (Route.REFUSE, "受付不可", "refused", "red"),
    (Route.QUARANTINE, "用紙不明・白紙", "no known form, or blank", "red"),
)


def show(console: Console, summary: BatchSummary, counts: Sequence[Reconciled] = ()) -> None:
    """Print the table, why files were set aside, and a few findings without values.

    Args:
        console: Where to.
        summary: The batch.
        counts: What people counted, beside what came in.
    """
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
    for label_ja, label_en, pages in (
        ("仕切り紙", "separator sheets", summary.separators),
        ("白紙の裏面", "blank backs", summary.blank_backs),
        ("書類に含めたページ", "pages taken with a document", summary.attached),
    ):
        if pages:
            table.add_row(f"  {label_ja}", f"  {label_en}", str(pages))
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
    _show_counts(console, summary, counts)
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


def _show_counts(console: Console, summary: BatchSummary, counts: Sequence[Reconciled]) -> None:
    for one in counts:
        unit = _UNITS[one.unit]
        place = f" ({one.channel.value})" if one.channel else ""
        if one.expected is None:
            console.print(
                f"[yellow]![/] 数えた件数{place}を読めません。 / The count{place} cannot be read."
            )
        elif one.agrees:
            console.print(
                f"[green]✓[/] 数えた {one.expected} {unit[0]}{place} ＝ 入った {one.found}。"
                f" / Counted {one.expected} {unit[1]}{place} = in {one.found}."
            )
        else:
            console.print(
                f"[bold yellow]! 数えた {one.expected} {unit[0]}{place} ≠ 入った {one.found}"
                f"（差 {one.difference:+d}）。紙の束を確かめてください。"
                f" / Counted {one.expected} {unit[1]}{place} ≠ in {one.found} "
                f"({one.difference:+d}): check the stack."
            )
    if summary.unreconciled:
        console.print(
            f"[bold yellow]! 件数の合わない仕切り紙 {summary.unreconciled} 枚。"
            f" / {summary.unreconciled} separator sheets whose count is not what followed."
        )


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
