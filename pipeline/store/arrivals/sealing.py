"""From an examined document to what is stored: crops sealed to files, values sealed to a record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.documents import FieldName
from pipeline.examine.crops import CROP_MARGIN_MM, field_box
from pipeline.forms.definition import FormDefinition
from pipeline.store.arrivals import crops, records
from pipeline.store.arrivals.records import LoadedDocument
from pipeline.store.arrivals.repeats.sheet_marks import sheet_marks
from pipeline.vault import Vault

if TYPE_CHECKING:
    from pipeline.examine.document import ExaminedDocument


def seal_document(
    document: ExaminedDocument,
    *,
    vault: Vault,
    scan_id: str,
    crops_dir: Path,
    form: FormDefinition | None,
) -> LoadedDocument:
    """Seal everything personal of one document; runs in the worker that examined it.

    Args:
        document: What the examination made.
        vault: Keys that are open.
        scan_id: The surrogate of the file.
        crops_dir: Folder of the sealed crops.
        form: The definition the page was registered to, or None where none was recognised.
    """
    identifier = records.document_id(vault, scan_id, document.examination.page)
    crops.write_all(crops_dir, vault, identifier, document.crops)
    if document.page_picture is not None:
        crops.write(crops_dir, vault, identifier, crops.PAGE, document.page_picture)
    origins = origins_of(form, document.crops) if form is not None else {}
    return records.from_examination(
        document.examination,
        vault,
        scan_id,
        crop_origins=origins,
        stage_ms=document.stage_ms,
        sheet=sheet_marks(vault, document.sketches),
    )


def origins_of(
    form: FormDefinition, crops: Mapping[FieldName, bytes]
) -> dict[FieldName, tuple[int, int]]:
    """Where the top left corner of each crop is on the registered page, pixels."""
    origins = {}
    for name in crops:
        box = field_box(form, name)
        if box is not None:
            px = box.inset(-CROP_MARGIN_MM).to_px()
            origins[name] = (max(0, px.x), max(0, px.y))
    return origins
