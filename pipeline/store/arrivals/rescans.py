"""New scans for what could not be used: what is wanted, what was sent, what took whose place.

The desk notes the surrogate of a new scan's bytes before the file reaches the inbox. The new scan
then goes the way of any other file; when its batch is loaded, the document it was made for is
closed in the same transaction, and only where the new scan is better. Nothing old is changed: the
examination, its values and its decisions stay, linked to what came after.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.domain.documents import FormName
from pipeline.domain.errors import InputError, PolicyError
from pipeline.domain.findings import FindingCode
from pipeline.store.arrivals import open_tasks
from pipeline.store.arrivals.records import Arrival, LoadedDocument, Outcome
from pipeline.store.arrivals.repeats.families import FAMILIES
from pipeline.store.auditing.audit import SYSTEM, Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database, insert

REPLACED = "replaced"
"""Outcome of a document, and result of its tasks, whose paper was scanned again."""

WANTED, SENT = "wanted", "sent"
"""States: something waits for a new scan; one, or the file itself, is on its way."""

AGAIN = "again"
"""State of a released file that was set aside once more: it waits under its new batch."""

DECIDED = "RESCAN_DECIDED"
"""Reason: a person said so."""

OTHER_FORM = "RESCAN_OTHER_FORM"
"""Problem: the new scan is another kind of form than the page it was made for."""

UNUSABLE = (FindingCode.REGISTRATION_POOR, FindingCode.FORM_UNKNOWN, FindingCode.PAGE_BLANK)
"""Findings that say that a page could not be read as it was scanned, the first the most telling."""

STACK = (
    FindingCode.DOUBLE_FEED_SUSPECTED,
    FindingCode.COUNT_MISMATCH,
    FindingCode.CHANNEL_MISMATCH,
)
"""Findings that ask for a look at the stack of paper: no page is bad, but one may be missing."""

_TARGET = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,79}:[0-9]{1,6}|[0-9a-f]{32})", re.ASCII)
_OPEN_OUTCOMES = ("rescan", "blank")


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file or page whose paper should be scanned again.

    Attributes:
        target: What an upload names: the document's identifier, or ``batch:position`` of a file.
        position: The file's place in its batch, from 0, in the order of the stack.
        page: Page in the file, from 1; None where the file could not be opened.
        reason: A code: of the quarantine, of a finding, or ``RESCAN_DECIDED``.
        evidence: Names and numbers of that finding; of what the page seems to be, for example.
        decided_blank: The machine closed it as blank; a new scan is needed only if the paper
            is not.
        sent: A new scan is on its way.
        problem: Why the last new scan did not take its place, or None.
    """

    target: str
    batch_id: str
    position: int
    page: int | None
    document_id: str | None
    channel: str
    reason: str
    received_at: dt.datetime
    decided_blank: bool
    sent: bool
    attempts: int
    problem: str | None
    evidence: dict[str, str | float]


@dataclass(frozen=True, slots=True)
class Link:
    """One step in a document's history: what it replaced, or what replaced it.

    Attributes:
        document_id: The other document; None where it was a file that could not be opened.
        is_newer: The other one came after.
    """

    document_id: str | None
    is_newer: bool
    replaced_at: dt.datetime


@dataclass(frozen=True, slots=True)
class StackDoubt:
    """Where in a batch the stack of paper should be looked at: file from 0, page from 1."""

    position: int
    page: int | None
    code: str


# Those few in doubt first: with all that was ever loaded, files and pages are joined to them alone.
_WANTED = f"""
with doubtful as materialized (
  select * from document where outcome = 'rescan'
    or (coalesce(outcome, 'blank') = 'blank' and (route = 'quarantine' or serial in (
      select serial from finding where code = '{FindingCode.REGISTRATION_POOR}')))
), bad as (
  select d.batch_id, a.position, p.number as page, d.document_id, d.channel, d.received_at,
    (select min_by(struct_pack(code := f.code, evidence := f.evidence),
         list_position(?::varchar[], f.code)) from finding f
       where f.serial = d.serial and f.severity <> 'info'
         and list_contains(?::varchar[], f.code)) as told,
    case when d.outcome = 'rescan' then '{DECIDED}' end as reason,
    coalesce(d.outcome, '') = 'blank' as decided_blank
  from doubtful d
  join arrival a on a.batch_id = d.batch_id and a.scan_id = d.scan_id and a.outcome = 'loaded'
  left join page p on p.serial = d.serial
  union all
  select batch_id, position, null, null, channel, received_at, null,
    coalesce(reason, 'UNKNOWN'), false
  from arrival where outcome = 'quarantined'
)
select coalesce(b.document_id, b.batch_id || ':' || b.position), b.batch_id, b.position, b.page,
  b.document_id, b.channel, coalesce(b.reason, b.told.code, '{FindingCode.FORM_UNKNOWN}'),
  b.received_at, b.decided_blank,
  coalesce(r.state, '') = '{SENT}', coalesce(r.attempts, 0), r.problem,
  coalesce(b.told.evidence, '{{}}')
from bad b left join rescan r on r.batch_id = b.batch_id and r.position = b.position
  and r.document_id is not distinct from b.document_id
where coalesce(r.state, '{WANTED}') in ('{WANTED}', '{SENT}')
"""


class Rescans:
    """What is to be scanned again, and what came of it."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def wanted(self, batch_id: str | None = None, limit: int = 500) -> list[Unusable]:
        """What is to be scanned again, newest batch first, in the order of the stack."""
        where, parameters = ("and b.batch_id = ?", [batch_id]) if batch_id else ("", [])
        rows = self._database.rows(
            f"{_WANTED} {where} order by b.received_at desc, b.batch_id, b.position, b.page "
            f"limit {int(limit)}",
            [*_codes(), *parameters],
        )
        return [_unusable(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Per batch: how many papers are to be scanned again; those decided blank not counted."""
        rows = self._database.rows(
            f"select batch_id, count(*) from ({_WANTED}) as w"
            "(target, batch_id, position, page, document_id, channel, reason, received_at, "
            "decided_blank, sent, attempts, problem, evidence) "
            "where not decided_blank group by batch_id",
            _codes(),
        )
        return {str(batch): int(n) for batch, n in rows}

    def stack_doubts(self, batch_id: str) -> list[StackDoubt]:
        """Where the stack of a batch should be looked at, in its order."""
        rows = self._database.rows(
            "select distinct a.position, p.number, f.code from finding f "
            "join document d using (document_id) left join page p using (document_id) "
            "join arrival a on a.batch_id = d.batch_id and a.scan_id = d.scan_id "
            "and a.outcome = 'loaded' where d.batch_id = ? "
            "and list_contains(?::varchar[], f.code) order by 1, 2, 3",
            [batch_id, [c.value for c in STACK]],
        )
        return [StackDoubt(*row) for row in rows]

    def find(self, target: str) -> Unusable:
        """One of them, by what an upload names.

        Raises:
            InputError: ``NOT_FOUND`` where it is not, or no longer, to be scanned again.
        """
        if _TARGET.fullmatch(target):
            rows = self._database.rows(
                f"{_WANTED} and coalesce(b.document_id, b.batch_id || ':' || b.position) = ?",
                [*_codes(), target],
            )
            if rows:
                return _unusable(rows[0])
        raise InputError(
            "NOT_FOUND",
            ja="この書類は、もうスキャンし直しを待っていません。",
            en="This paper is not waiting to be scanned again any more.",
            remedy_ja="画面を読み込み直してください。",
            remedy_en="Load the page again.",
        )

    def send(self, actor: Actor, target: str, new_scan_id: str) -> None:
        """Note that a new scan is about to go to the inbox; sending again takes its place.

        Raises:
            InputError: ``NOT_FOUND``; ``RESCAN_SAME_FILE`` where these bytes came in before.
        """
        with self._database.writing() as cursor:
            wanted = self.find(target)
            seen = cursor.execute(
                "select 1 from arrival where scan_id = ? limit 1", [new_scan_id]
            ).fetchall()
            if seen:
                raise InputError(
                    "RESCAN_SAME_FILE",
                    ja="このファイルは前に受け取ったものと同じです。",
                    en="This is the very file that came in before.",
                    remedy_ja="紙をもう一度スキャンし、新しいファイルを選んでください。",
                    remedy_en="Scan the paper again and choose the new file.",
                )
            note_state(cursor, _place(wanted), actor, SENT, new_scan_id)
            self._audit.append(cursor, actor, "rescan.send", _subject(wanted))

    def unneeded(self, actor: Actor, target: str) -> None:
        """Take something off the list: its paper needs no new scan (a letter, really blank).

        Raises:
            InputError: ``NOT_FOUND``.
            PolicyError: ``RESCAN_ASKED`` where a person at review asked for the new scan;
                ``QUARANTINE_DISCARD`` for a file, which a supervisor discards with a reason.
        """
        with self._database.writing() as cursor:
            wanted = self.find(target)
            if wanted.document_id is None:
                raise PolicyError(
                    "QUARANTINE_DISCARD",
                    ja="隔離したファイルを終わりにするのは監督者です。理由を選びます。",
                    en="A file in quarantine is discarded by a supervisor, with a reason.",
                )
            if wanted.reason == DECIDED:
                raise PolicyError(
                    "RESCAN_ASKED",
                    ja="確認者が再スキャンを求めた書類です。スキャンし直してください。",
                    en="A reviewer asked for this to be scanned again.",
                )
            note_state(cursor, _place(wanted), actor, "unneeded", None)
            self._audit.append(
                cursor, actor, "rescan.unneeded", _subject(wanted), detail=wanted.reason
            )

    def links(self, document_id: str) -> list[Link]:
        """What a document replaced and what replaced it, oldest first."""
        rows = self._database.rows(
            "select old_document_id, false, replaced_at from replacement "
            "where new_document_id = ? union all "
            "select new_document_id, true, replaced_at from replacement "
            "where old_document_id = ? order by 3, 1",
            [document_id, document_id],
        )
        return [Link(*row) for row in rows]

    def settle(
        self, cursor: duckdb.DuckDBPyConnection, arrivals: Sequence[Arrival], now: dt.datetime
    ) -> None:
        """Put new scans in the place of what they were made for; part of loading a batch."""
        by_scan = {a.scan_id: a for a in arrivals if a.outcome != Outcome.DUPLICATE}
        for arrival in arrivals:
            by_scan.setdefault(arrival.scan_id, arrival)
        found = cursor.execute(
            "select r.rescan_id, r.batch_id, r.position, r.document_id, r.new_scan_id, "
            "r.document_id is null and a.scan_id = r.new_scan_id from rescan r "
            "join arrival a on a.batch_id = r.batch_id and a.position = r.position "
            f"where r.state = '{SENT}' and list_contains(?::varchar[], r.new_scan_id)",
            [list(by_scan)],
        ).fetchall()
        for rescan_id, batch_id, position, old, new_scan_id, is_released in found:
            usable, problem = _judge(by_scan[new_scan_id], _form_of(cursor, old))
            set_aside = by_scan[new_scan_id].outcome == Outcome.QUARANTINED
            waits = AGAIN if is_released and set_aside else WANTED
            cursor.execute(
                "update rescan set state = ?, problem = ?, attempts = attempts + ?, "
                "updated_at = ? where rescan_id = ?",
                [waits if problem else REPLACED, problem, int(bool(problem)), now, rescan_id],
            )
            subject = f"document:{old}" if old else f"file:{batch_id}:{position}"
            if problem:
                self._audit.append(cursor, SYSTEM, "rescan.no_better", subject, detail=problem)
                continue
            _close_old(cursor, old, now)
            insert(
                cursor,
                "replacement",
                [
                    {
                        "rescan_id": rescan_id,
                        "old_document_id": old,
                        "new_document_id": new.document_id,
                        "replaced_at": now,
                    }
                    for new in usable
                ],
            )
            self._audit.append(
                cursor,
                SYSTEM,
                "rescan.replaced",
                subject,
                detail=f"document:{usable[0].document_id}",
            )


def _unusable(row: Sequence[Any]) -> Unusable:
    columns = [*row[:-1], json.loads(row[-1])]
    return Unusable(*columns)


def _codes() -> list[list[str]]:
    return [[c.value for c in UNUSABLE]] * 2


def _subject(wanted: Unusable) -> str:
    kind = "document" if wanted.document_id else "file"
    return f"{kind}:{wanted.target}"


def _place(wanted: Unusable) -> tuple[str, int, str | None]:
    return wanted.batch_id, wanted.position, wanted.document_id


def note_state(
    cursor: duckdb.DuckDBPyConnection,
    place: tuple[str, int, str | None],
    actor: Actor,
    state: str,
    new_scan_id: str | None,
) -> None:
    """Note how far something on the list is; ``place``: batch, position, document or None."""
    facts: dict[str, Any] = {
        "state": state,
        "new_scan_id": new_scan_id,
        "updated_at": utc_now(),
        "user_id": actor.user_id,
    }
    changed = cursor.execute(
        f"update rescan set {', '.join(f'{name} = ?' for name in facts)} "
        "where batch_id = ? and position = ? and document_id is not distinct from ? "
        "returning rescan_id",
        [*facts.values(), *place],
    ).fetchall()
    if not changed:
        cursor.execute(
            "insert into rescan values (?, ?, ?, ?, ?, 0, null, ?, ?, ?)",
            [
                secrets.token_hex(8),
                *place,
                *facts.values(),
            ],
        )


def _form_of(cursor: duckdb.DuckDBPyConnection, document_id: str | None) -> str | None:
    rows = cursor.execute(
        "select form from document where document_id = ?", [document_id]
    ).fetchall()
    return rows[0][0] if rows else None


def _judge(arrival: Arrival, old_form: str | None) -> tuple[tuple[LoadedDocument, ...], str | None]:
    """The documents that can take the old one's place, or a code for why none can."""
    if arrival.outcome == Outcome.DUPLICATE:
        return (), FindingCode.DUPLICATE_SCAN.value
    if arrival.outcome == Outcome.QUARANTINED:
        return (), arrival.reason or "UNKNOWN"
    readable = tuple(
        d for d in arrival.documents if d.form is not None and _unusable_code(d) is None
    )
    if not readable:
        codes = {c for d in arrival.documents if (c := _unusable_code(d)) is not None}
        first = next((c for c in UNUSABLE if c in codes), FindingCode.FORM_UNKNOWN)
        return (), first.value
    if old_form is None:
        return readable, None
    family = FAMILIES[FormName(old_form)]
    fitting = tuple(d for d in readable if d.form and FAMILIES[d.form] == family)
    return (fitting, None) if fitting else ((), OTHER_FORM)


def _unusable_code(document: LoadedDocument) -> FindingCode | None:
    # An empty back is noted on a readable front; only what weighs more than a note counts.
    codes = {f.code for f in document.findings if f.severity != "info"}
    return next((c for c in UNUSABLE if c in codes), None)


def _close_old(cursor: duckdb.DuckDBPyConnection, old: str | None, now: dt.datetime) -> None:
    """Close the old document and its tasks, unless a person has decided it meanwhile."""
    closed = cursor.execute(
        "update document set outcome = ?, decided_at = ?, ver = ver + 1 where document_id = ? "
        "and (outcome is null or list_contains(?::varchar[], outcome)) returning document_id",
        [REPLACED, now, old, list(_OPEN_OUTCOMES)],
    ).fetchall()
    if closed:
        open_tasks.close(cursor, "document_id = ?", [old], REPLACED, now)
