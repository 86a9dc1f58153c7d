"""Decisions: what a person decided on a task, in one transaction with the audit row."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import duckdb

from pipeline.domain.documents import FieldName, Route
from pipeline.domain.errors import InputError
from pipeline.store.arrivals import open_tasks, records
from pipeline.store.arrivals.repeats.applicants import BlindMarks, repeated_row
from pipeline.store.arrivals.tasking import PlannedTask, Purpose, TaskKind
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import OF_DOCUMENT, Database, insert, places
from pipeline.store.reviewing import keyed_values
from pipeline.store.reviewing.documents import Documents, OpenField
from pipeline.store.reviewing.finishing import finish
from pipeline.store.reviewing.queue import Queue, Task, require_third_person
from pipeline.store.reviewing.staleness import stale, stale_task
from pipeline.vault import Vault, class_of

_MARKED = frozenset({FieldName.MY_NUMBER, FieldName.APPLICATION_ID, FieldName.NAME})


class Action(StrEnum):
    """What a person can say about a field or a document."""

    VALUE = "value"  # this is the value: confirmed, corrected, keyed or chosen
    BLANK = "blank"
    ILLEGIBLE = "illegible"
    WRONG_FORM = "wrong_form"
    ACCEPT = "accept"
    RETURN = "return"
    REFUSE = "refuse"
    RESCAN = "rescan"
    PROCESS = "process"  # go on with the fields, against the machine's proposal
    CHARACTER_RIGHT = "character_right"  # of one character, looked at on a carpet
    CHARACTER_DOUBTED = "character_doubted"
    UNDO = "undo"  # takes an earlier decision of the same person back
    REOPEN = "reopen"  # a supervisor's: what was decided is to be decided again


FIELD_ACTIONS = frozenset({Action.VALUE, Action.BLANK, Action.ILLEGIBLE, Action.WRONG_FORM})
PHOTO_ACTIONS = frozenset({Action.ACCEPT, Action.RETURN, Action.WRONG_FORM})
DOCUMENT_ACTIONS = frozenset(
    {Action.ACCEPT, Action.RETURN, Action.REFUSE, Action.RESCAN, Action.PROCESS}
)


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision on a task.

    Attributes:
        value: The text as typed or chosen, for ``Action.VALUE``.
        ver: Version of the task that the person had on the screen.
    """

    action: Action
    ver: int
    value: str | None = None


def allowed_actions(task: Task) -> frozenset[Action]:
    """What can be said about a task."""
    if task.field is None:
        return DOCUMENT_ACTIONS
    return PHOTO_ACTIONS if task.field == FieldName.PHOTO else FIELD_ACTIONS


class Decisions:
    """Takes decisions and draws what follows from them."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        audit: Audit,
        queue: Queue,
        documents: Documents,
        marks: BlindMarks,
    ) -> None:
        self._database = database
        self._vault = vault
        self._audit = audit
        self._queue = queue
        self._documents = documents
        self._marks = marks

    def decide(self, actor: Actor, task_id: str, decision: Decision) -> str:
        """Take a decision; returns the task's result.

        Raises:
            PolicyError: ``TASK_STALE``, ``TASK_NOT_YOURS``.
            InputError: ``ACTION_UNKNOWN``, ``VALUE_MISSING``.
        """
        now = utc_now()
        with self._database.writing() as cursor:
            task = self._queue.task(task_id)
            if task is None or not _is_held(task, actor, decision.ver, now):
                raise stale_task(cursor, task_id, actor, now, decision.ver)
            require_third_person(cursor, task, actor)
            if decision.action not in allowed_actions(task):
                raise InputError(
                    "ACTION_UNKNOWN",
                    ja="この作業ではその操作はできません。",
                    en="That cannot be said about this task.",
                )
            if task.field is None:
                result = self._decide_document(cursor, task, decision, now)
            elif task.field == FieldName.PHOTO:
                result = self._decide_photo(cursor, task, decision, now)
            else:
                result = self._decide_field(cursor, actor, task, decision, now)
            self._append(cursor, actor, task, decision, now)
            _close(cursor, task.task_id, result, now)
            self._audit.append(
                cursor,
                actor,
                f"decision.{decision.action}",
                f"document:{task.document_id}",
                field=task.field,
                detail=f"{task.kind}:{result}",
            )
            finish(cursor, [task.serial], now)
        return result

    def keep(
        self, cursor: duckdb.DuckDBPyConnection, task_ids: Sequence[str], now: dt.datetime
    ) -> None:
        """Close tasks with the machine's values: every flagged character of them was confirmed.

        Raises:
            PolicyError: ``TASK_STALE`` where a task or its value is no longer there.
        """
        if not task_ids:
            return
        found = cursor.execute(
            f"with t as (select serial, field from open_task where task_id in {places(task_ids)}) "
            "select f.document_id, f.serial, f.field, f.value_sealed from t "
            "join field f on f.serial = t.serial and f.field = t.field "
            "where f.value_sealed is not null",
            list(task_ids),
        ).fetchall()
        if len(found) != len(task_ids):
            raise stale()
        rows = []
        for document, serial, name, sealed in found:
            field = FieldName(name)
            opened = self._vault.unseal(records.value_context(document, field), bytes(sealed))
            context = records.final_context(document, field)
            rows.append(
                {
                    "serial": serial,
                    "field": field.value,
                    "final_sealed": self._vault.seal(class_of(field), context, opened),
                    "masked": records.masked(field, opened.decode()),
                }
            )
        _set_confirmed(cursor, rows)
        which = f"task_id in {places(task_ids)}"
        open_tasks.close(cursor, which, list(task_ids), "confirmed", now)
        finish(cursor, sorted({row[1] for row in found}), now)

    def _decide_document(
        self,
        cursor: duckdb.DuckDBPyConnection,
        task: Task,
        decision: Decision,
        now: dt.datetime,
    ) -> str:
        document = self._documents.document(task.document_id)
        route = document.route if document else ""
        if decision.action == Action.ACCEPT and route in NOT_ACCEPTED_AS_A_WHOLE:
            raise InputError(
                "ACTION_UNKNOWN",
                ja="この書類は項目を確認せずに受理できません。",
                en="This document cannot be accepted without its fields being looked at.",
            )
        if decision.action == Action.PROCESS:
            fields = self._documents.fields(task.document_id)
            if not fields:  # nothing could be read: going on would accept a page nobody has read
                raise InputError(
                    "ACTION_UNKNOWN",
                    ja="読み取った項目がないため、項目の確認には進めません。",
                    en="No field was read, so there is none to go on with.",
                    remedy_ja="スキャンし直すか、返戻してください。",
                    remedy_en="Ask for a new scan, or return it.",
                )
            waiting = {t.field for t in self._queue.of_document(task.document_id)
                       if t.state == "open"}  # fmt: skip
            # Whether a carpet may take one is looked at when a carpet wants it.
            planned = [
                PlannedTask(f.name, TaskKind.CONFIRM, Purpose.REVIEW, f.ordinal, for_carpet=True)
                for f in fields
                if not f.accepted and f.reviewed is None and f.name not in waiting
            ]
            open_tasks.add(cursor, [open_tasks.new(task.owner, p, now) for p in planned])
        elif decision.action != Action.ACCEPT:
            _close_rest(cursor, task, decision.action, now)
        return decision.action.value

    def _decide_photo(
        self,
        cursor: duckdb.DuckDBPyConnection,
        task: Task,
        decision: Decision,
        now: dt.datetime,
    ) -> str:
        if decision.action == Action.WRONG_FORM:
            return self._wrong_form(cursor, task, now)
        return decision.action.value

    def _decide_field(
        self,
        cursor: duckdb.DuckDBPyConnection,
        actor: Actor,
        task: Task,
        decision: Decision,
        now: dt.datetime,
    ) -> str:
        if decision.action == Action.WRONG_FORM:
            return self._wrong_form(cursor, task, now)
        field = FieldName(task.field or "")
        if decision.action == Action.ILLEGIBLE:
            if task.kind == TaskKind.ADJUDICATE:
                _set_reviewed(cursor, task, None, None, "illegible")
                return "illegible"
            self._ask_another(cursor, task, now)
            return "illegible"
        opened = self._documents.opened(task.document_id, field, task.serial)
        machine = opened.value if opened else None
        final = _final_value(field, task, decision, opened)
        if task.kind == TaskKind.ADJUDICATE:
            agrees = machine is not None and keyed_values.same(field, machine, final)
            reviewed = "confirmed" if agrees else "corrected"
            self._settle(cursor, task, field, final, reviewed, now)
            return "machine_right" if agrees else "machine_wrong"
        agrees = machine is not None and keyed_values.same(field, machine, final)
        if task.kind == TaskKind.KEY and not (agrees and self._keyed_once(cursor, task, final)):
            self._ask_another(cursor, task, now)
            return "mismatch"
        self._settle(cursor, task, field, final, "confirmed" if agrees else "corrected", now)
        if task.kind == TaskKind.KEY:
            return "agreed"
        return "confirmed" if agrees else "corrected"

    def _keyed_once(self, cursor: duckdb.DuckDBPyConnection, task: Task, final: str) -> bool:
        """Whether nothing else was keyed for the task and taken back.

        Who may try again until the machine agrees does not key blind: another person settles it.
        """
        rows = cursor.execute(
            "with d as (select * from decision where serial = ?) "
            "select action, value_sealed from d where task_id = ? and exists "
            "(select 1 from d u where u.undoes = d.decision_id)",
            [task.serial, task.task_id],
        ).fetchall()
        context, field = records.keyed_context(task.task_id), FieldName(task.field or "")
        for action, sealed in rows:
            keyed = self._vault.unseal(context, bytes(sealed)).decode() if sealed else ""
            if action in (Action.VALUE, Action.BLANK) and not keyed_values.same(
                field, keyed, final
            ):
                return False
        return True

    def _settle(
        self,
        cursor: duckdb.DuckDBPyConnection,
        task: Task,
        field: FieldName,
        final: str,
        reviewed: str,
        now: dt.datetime,
    ) -> None:
        context = records.final_context(task.document_id, field)
        sealed = self._vault.seal(class_of(field), context, final.encode())
        _set_reviewed(cursor, task, sealed, records.masked(field, final), reviewed)
        if field in _MARKED and reviewed == "corrected":
            for marked, other in self._mark_again(cursor, task.document_id, field, final):
                row = repeated_row(task.document_id, task.serial, marked, other)
                insert(cursor, "finding", [row | {"ordinal": _FOUND_BY_CORRECTING}])
                open_tasks.add(cursor, [open_tasks.new(task.owner, _WHOLE, now)])

    def unsettle(self, cursor: duckdb.DuckDBPyConnection, document: str, field: FieldName) -> None:
        """Bring a field back to what the machine made of it, its marks and findings with it."""
        machine = self._documents.value(document, field)
        was = cursor.execute(
            f"select reviewed from field where {OF_DOCUMENT} and field = ?", [document, field]
        ).fetchall()
        cursor.execute(
            "update field set final_sealed = null, masked = ?, reviewed = null "
            f"where {OF_DOCUMENT} and field = ?",
            [records.masked(field, machine), document, field],
        )
        if field in _MARKED and was == [("corrected",)]:
            self._mark_again(cursor, document, field, machine)
            cursor.execute(
                f"delete from finding where {OF_DOCUMENT} and field = ? and ordinal = ?",
                [document, field, _FOUND_BY_CORRECTING],
            )

    def _mark_again(
        self, cursor: duckdb.DuckDBPyConnection, document: str, field: FieldName, final: str | None
    ) -> list[tuple[FieldName, str]]:
        """Put the value's blind marks in; fields by which another document is found, and it."""
        born = self._documents.value(document, FieldName.BIRTH_DATE, final=True)
        values = {field: final, FieldName.BIRTH_DATE: born}
        marks = records.marks_of(values, self._vault)
        return self._marks.replace(cursor, document, field, marks)

    def _ask_another(self, cursor: duckdb.DuckDBPyConnection, task: Task, now: dt.datetime) -> None:
        planned = PlannedTask(FieldName(task.field or ""), TaskKind.ADJUDICATE, task.purpose, 0)
        row = open_tasks.new(task.owner, planned, now, parent_id=task.task_id, priority=0)
        open_tasks.add(cursor, [row])

    def _wrong_form(self, cursor: duckdb.DuckDBPyConnection, task: Task, now: dt.datetime) -> str:
        _close_rest(cursor, task, Action.WRONG_FORM, now)
        open_tasks.add(cursor, [open_tasks.new(task.owner, _WHOLE, now)])
        return "wrong_form"

    def _append(
        self,
        cursor: duckdb.DuckDBPyConnection,
        actor: Actor,
        task: Task,
        decision: Decision,
        now: dt.datetime,
    ) -> None:
        identifier = secrets.token_hex(8)
        sealed = None
        if decision.value and task.field is not None and decision.action == Action.VALUE:
            field = FieldName(task.field)
            context = records.keyed_context(task.task_id)
            sealed = self._vault.seal(class_of(field), context, decision.value.strip().encode())
        row: dict[str, Any] = {
            "decision_id": identifier,
            "task_id": task.task_id,
            "document_id": task.document_id,
            "serial": task.serial,
            "field": task.field,
            "user_id": actor.user_id,
            "action": decision.action.value,
            "value_sealed": sealed,
            "seen": _SEEN[task.kind] if task.field else "document",
            "task_ver": task.ver,
            "decided_at": now,
        }
        insert(cursor, "decision", [row])


# Nobody has looked at the fields of these: to accept one, its fields have to be processed.
NOT_ACCEPTED_AS_A_WHOLE = frozenset({Route.KEY, Route.RETURN, Route.REFUSE, Route.QUARANTINE})
_FOUND_BY_CORRECTING = 1001  # ordinal of such findings, after those found while loading
_WHOLE = PlannedTask(None, TaskKind.CONFIRM, Purpose.REVIEW, 0)
_SEEN = {TaskKind.CONFIRM: "machine", TaskKind.KEY: "blind", TaskKind.ADJUDICATE: "both"}


def _final_value(field: FieldName, task: Task, decision: Decision, opened: OpenField | None) -> str:
    if decision.action == Action.BLANK:
        return ""
    typed = (decision.value or "").strip()
    if not typed:
        raise InputError(
            "VALUE_MISSING",
            ja="値が入力されていません。空欄なら「空欄」を選んでください。",
            en="No value was given. If the field is blank, say so with its own key.",
        )
    shown = None if opened is None or task.kind == TaskKind.KEY else opened.editable_text
    if opened is not None and opened.value is not None and typed == shown:
        return opened.value  # left as the machine showed it: keep its own normal form
    return keyed_values.normal_form(field, typed)


def _is_held(task: Task, actor: Actor, ver: int, now: dt.datetime) -> bool:
    return (
        task.state == "open"
        and task.ver == ver
        and task.lease_user == actor.user_id
        and task.lease_until is not None
        and task.lease_until >= now
    )


def _close(cursor: duckdb.DuckDBPyConnection, task_id: str, result: str, now: dt.datetime) -> None:
    open_tasks.close(cursor, "task_id = ?", [task_id], result, now)


def _close_rest(
    cursor: duckdb.DuckDBPyConnection, task: Task, result: str, now: dt.datetime
) -> None:
    which = "serial = ? and task_id <> ?"
    open_tasks.close(cursor, which, [task.serial, task.task_id], result, now)


def _set_confirmed(cursor: duckdb.DuckDBPyConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Take the final values of many fields in at once."""
    names = ("serial", "field", "final_sealed", "masked")
    cursor.execute(
        "update field set final_sealed = v.final_sealed, masked = v.masked, reviewed = 'confirmed' "
        f"from (values {', '.join([places(names)] * len(rows))}) v ({', '.join(names)}) "
        "where field.serial = v.serial and field.field = v.field "
        f"and field.serial in {places(rows)}",
        [*(row[name] for row in rows for name in names), *(row["serial"] for row in rows)],
    )


def _set_reviewed(
    cursor: duckdb.DuckDBPyConnection,
    task: Task,
    sealed: bytes | None,
    masked: str | None,
    reviewed: str,
) -> None:
    cursor.execute(
        "update field set final_sealed = ?, masked = ?, reviewed = ? "
        "where serial = ? and field = ?",
        [sealed, masked, reviewed, task.serial, task.field],
    )
