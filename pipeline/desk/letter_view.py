"""The letter of a document as the desk offers it: reasons to tick, and who it goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.desk.context import Desk
from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.findings import FindingCode, Severity
from pipeline.letters import letter
from pipeline.letters.letter import Addressee, Letter, Office, Reason
from pipeline.letters.paragraphs import PARAGRAPHS
from pipeline.store.clock import in_japan, utc_now
from pipeline.store.reviewing.documents import StoredDocument, StoredField

_GRAVE = (Severity.RETURN, Severity.REFUSE)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a letter about a document may say.

    Attributes:
        found: What the machine or a person found, the reasons for a return first.
        others: Every other sentence, for a reviewer who saw what the machine did not.
        chosen: What the letter says now.
    """

    found: tuple[Reason, ...]
    others: tuple[Reason, ...]
    chosen: tuple[Reason, ...]


def offer(desk: Desk, document: StoredDocument, ticked: Sequence[str] | None) -> Offer:
    """The reasons for a letter about a document.

    Args:
        desk: The desk.
        document: The document.
        ticked: Keys of the reasons that the reviewer left ticked; None before they touched any.

    Raises:
        InputError: ``REASON_UNKNOWN``.
    """
    findings = desk.store.documents.findings(document.document_id)
    grave = [Reason(f.code, f.field) for f in findings if f.severity in _GRAVE]
    light = [Reason(f.code, f.field) for f in findings if f.severity == Severity.REVIEW]
    unread = [
        Reason(FindingCode.TEXT_UNCLEAR, f.name)
        for f in desk.store.documents.fields(document.document_id)
        if f.reviewed == "illegible"
    ]
    found = letter.offered([*grave, *unread, *light])
    if ticked is None:
        chosen = letter.offered([*grave, *unread])
    else:
        chosen = tuple(dict.fromkeys(Reason.parse(key) for key in ticked))
    named = {r.code for r in found}
    # A finding of the machine's names its field; what a reviewer adds is about the whole paper.
    others = tuple(
        Reason(code, None)
        for code, paragraph in PARAGRAPHS.items()
        if code not in named and "{field}" not in paragraph.wrong
    )
    return Offer(found, others, chosen)


def write(desk: Desk, document: StoredDocument, chosen: Sequence[Reason]) -> Letter:
    """The letter for these reasons, with the name and the address where they are decided.

    Raises:
        InputError: ``LETTER_EMPTY``, ``REASON_UNKNOWN``.
    """
    settings = desk.settings
    return letter.compose(
        FormName(document.form) if document.form else None,
        chosen,
        addressee(desk, document),
        Office(
            settings.office_name or "", settings.office_address or "", settings.office_phone or ""
        ),
        document.document_id[:8],
        in_japan(utc_now()).date(),
    )


def addressee(desk: Desk, document: StoredDocument) -> Addressee:
    """Name and address where a person or the thresholds have decided them, and nothing waits."""
    return letter.addressee_of(
        _decided(desk, document, letter.NAME_FIELDS),
        _decided(desk, document, letter.ADDRESS_FIELDS),
    )


def _decided(desk: Desk, document: StoredDocument, names: Sequence[FieldName]) -> str | None:
    waiting = {
        task.field
        for task in desk.store.queue.of_document(document.document_id)
        if task.state == "open"
    }
    for field in desk.store.documents.fields(document.document_id):
        if field.name in names and field.name not in waiting and _is_decided(field):
            value = desk.store.documents.value(document.document_id, field.name, final=True)
            if value:
                return value
    return None


def _is_decided(field: StoredField) -> bool:
    return field.accepted if field.reviewed is None else field.reviewed != "illegible"
