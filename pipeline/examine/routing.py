"""From readings and findings to a route: accept, confirm, key, return, refuse.

The heaviest finding decides; a document without findings is accepted only when the machine
accepts every field that is written on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.domain.documents import PIN_FIELDS, FieldName, Route
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.readings import Reading

# Fields that decide whose card it is: below this confidence a shown guess would mislead the
# reviewer more than it helps, so a person keys them without seeing it.
KEYED_BLIND = frozenset({FieldName.MY_NUMBER}) | PIN_FIELDS
KEY_BELOW_CONFIDENCE = 0.5


def route(readings: Sequence[Reading], findings: Sequence[Finding]) -> Route:
    """The route of a recognised and registered document."""
    severities = {f.severity for f in findings}
    if Severity.REFUSE in severities:
        return Route.REFUSE
    if any(f.code == FindingCode.REGISTRATION_POOR for f in findings):
        return Route.KEY
    if Severity.RETURN in severities:
        return Route.RETURN
    if any(_needs_keying(r) for r in readings):
        return Route.KEY
    if Severity.REVIEW in severities or not all(r.accepted for r in readings):
        return Route.CONFIRM
    return Route.ACCEPT


def _needs_keying(reading: Reading) -> bool:
    if reading.field not in KEYED_BLIND or reading.accepted:
        return False
    return reading.value is None or (
        reading.value != "" and reading.confidence < KEY_BELOW_CONFIDENCE
    )
