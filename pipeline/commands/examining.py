"""``uketsuke examine``: look at files without a store, one JSON object per document."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.domain.documents import Channel


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
    from pipeline.cli import show_error
    from pipeline.domain.errors import InputError
    from pipeline.examine.document import examine_file
    from pipeline.examine.engine import Engine
    from pipeline.examine.report import quarantined_json, to_json
    from pipeline.settings import current

    settings = current()
    if forms is not None:
        settings = settings.model_copy(update={"forms": forms})
    engine = Engine(settings)
    worst = 0
    for file in files:
        try:
            for document in examine_file(
                engine, file, channel or settings.default_channel, name=file.name
            ):
                result = to_json(document.examination, reveal=reveal)
                if as_json:
                    print(json.dumps(result, ensure_ascii=False), flush=True)
                else:
                    _print_summary(result)
        except InputError as error:
            # One bad file must not hide the others; it is told on both channels.
            worst = max(worst, error.exit_code)
            show_error(error)
            if as_json:
                print(
                    json.dumps(quarantined_json(file.name, error), ensure_ascii=False), flush=True
                )
    if worst:
        sys.exit(worst)


def _print_summary(result: dict[str, object]) -> None:
    print(f"{result['file']} p.{result['page']}  {result['form']}  → {result['route']}")
    findings = result["findings"]
    assert isinstance(findings, list)
    for finding in findings:
        place = finding["field"] or ""
        if finding["position"] is not None:
            place += f"[{finding['position'] + 1}]"
        print(f"  {finding['code']} {place}: {finding['message_ja']} / {finding['message_en']}")
