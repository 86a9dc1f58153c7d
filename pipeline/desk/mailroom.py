"""What an operator watches: every batch from the inbox to its account, in counts and codes.

Batches under way are read from their manifests, finished ones from the store. A manifest that has
not changed is not read again, so that a page may ask every two seconds.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.documents import Channel
from pipeline.examine import batch_lock, progress
from pipeline.intake.drops import Drop, Drops
from pipeline.intake.expectations import Unit, count_in, expectations_of
from pipeline.intake.inbox import settled_files
from pipeline.intake.manifest import MANIFEST_NAME, BatchState, Event, Manifest
from pipeline.settings import Settings
from pipeline.store.arrivals import summaries
from pipeline.store.arrivals.reconciliation import reconcile
from pipeline.store.arrivals.summaries import BatchSummary
from pipeline.store.clock import utc_now
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.measuring.figures import BatchFigures

MOST_SHOWN = 50
STILL_SENDING = dt.timedelta(minutes=1)
"""A drop that got a file within this time is still being sent: whoever sends it watches it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a person counted beside what was found; ``found`` is None until the batch is loaded."""

    unit: Unit
    channel: Channel | None
    expected: int | None
    found: int | None

    @property
    def differs(self) -> bool:
        """Whether the two are known and differ, or the count could not be read."""
        return self.expected is None or (self.found is not None and self.found != self.expected)


@dataclass(frozen=True, slots=True)
class Tray:
    """One batch.

    Attributes:
        state: ``opening``, ``reading``, ``loading``, ``waiting`` (nobody is at it), ``stopped``
            (its last run ended with ``failure``) or ``loaded``.
        waiting: Files that were not examined or set aside yet.
        examined: Files examined, whether loaded yet or not.
        again: Papers to be scanned again.
        reasons: Quarantined files by code.
        balanced: Every file has an outcome and the counts agree; None while it is under way.
        summary: What its pages came to, once it was loaded.
    """

    batch_id: str
    state: str
    received_at: dt.datetime | None
    files_in: int
    waiting: int
    examined: int
    loaded: int
    duplicates: int
    quarantined: int
    documents: int
    again: int
    reasons: dict[str, int]
    routes: dict[str, int]
    counted: tuple[Counted, ...]
    balanced: bool | None
    summary: BatchSummary | None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """Everything on the page.

    Attributes:
        stamp: Changes whenever anything on the page does.
        inbox: Files that wait to be claimed, by channel.
        counts_wait: Channels (or ``all``) where a count waits for its files.
        left_drops: Files that were sent from a browser and not handed over for a while.
    """

    stamp: str
    inbox: dict[Channel, int]
    counts_wait: tuple[str, ...]
    left_drops: tuple[Drop, ...]
    trays: tuple[Tray, ...]


class Mailroom:
    """Reads the room; keeps what cannot change."""

    def __init__(self, settings: Settings, store: DuckDBStore) -> None:
        self._settings = settings
        self._store = store
        self._guard = threading.Lock()
        self._states: dict[str, tuple[tuple[int, int], BatchState]] = {}
        self._done: set[str] = set()
        self._summaries: dict[str, BatchSummary] = {}

    def stamp(self) -> str:
        """A mark of all that the page shows, at little cost."""
        facts = [
            sorted(self._inbox().items()),
            self._counts_wait(),
            [(d.drop_id, d.files) for d in self._left_drops()],
            [self._facts_of(path) for path in self._under_way()],
            self._store.audit.newest(),
        ]
        return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]

    def look(self) -> Room:
        """The room as it is now."""
        stamp = self.stamp()
        again = self._store.rescans.counts()
        loaded = self._store.figures.batches(MOST_SHOWN)
        known = {b.batch_id for b in loaded}
        trays = [self._tray_under_way(path) for path in self._under_way() if path.name not in known]
        trays.sort(key=lambda t: (t.received_at or dt.datetime.max, t.batch_id), reverse=True)
        trays += [self._tray_loaded(b, again.get(b.batch_id, 0)) for b in loaded]
        return Room(stamp, self._inbox(), self._counts_wait(), self._left_drops(), tuple(trays))

    def tray(self, batch_id: str) -> Tray | None:
        """One batch, or None."""
        found = self._store.figures.batch(batch_id)
        if found is not None:
            again = self._store.rescans.counts()
            return self._tray_loaded(found, again.get(batch_id, 0))
        path = next((p for p in self._under_way() if p.name == batch_id), None)
        return self._tray_under_way(path) if path else None

    def _under_way(self) -> list[Path]:
        """Folders of batches that are not finished; a finished one is never opened again."""
        if not self._settings.work.is_dir():
            return []
        found = []
        for entry in os.scandir(self._settings.work):
            if entry.name in self._done or not entry.is_dir():
                continue
            path = Path(entry.path)
            if not (path / MANIFEST_NAME).is_file():
                continue
            if self._state(path).finished:
                with self._guard:
                    self._done.add(entry.name)
                    self._states.pop(entry.name, None)
                continue
            found.append(path)
        return sorted(found)

    def _state(self, folder: Path) -> BatchState:
        status = (folder / MANIFEST_NAME).stat()
        mark = (status.st_size, status.st_mtime_ns)
        with self._guard:
            held = self._states.get(folder.name)
        if held is not None and held[0] == mark:
            return held[1]
        state = Manifest(folder).replay()
        with self._guard:
            self._states[folder.name] = (mark, state)
        return state

    def _facts_of(self, folder: Path) -> list[object]:
        status = (folder / MANIFEST_NAME).stat()
        seen = progress.read(folder)
        return [
            folder.name,
            status.st_size,
            seen.stage,
            seen.files_done,
            seen.failure,
            batch_lock.is_held(folder),
        ]

    def _tray_under_way(self, folder: Path) -> Tray:
        state, seen = self._state(folder), progress.read(folder)
        claimed = {p.name for p in (folder / "claimed").glob("*/*") if p.is_dir()}
        unopened = len(claimed - state.records.keys())
        outcomes = Counter(r.outcome for r in state.records.values())
        stored = [r for r in state.records.values() if r.outcome == Event.STORED]
        examined = sum(r.scan_id in state.examined for r in stored)
        return Tray(
            batch_id=folder.name,
            state=_state_of(folder, seen, unopened),
            received_at=_utc(state.received_at),
            files_in=len(state.records) + unopened,
            waiting=unopened + len(stored) - examined,
            examined=examined,
            loaded=0,
            duplicates=outcomes[Event.DUPLICATE],
            quarantined=outcomes[Event.QUARANTINED],
            documents=seen.documents,
            again=outcomes[Event.QUARANTINED],
            reasons=dict(Counter(r.code for r in state.records.values() if r.code)),
            routes={},
            counted=self._counted(folder.name, None),
            summary=None,
            balanced=None,
            failure=seen.failure,
        )

    def _tray_loaded(self, batch: BatchFigures, again: int) -> Tray:
        summary = self._summary(batch.batch_id)
        return Tray(
            batch_id=batch.batch_id,
            state="loaded",
            received_at=batch.loaded_at,
            files_in=batch.arrivals,
            waiting=0,
            examined=batch.loaded,
            loaded=batch.loaded,
            duplicates=batch.duplicate,
            quarantined=batch.quarantined_files,
            documents=batch.documents,
            again=again,
            reasons=batch.quarantined,
            routes=batch.routes,
            counted=self._counted(batch.batch_id, summary),
            balanced=batch.reconciles,
            summary=summary,
        )

    def _summary(self, batch_id: str) -> BatchSummary | None:
        """The summary of a loaded batch; once written it stays as it is."""
        known = self._summaries.get(batch_id)
        if known is None:
            known = summaries.read(self._settings.batches, batch_id)
            if known is not None:
                self._summaries[batch_id] = known
        return known

    def _counted(self, batch_id: str, summary: BatchSummary | None) -> tuple[Counted, ...]:
        if summary is not None:
            return tuple(
                Counted(r.unit, r.channel, r.expected, r.found)
                for r in reconcile(self._settings, summary)
            )
        return tuple(
            Counted(e.unit, e.channel, e.number, None)
            for e in expectations_of(self._settings, batch_id)
        )

    def _inbox(self) -> dict[Channel, int]:
        files = settled_files(
            self._settings.inbox, settle_s=0, default_channel=self._settings.default_channel
        )
        counts = Counter(f.channel for f in files)
        return {channel: counts[channel] for channel in Channel}

    def _counts_wait(self) -> tuple[str, ...]:
        inbox = self._settings.inbox
        found = [c.value for c in Channel if count_in(inbox / c) is not None]
        return (*found, *(["all"] if count_in(inbox) is not None else []))

    def _left_drops(self) -> tuple[Drop, ...]:
        long_ago = utc_now() - STILL_SENDING
        return tuple(d for d in Drops(self._settings).open() if d.changed_at < long_ago)


def _state_of(folder: Path, seen: progress.Progress, unopened: int) -> str:
    if not batch_lock.is_held(folder):
        return "stopped" if seen.failure else "waiting"
    if seen.stage == "loaded_documents":
        return "loading"
    return "opening" if unopened or seen.stage != "examined_documents" else "reading"


def _utc(stamp: str) -> dt.datetime | None:
    if not stamp:
        return None
    return dt.datetime.fromisoformat(stamp).astimezone(dt.UTC).replace(tzinfo=None)
