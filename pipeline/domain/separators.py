"""A separator sheet: paper between two batches of documents, with a code that the machine reads.

What stands in the code is random or counted, nothing personal:
``UKETSUKE-SEPARATOR:1:IDENTIFIER:CHANNEL:UNIT:COUNT:OPERATOR``, a ``-`` where something is left
out. The sheet begins a section of its file; a section ends with the next sheet or with the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from pipeline.domain.documents import Channel

_PREFIX = "UKETSUKE-SEPARATOR"
_VERSION = "1"
_NONE = "-"
MOST = 99_999
IDENTIFIER = re.compile(r"[0-9a-f]{16}", re.ASCII)
OPERATOR = re.compile(r"[A-Z0-9]{1,12}", re.ASCII)


class Counted(StrEnum):
    """What a separator's count counts."""

    DOCUMENTS = "documents"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Separator:
    """What a separator sheet says.

    Attributes:
        identifier: Random, 16 hex digits: which sheet it was.
        channel: How the documents after it came in; None where the sheet does not say.
        count: How many follow it, where somebody counted.
        unit: What ``count`` counts.
        operator: A code of the person who laid it (``A12``), never a name; or empty.

    Raises:
        ValueError: Where one of them is not legal.
    """

    identifier: str
    channel: Channel | None = None
    count: int | None = None
    unit: Counted = Counted.DOCUMENTS
    operator: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be read back."""
        if IDENTIFIER.fullmatch(self.identifier) is None:
            raise ValueError("the identifier of a separator is 16 hex digits")
        if self.count is not None and not 0 <= self.count <= MOST:
            raise ValueError(f"the count of a separator is 0 to {MOST}")
        if self.operator and OPERATOR.fullmatch(self.operator) is None:
            raise ValueError("an operator's code is 1 to 12 capitals and digits")

    def payload(self) -> str:
        """The text in the code."""
        return ":".join(
            (
                _PREFIX,
                _VERSION,
                self.identifier,
                self.channel.value if self.channel else _NONE,
                self.unit.value,
                _NONE if self.count is None else str(self.count),
                self.operator or _NONE,
            )
        )


def parse(text: str) -> Separator | None:
    """The separator that a code stands for, or None where it is no separator of ours."""
    parts = text.strip().split(":")
    if len(parts) != 7 or parts[:2] != [_PREFIX, _VERSION]:
        return None
    identifier, channel, unit, count, operator = parts[2:]
    try:
        return Separator(
            identifier=identifier,
            channel=None if channel == _NONE else Channel(channel),
            count=None if count == _NONE else _number(count),
            unit=Counted(unit),
            operator="" if operator == _NONE else operator,
        )
    except ValueError:
        return None


def _number(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) is None:
        raise ValueError
    return int(text)
