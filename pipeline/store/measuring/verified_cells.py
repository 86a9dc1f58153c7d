"""Boxed digits whose value people verified, with their pictures: what a site can learn from.

Never a PIN: what a person chose as a secret teaches nothing and is gone soonest. The My Number only
where the office has settled that this is within its purpose (番号法第9条, 第30条): it is left out
unless a setting says otherwise. A value counts
where somebody keyed it blind and it was settled, or corrected what the machine had read; a value
that was only confirmed on the screen would teach the machine its own mistakes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.documents import FieldName
from pipeline.domain.errors import DefectError, InputError
from pipeline.store.arrivals import crops, records
from pipeline.store.database import Database
from pipeline.vault import Vault

# Fields of one digit to a box, whose value has a digit for every box.
FIELDS = (FieldName.REPRESENTATIVE_POSTAL_CODE,)
NUMBERS = (FieldName.MY_NUMBER,)
_QUESTION = """
select d.document_id, d.form, d.form_version, f.field, f.final_sealed, f.crop_x_px, f.crop_y_px,
  n.mark
from field f
join document d using (document_id)
left join blind_mark n on n.document_id = f.document_id and n.field = 'my_number'
where f.field in (select unnest(?)) and f.final_sealed is not null and f.has_crop
  and d.form is not null and f.crop_x_px is not null
  and (f.reviewed = 'corrected' or exists (
    select 1 from task t where t.document_id = f.document_id and t.field = f.field
    and t.kind in ('key', 'adjudicate') and t.state = 'closed'
    and t.result in ('agreed', 'machine_right', 'machine_wrong')))
order by d.document_id, f.ordinal
"""


@dataclass(frozen=True, slots=True)
class VerifiedField:
    """One field in the clear, in memory only.

    Attributes:
        form: The form's name.
        version: Its version.
        value: The digits.
        picture: The encoded crop.
        origin_px: Its top left corner on the registered page.
        person: The same for all documents of one person, as far as their number tells.
    """

    form: str
    version: str
    field: FieldName
    value: str
    picture: bytes
    origin_px: tuple[int, int]
    person: str

    def __repr__(self) -> str:
        """Nothing of it."""
        return f"VerifiedField({self.field})"


def verified_fields(
    database: Database, vault: Vault, crops_dir: Path, *, with_numbers: bool = False
) -> Iterator[VerifiedField]:
    """Every field to learn from; what was destroyed meanwhile is passed over.

    Args:
        database: The open store.
        vault: Keys that are open.
        crops_dir: Folder of the sealed crops.
        with_numbers: Learn from My Numbers too.
    """
    wanted = (*FIELDS, *NUMBERS) if with_numbers else FIELDS
    for document, form, version, name, sealed, x, y, mark in database.rows(
        _QUESTION, [[field.value for field in wanted]]
    ):
        field = FieldName(name)
        try:
            value = vault.unseal(records.final_context(document, field), bytes(sealed)).decode()
            picture = crops.read(crops_dir, vault, document, name)
        except (DefectError, InputError):
            continue  # its key or its crop has gone with its time
        person = bytes(mark).hex() if mark is not None else str(document)
        yield VerifiedField(
            str(form), str(version), field, value, picture, (int(x), int(y)), person
        )
