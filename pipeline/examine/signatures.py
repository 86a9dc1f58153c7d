"""The signature against the written name.

A signature is not deciphered into a value: its text is read once, compared with the name and
forgotten. Only a clear difference is told, and only for a person to look at.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

from pipeline.domain import person_names
from pipeline.domain.documents import FieldName
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.readings import Reading
from pipeline.forms.definition import ReaderKind
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.resolved import Resolved
from pipeline.readers.text.text_reader import TextReader

# Below half of the characters in common, signature and name are two names: misread characters
# of one and the same name leave more.
LARGEST_SHARE_OF_EDITS = 0.5
LARGEST_SHARE_IN_COMMON = 0.4
"""Of the shorter one's characters: a name with a character missed or two in one keeps more."""
READABLE = 0.8
"""Mean confidence from which the characters of a name or signature count as read at all."""
CLEAR = 0.97
"""From here on both sides, two given names under one family name are two people."""


def compare_signature(
    page: RegisteredPage, read: Sequence[Resolved], text: TextReader
) -> list[Finding]:
    """``NAME_SIGNATURE_MISMATCH`` where signature and name are clearly two names."""
    zone = page.form.zone(FieldName.SIGNATURE)
    readings = {one.reading.field: one.reading for one in read}
    name, signature = readings.get(FieldName.NAME), readings.get(FieldName.SIGNATURE)
    if zone is None or name is None or not name.value or signature is None or not signature.value:
        return []
    if any(f.code == FindingCode.PHOTO_EXCEPTION_STATED for one in read for f in one.findings):
        return []  # the name field holds a sentence beside the name
    if _mean_confidence(name) < READABLE:
        return []
    # Read under the rules of a name: a signature has no alphabet of its own.
    as_name = dataclasses.replace(zone, field=FieldName.NAME, reader=ReaderKind.TEXT)
    # Most people sign with their name, which a glance tells; how sure it is takes a second look.
    if _is_name(name, text.read(page, as_name, two_views=False).reading):
        return []
    written = text.read(page, as_name).reading
    sure = min(_mean_confidence(name), _mean_confidence(written))
    if sure < READABLE:
        return []
    common = _share_in_common(name.value, written.value or "")
    if common > LARGEST_SHARE_IN_COMMON and sure < CLEAR:
        return []
    return [
        Finding(
            FindingCode.NAME_SIGNATURE_MISMATCH,
            Severity.REVIEW,
            FieldName.SIGNATURE,
            evidence=(("share_of_edits", round(_share_of_edits(name, written), 2)),),
        )
    ]


def _is_name(name: Reading, written: Reading) -> bool:
    """Whether a signature is the name, or a part of it."""
    if _share_of_edits(name, written) <= LARGEST_SHARE_OF_EDITS:
        return True
    return _share_in_common(name.value or "", written.value or "") == 1.0


def _share_of_edits(name: Reading, written: Reading) -> float:
    """Edits from the name to the signature, of the name's characters."""
    edits = person_names.distance(name.value or "", written.value or "")
    return edits / max(1, len(person_names.fold(name.value or "")))


def _share_in_common(name: str, signature: str) -> float:
    """Characters that stand in both, in whatever order, of those of the shorter one."""
    a, b = (Counter(person_names.fold(text).replace(" ", "")) for text in (name, signature))
    return (a & b).total() / max(1, min(a.total(), b.total()))


def _mean_confidence(reading: Reading) -> float:
    """Over its characters; 0 where nothing was read."""
    if not reading.value or not reading.characters:
        return 0.0
    return sum(c.confidence for c in reading.characters) / len(reading.characters)
