"""Notes on a document: free text from one reviewer to the next, sealed, appended, never changed."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import unicodedata
from dataclasses import dataclass

from pipeline.domain.errors import InputError
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database, insert
from pipeline.vault import DataClass, Vault

MOST_CHARACTERS = 500
MOST_NOTES = 100
_NUMBER = re.compile(r"\d(?:[\s\-‐‑–—―ー・._,]*\d){11,}")


@dataclass(frozen=True, slots=True)
class Note:
    """One note. ``text`` is None once its time has ended."""

    written_at: dt.datetime
    who: str
    text: str | None


class Notes:
    """Writes and opens notes."""

    def __init__(self, database: Database, vault: Vault, audit: Audit) -> None:
        self._database = database
        self._vault = vault
        self._audit = audit

    def add(self, actor: Actor, document_id: str, text: str) -> None:
        """Append a note.

        Raises:
            InputError: ``NOTE_EMPTY``, ``NOTE_TOO_LONG``, ``NOTE_NUMBER`` where twelve digits in a
                row may be a My Number, which stands in its own field and nowhere else;
                ``NOTES_FULL``; ``NOTE_TOO_LATE``; ``NOT_FOUND``.
        """
        clean = text.strip()
        _require(clean)
        note_id = secrets.token_hex(8)
        sealed = self._vault.seal(DataClass.TEXT, _context(document_id, note_id), clean.encode())
        with self._database.writing() as cursor:
            known = cursor.execute(
                "select count(n.note_id) from document d left join note n using (document_id) "
                "where d.document_id = ? group by d.document_id",
                [document_id],
            ).fetchall()
            if not known:
                raise InputError(
                    "NOT_FOUND", ja="その書類はありません。", en="There is no such document."
                )
            over = cursor.execute(
                "select 1 from ended where document_id = ? and data_class = ? limit 1",
                [document_id, DataClass.TEXT],
            ).fetchall()
            if over:
                raise InputError(
                    "NOTE_TOO_LATE",
                    ja="この書類の文字情報は廃棄済みのため、メモは書けません。",
                    en="The texts of this document have been destroyed; it takes no notes.",
                )
            if known[0][0] >= MOST_NOTES:
                raise InputError(
                    "NOTES_FULL",
                    ja="この書類のメモは、これ以上書けません。",
                    en="This document takes no more notes.",
                )
            row = {
                "note_id": note_id,
                "document_id": document_id,
                "user_id": actor.user_id,
                "text_sealed": sealed,
                "written_at": utc_now(),
            }
            insert(cursor, "note", [row])
            self._audit.append(cursor, actor, "note.write", f"document:{document_id}")

    def of_document(self, document_id: str) -> list[Note]:
        """The notes of a document in the clear, oldest first.

        Whoever calls this has checked the role and writes the audit row.
        """
        rows = self._database.rows(
            "select n.note_id, n.written_at, coalesce(p.name, n.user_id), n.text_sealed "
            "from note n left join person p using (user_id) where n.document_id = ? "
            "order by n.written_at, n.note_id",
            [document_id],
        )
        return [
            Note(
                at,
                who,
                self._vault.unseal(_context(document_id, note_id), bytes(sealed)).decode()
                if sealed is not None
                else None,
            )
            for note_id, at, who, sealed in rows
        ]


def _context(document_id: str, note_id: str) -> str:
    return f"{document_id}|{note_id}|note"


def _require(text: str) -> None:
    if not text:
        raise InputError("NOTE_EMPTY", ja="メモが空です。", en="The note is empty.")
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            "NOTE_TOO_LONG",
            ja=f"メモは{MOST_CHARACTERS}字までです。",
            en=f"A note has {MOST_CHARACTERS} characters at most.",
        )
    if _NUMBER.search(unicodedata.normalize("NFKC", text)):
        raise InputError(
            "NOTE_NUMBER",
            ja="12けた以上の数字はメモに書けません。個人番号をメモに残さないためです。",
            en="A note takes no number of twelve digits or more: it might be a My Number.",
            remedy_ja="数字を除いて書き直してください。",
            remedy_en="Write it again without the number.",
        )
