"""How far a batch has come, in a small file beside it, for whoever waits or watches.

The examination runs in the orchestrator's process; the command line and the desk look from
theirs. Counts only.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "progress.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of a batch under way.

    Attributes:
        stage: Name of the asset being made.
        seconds: Time spent examining.
        failure: Code and words of the error that ended the run; empty while it goes well.
    """

    stage: str = ""
    files: int = 0
    files_done: int = 0
    documents: int = 0
    seconds: float = 0.0
    failure: str = ""


def write(folder: Path, progress: Progress) -> None:
    """Put the counts beside the batch; a reader sees the old or the new, never a half."""
    temporary = folder / f".{FILE}.{os.getpid()}"
    temporary.write_text(json.dumps(asdict(progress)))
    temporary.replace(folder / FILE)


def read(folder: Path) -> Progress:
    """The counts, or zeros where there are none yet."""
    try:
        return Progress(**json.loads((folder / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return Progress()
