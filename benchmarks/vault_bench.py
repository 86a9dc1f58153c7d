"""What the vault costs: sealing beside examining, rotation, the audit's check, and a purge.

The store is a real one with synthetic values, filled in bulk; every sealed blob is a real one.
Times are CPU seconds of this process (all threads), so that another job beside it does not count;
the purge is given in wall time as well, since it waits for the disk.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2

from benchmarks.composed_forms import composed_forms
from pipeline.domain.documents import Channel, FieldName
from pipeline.domain.retention import RetentionRule
from pipeline.examine.document import ExaminedDocument, examine_file
from pipeline.examine.engine import Engine
from pipeline.settings import Settings
from pipeline.store.arrivals import crops, records
from pipeline.store.arrivals.sealing import seal_document
from pipeline.store.auditing.audit import SYSTEM
from pipeline.store.database import insert
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.ending.personal_files import PersonalFiles
from pipeline.store.ending.purging import Purging
from pipeline.vault import DataClass, Vault, class_of

SEED = 97
PAGES, FULL_PAGES = 6, 24
DOCUMENTS, FULL_DOCUMENTS = 10_000, 100_000
AUDIT_ROWS, FULL_AUDIT_ROWS = 200_000, 1_000_000
_RECEIVED = dt.datetime(2026, 1, 10, 3, 0)
_FIELDS = (FieldName.MY_NUMBER, FieldName.NAME, FieldName.ADDRESS)
_CROPS = (FieldName.MY_NUMBER, FieldName.NAME, FieldName.PHOTO)


class _Clock:
    """A vault's clock that the bench moves."""

    def __init__(self) -> None:
        self.moment = dt.datetime(2026, 1, 10, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=9)))

    def __call__(self) -> dt.datetime:
        return self.moment


def run(full: bool) -> dict[str, Any]:
    """Measure everything; ``full`` at the size of the goals."""
    documents = FULL_DOCUMENTS if full else DOCUMENTS
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        result = {"sealing": _sealing(home / "sealing", FULL_PAGES if full else PAGES)}
        result["audit"] = _audit(home / "audit", FULL_AUDIT_ROWS if full else AUDIT_ROWS)
        result |= _end_of_data(home / "purge", documents)
    return result


def _sealing(home: Path, count: int) -> dict[str, Any]:
    """Sealing a document against examining it."""
    vault = Vault.create(home / "keys")
    engine = Engine(Settings(home=home))
    pages = [cv2.imencode(".png", page.pixels)[1].tobytes() for page, _ in
             composed_forms(count, SEED)]  # fmt: skip
    examined: list[tuple[bytes, ExaminedDocument]] = []
    list(examine_file(engine, pages[0], Channel.COUNTER, name="warm"))
    begin = time.process_time()
    for page in pages:
        examined += [(page, d) for d in examine_file(engine, page, Channel.COUNTER, name="p")]
    examining = time.process_time() - begin
    begin = time.process_time()
    for number, (page, document) in enumerate(examined):
        scan = vault.surrogate("scan", str(number).encode())
        form = document.examination.form
        version = document.examination.form_version
        known = engine.catalogue.get(form, version) if form and version else None
        loaded = seal_document(
            document, vault=vault, scan_id=scan, crops_dir=home / "crops", form=known
        )
        original = vault.seal(DataClass.IMAGE, scan, page)
        # Opening counts too: a reviewer sees every value and crop once.
        vault.unseal(scan, original)
        for field in loaded.fields:
            if field.value_sealed is not None:
                vault.unseal(
                    records.value_context(loaded.document_id, field.field), field.value_sealed
                )
        for name in document.crops:
            crops.read(home / "crops", vault, loaded.document_id, name.value)
    sealing = time.process_time() - begin
    return {"documents": len(examined), "share_of_examination": round(sealing / examining, 5)}


def _audit(home: Path, count: int) -> dict[str, Any]:
    store = DuckDBStore(home / "u.duckdb", Vault.create(home / "keys"))
    store.audit.note(SYSTEM, "value.view", f"document:{0:032x}", field="my_number")
    _lengthen(store, count)
    begin = time.process_time()
    broken = store.audit.first_broken()
    spent = time.process_time() - begin
    store.close()
    return {"rows": count, "sound": broken is None, "rows_per_cpu_second": round(count / spent)}


def _lengthen(store: DuckDBStore, count: int) -> None:
    """Fill the chain up to a length with rows that fit it, in bulk."""
    number, previous = store.audit.head()
    moment, rows = dt.datetime(2026, 1, 10), []
    while number < count:
        number += 1
        facts = (number, moment + dt.timedelta(seconds=number), "u1", "reviewer", "value.view",
                 f"document:{number:032x}", "my_number", None, previous)  # fmt: skip
        mark = store.audit.mark_for(facts)
        names = ("seq", "happened_at", "user_id", "role", "action", "subject", "field", "detail",
                 "previous_mark", "mark")  # fmt: skip
        rows.append(dict(zip(names, (*facts, mark), strict=True)))
        previous = mark
    with store._database.writing() as cursor:
        insert(cursor, "audit", rows)


def _end_of_data(home: Path, count: int) -> dict[str, Any]:
    """Rotation and purge over many documents."""
    clock = _Clock()
    vault = Vault.create(home / "keys", clock)
    store = DuckDBStore(home / "store" / "u.duckdb", vault)
    files = PersonalFiles(
        home / "crops", home / "originals", home / "quarantine", home / "work", vault
    )
    _fill(store, files, count)
    begin = time.perf_counter()
    vault.rotate_master()
    rotated = time.perf_counter() - begin
    rules = {c: RetentionRule.parse("1 months after decided") for c in DataClass}
    clock.moment = dt.datetime(2026, 6, 1, 12, 0, tzinfo=clock.moment.tzinfo)
    purging = Purging(store._database, store.audit, vault, files, rules)
    wall, cpu = time.perf_counter(), time.process_time()
    report = purging.run(SYSTEM, confirmed_day=clock.moment.date())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    store.close()
    return {
        "rotation": {"documents": count, "seconds": round(rotated, 3)},
        "purge": {
            "documents": count,
            "seconds": round(wall, 1),
            "cpu_seconds": round(cpu, 1),
            "files": sum(end.files for end in report.classes),
            "keys_destroyed": len(report.keys),
        },
    }


def _fill(store: DuckDBStore, files: PersonalFiles, count: int) -> None:
    rows: dict[str, list[dict[str, Any]]] = {"document": [], "field": []}
    picture = b"\xff\xd8\xff" + bytes(2000)
    for number in range(count):
        document = store.vault.surrogate("document", str(number).encode())
        rows["document"].append(
            {
                "document_id": document, "scan_id": document, "batch_id": "b", "channel": "mail",
                "form": "application_handwritten", "form_version": "2026.1", "route": "accept",
                "received_at": _RECEIVED, "loaded_at": _RECEIVED, "decided_at": _RECEIVED,
                "outcome": "accept",
            }
        )  # fmt: skip
        for ordinal, field in enumerate(_FIELDS, start=1):
            context = records.value_context(document, field)
            value = store.vault.seal(class_of(field), context, f"見本{number:010}".encode())
            text = store.vault.seal(
                DataClass.TEXT, records.characters_context(document, field), bytes(400)
            )
            rows["field"].append(
                {
                    "document_id": document, "field": field.value, "ordinal": ordinal,
                    "value_sealed": value, "characters_sealed": text, "masked": "***",
                    "confidence": 1.0, "accepted": True, "flagged": 0, "length": 12,
                    "reader": "boxes", "model_version": "bench", "has_crop": True,
                }
            )  # fmt: skip
        for field in _CROPS:
            crops.write(files.crops, store.vault, document, field.value, picture)
    with store._database.writing() as cursor:
        for table, found in rows.items():
            insert(cursor, table, found)
