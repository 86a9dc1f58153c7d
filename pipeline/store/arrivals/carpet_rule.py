"""Whether nothing but characters keeps a field open, so that a carpet may take it."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.domain.documents import PIN_FIELDS
from pipeline.domain.findings import FindingCode, Severity
from pipeline.store.arrivals.records import LoadedField, LoadedFinding

# Findings that say no more than that a character is not sure; any other bars the field.
OF_CHARACTERS = frozenset(
    {
        FindingCode.MY_NUMBER_AMBIGUOUS,
        FindingCode.TEXT_UNCLEAR,
        FindingCode.APPLICATION_ID_UNREADABLE,
    }
)
# Boxed fields alone. In a date the calendar has spoken for digits beside their ink: it is looked
# at as a whole.
READER = "boxes"

MAY_BE = "kind = 'confirm' and purpose = 'review' and field is not null"
"""SQL: a task that a carpet has to look at before it can say no."""


def holds_for(field: LoadedField, findings: Iterable[LoadedFinding]) -> bool:
    """Whether the field, with these findings about its document, may lie on a carpet."""
    about = [f for f in findings if f.field == field.field and f.severity != Severity.INFO]
    return (
        field.reader == READER
        and field.flagged > 0
        and field.value_sealed is not None
        and field.characters_sealed is not None
        and field.has_crop
        and field.crop_origin_px is not None
        and field.field not in PIN_FIELDS
        and all(f.position is not None and f.code in OF_CHARACTERS for f in about)
    )
