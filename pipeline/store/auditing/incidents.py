"""What an incident touched: the documents, what kinds of data each holds, who looked at it.

For the report to the commission, which is due in days (番号法第29条の4, 個人情報保護法第26条). It
names documents, kinds and people of the office, and no value: who the persons concerned are is
looked up at the desk, where every look is on record.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from pipeline.domain.documents import FieldName
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.database import Database
from pipeline.vault import class_of

_COLUMNS = "d.document_id, d.batch_id, d.channel, d.form, d.received_at, d.outcome"


@dataclass(frozen=True, slots=True)
class Reach:
    """What an incident is about: what somebody saw in a time, a batch, or everything in a time."""

    since: dt.datetime
    until: dt.datetime
    person: str | None = None
    batch_id: str | None = None


def affected(database: Database, audit: Audit, actor: Actor, reach: Reach) -> dict[str, Any]:
    """The documents that an incident reaches; the asking itself stands in the audit.

    Args:
        database: The store's file.
        audit: Where the asking is noted.
        actor: Who asks.
        reach: Times in UTC without a zone, ``until`` exclusive.
    """
    documents = _documents(database, reach)
    identifiers = [row[0] for row in documents]
    kinds: dict[str, set[str]] = {}
    fields: dict[str, list[str]] = {}
    for document, field in database.rows(
        "select document_id, field from field where list_contains(?::varchar[], document_id) "
        "and (value_sealed is not null or final_sealed is not null or has_crop) order by ordinal",
        [identifiers],
    ):
        kinds.setdefault(document, set()).add(class_of(FieldName(field)).value)
        fields.setdefault(document, []).append(field)
    audit.note(
        actor, "export.incident", f"batch:{reach.batch_id or '-'}", detail=f"{len(identifiers)}"
    )
    counts: dict[str, int] = {}
    for held in kinds.values():
        for kind in held:
            counts[kind] = counts.get(kind, 0) + 1
    return {
        "since": f"{reach.since.isoformat(timespec='seconds')}Z",
        "until": f"{reach.until.isoformat(timespec='seconds')}Z",
        "person": reach.person,
        "batch": reach.batch_id,
        "documents_affected": len(identifiers),
        "documents_by_kind": counts,
        "documents": [
            {
                "document_id": document,
                "batch_id": batch,
                "channel": channel,
                "form": form,
                "received_at": f"{received.isoformat(timespec='seconds')}Z",
                "outcome": outcome,
                "kinds": sorted(kinds.get(document, ())),
                "fields": fields.get(document, []),
            }
            for document, batch, channel, form, received, outcome in documents
        ],
    }


def _documents(database: Database, reach: Reach) -> list[tuple[Any, ...]]:
    if reach.person is not None:
        return database.rows(
            f"select distinct {_COLUMNS} from document d "
            "join audit a on a.subject = 'document:' || d.document_id "
            "left join person p on p.user_id = a.user_id "
            "where coalesce(p.name, a.user_id) = ? and a.happened_at >= ? and a.happened_at < ? "
            "and (? is null or d.batch_id = ?) order by d.received_at, d.document_id",
            [reach.person, reach.since, reach.until, reach.batch_id, reach.batch_id],
        )
    return database.rows(
        f"select {_COLUMNS} from document d where (? is null or d.batch_id = ?) "
        "and d.received_at >= ? and d.received_at < ? order by d.received_at, d.document_id",
        [reach.batch_id, reach.batch_id, reach.since, reach.until],
    )
