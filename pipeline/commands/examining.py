"""``uketsuke examine``: look at files without a store, one JSON object per document."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.showing import show_error
from pipeline.domain.documents import Channel

if TYPE_CHECKING:
    from pipeline.examine.pool import ExaminationPool, FileResult


def examine(
    files: Annotated[list[Path], typer.Argument(help="スキャン (PDF, TIFF, JPEG, PNG) / scans")],
    channel: Annotated[Channel | None, typer.Option(help="郵送か窓口か / how they came in")] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="値を伏せない / show values unmasked")
    ] = False,
    forms: Annotated[
        Path | None, typer.Option(help="独自の様式のフォルダ / a folder of own forms")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON を1行ずつ / one JSON object per line")
    ] = False,
) -> None:
    """ファイルを検査して結果だけを表示します(保存しません)。 / Examine files, keep nothing."""
    from pipeline.examine.pool import ExaminationPool
    from pipeline.settings import current

    settings = current()
    if forms is not None:
        settings = settings.model_copy(update={"forms": forms})
    entered = channel or settings.default_channel
    worst = 0
    with ExaminationPool(settings, min(settings.worker_count, len(files))) as pool:
        for file, result in _in_order(pool, files, entered):
            worst = max(worst, _show(file, result, reveal=reveal, as_json=as_json))
    if worst:
        sys.exit(worst)


def _in_order(
    pool: ExaminationPool, files: list[Path], channel: Channel
) -> Iterator[tuple[Path, FileResult]]:
    """Results in the order in which the files were named, each as soon as it can be."""
    from pipeline.examine.pool import FileToExamine

    waiting: dict[str, FileResult] = {}
    due = 0
    tasks = [FileToExamine(str(i), file, channel) for i, file in enumerate(files)]
    with _progress(len(files)) as advance:
        for result in pool.examine(tasks):
            advance()
            waiting[result.scan_id] = result
            while str(due) in waiting:
                yield files[due], waiting.pop(str(due))
                due += 1


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on stderr where a person is watching."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("検査 / examining", total=total)
        yield lambda: bar.advance(task)


def _show(file: Path, result: FileResult, *, reveal: bool, as_json: bool) -> int:
    """Print what came of one file; returns its share of the exit code."""
    from pipeline.examine.report import quarantined_json, to_json

    for document in result.documents:
        shown = to_json(dataclasses.replace(document.examination, file=file.name), reveal=reveal)
        if as_json:
            print(json.dumps(shown, ensure_ascii=False), flush=True)
        else:
            _print_summary(shown)
    if result.error is None:
        return 0
    # One bad file must not hide the others; it is told on both channels.
    show_error(result.error)
    if as_json:
        print(json.dumps(quarantined_json(file.name, result.error), ensure_ascii=False), flush=True)
    return result.error.exit_code


def _print_summary(result: dict[str, object]) -> None:
    print(f"{result['file']} p.{result['page']}  {result['form']}  → {result['route']}")
    findings = result["findings"]
    assert isinstance(findings, list)
    for finding in findings:
        place = finding["field"] or ""
        if finding["position"] is not None:
            place += f"[{finding['position'] + 1}]"
        print(f"  {finding['code']} {place}: {finding['message_ja']} / {finding['message_en']}")
        for ja, en in zip(finding["detail_ja"], finding["detail_en"], strict=True):
            print(f"    {ja} / {en}")
        if "nearest_form" in finding["evidence"]:
            nearest = finding["evidence"]["nearest_form"]
            print(f"    最も近い様式 / nearest form: {nearest}")
