"""What a command asks of the store: through the desk that runs, else by opening the file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.settings import Settings
    from pipeline.store.client import DeskClient
    from pipeline.store.duckdb_store import DuckDBStore

STARTING_S = 20.0
Answer = TypeVar("Answer")


def by_desk_or_store(
    settings: Settings,
    by_desk: Callable[[DeskClient], Answer],
    by_store: Callable[[DuckDBStore], Answer],
) -> Answer:
    """Ask the desk that runs; where none runs, open its store. A desk may just be starting.

    Raises:
        InputError: ``STORE_IN_USE`` where a process that does not answer holds the store.
    """
    from pipeline.domain.errors import InputError
    from pipeline.store.client import DeskClient
    from pipeline.store.duckdb_store import DuckDBStore

    deadline = time.monotonic() + STARTING_S
    while True:
        try:
            with DeskClient.of(settings) as desk:
                return by_desk(desk)
        except InputError as error:
            if error.code != "DESK_NOT_RUNNING":
                raise
        try:
            store = DuckDBStore.of(settings)
        except InputError as error:
            if error.code != "STORE_IN_USE" or time.monotonic() > deadline:
                raise
            time.sleep(0.5)
            continue
        try:
            return by_store(store)
        finally:
            store.close()
