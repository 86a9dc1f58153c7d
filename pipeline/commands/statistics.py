"""``uketsuke stats`` and ``uketsuke export``: from the published snapshot, which holds no value."""

from __future__ import annotations

import json
import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

# The zone of the office; the snapshot's times are UTC.
_DAY = "cast(loaded_at + interval 9 hours as date)"
_BY_DAY = f"""
select cast({_DAY} as varchar) as day, count(*) as documents,
       count(*) filter (route = 'accept') as accept,
       count(*) filter (route = 'confirm') as confirm,
       count(*) filter (route = 'key') as key,
       count(*) filter (route = 'return') as return,
       count(*) filter (route = 'refuse') as refuse,
       count(*) filter (route = 'quarantine') as quarantine,
       count(decided_at) as decided
from documents group by 1 order by 1 desc limit ?
"""
_FILES = "select outcome, count(*) as files from arrivals group by 1 order by 1"
_FINDINGS = "select code, count(*) as n from findings group by 1 order by 2 desc, 1 limit 15"
_STAGES = """
select stage, count(*) as n, round(median(duration_ms), 1) as p50_ms,
       round(quantile_cont(duration_ms, 0.95), 1) as p95_ms
from timings group by 1 order by 3 desc
"""
_COLUMNS = {
    "day": "日 / day",
    "documents": "書類 / documents",
    "accept": "受理 / accept",
    "confirm": "確認 / confirm",
    "key": "入力 / key",
    "return": "返戻 / return",
    "refuse": "不可 / refuse",
    "quarantine": "不明 / unknown",
    "decided": "決定済み / decided",
    "outcome": "ファイル / files",
    "files": "件数 / count",
    "code": "所見 / finding",
    "n": "件数 / count",
    "stage": "工程 / stage",
    "p50_ms": "p50 ms",
    "p95_ms": "p95 ms",
}


class ExportFormat(StrEnum):
    """What a snapshot is exported as."""

    CSV = "csv"
    PARQUET = "parquet"


def stats(
    days: Annotated[int, typer.Option(min=1, help="表示する日数 / Days to show.")] = 14,
    as_json: Annotated[bool, typer.Option("--json", help="JSON で / As JSON.")] = False,
) -> None:
    """処理件数・所見・所要時間 / Throughput, findings and times, from the published snapshot."""
    import duckdb
    from rich.console import Console
    from rich.table import Table

    from pipeline import settings
    from pipeline.commands.calibrating import threshold_notes, threshold_table
    from pipeline.readers.calibrating.threshold_set import ThresholdSet

    with duckdb.connect(str(_snapshot()), read_only=True) as snapshot:
        figures = {
            "files": _rows(snapshot, _FILES),
            "days": _rows(snapshot, _BY_DAY, [days]),
            "findings": _rows(snapshot, _FINDINGS),
            "stages": _rows(snapshot, _STAGES),
        }
    thresholds = ThresholdSet.of(settings.current())
    if as_json:
        in_force = [one.as_dict() for one in thresholds.acceptances]
        typer.echo(json.dumps({**figures, "thresholds": in_force, "site_stale": thresholds.stale}))
        return
    console = Console(highlight=False)
    for rows in figures.values():
        if not rows:
            continue
        table = Table()
        for column in rows[0]:
            numeric = not isinstance(rows[0][column], str)
            heading = _COLUMNS[column].replace(" / ", "\n")
            table.add_column(heading, justify="right" if numeric else "left")
        for row in rows:
            table.add_row(*(str(value) for value in row.values()))
        console.print(table)
    console.print(threshold_table(thresholds.acceptances))
    for line in threshold_notes(thresholds):
        console.print(line)


def export(
    out: Annotated[Path, typer.Option(help="書き出すフォルダー / Folder to write to.")],
    kind: Annotated[
        ExportFormat, typer.Option("--format", help="形式 / Format.")
    ] = ExportFormat.CSV,
) -> None:
    """個人情報を含まない写しを書き出します / Export the masked snapshot; no personal data in it."""
    import duckdb

    snapshot = _snapshot()
    out.mkdir(parents=True, exist_ok=True)
    written: dict[str, int] = {}
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        names = [row[0] for row in connection.execute("show tables").fetchall()]
        for name in names:
            rows = connection.execute(f'select count(*) from "{name}"').fetchall()[0][0]
            target = out / f"{name}.{kind.value}"
            if kind == ExportFormat.PARQUET:
                shutil.copyfile(snapshot.parent / "parquet" / target.name, target)
            else:
                connection.execute(f"copy \"{name}\" to '{_quoted(target)}' (format csv, header)")
            written[name] = int(rows)
            typer.echo(f"  {target}  {rows}", err=True)
    typer.echo(json.dumps({"folder": str(out), "rows": written}))


def _rows(connection: Any, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, parameters or [])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _snapshot() -> Path:
    from pipeline import settings
    from pipeline.domain.errors import InputError
    from pipeline.store.measuring.snapshot import DATABASE_NAME

    path = settings.current().published / DATABASE_NAME
    if not path.is_file():
        raise InputError(
            "NO_SNAPSHOT",
            ja="統計の写しがまだありません。",
            en="There is no published snapshot yet.",
            remedy_ja="`make run` でスキャンを処理すると作られます。",
            remedy_en="It is made when scans are processed: `make run`.",
        )
    return path
