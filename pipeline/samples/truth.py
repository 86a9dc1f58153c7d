"""The truth about sample scans, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.domain.documents import Channel, FormName


@dataclass(frozen=True, slots=True)
class DocumentTruth:
    """What stands on one filled form.

    Attributes:
        form: None for a page that is no form.
        fields: Value of each field in its normal form: digits half-width, dates ISO 8601, sex
            男 or 女, marks and presence ``1``, and empty for blank.
        characters: For each boxed field what stands in each cell, empty for a blank cell.
        expected_findings: Codes that an examination must give; others may come from the scan.
        expected_route: Where it is certain, else None.
        conditions: What is particular: cases, pen, ink, paper.
    """

    form: FormName | None
    version: str | None
    channel: Channel
    fields: Mapping[str, str]
    characters: Mapping[str, tuple[str, ...]]
    expected_findings: tuple[str, ...]
    expected_route: str | None
    conditions: Mapping[str, Any]

    def as_json(self, page: int) -> dict[str, Any]:
        """The document's entry in ``truth.json``.

        Args:
            page: Page number in its file, from 1.
        """
        return {
            "page": page,
            "form": None if self.form is None else self.form.value,
            "version": self.version,
            "fields": dict(self.fields),
            "characters": {name: list(c) for name, c in self.characters.items()},
            "expected_findings": list(self.expected_findings),
            "expected_route": self.expected_route,
            "conditions": dict(self.conditions),
        }
