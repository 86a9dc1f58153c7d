"""Why something could not be used and what to do about it, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.desk.language import Words
from pipeline.domain.finding_details import details
from pipeline.domain.finding_messages import MESSAGES
from pipeline.domain.findings import FindingCode
from pipeline.imaging.faults import FILE_CODES, file_fault


def why(t: Words, code: str) -> str:
    """What a code of a quarantine, a finding or a rescan means."""
    known = t.messages.get(f"why.{code}")
    if known is not None:
        return known
    japanese = t.language == "ja"
    if code in FILE_CODES:
        fault = file_fault(code)
        return fault.ja if japanese else fault.en
    for finding, words in MESSAGES.items():
        if finding.value == code:
            return words.ja if japanese else words.en
    return t("why.other")


def told(t: Words, code: str, evidence: Mapping[str, str | float]) -> list[str]:
    """What a finding's evidence says of the page, a sentence each; nothing for other codes."""
    if code not in set(FindingCode):
        return []
    said = [w.ja if t.language == "ja" else w.en for w in details(FindingCode(code), evidence)]
    if code == FindingCode.FORM_UNKNOWN and "nearest_form" in evidence:
        said.append(t("finding.nearest", form=t.of("form", str(evidence["nearest_form"]))))
    return said


def todo(t: Words, code: str) -> str:
    """What the operator does about it."""
    known = t.messages.get(f"todo.{code}")
    if known is not None:
        return known
    if code in FILE_CODES:
        fault = file_fault(code)
        return fault.remedy_ja if t.language == "ja" else fault.remedy_en
    return t("todo.other")
