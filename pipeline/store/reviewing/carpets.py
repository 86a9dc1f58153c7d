"""Carpets: uncertain characters that the machine read alike, of many documents, side by side.

A person sees forty pictures that should all be, say, a 4, picks out those that are not, and
confirms the rest at once. What is seen must not tell whose it is: a carpet has one character of a
document at most, in an order drawn at random, and neither name nor number of the document. A
confirmation counts for that character alone. A task is closed with the machine's value once every
flagged character of it was confirmed; a character that was picked out leaves its task open.

A field comes into carpets only where its characters are all that is in doubt: not a PIN, not a
value that is keyed blind, not one whose finding is about the whole (a check digit, a rule).
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.domain.documents import FieldName
from pipeline.store.auditing.audit import Actor, Audit, Event
from pipeline.store.clock import utc_now
from pipeline.store.database import Database, insert
from pipeline.store.reviewing.carpet_choice import Candidate, Candidates, flagged, in_crop
from pipeline.store.reviewing.decisions import Action, Decisions
from pipeline.store.reviewing.queue import Queue
from pipeline.store.reviewing.staleness import stale
from pipeline.vault import Vault

COLUMNS, ROWS = 8, 5
SEEN = "carpet"


@dataclass(frozen=True, slots=True)
class CarpetCell:
    """One character on a carpet.

    Attributes:
        place: Where it lies, from 0, row by row.
        box_px: Left, top, width, height in pixels of the field's crop.
        shown: Its picture was served to the person who holds it.
    """

    place: int
    task_id: str
    ver: int
    document_id: str
    serial: int
    field: FieldName
    position: int
    box_px: tuple[int, int, int, int]
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Carpet:
    """Characters of different documents that were all read alike; ``character`` is in the clear."""

    carpet_id: str
    character: str
    cells: tuple[CarpetCell, ...]

    def __repr__(self) -> str:
        """Without what was read."""
        return f"Carpet({self.carpet_id}, {len(self.cells)} cells)"


@dataclass(frozen=True, slots=True)
class CarpetResult:
    """What became of a carpet.

    Attributes:
        right: Characters confirmed.
        doubted: Characters picked out.
        closed: Tasks whose last flagged character was confirmed with it.
        left: Characters that were left alone: decided elsewhere, lease ended, or never shown.
    """

    right: int
    doubted: int
    closed: int
    left: int


class Carpets:
    """Hands carpets out and takes what was said about them."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        audit: Audit,
        queue: Queue,
        decisions: Decisions,
    ) -> None:
        self._database = database
        self._audit = audit
        self._queue = queue
        self._decisions = decisions
        self._candidates = Candidates(database, vault)

    def waiting(self, actor: Actor) -> int:
        """How many tasks may have a character for this person's carpets; others' are left aside."""
        now = utc_now()
        held = self._held(actor, now)
        return self._candidates.waiting(now) + (len(held.cells) if held else 0)

    def claim(self, actor: Actor, lease_minutes: int) -> Carpet | None:
        """The carpet that the person holds, else a new one; its tasks are leased to the person."""
        now = utc_now()
        until = now + dt.timedelta(minutes=lease_minutes)
        with self._database.writing() as cursor:
            held = self._held(actor, now)
            if held is not None:
                _lease(cursor, actor, held.carpet_id, until, [c.task_id for c in held.cells])
                return held
            give_back(cursor, actor)
            chosen = self._candidates.alike(cursor, now, COLUMNS * ROWS)
            if not chosen:
                return None
            carpet_id = secrets.token_hex(8)
            secrets.SystemRandom().shuffle(chosen)
            _lease(cursor, actor, carpet_id, until, [c.task_id for c in chosen])
            insert(cursor, "carpet_cell", _cell_rows(actor, carpet_id, chosen, now))
            detail = f"cells:{len(chosen)}"
            self._audit.append(cursor, actor, "carpet.claim", f"carpet:{carpet_id}", detail=detail)
        cells = tuple(
            CarpetCell(n, c.task_id, c.ver, c.document_id, c.serial, c.field, c.position, c.box_px)
            for n, c in enumerate(chosen)
        )
        return Carpet(carpet_id, chosen[0].character, cells)

    def held(self, actor: Actor, carpet_id: str) -> Carpet:
        """A carpet that the person holds; cells that were taken away from it are missing.

        Raises:
            PolicyError: ``TASK_STALE`` where nothing of it is held any more.
        """
        carpet = self._held(actor, utc_now())
        if carpet is None or carpet.carpet_id != carpet_id:
            raise stale()
        return carpet

    def note_shown(self, actor: Actor, carpet: Carpet, places: Collection[int]) -> None:
        """Record that the pictures at these places were served; only they can be confirmed."""
        with self._database.writing() as cursor:
            cursor.execute(
                "update carpet_cell set state = 'shown' where carpet_id = ? and state = 'handed' "
                "and list_contains(?::integer[], place)",
                [carpet.carpet_id, list(places)],
            )
            served = [cell for cell in carpet.cells if cell.place in places]
            self._audit.append_all(cursor, actor, [_event("value.view", c) for c in served])

    def decide(self, actor: Actor, carpet_id: str, doubted: Collection[int]) -> CarpetResult:
        """Confirm what was shown and not picked out; tasks that changed meanwhile are left alone.

        Args:
            actor: Who decides.
            carpet_id: The carpet that the person has on the screen.
            doubted: Places that were picked out.

        Raises:
            PolicyError: ``TASK_STALE`` where nothing of it is held, or nothing was shown.
        """
        now = utc_now()
        with self._database.writing() as cursor:
            carpet = self.held(actor, carpet_id)
            cells = [c for c in carpet.cells if c.shown]
            if not cells:
                raise stale()
            picked = [c.place for c in cells if c.place in doubted]
            right = [c for c in cells if c.place not in doubted]
            _set_state(cursor, carpet_id, "doubted", picked)
            _set_state(cursor, carpet_id, "right", [c.place for c in right])
            # What could not be shown now will not be shown next time either.
            left = _set_state(
                cursor, carpet_id, "unseen", [c.place for c in carpet.cells if not c.shown]
            )
            left += _set_state(cursor, carpet_id, "left", range(COLUMNS * ROWS))
            self._append(cursor, actor, cells, frozenset(picked), now)
            give_back(cursor, actor)
            # What was picked out, or could not be shown, is looked at as a whole from now on.
            whole = {c.task_id for c in carpet.cells} - {c.task_id for c in right}
            cursor.execute(
                "update open_task set ver = ver + 1, for_carpet = for_carpet and "
                "task_id not in (select unnest(?::varchar[])) "
                "where task_id in (select unnest(?::varchar[]))",
                [list(whole), [c.task_id for c in cells]],
            )
            complete = self._complete(cursor, right)
            closed = [c for c in right if c.task_id in complete]
            self._decisions.keep(cursor, [c.task_id for c in closed], now)
        return CarpetResult(len(right), len(picked), len(closed), left)

    def release(self, actor: Actor) -> None:
        """Give the carpet back undecided."""
        with self._database.writing() as cursor:
            give_back(cursor, actor)

    def doubted(self, task_id: str) -> frozenset[int]:
        """Positions of a task's characters that somebody picked out."""
        rows = self._database.rows(
            "select position from carpet_cell where task_id = ? and state = 'doubted'", [task_id]
        )
        return frozenset(row[0] for row in rows)

    def _held(self, actor: Actor, now: dt.datetime) -> Carpet | None:
        # Mostly nothing is held: that is known from the open tasks alone.
        leased = "lease_user = ? and lease_until >= ? and lease_carpet is not null"
        mine = [actor.user_id, now]
        if not self._database.rows(f"select 1 from open_task where {leased} limit 1", mine):
            return None
        rows = self._database.rows(
            f"""
            with t as (select * from open_task where {leased})
            select c.carpet_id, c.place, c.position, c.state, t.task_id, t.ver, t.document_id,
              t.serial, t.field, f.characters_sealed, f.crop_x_px, f.crop_y_px
            from t join carpet_cell c on c.task_id = t.task_id
              and c.carpet_id = t.lease_carpet and c.task_ver = t.ver
            join field f on f.serial = t.serial and f.field = t.field
            where c.state in ('handed', 'shown') and f.characters_sealed is not null
            order by c.handed_at desc, c.carpet_id, c.place
            """,
            mine,
        )
        character, cells = "", []
        for row in rows:
            if row[0] != rows[0][0]:
                break
            place, position, state, task, ver, document, serial, field, sealed, left, top = row[1:]
            one = self._candidates.characters(document, field, sealed)[position]
            character = str(one["value"])
            cells.append(
                CarpetCell(
                    place,
                    task,
                    ver,
                    document,
                    serial,
                    FieldName(field),
                    position,
                    in_crop(one["box_px"], (left, top)),
                    state == "shown",
                )
            )
        return Carpet(rows[0][0], character, tuple(cells)) if cells else None

    def _complete(self, cursor: duckdb.DuckDBPyConnection, cells: Sequence[CarpetCell]) -> set[str]:
        """Tasks of which every flagged character was confirmed."""
        tasks = [c.task_id for c in cells]
        done: dict[str, set[int]] = {}
        for task_id, position in cursor.execute(
            "select task_id, position from carpet_cell where state = 'right' "
            "and task_id in (select unnest(?::varchar[]))",
            [tasks],
        ).fetchall():
            done.setdefault(task_id, set()).add(position)
        rows = cursor.execute(
            "with t as (select task_id, serial, field from open_task "
            "  where task_id in (select unnest(?::varchar[]))) "
            "select t.task_id, f.document_id, f.field, f.characters_sealed "
            "from t join field f on f.serial = t.serial and f.field = t.field",
            [tasks],
        ).fetchall()
        return {
            task_id
            for task_id, document, field, sealed in rows
            if flagged(self._candidates.characters(document, field, sealed))
            <= done.get(task_id, set())
        }

    def _append(
        self,
        cursor: duckdb.DuckDBPyConnection,
        actor: Actor,
        cells: Sequence[CarpetCell],
        picked: frozenset[int],
        now: dt.datetime,
    ) -> None:
        rows: list[dict[str, Any]] = []
        events: list[Event] = []
        for cell in cells:
            is_doubted = cell.place in picked
            action = Action.CHARACTER_DOUBTED if is_doubted else Action.CHARACTER_RIGHT
            row = {
                "decision_id": secrets.token_hex(8),
                "task_id": cell.task_id,
                "document_id": cell.document_id,
                "serial": cell.serial,
                "field": cell.field.value,
                "user_id": actor.user_id,
                "action": action.value,
                "seen": SEEN,
                "task_ver": cell.ver,
                "decided_at": now,
                "position": cell.position,
            }
            rows.append(row)
            events.append(_event(f"decision.{action}", cell))
        self._audit.append_all(cursor, actor, events)
        insert(cursor, "decision", rows)


def _event(action: str, cell: CarpetCell) -> Event:
    return Event(action, f"document:{cell.document_id}", cell.field, SEEN)


def _cell_rows(
    actor: Actor, carpet_id: str, chosen: Sequence[Candidate], now: dt.datetime
) -> list[dict[str, Any]]:
    return [
        {
            "carpet_id": carpet_id,
            "place": place,
            "task_id": one.task_id,
            "position": one.position,
            "task_ver": one.ver,
            "user_id": actor.user_id,
            "state": "handed",
            "handed_at": now,
        }
        for place, one in enumerate(chosen)
    ]


def _lease(
    cursor: duckdb.DuckDBPyConnection,
    actor: Actor,
    carpet_id: str,
    until: dt.datetime,
    tasks: Sequence[str],
) -> None:
    cursor.execute(
        "update open_task set lease_user = ?, lease_until = ?, lease_carpet = ? "
        "where task_id in (select unnest(?::varchar[]))",
        [actor.user_id, until, carpet_id, tasks],
    )


def give_back(cursor: duckdb.DuckDBPyConnection, actor: Actor) -> None:
    """Give back whatever a person holds for carpets, undecided."""
    cursor.execute(
        "update open_task set lease_user = null, lease_until = null, lease_carpet = null "
        "where lease_user = ? and lease_carpet is not null",
        [actor.user_id],
    )
    cursor.execute(
        "update carpet_cell set state = 'left' where user_id = ? and state in ('handed', 'shown')",
        [actor.user_id],
    )


def _set_state(
    cursor: duckdb.DuckDBPyConnection, carpet_id: str, state: str, places: Collection[int]
) -> int:
    """Note what became of the cells at these places that nothing was said of yet."""
    changed = cursor.execute(
        "update carpet_cell set state = ? where carpet_id = ? and state in ('handed', 'shown') "
        "and list_contains(?::integer[], place) returning place",
        [state, carpet_id, list(places)],
    ).fetchall()
    return len(changed)
