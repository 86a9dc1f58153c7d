"""Examined files on their way to the desk: sealed records, a file each, beside their batch.

Written whole before the examination of a file counts as done, read once when the batch is loaded,
then removed.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipeline.store.arrivals import arrow_schema
from pipeline.store.arrivals.records import Arrival

_FOLDER = "staging"


def put(batch_folder: Path, batch_id: str, arrival: Arrival) -> None:
    """Keep one examined file's records; on return they are on disk."""
    folder = batch_folder / _FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    target = folder / f"{arrival.scan_id}.arrow"
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as sink:
        sink.write(arrow_schema.encode(batch_id, [arrival]))
        sink.flush()
        os.fsync(sink.fileno())
    temporary.replace(target)


def get(batch_folder: Path, scan_id: str) -> Arrival | None:
    """One file's records, or None where they were never put there."""
    try:
        content = (batch_folder / _FOLDER / f"{scan_id}.arrow").read_bytes()
    except FileNotFoundError:
        return None
    return arrow_schema.decode(content)[1][0]


def clear(batch_folder: Path) -> None:
    """Remove what was kept."""
    shutil.rmtree(batch_folder / _FOLDER, ignore_errors=True)
