"""The masked snapshot for analysts: a DuckDB file and Parquet, readable while the desk writes.

It holds counts, routes, findings, verdicts and times. No value, no masked value, no name, no
picture, no blind mark, no person's account; identifiers in it are random surrogates.
"""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.store.clock import utc_now
from pipeline.store.database import Database

TABLES = {
    "batches": "select batch_id, arrivals, documents, loaded_at from batch",
    "arrivals": "select batch_id, scan_id, channel, outcome, reason, pages, received_at "
    "from arrival",
    "documents": "select document_id, batch_id, channel, form, form_version, route, "
    "photo_verdict, received_at, loaded_at, decided_at, outcome from document",
    "pages": "select document_id, number, residual_px, inliers, rotation_quarters from page",
    "fields": "select document_id, field, confidence, accepted, flagged, reader, model_version, "
    "reviewed from field",
    "findings": "select document_id, code, severity, field from finding",
    "photo_checks": "select document_id, check_name, verdict, measured, unit, threshold "
    "from photo_check",
    "tasks": "select document_id, field, kind, purpose, state, result, created_at, closed_at "
    "from task",
    "timings": "select document_id, batch_id, stage, duration_ms from timing",
}
DATABASE_NAME = "uketsuke_statistics.duckdb"
PARQUET_FOLDER = "parquet"


def publish(database: Database, folder: Path) -> dict[str, int]:
    """Write the snapshot, replacing the one before; returns rows by table.

    The DuckDB file is replaced atomically; so is each Parquet file. Readers that hold the old
    file keep reading the old one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    building = folder / f".building-{secrets.token_hex(4)}"
    building.mkdir()
    try:
        tables = {name: database.table(sql) for name, sql in TABLES.items()}
        _write_database(building / DATABASE_NAME, tables)
        parquet = folder / PARQUET_FOLDER
        parquet.mkdir(exist_ok=True)
        for name, table in tables.items():
            pq.write_table(table, building / f"{name}.parquet", compression="zstd")
        for name in tables:
            (building / f"{name}.parquet").replace(parquet / f"{name}.parquet")
        (building / DATABASE_NAME).replace(folder / DATABASE_NAME)
        counts = {name: table.num_rows for name, table in tables.items()}
        _write_manifest(building / "manifest.json", counts)
        (building / "manifest.json").replace(folder / "manifest.json")
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return counts


def _write_database(path: Path, tables: dict[str, pa.Table]) -> None:
    with duckdb.connect(str(path)) as connection:
        for name, table in tables.items():
            connection.register("incoming", table)
            connection.execute(f"create table {name} as select * from incoming")
            connection.unregister("incoming")


def _write_manifest(path: Path, counts: dict[str, int]) -> None:
    content = {"published_at": f"{utc_now().isoformat(timespec='seconds')}Z", "rows": counts}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
