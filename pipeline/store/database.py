"""The one encrypted DuckDB file: opened offline, locked down, written by one process.

DuckDB encrypts through the httpfs extension's OpenSSL. The extension comes as a package and is
loaded by path: nothing is downloaded. After the file is attached, access to other files is
switched off and the configuration is locked, so that no SQL can open a way out again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.domain.errors import DefectError, InputError

SCHEMA = "store"
OF_DOCUMENT = "serial = (select serial from document where document_id = ?)"
"""SQL: the rows of one document, in a table that carries its number. By the number DuckDB passes
over the stretches of rows where it cannot be; by the identifier it would look at every row."""
MEMORY_LIMIT = "1GB"
# Whoever asks computes the answer. A second thread would be woken for every small question, which
# costs more than it saves: people's questions already come side by side.
THREADS = 1
_FEW_ROWS = 8
_LOCK_WORDS = "Could not set lock"
_KEY_WORDS = ("Wrong encryption key", "encrypt", "decrypt")


def extension_path() -> Path:
    """Where the packaged httpfs extension lies.

    Raises:
        DefectError: ``EXTENSION_MISSING`` where the package for this DuckDB is not installed.
    """
    spec = find_spec("duckdb_extension_httpfs")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}"
        path = folder / "httpfs.duckdb_extension"
        if path.is_file():
            return path
    raise DefectError(
        "EXTENSION_MISSING",
        ja=f"DuckDB {duckdb.__version__} 用の httpfs 拡張のパッケージがありません。",
        en=f"The package with the httpfs extension for DuckDB {duckdb.__version__} is missing.",
        remedy_ja="`make run` で依存パッケージを入れ直してください。",
        remedy_en="Install the dependencies again with `make run`.",
    )


class Database:
    """An open file. Any thread may read; writing transactions take turns."""

    def __init__(self, path: Path, key: str) -> None:
        """Open the file, or make it.

        Args:
            path: The DuckDB file; its folder is made with mode 0700.
            key: Encryption key from the vault.

        Raises:
            InputError: ``STORE_IN_USE`` where another process owns it.
            DefectError: ``STORE_UNREADABLE`` for a wrong key or a damaged file.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        spill = path.parent / "tmp"
        spill.mkdir(exist_ok=True, mode=0o700)
        self._turn = threading.RLock()
        self._is_open = False  # a transaction, of whoever has the turn
        self._local = threading.local()
        self._before_commit: list[Callable[[duckdb.DuckDBPyConnection], None]] = []
        self._on_rollback: list[Callable[[], None]] = []
        self._on_commit: list[Callable[[], None]] = []
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "temp_directory": str(spill),
                "memory_limit": MEMORY_LIMIT,
                "threads": str(THREADS),
            },
        )
        self._connection.execute(f"load '{extension_path()}'")
        self._connection.execute("set temp_file_encryption = true")
        try:
            self._connection.execute(
                f"attach '{path}' as {SCHEMA} (encryption_key '{key}', encryption_cipher 'GCM')"
            )
        except duckdb.Error as error:
            self._connection.close()
            # The statement holds the key: neither it nor DuckDB's own message goes on.
            raise _why_not_open(str(error)) from None
        path.chmod(0o600)
        self._connection.execute("set enable_external_access = false")
        self._connection.execute("set lock_configuration = true")

    def close(self) -> None:
        """Write everything to the file and let it go."""
        with self._turn:
            self._connection.execute(f"checkpoint {SCHEMA}")
            self._connection.close()

    def before_commit(self, action: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
        """Run this at the end of every writing transaction, as part of it."""
        self._before_commit.append(action)

    def on_rollback(self, action: Callable[[], None]) -> None:
        """Run this whenever a writing transaction fails (to forget what was cached in it)."""
        self._on_rollback.append(action)

    def on_commit(self, action: Callable[[], None]) -> None:
        """Run this after every writing transaction that was committed."""
        self._on_commit.append(action)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._cursor().execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def columns(self, sql: str, rows: int) -> Iterator[tuple[list[Any], ...]]:
        """A long result, column by column, so many rows at a time; ask nothing else meanwhile."""
        for batch in self._cursor().sql(sql).to_arrow_reader(rows):
            yield tuple(column.to_pylist() for column in batch.columns)

    def table(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """A query's result as an Arrow table."""
        return self._cursor().execute(sql, parameters).to_arrow_table()

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A transaction: all of it happens, or nothing. One inside another is part of it."""
        with self._turn:
            cursor = self._cursor()
            if self._is_open:
                yield cursor
                return
            cursor.execute("begin")
            self._is_open = True
            try:
                yield cursor
                for last in self._before_commit:
                    last(cursor)
                cursor.execute("commit")
            except BaseException:
                cursor.execute("rollback")
                for action in self._on_rollback:
                    action()
                raise
            finally:
                self._is_open = False
            for action in self._on_commit:
                action()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._connection.cursor()
            cursor.execute(f"use {SCHEMA}")
            self._local.cursor = cursor
        return cursor


def places(values: Sequence[object]) -> str:
    """SQL: as many parameters in brackets; DuckDB passes rows over by such a list."""
    return f"({', '.join('?' * len(values))})"


def insert(cursor: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows: many in bulk, through Arrow with the table's own column types."""
    if not rows:
        return
    names = list(rows[0])
    if len(rows) <= _FEW_ROWS:  # a table in between costs more than some parameters
        cursor.execute(
            f"insert into {table} ({', '.join(names)}) "
            f"values {', '.join([places(names)] * len(rows))}",
            [row[name] for row in rows for name in names],
        )
        return
    insert_table(cursor, table, pa.table({name: [row[name] for row in rows] for name in names}))


def insert_table(
    cursor: duckdb.DuckDBPyConnection, table: str, content: pa.Table, *, add_to_serial: int = 0
) -> None:
    """Insert an Arrow table's rows by the names of its columns; ``serial`` counts from a number."""
    if not content.num_rows:
        return
    names = content.column_names
    taken = [f"serial + {int(add_to_serial)}" if name == "serial" else name for name in names]
    cursor.register("incoming", content)
    try:
        cursor.execute(
            f"insert into {table} ({', '.join(names)}) select {', '.join(taken)} from incoming"
        )
    finally:
        cursor.unregister("incoming")


def _why_not_open(message: str) -> InputError | DefectError:
    if _LOCK_WORDS in message:
        return InputError(
            "STORE_IN_USE",
            ja="データベースは別のプロセス(受付デスク)が使用中です。",
            en="Another process, the desk, owns the database.",
            remedy_ja="受付デスクを通して操作するか、終了してからやり直してください。",
            remedy_en="Work through the desk, or stop it and try again.",
        )
    wrong = any(word in message for word in _KEY_WORDS)
    return DefectError(
        "STORE_UNREADABLE",
        ja="データベースの鍵が合いません。" if wrong else "データベースのファイルが壊れています。",
        en="The key does not open the database." if wrong else "The database file is damaged.",
        remedy_ja="鍵とデータベースを同じバックアップから戻してください。",
        remedy_en="Restore keys and database from the same backup.",
    )
