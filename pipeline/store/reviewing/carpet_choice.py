"""Which characters a carpet can take: of open tasks that nothing but characters keeps open."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.domain import application_id, my_number
from pipeline.domain.documents import PIN_FIELDS, FieldName
from pipeline.store.arrivals import carpet_rule, records
from pipeline.store.database import Database
from pipeline.vault import Vault

_WINDOW = 300
_MOST_WINDOWS = 4
_OLDEST_FIRST = "created_at, serial, ordinal"
_FREE = "for_carpet and (lease_user is null or lease_until < ?)"
# What was read and found never changes while a task is open, so a task is looked at once and its
# flagged characters are kept in memory; what carpets have said of it is asked each time.
_LOOKED_AT = """
with t as (select task_id, document_id, serial, field from open_task
  where task_id in (select unnest(?::varchar[])))
select t.task_id, t.document_id, t.field, f.value_sealed, f.characters_sealed, f.crop_x_px,
  f.crop_y_px
from t join field f on f.serial = t.serial and f.field = t.field
where f.reader = ? and f.flagged > 0 and f.reviewed is null and f.value_sealed is not null
  and f.characters_sealed is not null and f.has_crop and f.crop_x_px is not null
  and f.field not in (select unnest(?::varchar[]))
  and not exists (select 1 from finding n where n.serial = t.serial
    and n.field = t.field and n.severity <> 'info'
    and not (n.position is not null and n.code in (select unnest(?::varchar[]))))
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A flagged character that a carpet can take; in the clear, in memory only."""

    task_id: str
    document_id: str
    serial: int
    field: FieldName
    ver: int
    position: int
    character: str
    box_px: tuple[int, int, int, int]

    def __repr__(self) -> str:
        """Without what was read."""
        return f"Candidate({self.task_id}, {self.position})"


@dataclass(frozen=True, slots=True)
class _Doubtful:
    """A flagged character of a task; in the clear, in memory only."""

    position: int
    character: str
    box_px: tuple[int, int, int, int]

    def __repr__(self) -> str:
        """Without what was read."""
        return f"_Doubtful({self.position})"

    @property
    def facts(self) -> tuple[int, str, tuple[int, int, int, int]]:
        """What a candidate needs of it."""
        return (self.position, self.character, self.box_px)


class Candidates:
    """Looks through the oldest tasks for characters."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._known: dict[str, tuple[_Doubtful, ...]] = {}  # by task; empty: no carpet takes it

    def waiting(self, now: dt.datetime) -> int:
        """How many tasks may have a character for a carpet, those leased left aside."""
        found = self._database.rows(f"select count(*) from open_task where {_FREE}", [now])
        return int(found[0][0])

    def alike(
        self, cursor: duckdb.DuckDBPyConnection, now: dt.datetime, most: int
    ) -> list[Candidate]:
        """Characters that were all read alike, one a document, of the oldest tasks.

        The character that most of these tasks have in doubt is taken. Tasks that turn out to be
        none for a carpet are noted as such and never looked at again.
        """
        groups: dict[str, dict[str, Candidate]] = {}
        looked_at = []
        unfit = []
        for window in range(_MOST_WINDOWS):
            # Which are the oldest is seen by numbers alone; texts are fetched of those chosen.
            rows = cursor.execute(
                "select task_id, document_id, serial, field, ver from open_task where rowid in "
                f"(select rowid from open_task where {_FREE} order by {_OLDEST_FIRST} "
                f"limit {_WINDOW} offset {window * _WINDOW}) order by {_OLDEST_FIRST}",
                [now],
            ).fetchall()
            self._look_at([row[0] for row in rows if row[0] not in self._known])
            said = _said(cursor, [row[0] for row in rows])
            for task_id, document, serial, field, ver in rows:
                looked_at.append(task_id)
                states = said.get(task_id, {})
                if not self._known[task_id] or {"doubted", "unseen"} & set(states.values()):
                    unfit.append(task_id)
                    continue
                for one in self._known[task_id]:
                    if states.get(one.position) != "right":
                        found = Candidate(
                            task_id, document, serial, FieldName(field), ver, *one.facts
                        )
                        groups.setdefault(one.character, {}).setdefault(document, found)
            if len(rows) < _WINDOW or any(len(g) >= most for g in groups.values()):
                break
        if unfit:
            cursor.execute(
                "update open_task set for_carpet = false "
                "where task_id in (select unnest(?::varchar[]))",
                [unfit],
            )
        kept = set(looked_at) - set(unfit)
        self._known = {task: held for task, held in self._known.items() if task in kept}
        if not groups:
            return []
        fullest = max(groups.values(), key=lambda group: min(len(group), most))
        return list(fullest.values())[:most]

    def characters(self, document: str, field: str, sealed: bytes) -> list[dict[str, Any]]:
        """The characters of a field, out of their seal."""
        context = records.characters_context(document, field)
        content: dict[str, Any] = json.loads(self._vault.unseal(context, bytes(sealed)))
        found: list[dict[str, Any]] = content["characters"]
        return found

    def _look_at(self, tasks: Sequence[str]) -> None:
        """Read the flagged characters of tasks into memory; of those unfit, that there are none."""
        if not tasks:
            return
        self._known |= dict.fromkeys(tasks, ())
        codes = [c.value for c in carpet_rule.OF_CHARACTERS]
        pins = [f.value for f in PIN_FIELDS]
        for task_id, document, name, value_sealed, sealed, left, top in self._database.rows(
            _LOOKED_AT, [tasks, carpet_rule.READER, pins, codes]
        ):
            context = records.value_context(document, name)
            value = self._vault.unseal(context, bytes(value_sealed)).decode()
            characters = self.characters(document, name, sealed)
            if _is_fit(FieldName(name), value, characters):
                self._known[task_id] = tuple(
                    _Doubtful(n, c["value"], in_crop(c["box_px"], (left, top)))
                    for n, c in enumerate(characters)
                    if c["flagged"]
                )


def _said(cursor: duckdb.DuckDBPyConnection, tasks: Sequence[str]) -> dict[str, dict[int, str]]:
    """What carpets have said of tasks: states by position."""
    said: dict[str, dict[int, str]] = {}
    for task_id, position, state in cursor.execute(
        "select task_id, position, state from carpet_cell where state in "
        "('right', 'doubted', 'unseen') and task_id in (select unnest(?::varchar[]))",
        [tasks],
    ).fetchall():
        said.setdefault(task_id, {})[position] = state
    return said


def in_crop(box_px: Sequence[int], origin_px: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box of the page, in pixels of a crop that begins at an origin."""
    x, y, w, h = box_px
    return (x - origin_px[0], y - origin_px[1], w, h)


def flagged(characters: Iterable[dict[str, Any]]) -> frozenset[int]:
    """Positions of the characters that a person should look at."""
    return frozenset(n for n, c in enumerate(characters) if c["flagged"])


def _is_fit(field: FieldName, value: str, characters: list[dict[str, Any]]) -> bool:
    """Whether the value is right as soon as its flagged characters are.

    The value must be what the characters say and legal by itself, and every flagged character one
    digit or letter with a box of its own: a blank cell cannot be told by itself from a lost one.
    """
    if field == FieldName.MY_NUMBER and not my_number.passes_check_digit(value):
        return False
    if field == FieldName.APPLICATION_ID and not application_id.is_legal(value):
        return False
    doubtful = [characters[n] for n in flagged(characters)]
    return (
        bool(doubtful)
        and "".join(c["value"] for c in characters) == value
        and all(
            len(c["value"]) == 1 and c["value"].isascii() and c["value"].isalnum() and c["box_px"]
            for c in doubtful
        )
    )
