"""Opening a decided document again: a supervisor's doing, with a reason, on record.

Nothing decided is changed or removed. What is reopened goes to a person who has not decided it
before, nor asked for it; work that the earlier decision closed unseen comes back with it, so that
nothing is accepted that nobody has looked at.
"""

from __future__ import annotations

import datetime as dt
import secrets
from enum import StrEnum

import duckdb

from pipeline.domain.documents import FieldName
from pipeline.domain.errors import InputError, PolicyError
from pipeline.store.arrivals import open_tasks
from pipeline.store.arrivals.open_tasks import Owner
from pipeline.store.arrivals.tasking import PRESENCE_FIELDS, PlannedTask, Purpose, TaskKind
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database, insert
from pipeline.store.reviewing.decisions import Action

REOPENED = "reopened"  # result of a task whose decision counts no more
REOPENABLE = frozenset({"accept", "return", "refuse"})
_WEIGHTY = "('refuse', 'return', 'rescan', 'wrong_form')"


class Reason(StrEnum):
    """Why a document is opened again; a code, so that nothing personal comes with it."""

    DECIDED_WRONGLY = "decided_wrongly"
    NEW_FACTS = "new_facts"
    COMPLAINT = "complaint"
    SPOT_CHECK = "spot_check"


class Reopening:
    """Opens decided documents again."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def reopen(
        self, actor: Actor, document_id: str, reason: Reason, field: FieldName | None = None
    ) -> str:
        """Open a document again, as a whole or one field of it; returns the new task.

        Args:
            actor: The supervisor.
            document_id: The document.
            reason: Why.
            field: The field that is settled anew; None for the decision as a whole.

        Raises:
            InputError: ``NOT_FOUND`` for a document or field that is not there.
            PolicyError: ``REOPEN_OPEN`` where it is not decided; ``REOPEN_TOO_LATE`` with why;
                ``REOPEN_OWN`` where the person decided it.
        """
        now = utc_now()
        with self._database.writing() as cursor:
            owner = _require_reopenable(cursor, document_id)
            _require_other(cursor, owner, actor)
            planned = _planned(cursor, owner, field)
            about = "true" if field is None else "field = ?"
            which = f"serial = ? and purpose = 'review' and result in {_WEIGHTY} and {about}"
            named: list[object] = [owner.serial, *([] if field is None else [field.value])]
            cursor.execute(
                f"update closed_task set result = '{REOPENED}' where {which} "
                "and task_id in (select task_id from decision where serial = ?)",
                [*named, owner.serial],
            )
            if field is None:
                # What the decision closed without anybody's saying a word on it is open again.
                open_tasks.reopen(cursor, which, named)
            row = open_tasks.new(owner, planned, now, priority=0)
            open_tasks.add(cursor, [row])
            insert(cursor, "decision", [_decision_row(actor, owner, field, reason, now)])
            cursor.execute(
                "update document set outcome = null, decided_at = null, ver = ver + 1 "
                "where serial = ?",
                [owner.serial],
            )
            self._audit.append(
                cursor,
                actor,
                "document.reopen",
                f"document:{document_id}",
                field=field,
                detail=reason.value,
            )
        return str(row["task_id"])


def _require_reopenable(cursor: duckdb.DuckDBPyConnection, document_id: str) -> Owner:
    rows = cursor.execute(
        "select serial, received_at, outcome, handed_over_at from document where document_id = ?",
        [document_id],
    ).fetchall()
    if not rows:
        raise InputError("NOT_FOUND", ja="その書類はありません。", en="There is no such document.")
    serial, received_at, outcome, handed_over_at = rows[0]
    if outcome is None:
        raise PolicyError(
            "REOPEN_OPEN",
            ja="この書類はまだ決定されていません。",
            en="This document is not decided yet.",
        )
    if handed_over_at is not None:
        raise _too_late("引き渡し済みの書類です。", "It was handed over.")
    if cursor.execute(
        "select 1 from ended where document_id = ? limit 1", [document_id]
    ).fetchall():
        raise _too_late("保存期間が終わり、値が廃棄されました。", "Its values were destroyed.")
    if outcome not in REOPENABLE:
        raise _too_late(
            "受理・返戻・不受理の書類だけを開き直せます。",
            "Only what was accepted, returned or refused can be opened again.",
        )
    return Owner(document_id, serial, received_at)


def _require_other(cursor: duckdb.DuckDBPyConnection, owner: Owner, actor: Actor) -> None:
    own = cursor.execute(
        "select 1 from decision d where serial = ? and user_id = ? and action not in ('undo', ?) "
        "and not exists (select 1 from decision u where u.serial = ? "
        "and u.undoes = d.decision_id) limit 1",
        [owner.serial, actor.user_id, Action.REOPEN, owner.serial],
    ).fetchall()
    if own:
        raise PolicyError(
            "REOPEN_OWN",
            ja="自分が決定に加わった書類は、別の監督者が開き直します。",
            en="Another supervisor opens what you have decided yourself.",
        )


def _planned(
    cursor: duckdb.DuckDBPyConnection, owner: Owner, field: FieldName | None
) -> PlannedTask:
    if field is None:
        return PlannedTask(None, TaskKind.ADJUDICATE, Purpose.REVIEW, 0)
    rows = cursor.execute(
        "select ordinal from field where serial = ? and field = ?", [owner.serial, field]
    ).fetchall()
    if not rows or field in PRESENCE_FIELDS:
        raise InputError("NOT_FOUND", ja="その項目はありません。", en="There is no such field.")
    return PlannedTask(field, TaskKind.ADJUDICATE, Purpose.REVIEW, rows[0][0])


def _decision_row(
    actor: Actor, owner: Owner, field: FieldName | None, reason: Reason, now: dt.datetime
) -> dict[str, object]:
    identifier = secrets.token_hex(8)
    return {
        "decision_id": identifier,
        "task_id": identifier,  # no task's: who reopens is one of those who may not settle it
        "document_id": owner.document_id,
        "serial": owner.serial,
        "field": field.value if field else None,
        "user_id": actor.user_id,
        "action": Action.REOPEN.value,
        "seen": "document",
        "reasons": reason.value,
        "task_ver": 0,
        "decided_at": now,
    }


def _too_late(ja: str, en: str) -> PolicyError:
    return PolicyError(
        "REOPEN_TOO_LATE",
        ja=f"開き直せません。{ja}",
        en=f"This cannot be opened again. {en}",
    )
