"""A document is decided once no review task of it is open; the heaviest result decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb

from pipeline.store.database import places

_HEAVIEST_FIRST = ("refuse", "rescan", "return")


def finish(cursor: duckdb.DuckDBPyConnection, serials: Sequence[int], now: dt.datetime) -> None:
    """Decide those of these documents, by their numbers, that nothing is open of any more."""
    still_open = _serials(cursor, "open_task where purpose = 'review'", serials)
    done = [serial for serial in serials if serial not in still_open]
    if not done:
        return
    results: dict[int, set[str]] = {serial: set() for serial in done}
    for serial, result in cursor.execute(
        "select distinct serial, result from closed_task where purpose = 'review' "
        f"and serial in {places(done)}",
        done,
    ).fetchall():
        results[serial].add(result)
    unread = _serials(cursor, "field where reviewed = 'illegible'", done)
    by_outcome: dict[str, list[int]] = {}
    for serial in done:
        lightest = "return" if serial in unread else "accept"
        outcome = next((r for r in _HEAVIEST_FIRST if r in results[serial]), lightest)
        by_outcome.setdefault(outcome, []).append(serial)
    for outcome, decided in by_outcome.items():
        cursor.execute(
            "update document set outcome = ?, decided_at = ?, ver = ver + 1 "
            f"where serial in {places(decided)}",
            [outcome, now, *decided],
        )


def _serials(
    cursor: duckdb.DuckDBPyConnection, which: str, serials: Sequence[int]
) -> frozenset[int]:
    rows = cursor.execute(
        f"select distinct serial from {which} and serial in {places(serials)}", list(serials)
    ).fetchall()
    return frozenset(row[0] for row in rows)
