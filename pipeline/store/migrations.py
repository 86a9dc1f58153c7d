"""Brings the database to the newest version: one numbered SQL file a step, each a transaction."""

from __future__ import annotations

import re
from importlib.resources import files

from pipeline.domain.errors import DefectError
from pipeline.store.clock import utc_now
from pipeline.store.database import Database

_NUMBERED = re.compile(r"(\d{3})_\w+\.sql")


def steps() -> list[tuple[int, str]]:
    """Version and SQL of every step, oldest first."""
    found = []
    for entry in files("pipeline.store").joinpath("sql").iterdir():
        match = _NUMBERED.fullmatch(entry.name)
        if match:
            found.append((int(match[1]), entry.read_text(encoding="utf-8")))
    return sorted(found)


def migrate(database: Database) -> int:
    """Apply the steps that are missing and say the version reached.

    Raises:
        DefectError: ``STORE_TOO_NEW`` where a newer program has written the file.
    """
    with database.writing() as cursor:
        cursor.execute(
            "create table if not exists migration (version integer, applied_at timestamp)"
        )
    row = database.row("select coalesce(max(version), 0) from migration")
    version = int(row[0]) if row else 0
    wanted = steps()
    if version > wanted[-1][0]:
        raise DefectError(
            "STORE_TOO_NEW",
            ja=f"データベースの版 {version} はこのプログラムより新しいものです。",
            en=f"The database has version {version}, newer than this program knows.",
            remedy_ja="新しい版のプログラムで開いてください。",
            remedy_en="Open it with the newer program.",
        )
    for number, sql in wanted:
        if number > version:
            with database.writing() as cursor:
                cursor.execute(sql)
                cursor.execute("insert into migration values (?, ?)", [number, utc_now()])
            version = number
    return version
