"""Which characters a carpet can take: of open tasks that nothing but characters keeps open."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pipeline.domain import application_id, my_number
from pipeline.domain.documents import PIN_FIELDS, FieldName
from pipeline.domain.findings import FindingCode
from pipeline.store.arrivals import records
from pipeline.store.database import Database
from pipeline.vault import Vault

# Findings that say no more than that a character is not sure; any other bars the field.
_OF_CHARACTERS = (
    FindingCode.MY_NUMBER_AMBIGUOUS,
    FindingCode.TEXT_UNCLEAR,
    FindingCode.APPLICATION_ID_UNREADABLE,
)
# Boxed fields alone. In a date the calendar has spoken for digits beside their ink: it is looked
# at as a whole.
_READER = "boxes"
_WINDOW = 300
_MOST_WINDOWS = 4
_CANDIDATES = """
from task t join field f on f.document_id = t.document_id and f.field = t.field
where t.state = 'open' and t.kind = 'confirm' and t.purpose = 'review'
  and (t.lease_user is null or t.lease_until < ?)
  and f.reader = ? and f.flagged > 0 and f.reviewed is null and f.value_sealed is not null
  and f.characters_sealed is not null and f.has_crop and f.crop_x_px is not null
  and not list_contains(?::varchar[], t.field)
  and not exists (select 1 from carpet_cell c where c.task_id = t.task_id
    and c.state in ('doubted', 'unseen'))
  and not exists (select 1 from finding n where n.document_id = t.document_id
    and n.field = t.field and n.severity <> 'info'
    and not (n.position is not null and list_contains(?::varchar[], n.code)))
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A flagged character that a carpet can take; in the clear, in memory only."""

    task_id: str
    document_id: str
    ver: int
    position: int
    character: str

    def __repr__(self) -> str:
        """Without what was read."""
        return f"Candidate({self.task_id}, {self.position})"


class Candidates:
    """Looks through the oldest tasks for characters."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._unfit: set[str] = set()  # tasks that no carpet can take; a reading never changes

    def waiting(self, now: dt.datetime) -> int:
        """How many tasks may have a character for a carpet, those leased left aside."""
        found = self._database.rows(f"select count(*) {_CANDIDATES}", _parameters(now))
        return int(found[0][0])

    def alike(self, now: dt.datetime, most: int) -> list[Candidate]:
        """Characters that were all read alike, one a document, of the oldest tasks.

        The character that most of these tasks have in doubt is taken.
        """
        groups: dict[str, dict[str, Candidate]] = {}
        for window in range(_MOST_WINDOWS):
            rows = self._database.rows(
                "select t.task_id, t.document_id, t.field, t.ver, f.value_sealed, "
                "f.characters_sealed, (select list(c.position) from carpet_cell c "
                f"where c.task_id = t.task_id and c.state = 'right') {_CANDIDATES} "
                "order by t.created_at, t.document_id, t.task_id "
                f"limit {_WINDOW} offset {window * _WINDOW}",
                _parameters(now),
            )
            for row in rows:
                for one in self._characters_of(row):
                    groups.setdefault(one.character, {}).setdefault(one.document_id, one)
            if len(rows) < _WINDOW or any(len(g) >= most for g in groups.values()):
                break
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

    def _characters_of(self, row: tuple[Any, ...]) -> Iterable[Candidate]:
        task_id, document, name, ver, value_sealed, sealed, done = row
        if task_id in self._unfit:
            return ()
        context = records.value_context(document, name)
        value = self._vault.unseal(context, bytes(value_sealed)).decode()
        characters = self.characters(document, name, sealed)
        if not _is_fit(FieldName(name), value, characters):
            self._unfit.add(task_id)
            return ()
        return [
            Candidate(task_id, document, ver, n, characters[n]["value"])
            for n in flagged(characters)
            if n not in (done or ())
        ]


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


def _parameters(now: dt.datetime) -> list[object]:
    pins = sorted(f.value for f in PIN_FIELDS)
    return [now, _READER, pins, [c.value for c in _OF_CHARACTERS]]
