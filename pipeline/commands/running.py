"""``uketsuke run`` and ``uketsuke serve``: the whole system, once and for good."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.statistics import export, stats

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.commands.children import Children
    from pipeline.settings import Settings
    from pipeline.store.arrivals.summaries import BatchSummary

__all__ = ["export", "run", "serve", "stats"]

FIRST_USER = "admin"
POLL_S = 0.2


def run(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="スキャンのファイルかフォルダー。なければ受信箱にあるもの / "
            "Files or folders with scans; what is in the inbox when left out.",
            show_default=False,
        ),
    ] = None,
    as_json: bool = typer.Option(False, "--json", help="結果を JSON で / The result as JSON."),
    expect: Annotated[
        int | None, typer.Option(help="数えた書類の件数 / How many documents you counted.")
    ] = None,
) -> None:
    """スキャンを処理して結果を表示し、終わります / Process scans, show the result and end."""
    from rich.console import Console

    from pipeline import settings as of_the_office
    from pipeline.commands import dagster_home, inbox_filling, sample_home, services
    from pipeline.commands.children import Children, ending_on_signals
    from pipeline.intake import expectations

    os.umask(0o077)  # scans, crops and logs are for this account only; children inherit it
    settings, told = of_the_office.current(), Console(stderr=True, highlight=False, soft_wrap=True)
    given = list(paths or [])
    services.require_keys(settings)
    with (
        ending_on_signals(),
        Children(settings.logs, dagster_home.environment(settings)) as children,
    ):
        desk = services.running_desk(settings)
        if sample_home.prepare(settings, given, desk_runs=desk is not None):
            told.print("前回の見本を片付けました / Cleared the samples of the run before.")
        dagster_home.prepare(settings)
        at_once = given and inbox_filling.is_empty(settings)
        if given:
            inbox_filling.wait_until_whole(given, settings.settle_seconds)
        if expect is not None:
            expectations.expect(settings, expect)
        if given:
            count = inbox_filling.put(settings, given)
            told.print(f"受信箱に {count} 件 / {count} files in the inbox: {settings.inbox}")
        if desk is None:
            services.start_desk(settings, children, port=0)  # only the run speaks to it
        if at_once:
            # Only whole files of ours are there: no need to wait for somebody's copying.
            settings = settings.model_copy(update={"settle_seconds": 0.0})
        elif given:
            time.sleep(settings.settle_seconds)
        summaries = _run_batches(settings, children, told)
    _conclude(settings, summaries, as_json=as_json, desk_stays=desk is not None)


def serve() -> None:
    """受付デスクと Dagster を動かし続けます / Keep the desk and Dagster running."""
    from rich.console import Console

    from pipeline import settings as of_the_office
    from pipeline.commands import dagster_home, services
    from pipeline.commands.children import Children, ending_on_signals

    os.umask(0o077)  # scans, crops and logs are for this account only; children inherit it
    settings, told = of_the_office.current(), Console(stderr=True, highlight=False, soft_wrap=True)
    services.require_keys(settings)
    services.require_no_desk(settings)
    services.require_port(settings.desk_host, settings.desk_port, "UKETSUKE_DESK_PORT")
    services.require_port("127.0.0.1", settings.dagster_port, "UKETSUKE_DAGSTER_PORT")
    for folder in (settings.inbox / "mail", settings.inbox / "counter"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        ending_on_signals(),
        Children(settings.logs, dagster_home.environment(settings)) as children,
    ):
        with told.status("起動しています / starting"):
            desk = services.start_desk(settings, children, port=settings.desk_port)
            services.start_dagster(settings, children)
        told.print(f"受付デスク / desk     http://{settings.desk_host}:{settings.desk_port}/")
        told.print(f"Dagster               http://127.0.0.1:{settings.dagster_port}/")
        told.print(f"受信箱 / inbox         {settings.inbox}/mail  {settings.inbox}/counter")
        if not desk.users():
            account = desk.add_user(FIRST_USER, "administrator")
            told.print(
                "\n最初の利用者（一度だけ表示します。初回に変更してください）/ "
                "first user (shown once; change it at the first log-in)\n"
                f"  [bold]{account['name']}[/]  [bold]{account['password']}[/]"
            )
        told.print("\nCtrl-C で終了 / Ctrl-C to stop", style="dim")
        try:
            _watch(children)
        except (KeyboardInterrupt, SystemExit):
            _stop_all(settings, children)
            raise


def _stop_all(settings: Settings, children: Children) -> None:
    """End everything and note that no file crashed: somebody wanted it to end."""
    from pipeline.intake.batches import note_stop, pending_batches

    children.stop()
    for batch_id in pending_batches(settings):
        note_stop(settings, batch_id)


def _watch(children: Children) -> None:
    from pipeline.domain.errors import DefectError

    while (ended := children.ended()) is None:
        time.sleep(1.0)
    raise DefectError(
        "PROCESS_ENDED",
        ja=f"{ended.name} が止まりました。",
        en=f"{ended.name} has stopped.",
        remedy_ja=f"記録を見てください: {ended.log}",
        remedy_en=f"See its log: {ended.log}",
    )


def _run_batches(settings: Settings, children: Children, told: Console) -> list[BatchSummary]:
    """Run what is unfinished, then what is in the inbox, a batch at a time."""
    from pipeline.examine import batch_lock
    from pipeline.intake.batches import claim_batch, pending_batches

    summaries = [
        _run_batch(settings, children, told, batch_id)
        for batch_id in pending_batches(settings)
        if not batch_lock.is_held(settings.work / batch_id)  # else the daemon is at it
    ]
    while (batch_id := claim_batch(settings)) is not None:
        summaries.append(_run_batch(settings, children, told, batch_id))
    return summaries


def _run_batch(
    settings: Settings, children: Children, told: Console, batch_id: str
) -> BatchSummary:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from pipeline.domain.errors import DefectError
    from pipeline.examine import progress
    from pipeline.store.arrivals import summaries

    child = children.start("dagster-run", "assets.run_batch", batch_id)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        _forgiving(settings, children, batch_id),
        Bar(*columns, TimeElapsedColumn(), console=told) as bar,
    ):
        task = bar.add_task("準備 / starting", total=None)
        while child.running:
            seen = progress.read(settings.work / batch_id)
            if seen.files:
                bar.update(
                    task,
                    total=seen.files,
                    completed=seen.files_done,
                    description=f"{_STAGES.get(seen.stage, seen.stage)}",
                )
            time.sleep(POLL_S)
    summary = summaries.read(settings.batches, batch_id)
    if child.process.returncode != 0 or summary is None:
        why = progress.read(settings.work / batch_id).failure
        if why:
            told.print(why, style="red", markup=False)
        raise DefectError(
            "RUN_FAILED",
            ja=f"バッチ {batch_id} の処理が終わりませんでした。ファイルは保管されています。",
            en=f"The run of batch {batch_id} did not finish. Its files are kept.",
            remedy_ja=f"記録（{child.log}）を確かめ、`uketsuke run` で続けてください。",
            remedy_en=f"See its log ({child.log}), then go on with `uketsuke run`.",
        )
    return summary


@contextmanager
def _forgiving(settings: Settings, children: Children, batch_id: str) -> Iterator[None]:
    """Where a person stops the run, end it, and count nothing against the files it had open."""
    from pipeline.intake.batches import note_stop

    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        children.stop()
        note_stop(settings, batch_id)
        raise


_STAGES = {
    "claimed_batch": "受領 / claiming",
    "pages": "確認 / checking files",
    "examined_documents": "読み取り / examining",
    "loaded_documents": "登録 / loading",
    "published_statistics": "統計 / publishing",
}


def _conclude(
    settings: Settings, summaries: list[BatchSummary], *, as_json: bool, desk_stays: bool
) -> None:
    from rich.console import Console

    from pipeline.commands.batch_report import show
    from pipeline.domain.errors import DefectError
    from pipeline.store.arrivals.reconciliation import reconcile

    if as_json:
        told = [
            {**asdict(s), "counts": [asdict(c) for c in reconcile(settings, s)]} for s in summaries
        ]
        typer.echo(json.dumps(told))
    else:
        out = Console(highlight=False, soft_wrap=True)
        for summary in summaries:
            show(out, summary, reconcile(settings, summary))
        if not summaries:
            out.print("受信箱に処理するファイルはありません / there is nothing to do in the inbox")
            out.print(f"  {settings.inbox}")
        address = f"http://{settings.desk_host}:{settings.desk_port}/"
        how = address if desk_stays else f"make serve  →  {address}"
        out.print(f"\n続き（確認と統計）/ go on: review and statistics\n  {how}")
    if any(not s.balanced for s in summaries):
        raise DefectError(
            "FILES_UNACCOUNTED",
            ja="入ったファイルと出たファイルの数が合いません。",
            en="The counts of files in and out do not agree.",
            remedy_ja="管理者に知らせてください。原本は保管されています。",
            remedy_en="Tell your administrator. The originals are kept.",
        )
