"""The manifest of a batch: one JSON line for everything that happened, on disk before it counts.

It holds identifiers, codes and counts. A file's own name may hold a person's name and stands in
it sealed.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.domain.documents import Channel
from pipeline.domain.examinations import PageTally

MANIFEST_NAME = "manifest.jsonl"


class Event(StrEnum):
    """What a line of a manifest says."""

    CLAIMED = "claimed"  # the batch was opened
    EXPECTED = "expected"  # a person counted what should come in
    OPENING = "opening"  # a file is about to be opened: counts crashes
    INTENT = "intent"  # its bytes are about to be stored
    STORED = "stored"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    EXAMINING = "examining"  # a scan was handed to a worker: counts crashes
    EXAMINED = "examined"
    STOPPED = "stopped"  # a person or an error of ours ended the work: nothing in hand crashed
    FINISHED = "finished"  # the batch was loaded


OUTCOMES = frozenset({Event.STORED, Event.DUPLICATE, Event.QUARANTINED})


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What became of one file.

    Attributes:
        file_id: Random, given when it was claimed.
        scan_id: The vault's surrogate of its bytes.
        outcome: ``stored``, ``duplicate`` or ``quarantined``.
        code: Why it was quarantined.
        at: When, UTC, ISO 8601.
    """

    file_id: str
    scan_id: str
    channel: Channel
    outcome: Event
    code: str | None = None
    pages: int = 0
    at: str = ""


@dataclass(slots=True)
class BatchState:
    """A manifest as replayed from its first line.

    Attributes:
        openings: How often each file was opened without an outcome: crashes, where nobody stopped.
        examinings: The same for scans in the hands of a worker.
        tallies: What each examined scan's pages came to.
        worker: Who took files in hand last, and ``in_hand`` those still there.
    """

    received_at: str = ""
    records: dict[str, FileRecord] = field(default_factory=dict)
    intents: dict[str, str] = field(default_factory=dict)
    openings: Counter[str] = field(default_factory=Counter)
    examinings: Counter[str] = field(default_factory=Counter)
    examined: set[str] = field(default_factory=set)
    tallies: dict[str, PageTally] = field(default_factory=dict)
    finished: bool = False
    worker: str | None = None
    in_hand: set[tuple[str, str]] = field(default_factory=set)

    def begin(self, line: dict[str, Any], what: str, crashes: Counter[str]) -> None:
        """Count a file that is taken in hand; it counts as a crash until it has an outcome."""
        if line.get("by") != self.worker:
            self.worker, self.in_hand = line.get("by"), set()
        crashes[line[what]] += 1
        self.in_hand.add((what, line[what]))

    def end(self, what: str, name: str) -> None:
        """Note that a file has its outcome and is in hand no more."""
        self.in_hand.discard((what, name))

    def forgive(self) -> None:
        """Take back what was counted against the files in hand: the work was stopped by others."""
        for what, name in self.in_hand:
            (self.openings if what == "file" else self.examinings)[name] -= 1
        self.in_hand.clear()


class Manifest:
    """The manifest in a batch's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / MANIFEST_NAME

    def exists(self) -> bool:
        """Whether there is a batch here at all."""
        return self._path.is_file()

    def append(self, event: Event, **facts: str | int | None) -> None:
        """Write a line; on return it is on disk."""
        line = json.dumps({"event": event, **facts}, ensure_ascii=True) + "\n"
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = "\n" + line  # a kill cut the last line short; do not grow onto it
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def lines(self) -> Iterator[dict[str, Any]]:
        """All whole lines; a line that a kill cut short is left out."""
        if not self._path.is_file():
            return
        for raw in self._path.read_bytes().split(b"\n"):
            if not raw:
                continue
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line

    def replay(self) -> BatchState:
        """The state that the lines add up to."""
        state = BatchState()
        for line in self.lines():
            event = Event(line["event"])
            if event == Event.CLAIMED:
                state.received_at = state.received_at or line["at"]
            elif event == Event.OPENING:
                state.begin(line, "file", state.openings)
            elif event == Event.INTENT:
                state.intents[line["file"]] = line["scan"]
            elif event in OUTCOMES:
                state.end("file", line["file"])
                state.end("scan", line["scan"])
                state.records[line["file"]] = FileRecord(
                    file_id=line["file"],
                    scan_id=line["scan"],
                    channel=Channel(line["channel"]),
                    outcome=event,
                    code=line.get("code"),
                    pages=int(line.get("pages") or 0),
                    at=line["at"],
                )
            elif event == Event.EXAMINING:
                state.begin(line, "scan", state.examinings)
            elif event == Event.EXAMINED:
                state.end("scan", line["scan"])
                state.examined.add(line["scan"])
                state.tallies[line["scan"]] = _tally(line)
            elif event == Event.STOPPED:
                state.forgive()
            elif event == Event.FINISHED:
                state.finished = True
        return state


def _tally(line: dict[str, Any]) -> PageTally:
    known = {f.name for f in dataclasses.fields(PageTally)}
    return PageTally(**{name: int(n) for name, n in line.items() if name in known})
