"""Taking back one's last decision: appended as a decision of its own, nothing is removed.

What followed from a decision carries its time: the tasks that it closed and those that it made.
They show what to put back, and whether somebody has built on it since, in which case it stays.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.domain.documents import FieldName
from pipeline.domain.errors import PolicyError
from pipeline.store.arrivals import open_tasks
from pipeline.store.arrivals.rescans import REPLACED
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database, insert
from pipeline.store.reviewing.carpets import give_back
from pipeline.store.reviewing.decisions import Action, Decisions

UNDONE = "undone"  # result of a task that a decision made which was taken back
_NOT_UNDONE = "not exists (select 1 from decision u where u.undoes = d.decision_id)"
_NOT_TAKEN_BACK = f"'{Action.UNDO}', '{Action.REOPEN}'"
_COLUMNS = "decision_id, task_id, document_id, serial, field, action, seen, position, decided_at"


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back.

    Attributes:
        task_id: The task that is open again and leased to the person; None after a carpet.
        carpet_id: The carpet that the person holds again; None otherwise.
    """

    task_id: str | None
    carpet_id: str | None


@dataclass(frozen=True, slots=True)
class _Last:
    decision_id: str
    task_id: str
    document_id: str
    serial: int
    field: str | None
    action: str
    seen: str
    position: int | None
    decided_at: dt.datetime


class Undoing:
    """Takes decisions back."""

    def __init__(self, database: Database, audit: Audit, decisions: Decisions) -> None:
        self._database = database
        self._audit = audit
        self._decisions = decisions

    def undo(self, actor: Actor, since: dt.datetime, lease_minutes: int) -> Undone:
        """Take back the person's last decision, all of a carpet at once, and lease it again.

        Args:
            actor: Who takes back.
            since: Begin of the session; what was decided before it stays.
            lease_minutes: For the task or the carpet that comes back.

        Raises:
            PolicyError: ``UNDO_NOTHING``; ``UNDO_TOO_LATE`` with what has changed since.
        """
        now = utc_now()
        until = now + dt.timedelta(minutes=lease_minutes)
        with self._database.writing() as cursor:
            last = _last_of(cursor, actor, since)
            if not last:
                raise PolicyError(
                    "UNDO_NOTHING",
                    ja="このログインの間に、取り消せる決定はありません。",
                    en="There is no decision of this session to take back.",
                )
            for one in last:
                _require_untouched(cursor, actor, one, now)
            for one in last:
                self._take_back(cursor, one, now)
                self._audit.append(
                    cursor,
                    actor,
                    "decision.undo",
                    f"document:{one.document_id}",
                    field=one.field,
                    detail=one.action,
                )
            insert(cursor, "decision", [_undo_row(actor, one, now) for one in last])
            carpet_id = _carpet_of(cursor, actor, last)
            cursor.execute(
                "update open_task set lease_user = ?, lease_until = ?, lease_carpet = ?, "
                "for_carpet = for_carpet or ? where task_id in (select unnest(?::varchar[]))",
                [
                    actor.user_id,
                    until,
                    carpet_id,
                    carpet_id is not None,
                    [one.task_id for one in last],
                ],
            )
        return Undone(None if carpet_id else last[0].task_id, carpet_id)

    def _take_back(self, cursor: duckdb.DuckDBPyConnection, one: _Last, now: dt.datetime) -> None:
        same = [one.serial, one.decided_at]
        closed = open_tasks.reopen(cursor, "serial = ? and closed_at = ?", same)
        open_tasks.close(cursor, "serial = ? and created_at = ?", same, UNDONE, now)
        cursor.execute(
            "update closed_task set result = ?, closed_at = ?, ver = ver + 1 "
            "where serial = ? and created_at = ? and closed_at <> ?",
            [UNDONE, now, *same, now],
        )
        if closed and one.field is not None:
            self._decisions.unsettle(cursor, one.document_id, FieldName(one.field))
        cursor.execute(
            "update document set outcome = null, decided_at = null, ver = ver + 1 "
            "where serial = ? and outcome is not null and exists (select 1 from open_task t "
            "where t.serial = ? and t.purpose = 'review')",
            [one.serial, one.serial],
        )


def _last_of(cursor: duckdb.DuckDBPyConnection, actor: Actor, since: dt.datetime) -> list[_Last]:
    """The last decision that still counts, or all those of the last carpet."""
    rows = cursor.execute(
        f"select {_COLUMNS} from decision d where user_id = ? and decided_at = ("
        "  select max(decided_at) from decision d where user_id = ? and decided_at >= ? "
        f"  and action not in ({_NOT_TAKEN_BACK}) and {_NOT_UNDONE}) "
        f"and action not in ({_NOT_TAKEN_BACK}) and {_NOT_UNDONE}",
        [actor.user_id, actor.user_id, since],
    ).fetchall()
    return [_Last(*row) for row in rows]


def _require_untouched(
    cursor: duckdb.DuckDBPyConnection, actor: Actor, one: _Last, now: dt.datetime
) -> None:
    """Refuse where somebody or something has gone on from the decision.

    Raises:
        PolicyError: ``UNDO_TOO_LATE``.
    """
    document, decided = one.document_id, one.decided_at
    outcome, handed_over = cursor.execute(
        "select outcome, handed_over_at from document where document_id = ?", [document]
    ).fetchall()[0]
    if handed_over is not None:
        raise _too_late("書類は引き渡し済みです。", "The document was handed over.")
    if outcome == REPLACED or _any(
        cursor,
        "select 1 from rescan where document_id = ? and state in ('sent', 'replaced')",
        document,
    ):
        raise _too_late("新しいスキャンが入りました。", "A new scan has come in.")
    if _any(
        cursor, "select 1 from ended where document_id = ? limit 1", document
    ):  # its values are gone, or will be
        raise _too_late("保存期間が終わりました。", "Its retention has ended.")
    if _any(
        cursor,
        f"select 1 from decision where serial = ? and action = '{Action.REOPEN}' "
        "and decided_at > ?",
        one.serial,
        decided,
    ):
        raise _too_late("監督者が書類を開き直しました。", "A supervisor has opened it again.")
    if _any(
        cursor,
        "select 1 from audit where subject = ? and action like 'letter.%' and detail = 'pdf' "
        "and happened_at > ?",
        f"document:{document}",
        decided,
    ):
        raise _too_late("手紙が印刷されました。", "The letter was printed.")
    if _any(
        cursor,
        f"select 1 from decision d where serial = ? and decided_at > ? and action <> 'undo' "
        f"and {_NOT_UNDONE} and (task_id = ? or field = ? or task_id in "
        "(select task_id from task where serial = ? and created_at = ?))",
        one.serial,
        decided,
        one.task_id,
        one.field,
        one.serial,
        decided,
    ):
        raise _too_late("その後、続きの作業が決められました。", "What followed was decided since.")
    if _any(
        cursor,
        "select 1 from open_task where serial = ? and (task_id = ? or created_at = ?) "
        "and lease_user <> ? and lease_until >= ?",
        one.serial,
        one.task_id,
        decided,
        actor.user_id,
        now,
    ):
        raise _too_late(
            "ほかの人が続きの作業を開いています。", "Somebody else has the work open that followed."
        )


def _any(cursor: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> bool:
    return bool(cursor.execute(sql, list(parameters)).fetchall())


def _too_late(ja: str, en: str) -> PolicyError:
    return PolicyError(
        "UNDO_TOO_LATE",
        ja=f"取り消せません。{ja}",
        en=f"This cannot be taken back. {en}",
        remedy_ja="直す必要があれば、監督者に知らせてください。",
        remedy_en="Tell a supervisor where it has to be put right.",
    )


def _undo_row(actor: Actor, one: _Last, now: dt.datetime) -> dict[str, Any]:
    return {
        "decision_id": secrets.token_hex(8),
        "task_id": one.task_id,
        "document_id": one.document_id,
        "serial": one.serial,
        "field": one.field,
        "user_id": actor.user_id,
        "action": Action.UNDO.value,
        "seen": one.seen,
        "task_ver": 0,
        "decided_at": now,
        "position": one.position,
        "undoes": one.decision_id,
    }


def _carpet_of(cursor: duckdb.DuckDBPyConnection, actor: Actor, last: list[_Last]) -> str | None:
    """The carpet that the decisions were taken on, its cells as they were shown."""
    if last[0].position is None:
        return None
    give_back(cursor, actor)  # a carpet that was handed out since
    found = None
    for one in last:
        rows = cursor.execute(
            "update carpet_cell set state = 'shown', "
            "task_ver = (select ver from open_task t where t.task_id = carpet_cell.task_id) "
            "where task_id = ? and position = ? and user_id = ? "
            "and state in ('right', 'doubted') returning carpet_id",
            [one.task_id, one.position, actor.user_id],
        ).fetchall()
        found = rows[0][0] if rows else found
    return found
