"""A batch on its way to the desk: Arrow IPC, one row an arrival, its documents nested."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipeline.domain.documents import Channel, FieldName, FormName, Route
from pipeline.domain.errors import InputError
from pipeline.domain.findings import FindingCode, Severity
from pipeline.domain.photos import PhotoCheckName, Verdict
from pipeline.store.arrivals.records import (
    Arrival,
    LoadedCheck,
    LoadedDocument,
    LoadedField,
    LoadedFinding,
    Outcome,
)

SCHEMA_VERSION = "1"
_TEXT, _SEALED, _REAL, _COUNT = pa.string(), pa.binary(), pa.float64(), pa.int32()

FIELD = pa.struct(
    [
        ("field", _TEXT),
        ("value_sealed", _SEALED),
        ("characters_sealed", _SEALED),
        ("masked", _TEXT),
        ("confidence", _REAL),
        ("accepted", pa.bool_()),
        ("flagged", _COUNT),
        ("length", _COUNT),
        ("reader", _TEXT),
        ("model_version", _TEXT),
        ("has_crop", pa.bool_()),
        ("crop_origin_px", pa.list_(_COUNT)),
    ]
)
FINDING = pa.struct(
    [
        ("code", _TEXT),
        ("severity", _TEXT),
        ("field", _TEXT),
        ("position", _COUNT),
        ("evidence", _TEXT),
    ]
)
CHECK = pa.struct(
    [
        ("check", _TEXT),
        ("verdict", _TEXT),
        ("measured", _REAL),
        ("unit", _TEXT),
        ("threshold", _REAL),
    ]
)
DOCUMENT = pa.struct(
    [
        ("document_id", _TEXT),
        ("page", _COUNT),
        ("form", _TEXT),
        ("form_version", _TEXT),
        ("route", _TEXT),
        ("residual_px", _REAL),
        ("inliers", _COUNT),
        ("rotation_quarters", _COUNT),
        ("photo_verdict", _TEXT),
        ("fields", pa.list_(FIELD)),
        ("findings", pa.list_(FINDING)),
        ("photo_checks", pa.list_(CHECK)),
        ("marks", pa.list_(pa.struct([("field", _TEXT), ("mark", _SEALED)]))),
        ("sheet", pa.list_(pa.struct([("field", _TEXT), ("mark", _SEALED)]))),
        ("stage_ms", pa.list_(pa.struct([("stage", _TEXT), ("duration_ms", _REAL)]))),
    ]
)
SCHEMA = pa.schema(
    [
        ("scan_id", _TEXT),
        ("channel", _TEXT),
        ("outcome", _TEXT),
        ("received_at", pa.timestamp("us")),
        ("reason", _TEXT),
        ("pages", _COUNT),
        ("documents", pa.list_(DOCUMENT)),
    ]
)


def encode(batch_id: str, arrivals: Sequence[Arrival]) -> bytes:
    """A batch as an Arrow IPC stream; its identifier and the schema's version in the metadata."""
    schema = SCHEMA.with_metadata({"batch_id": batch_id, "version": SCHEMA_VERSION})
    table = pa.Table.from_pylist([_row(a) for a in arrivals], schema=schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def decode(content: bytes) -> tuple[str, list[Arrival]]:
    """The batch's identifier and its arrivals.

    Raises:
        InputError: ``BATCH_MALFORMED`` where the bytes are no such batch.
    """
    try:
        with pa.ipc.open_stream(content) as reader:
            table = reader.read_all()
        table.validate(full=True)
        metadata = table.schema.metadata or {}
        if not table.schema.equals(SCHEMA) or metadata[b"version"] != SCHEMA_VERSION.encode():
            raise ValueError
        batch_id = metadata[b"batch_id"].decode()
        return batch_id, [_arrival(row) for row in table.to_pylist()]
    except (pa.ArrowException, ValueError, KeyError, TypeError, OSError):
        # Whatever was wrong, the bytes may hold anything: no detail of them is passed on.
        raise InputError(
            "BATCH_MALFORMED",
            ja="取り込みデータの形式が正しくありません。",
            en="The data sent is no batch of this version.",
            remedy_ja="送り側と受付デスクの版をそろえてください。",
            remedy_en="Bring the sender and the desk to the same version.",
        ) from None


def _row(arrival: Arrival) -> dict[str, Any]:
    row = dataclasses.asdict(arrival)
    for document in row["documents"]:
        for name in ("marks", "sheet"):
            document[name] = [{"field": f, "mark": m} for f, m in document[name]]
        document["stage_ms"] = [{"stage": s, "duration_ms": d} for s, d in document["stage_ms"]]
    return row


def _arrival(row: dict[str, Any]) -> Arrival:
    return Arrival(
        scan_id=str(row["scan_id"]),
        channel=Channel(row["channel"]),
        outcome=Outcome(row["outcome"]),
        received_at=row["received_at"],
        reason=row["reason"],
        pages=row["pages"],
        documents=tuple(_document(d) for d in row["documents"]),
    )


def _document(row: dict[str, Any]) -> LoadedDocument:
    return LoadedDocument(
        document_id=str(row["document_id"]),
        page=row["page"],
        form=FormName(row["form"]) if row["form"] is not None else None,
        form_version=row["form_version"],
        route=Route(row["route"]),
        residual_px=row["residual_px"],
        inliers=row["inliers"],
        rotation_quarters=row["rotation_quarters"],
        photo_verdict=Verdict(row["photo_verdict"]) if row["photo_verdict"] is not None else None,
        fields=tuple(_field(f) for f in row["fields"]),
        findings=tuple(
            LoadedFinding(
                FindingCode(f["code"]),
                Severity(f["severity"]),
                FieldName(f["field"]) if f["field"] is not None else None,
                f["position"],
                f["evidence"],
            )
            for f in row["findings"]
        ),
        photo_checks=tuple(
            LoadedCheck(
                PhotoCheckName(c["check"]),
                Verdict(c["verdict"]),
                c["measured"],
                c["unit"],
                c["threshold"],
            )
            for c in row["photo_checks"]
        ),
        marks=tuple((FieldName(m["field"]), m["mark"]) for m in row["marks"]),
        sheet=tuple((FieldName(m["field"]), m["mark"]) for m in row["sheet"]),
        stage_ms=tuple((s["stage"], s["duration_ms"]) for s in row["stage_ms"]),
    )


def _field(row: dict[str, Any]) -> LoadedField:
    origin = row["crop_origin_px"]
    return LoadedField(
        field=FieldName(row["field"]),
        value_sealed=row["value_sealed"],
        characters_sealed=row["characters_sealed"],
        masked=row["masked"],
        confidence=row["confidence"],
        accepted=row["accepted"],
        flagged=row["flagged"],
        length=row["length"],
        reader=row["reader"],
        model_version=row["model_version"],
        has_crop=row["has_crop"],
        crop_origin_px=(origin[0], origin[1]) if origin is not None else None,
    )
