"""Handing accepted applications over to the card-issuing system, once each, on record.

Only documents that were decided and accepted go, with the values as decided (else as the machine
read and was sure of them) and the pictures that the card needs. What went is noted before the
package leaves this module's caller; from then on PINs are due for destruction.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from pipeline.domain.documents import FieldName
from pipeline.store.arrivals import crops
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import utc_now
from pipeline.store.database import Database
from pipeline.store.reviewing.documents import Documents
from pipeline.vault import Vault
from pipeline.vault.packages import pack

_PICTURES = (FieldName.PHOTO, FieldName.SIGNATURE)


@dataclass(frozen=True, slots=True)
class Handover:
    """A package and what is in it.

    Attributes:
        package_id: Random.
        content: The file to send.
    """

    package_id: str
    documents: int
    by_form: dict[str, int]
    content: bytes

    def as_dict(self) -> dict[str, Any]:
        """As plain data; the file in base64."""
        return {
            "package": self.package_id,
            "documents": self.documents,
            "by_form": self.by_form,
            "content": base64.b64encode(self.content).decode(),
        }


class Handovers:
    """Makes packages of what is ready."""

    def __init__(
        self, database: Database, vault: Vault, audit: Audit, documents: Documents, crops_dir: Path
    ) -> None:
        self._database = database
        self._vault = vault
        self._audit = audit
        self._documents = documents
        self._crops = crops_dir

    def ready(self) -> list[str]:
        """Documents that were accepted and not handed over, the oldest first."""
        rows = self._database.rows(
            "select document_id from document where outcome = 'accept' "
            "and handed_over_at is null and form is not null "
            "and not exists (select 1 from ended e where e.document_id = document.document_id) "
            "order by decided_at, document_id"
        )
        return [row[0] for row in rows]

    def make(
        self,
        actor: Actor,
        recipient: X25519PublicKey,
        *,
        limit: int = 1000,
        again: str | None = None,
    ) -> Handover | None:
        """A package of what is ready, or None where nothing is; notes what went in it.

        Args:
            actor: Who hands over.
            recipient: For whom it is encrypted.
            limit: Most documents in it.
            again: A package that was made and lost: what went in it is packed once more.
        """
        with self._database.writing() as cursor:
            chosen = self._packed(again) if again else self.ready()[:limit]
            if not chosen:
                return None
            package_id = again or secrets.token_hex(8)
            contents = [self._content(document) for document in chosen]
            by_form = dict(Counter(c["form"] for c in contents))
            now = utc_now()
            facts = {
                "package": package_id,
                "made_at": f"{now.isoformat(timespec='seconds')}Z",
                "documents": len(contents),
                "by_form": by_form,
                "fields": sum(len(c["fields"]) for c in contents),
                "pictures": sum(len(c["pictures"]) for c in contents),
            }
            payload = json.dumps({"documents": contents}, ensure_ascii=False).encode()
            content = pack(facts, payload, recipient, self._vault.signing_key())
            cursor.execute(
                "update document set handed_over_at = ?, ver = ver + 1 "
                "where list_contains(?::varchar[], document_id)",
                [now, chosen],
            )
            for document in chosen:
                self._audit.append(
                    cursor, actor, "export.package", f"document:{document}", detail=package_id
                )
        return Handover(package_id, len(contents), by_form, content)

    def _packed(self, package_id: str) -> list[str]:
        rows = self._database.rows(
            "select distinct subject from audit where action = 'export.package' and detail = ? "
            "order by subject",
            [package_id],
        )
        return [row[0].removeprefix("document:") for row in rows]

    def _content(self, document: str) -> dict[str, Any]:
        facts = self._documents.document(document)
        assert facts is not None
        values = {}
        for field in self._documents.fields(document):
            value = self._documents.value(document, field.name, final=True)
            if value:
                values[field.name.value] = value
        pictures = {
            name.value: base64.b64encode(
                crops.read(self._crops, self._vault, document, name.value)
            ).decode()
            for name in _PICTURES
            if crops.exists(self._crops, document, name.value)
        }
        return {
            "document_id": document,
            "form": facts.form,
            "form_version": facts.form_version,
            "channel": facts.channel,
            "received_at": f"{facts.received_at.isoformat(timespec='seconds')}Z",
            "fields": values,
            "pictures": pictures,
        }
