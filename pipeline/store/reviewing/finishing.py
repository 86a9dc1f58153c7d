"""A document is decided once no review task of it is open; the heaviest result decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb

from pipeline.store.database import places

_HEAVIEST_FIRST = ("refuse", "rescan", "return")
_UNREAD = "unread"  # no task's result: a field that stayed illegible


def finish(cursor: duckdb.DuckDBPyConnection, serials: Sequence[int], now: dt.datetime) -> None:
    """Decide those of these documents, by their numbers, that nothing is open of any more."""
    if not serials:
        return
    still_open = _those_with_open_tasks(cursor, serials)
    done = [serial for serial in serials if serial not in still_open]
    if not done:
        return
    # One question for both: each would be planned and answered for itself with every decision.
    results: dict[int, set[str]] = {serial: set() for serial in done}
    for serial, result in cursor.execute(
        "select serial, result from closed_task "
        f"where purpose = 'review' and serial in {places(done)} union all "
        f"select serial, '{_UNREAD}' from field where reviewed = 'illegible' "
        f"and serial in {places(done)}",
        [*done, *done],
    ).fetchall():
        results[serial].add(result)
    by_outcome: dict[str, list[int]] = {}
    for serial in done:
        lightest = "return" if _UNREAD in results[serial] else "accept"
        outcome = next((r for r in _HEAVIEST_FIRST if r in results[serial]), lightest)
        by_outcome.setdefault(outcome, []).append(serial)
    for outcome, decided in by_outcome.items():
        cursor.execute(
            "update document set outcome = ?, decided_at = ?, ver = ver + 1 "
            f"where serial in {places(decided)}",
            [outcome, now, *decided],
        )


def _those_with_open_tasks(
    cursor: duckdb.DuckDBPyConnection, serials: Sequence[int]
) -> frozenset[int]:
    rows = cursor.execute(
        f"select serial from open_task where purpose = 'review' and serial in {places(serials)}",
        list(serials),
    ).fetchall()
    return frozenset(row[0] for row in rows)
