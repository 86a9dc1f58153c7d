"""What the examination pool and its workers say to each other, over a pipe of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.documents import Channel
from pipeline.domain.errors import UketsukeError
from pipeline.domain.examinations import PageTally

if TYPE_CHECKING:  # the parent never examines: it does not load the readers
    from pipeline.examine.document import ExaminedDocument


@dataclass(frozen=True, slots=True)
class Task:
    """To a worker: examine this file."""

    scan_id: str
    source: Path | bytes
    channel: Channel


@dataclass(frozen=True, slots=True)
class Ready:
    """From a worker: the models are loaded."""


@dataclass(frozen=True, slots=True)
class Failed:
    """From a worker: it cannot start, and why."""

    error: UketsukeError


@dataclass(frozen=True, slots=True)
class Document:
    """From a worker: one document of the file in hand."""

    document: ExaminedDocument


@dataclass(frozen=True, slots=True)
class Done:
    """From a worker: the file in hand is finished, perhaps with an error."""

    error: UketsukeError | None
    rss_mib: float
    tally: PageTally | None = None
