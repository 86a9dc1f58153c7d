"""What a reader hands to the examination: a reading and what a person should know about it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.domain.findings import Finding
from pipeline.domain.readings import Reading


@dataclass(frozen=True, slots=True)
class Resolved:
    """A field's reading with the findings that came up while reading it."""

    reading: Reading
    findings: tuple[Finding, ...] = ()
