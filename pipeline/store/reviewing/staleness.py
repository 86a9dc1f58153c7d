"""What changed while somebody had a task open: told with the refusal, never with a value."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

import duckdb

from pipeline.domain.documents import FieldName
from pipeline.domain.errors import PolicyError
from pipeline.letters.field_words import FIELD_WORDS
from pipeline.store.arrivals.rescans import REPLACED
from pipeline.store.auditing.audit import Actor


class Change(StrEnum):
    """What happened to a task since it was handed out."""

    LEASE_ENDED = "lease_ended"  # nobody has it, and it is as it was
    TAKEN = "taken"
    MOVED = "moved"
    DECIDED = "decided"
    DECIDED_SELF = "decided_self"
    WHOLE_DECIDED = "whole_decided"
    REPLACED = "replaced"
    UNDONE = "undone"
    DESTROYED = "destroyed"
    UNKNOWN = "unknown"


_WORDS = {
    Change.LEASE_ENDED: (
        "作業の期限が切れました。ほかの人はまだ触れていません。",
        "Its lease ended. Nobody has touched it meanwhile.",
    ),
    Change.TAKEN: (
        "期限が切れ、今はほかの人が作業しています。",
        "Its lease ended and somebody else is working on it now.",
    ),
    Change.MOVED: (
        "開いている間に、割り当てか文字の確認が変わりました。",
        "It was assigned anew, or a character of it was looked at, while you had it open.",
    ),
    Change.DECIDED: (
        "開いている間に、ほかの人が決定しました。",
        "Somebody else decided it while you had it open.",
    ),
    Change.DECIDED_SELF: (
        "すでにあなたが決定しています。",
        "You have decided it already.",
    ),
    Change.WHOLE_DECIDED: (
        "開いている間に、ほかの人が書類全体を決定しました。",
        "Somebody else decided the document as a whole while you had it open.",
    ),
    Change.REPLACED: (
        "新しいスキャンが入り、このページと入れ替わりました。",
        "A new scan has come in and taken the place of this page.",
    ),
    Change.UNDONE: (
        "この作業のもとになった決定が取り消されました。",
        "The decision that it followed from was taken back.",
    ),
    Change.DESTROYED: (
        "保存期間が終わり、値が廃棄されました。",
        "Its retention has ended and its values were destroyed.",
    ),
    Change.UNKNOWN: (
        "この作業は、開いている間に他の人が処理したか、期限が切れました。",
        "This task was finished by somebody else or its lease ended while you had it open.",
    ),
}
_WHOLE = ("書類全体", "the document as a whole")


class StaleError(PolicyError):
    """Work on something that changed meanwhile (HTTP 409); ``change`` says what."""

    change: Change = Change.UNKNOWN


def stale(change: Change = Change.UNKNOWN, about: tuple[str, str] | None = None) -> StaleError:
    """The error, in words.

    Args:
        change: What happened.
        about: What it happened to, in Japanese and English.
    """
    ja, en = _WORDS[change]
    if about is not None:
        ja, en = f"「{about[0]}」: {ja}", f"{about[1]}: {en}"
    again = change == Change.LEASE_ENDED
    error = StaleError(
        "TASK_STALE",
        ja=ja,
        en=en,
        remedy_ja="もう一度確かめて送ってください。" if again else
        "次の作業に進んでください。何も上書きされていません。",
        remedy_en="Look at it once more and send it again." if again else
        "Go on to the next task. Nothing was overwritten.",
    )  # fmt: skip
    error.change = change
    return error


def stale_task(
    cursor: duckdb.DuckDBPyConnection,
    task_id: str,
    actor: Actor,
    now: dt.datetime,
    ver: int | None = None,
) -> StaleError:
    """The error for a task that cannot be had or decided any more.

    Args:
        cursor: Of the transaction that refuses.
        task_id: The task.
        actor: Who had it open.
        now: The time of the attempt.
        ver: The version on their screen, where they had one.
    """
    found = cursor.execute(
        "select field, ver, lease_user, lease_until from open_task where task_id = ?", [task_id]
    ).fetchall()
    if found:
        field, current, holder, until = found[0]
        if holder not in (None, actor.user_id) and until is not None and until >= now:
            return stale(Change.TAKEN, _about(field))
        same = ver is None or ver == current
        return stale(Change.LEASE_ENDED if same else Change.MOVED, _about(field))
    closed = cursor.execute(
        "select c.field, c.result, (select list(d.user_id) from decision d "
        "where d.serial = c.serial and d.task_id = c.task_id) from closed_task c "
        "where task_id = ?",
        [task_id],
    ).fetchall()
    if not closed:
        return stale()
    field, result, people = closed[0]
    return stale(_of_result(result, people or [], actor), _about(field))


def _of_result(result: str | None, people: list[str], actor: Actor) -> Change:
    told = {
        REPLACED: Change.REPLACED,
        "undone": Change.UNDONE,
        "destroyed": Change.DESTROYED,
    }
    if result in told:
        return told[result]
    if actor.user_id in people:
        return Change.DECIDED_SELF
    return Change.DECIDED if people else Change.WHOLE_DECIDED


def _about(field: str | None) -> tuple[str, str]:
    if field is None:
        return _WHOLE
    return FIELD_WORDS.get(FieldName(field), field), field.replace("_", " ")
