"""Files in quarantine, and the two ways out: another examination, or discarded with a reason.

A released file goes back to the inbox as it came, and so the way of any file: its new batch counts
it in and accounts for it, and what it becomes is linked to where it lay. The account of the batch
that set it aside stays as it was. A discarded file stays sealed until its retention ends; only the
list lets go of it, and the audit says who did so and why.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import duckdb

from pipeline.domain.documents import Channel
from pipeline.domain.errors import InputError, PolicyError
from pipeline.intake.drops import Drop, Drops
from pipeline.intake.originals import Originals
from pipeline.intake.quarantine import Quarantine
from pipeline.settings import Settings
from pipeline.store.arrivals.rescans import SENT, WANTED, note_state
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.database import Database
from pipeline.vault import Vault

DISCARDED = "discarded"


class DiscardReason(StrEnum):
    """Why nothing more is to be done with a file; a closed list, so that no text names anybody."""

    NOT_OURS = "not_ours"  # came to the wrong office, or is no application at all
    NOTHING_ON_IT = "nothing_on_it"
    TEST_SCAN = "test_scan"
    CAME_OTHERWISE = "came_otherwise"  # the same paper was scanned and loaded another way
    PAPER_RETURNED = "paper_returned"  # the applicant has it back


@dataclass(frozen=True, slots=True)
class Held:
    """A file that was set aside and waits for somebody.

    Attributes:
        target: ``batch:position``.
        position: Its place in the batch, from 0, in the order of the stack.
        code: Why it was set aside.
        is_sent: It, or a new scan of its paper, is on its way.
    """

    target: str
    batch_id: str
    position: int
    scan_id: str
    channel: Channel
    code: str
    received_at: dt.datetime
    is_sent: bool

    def as_dict(self) -> dict[str, Any]:
        """For the command's JSON: no identifier of its bytes."""
        return {
            "file": self.target,
            "batch": self.batch_id,
            "number": self.position + 1,
            "channel": self.channel.value,
            "code": self.code,
            "received_at": self.received_at.isoformat(timespec="seconds"),
            "state": SENT if self.is_sent else WANTED,
        }


_HELD = f"""
select a.batch_id || ':' || a.position, a.batch_id, a.position, a.scan_id, a.channel,
  coalesce(a.reason, 'UNKNOWN'), a.received_at, coalesce(r.state, '') = '{SENT}'
from arrival a left join rescan r on r.batch_id = a.batch_id and r.position = a.position
  and r.document_id is null
where a.outcome = 'quarantined' and coalesce(r.state, '{WANTED}') in ('{WANTED}', '{SENT}')
"""


class Releases:
    """What may be done with files in quarantine."""

    def __init__(self, database: Database, audit: Audit, vault: Vault, settings: Settings) -> None:
        self._database = database
        self._audit = audit
        self._quarantine = Quarantine(settings.quarantine, vault)
        self._originals = Originals(settings.originals, vault)
        self._drops = Drops(settings)

    def waiting(self) -> list[Held]:
        """Every file that waits, newest first."""
        rows = self._database.rows(f"{_HELD} order by a.received_at desc, a.batch_id, a.position")
        return [_held(row) for row in rows]

    def find(self, target: str) -> Held:
        """One of them.

        Raises:
            InputError: ``NOT_FOUND`` where it does not wait, or not any more.
        """
        rows = self._database.rows(f"{_HELD} and a.batch_id || ':' || a.position = ?", [target])
        if not rows:
            raise InputError(
                "NOT_FOUND",
                ja="このファイルは、もう隔離されていません。",
                en="This file is not in quarantine, or not any more.",
                remedy_ja="画面を読み込み直してください。",
                remedy_en="Load the page again.",
            )
        return _held(rows[0])

    def release(self, actor: Actor, target: str) -> None:
        """Give a file to the inbox again, for another examination.

        Raises:
            InputError: ``NOT_FOUND``; ``QUARANTINE_GONE`` where its bytes are not there any more;
                what the inbox refuses (``FILE_TOO_LARGE``, ``FILE_TYPE_UNKNOWN``...), where the
                cause was not removed.
            PolicyError: ``QUARANTINE_SENT``, ``QUARANTINE_LOADED``; ``DROP_WAITS``.
        """
        held = self.find(target)
        content = self._content(held)
        drop = self._drops.begin(actor.user_id, held.channel, target=target)
        try:
            self._fill(drop, content)
            # The file moves inside the transaction: what the inbox refuses was never released.
            with self._database.writing() as cursor:
                self._require_free(cursor, held)
                note_state(cursor, _place(held), actor, SENT, held.scan_id)
                self._audit.append(
                    cursor, actor, "quarantine.release", f"file:{target}", detail=held.code
                )
                # Where it was stored before its examination failed, it would count as a duplicate.
                self._originals.disown(held.scan_id, held.batch_id)
                self._drops.hand_over(drop)
        except BaseException:
            with contextlib.suppress(InputError):  # handed over already
                self._drops.discard(drop)
            raise
        self._quarantine.take_out(held.scan_id)

    def discard(self, actor: Actor, target: str, reason: DiscardReason) -> None:
        """Let go of a file, with a reason; it stays sealed until its retention ends.

        Raises:
            InputError: ``NOT_FOUND``.
            PolicyError: ``QUARANTINE_SENT``.
        """
        with self._database.writing() as cursor:
            held = self.find(target)
            if held.is_sent:
                raise _sent()
            note_state(cursor, _place(held), actor, DISCARDED, None)
            self._audit.append(
                cursor, actor, "quarantine.discard", f"file:{target}", detail=reason.value
            )

    def _content(self, held: Held) -> bytes:
        try:
            content = self._quarantine.read(held.scan_id)
        except InputError:
            content = b""
        if not content:  # unreadable from the first: there was nothing to seal
            raise InputError(
                "QUARANTINE_GONE",
                ja="このファイルの中身は残っていません。",
                en="The content of this file is not there any more.",
                remedy_ja="紙をスキャンし直すか、理由を選んで終わりにしてください。",
                remedy_en="Scan the paper again, or discard it with a reason.",
            )
        return content

    def _fill(self, drop: Drop, content: bytes) -> None:
        receiver = self._drops.receive(drop)
        try:
            receiver.write(content)
            receiver.finish()
        finally:
            receiver.close()

    def _require_free(self, cursor: duckdb.DuckDBPyConnection, held: Held) -> None:
        if self.find(held.target).is_sent:
            raise _sent()
        loaded = cursor.execute(
            "select 1 from arrival where scan_id = ? and outcome = 'loaded' limit 1",
            [held.scan_id],
        ).fetchone()
        if loaded:
            raise PolicyError(
                "QUARANTINE_LOADED",
                ja="同じファイルが、あとで別に受け取られて登録されています。",
                en="The very same file came in again and was loaded.",
                remedy_ja="理由「別の経路で登録済み」で終わりにしてください。",
                remedy_en="Discard this one: it came in otherwise.",
            )


def _place(held: Held) -> tuple[str, int, str | None]:
    return held.batch_id, held.position, None


def _held(row: tuple[Any, ...]) -> Held:
    target, batch_id, position, scan_id, channel, code, received_at, is_sent = row
    return Held(target, batch_id, position, scan_id, Channel(channel), code, received_at, is_sent)


def _sent() -> PolicyError:
    return PolicyError(
        "QUARANTINE_SENT",
        ja="このファイルか、その新しいスキャンが処理を待っています。",
        en="This file, or a new scan of its paper, is on its way.",
        remedy_ja="処理が終わるのを待ってください。",
        remedy_en="Wait until it has been examined.",
    )
