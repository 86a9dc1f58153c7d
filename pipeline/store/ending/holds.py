"""Legal holds: documents of which nothing is destroyed while the hold stands."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from pipeline.domain.errors import InputError
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database

_REASON = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on one document; ``reason`` is a code or file number of the office."""

    document_id: str
    reason: str
    set_by: str
    set_at: dt.datetime
    lifted_by: str | None
    lifted_at: dt.datetime | None

    def as_dict(self) -> dict[str, str | None]:
        """As plain data; times in UTC."""
        return {
            "document_id": self.document_id,
            "reason": self.reason,
            "set_by": self.set_by,
            "set_at": f"{self.set_at.isoformat(timespec='seconds')}Z",
            "lifted_by": self.lifted_by,
            "lifted_at": (
                f"{self.lifted_at.isoformat(timespec='seconds')}Z" if self.lifted_at else None
            ),
        }


class Holds:
    """Sets and lifts holds; both stand in the audit."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def set(self, actor: Actor, document_id: str, reason: str) -> bool:
        """Hold a document; returns False where it was held already.

        Raises:
            InputError: ``DOCUMENT_UNKNOWN``, ``HOLD_REASON``.
        """
        if _REASON.fullmatch(reason) is None:
            raise InputError(
                "HOLD_REASON",
                ja="保留の理由は、半角英数字40字までの記号か文書番号です。",
                en="The reason of a hold is a code or file number of up to 40 plain characters.",
                remedy_ja="人の名前や事情は書かないでください。",
                remedy_en="Do not write about persons.",
            )
        with self._database.writing() as cursor:
            found = cursor.execute(
                "select 1 from document where document_id = ?", [document_id]
            ).fetchone()
            if found is None:
                raise InputError(
                    "DOCUMENT_UNKNOWN",
                    ja="その書類はありません。",
                    en="There is no such document.",
                    remedy_ja="受付デスクの「書類」画面の番号を確かめてください。",
                    remedy_en="Check the number on the desk's document page.",
                )
            held = cursor.execute(
                "select 1 from legal_hold where document_id = ? and lifted_at is null",
                [document_id],
            ).fetchone()
            if held is not None:
                return False
            cursor.execute(
                "insert into legal_hold values (?, ?, ?, ?, null, null)",
                [document_id, reason, actor.user_id, utc_now()],
            )
            self._audit.append(cursor, actor, "hold.set", f"document:{document_id}", detail=reason)
        return True

    def lift(self, actor: Actor, document_id: str) -> bool:
        """Lift the hold on a document; returns whether there was one."""
        with self._database.writing() as cursor:
            lifted = cursor.execute(
                "update legal_hold set lifted_by = ?, lifted_at = ? "
                "where document_id = ? and lifted_at is null returning document_id",
                [actor.user_id, utc_now(), document_id],
            ).fetchall()
            if lifted:
                self._audit.append(cursor, actor, "hold.lift", f"document:{document_id}")
        return bool(lifted)

    def all(self) -> list[Hold]:
        """Every hold there ever was, the standing ones first."""
        rows = self._database.rows(
            "select document_id, reason, set_by, set_at, lifted_by, lifted_at from legal_hold "
            "order by lifted_at is not null, set_at desc"
        )
        return [Hold(*row) for row in rows]
