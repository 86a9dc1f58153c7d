"""A big office: a store with many documents and tasks, filled in bulk through its real schema.

Everything is synthetic. What a person could be handed is sealed for real, one blob a value; what
is closed holds opaque bytes of the same size, for nothing ever opens it. The audit gets rows that
do not chain (``vault_bench`` measures the chain).
"""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.domain import my_number
from pipeline.domain.documents import FieldName
from pipeline.store.arrivals import records
from pipeline.store.clock import utc_now
from pipeline.store.database import insert
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.vault import DataClass, class_of

SEED = 61
BATCH_DOCUMENTS = 1000
STRAGGLERS = 0.1
"""Share of the open tasks that lie among old documents; the rest is in the newest."""

FIELDS = ("my_number", "name", "address", "birth_date", "phone", "sex")
_SEALED_AT_ONCE = 5000
_MADE_AT_ONCE = 250_000


@dataclass(frozen=True, slots=True)
class Office:
    """How big: documents in all, tasks that are open, people who decided."""

    documents: int
    open_tasks: int
    people: int = 8

    def is_open(self, number: str) -> str:
        """SQL: whether the document of this number has an open task."""
        scattered = int(self.open_tasks * STRAGGLERS)
        newest = self.documents - (self.open_tasks - scattered)
        stride = max(1, newest // max(1, scattered))
        return f"({number} >= {newest} or {number} % {stride} = 0)"


def fill(store: DuckDBStore, office: Office) -> None:
    """Fill an empty store."""
    received = utc_now() - dt.timedelta(days=30)
    with store._database.writing() as cursor:
        for person in range(office.people):
            cursor.execute(
                "insert into person (user_id, name, role, password_hash, must_change, failures, "
                "created_at) values (?, ?, 'reviewer', '', false, 0, ?)",
                [f"u{person}", f"person-{person}", received],
            )
    for first in range(0, office.documents, _MADE_AT_ONCE):
        last = min(office.documents, first + _MADE_AT_ONCE)
        with store._database.writing() as cursor:
            for statement in _statements(office, first, last):
                cursor.execute(statement, [received] if "$1" in statement else [])
    _seal_open(store)
    store._database._connection.execute("checkpoint store")


def _statements(office: Office, first: int, last: int) -> list[str]:
    """Documents from one number up to another, with all that hangs on them."""
    numbers = f"range({first}, {last}) r(i)"
    key = "md5('document' || i)"
    moment = f"($1::timestamp + to_milliseconds(i * {30 * 86_400_000 // office.documents}))"
    opened = office.is_open("i")
    blob = "encode(md5('a' || i || f) || md5('b' || i || f))"
    kind = "case when i % 50 = 7 then 'adjudicate' when i % 10 = 3 then 'key' else 'confirm' end"
    purpose = "case when i % 20 = 11 then 'sample' else 'review' end"
    priority = "case when i % 50 = 7 then 0 when i % 20 = 11 then 2 else 1 end"
    task = f"md5('task' || i), {key}, i + 1, 'my_number', {kind}, {purpose}, {priority}, 1, null"
    names = ", ".join(f"('{name}', {n})" for n, name in enumerate(FIELDS, start=1))
    fields = f"(values {names}) v(f, o)"
    return [
        f"insert into batch select 'b' || i, md5('batch' || i), {BATCH_DOCUMENTS}, "
        f"{BATCH_DOCUMENTS}, $1::timestamp from range({first // BATCH_DOCUMENTS}, "
        f"{-(-last // BATCH_DOCUMENTS)}) r(i) where i * {BATCH_DOCUMENTS} >= {first}",
        f"insert into arrival select 'b' || (i // {BATCH_DOCUMENTS}), i % {BATCH_DOCUMENTS}, "
        f"md5('scan' || i), 'mail', 'loaded', null, 1, {moment} from {numbers}",
        f"insert into document (document_id, scan_id, batch_id, channel, form, form_version, "
        f"route, received_at, loaded_at, decided_at, outcome, serial) "
        f"select {key}, md5('scan' || i), "
        f"'b' || (i // {BATCH_DOCUMENTS}), 'mail', 'application_handwritten', '2024-12', "
        f"case when i % 3 = 0 or {opened} then 'confirm' else 'accept' end, {moment}, {moment}, "
        f"case when {opened} then null else {moment} + interval 1 hour end, "
        f"case when {opened} then null else 'accept' end, i + 1 from {numbers}",
        f"insert into page select {key}, 1, 0.8, 400, 0, i + 1 from {numbers}",
        "insert into field (document_id, field, ordinal, value_sealed, characters_sealed, masked, "
        "confidence, accepted, flagged, length, reader, model_version, has_crop, crop_x_px, "
        f"crop_y_px, serial) select {key}, f, o, {blob}, {blob}, '***', 0.99, "
        f"not (o = 1 and {opened}), case when o = 1 and {opened} then 1 else 0 end, 12, 'boxes', "
        f"'bench', true, 30, 10, i + 1 from {numbers}, {fields}",
        f"insert into finding select {key}, 0, 'MY_NUMBER_AMBIGUOUS', 'review', 'my_number', 11, "
        f"'{{}}', i + 1 from {numbers} where i % 3 = 0 or {opened}",
        f"insert into finding select {key}, 1, 'ADDRESS_UNKNOWN', 'info', 'address', null, '{{}}', "
        f"i + 1 from {numbers} where i % 5 = 0",
        f"insert into photo_check select {key}, o, 'face', 'pass', 0.9, 'score', 0.8, i + 1 "
        f"from {numbers}, range(4) o(o)",
        f"insert into blind_mark select {key}, 'application', f, encode(md5('m' || i || f)), i + 1 "
        f"from {numbers}, (values ('my_number'), ('name')) v(f)",
        f"insert into sheet_mark by name select {key} as document_id, 'application_handwritten' as "
        f"form, f as field, unhex(md5('s' || i || f)) as mark, i + 1 as serial "
        f"from {numbers}, {fields}",
        f"insert into timing select {key}, 'b' || (i // {BATCH_DOCUMENTS}), f, 100.0 + i % 50 "
        f"from {numbers}, (values ('register'), ('read')) v(f)",
        f"insert into open_task select {task}, null, null, null, {kind} = 'confirm' and {purpose} "
        f"= 'review', {moment}, {moment}, 1 from {numbers} where {opened}",
        f"insert into closed_task select {task}, {moment}, {moment}, 2, 'confirmed', "
        f"{moment} + interval 1 hour from {numbers} where i % 3 = 0 and not {opened}",
        "insert into decision (decision_id, task_id, document_id, field, user_id, action, "
        f"value_sealed, seen, task_ver, decided_at, serial) select md5('decision' || i), "
        f"md5('task' || i), {key}, 'my_number', 'u' || (i % {office.people}), 'value', "
        f"encode(md5('v' || i)), "
        f"'machine', 1, {moment} + interval 1 hour, i + 1 from {numbers} "
        f"where i % 3 = 0 and not {opened}",
        # Whoever keyed what an open adjudication settles: everybody but some.
        "insert into decision (decision_id, task_id, document_id, field, user_id, action, seen, "
        f"task_ver, decided_at, serial) select md5('keyed' || i), "
        f"md5('earlier' || i), {key}, 'my_number', 'u' || (i % {office.people}), "
        f"'value', 'blind', 1, {moment}, i + 1 from {numbers} "
        f"where {opened} and i % 50 = 7",
        "insert into audit select i + 1, $1::timestamp, 'u0', 'reviewer', 'value.view', "
        f"'document:' || {key}, 'my_number', null, md5('x' || i), md5('x' || (i + 1)) "
        f"from {numbers}",
    ]


def _seal_open(store: DuckDBStore) -> None:
    """Put real seals on what can be handed out: a My Number with one digit in doubt."""
    chance = random.Random(SEED)
    documents = [
        row[0]
        for row in store._database.rows(
            "select document_id from open_task order by created_at, document_id"
        )
    ]
    for first in range(0, len(documents), _SEALED_AT_ONCE):
        rows = [_sealed(store, chance, d) for d in documents[first : first + _SEALED_AT_ONCE]]
        with store._database.writing() as cursor:
            _replace(cursor, rows)


def _replace(cursor: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> None:
    cursor.execute(
        "create temp table sealed (document_id varchar, value_sealed blob, characters_sealed blob)"
    )
    insert(cursor, "temp.sealed", rows)
    cursor.execute(
        "update field set value_sealed = s.value_sealed, characters_sealed = s.characters_sealed "
        "from temp.sealed s where field.document_id = s.document_id and field.field = 'my_number'"
    )
    cursor.execute("drop table temp.sealed")


def _sealed(store: DuckDBStore, chance: random.Random, document: str) -> dict[str, Any]:
    eleven = "".join(chance.choices("0123456789", k=my_number.LENGTH - 1))
    number = f"{eleven}{my_number.check_digit(eleven)}"
    doubtful = chance.randrange(my_number.LENGTH)
    characters = [
        {
            "value": digit,
            "confidence": 0.6 if n == doubtful else 0.9998,
            "flagged": n == doubtful,
            "alternatives": [["7", 0.3]] if n == doubtful else [],
            "box_px": [40 + 100 * n, 20, 90, 100],
        }
        for n, digit in enumerate(number)
    ]
    content = json.dumps({"as_written": None, "characters": characters}).encode()
    field = FieldName.MY_NUMBER
    value_context = records.value_context(document, field)
    text_context = records.characters_context(document, field)
    return {
        "document_id": document,
        "value_sealed": store.vault.seal(class_of(field), value_context, number.encode()),
        "characters_sealed": store.vault.seal(DataClass.TEXT, text_context, content),
    }
