"""Batches: files claimed together, taken in one by one, every one of them accounted for.

A claim is an atomic rename: of two claimers one wins, and a kill leaves a file either in the inbox
or in the batch. Every later step can be repeated with the same batch id: it goes on where it was.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import io
import os
import re
import secrets
import stat
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.documents import Channel
from pipeline.domain.errors import DefectError, InputError, UketsukeError
from pipeline.domain.examinations import PageTally
from pipeline.imaging.inspection import inspect
from pipeline.intake.expectations import note_counts, take_count
from pipeline.intake.inbox import ready_files
from pipeline.intake.manifest import BatchState, Event, FileRecord, Manifest
from pipeline.intake.originals import Originals, Owner, scan_id_of
from pipeline.intake.quarantine import Quarantine, Quarantined
from pipeline.intake.sealed_files import sync_folder
from pipeline.settings import Settings
from pipeline.vault import DataClass, Vault

MAX_CRASHES = 3
MOST_COUNTED = 2000
"""Files of a counted batch: the most that the limit of batches can be set to."""

_BATCH_ID = re.compile(r"b-[0-9]{8}-[0-9a-f]{6}", re.ASCII)
_CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class Account:
    """What came in and what became of it."""

    files_in: int
    scans: int
    duplicates: int
    quarantined: int
    waiting: int

    @property
    def balanced(self) -> bool:
        """Whether every file has exactly one outcome."""
        return self.waiting == 0 and self.files_in == (
            self.scans + self.duplicates + self.quarantined
        )


def claim_batch(settings: Settings, *, now: dt.datetime | None = None) -> str | None:
    """Move settled files from the inbox into a new batch.

    Returns:
        The batch id, or None where nothing was ready.

    Raises:
        DefectError: ``INBOX_ELSEWHERE`` where the inbox lies on another disk than the work folder.
    """
    moment = now or dt.datetime.now(dt.UTC)
    found = ready_files(
        settings.inbox,
        settle_s=settings.settle_seconds,
        default_channel=settings.default_channel,
        now=moment.timestamp(),
    )
    # What was counted together stays together, as far as a batch can go at all.
    ready = found.files[: MOST_COUNTED if found.counts else settings.batch_limit]
    if not ready:
        return None
    batch_id = f"b-{moment:%Y%m%d}-{secrets.token_hex(3)}"
    folder = settings.work / batch_id
    folder.mkdir(parents=True, mode=0o700)
    Manifest(folder).append(Event.CLAIMED, batch=batch_id, at=_stamp(moment))
    for path, channel in found.counts:
        take_count(path, channel, folder)
    note_counts(folder)
    taken = 0
    for number, file in enumerate(ready):
        # A folder of its own for each file: two of one name must not overwrite each other. The
        # number keeps the order of the stack, by which people find the paper again.
        place = folder / _CLAIMED / file.channel / f"{number:04x}{secrets.token_hex(6)}"
        place.mkdir(parents=True, mode=0o700)
        try:
            file.path.rename(place / file.path.name)
            taken += 1
        except FileNotFoundError:  # someone else won
            place.rmdir()
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            raise DefectError(
                "INBOX_ELSEWHERE",
                ja="受付フォルダーと作業フォルダーが別のディスクにあります。",
                en="The inbox and the work folder lie on different disks.",
                remedy_ja="両方を UKETSUKE_HOME の中に置いてください。",
                remedy_en="Keep both inside UKETSUKE_HOME.",
            ) from None
    if not taken:
        Manifest(folder).append(Event.FINISHED, at=_stamp(moment))
        return None
    return batch_id


def note_stop(settings: Settings, batch_id: str) -> None:
    """Note that a person ended the process that worked on a batch: no file of it crashed."""
    manifest = Manifest(settings.work / batch_id)
    if manifest.exists() and not manifest.replay().finished:
        manifest.append(Event.STOPPED, at=_stamp())


def pending_batches(settings: Settings) -> tuple[str, ...]:
    """Batches that were claimed and not finished, oldest first: what a restart goes on with."""
    if not settings.work.is_dir():
        return ()
    folders = [p for p in settings.work.iterdir() if _BATCH_ID.fullmatch(p.name)]
    states = [(Manifest(p).replay(), p.name) for p in folders]
    return tuple(
        name for _, name in sorted((s.received_at, n) for s, n in states if not s.finished)
    )


class Batch:
    """One batch: taking its files in, and the account of them.

    Raises:
        InputError: ``BATCH_NOT_FOUND``.
    """

    def __init__(self, batch_id: str, settings: Settings, vault: Vault) -> None:
        self.batch_id = batch_id
        self._settings = settings
        self._vault = vault
        self._folder = settings.work / batch_id
        if _BATCH_ID.fullmatch(batch_id) is None or not self._folder.is_dir():
            raise InputError(
                "BATCH_NOT_FOUND",
                ja="このバッチはありません。",
                en="There is no such batch.",
                remedy_ja="バッチ番号を確認してください。",
                remedy_en="Check the batch id.",
            )
        self._manifest = Manifest(self._folder)
        self._by = secrets.token_hex(4)
        self._originals = Originals(settings.originals, vault)
        self._quarantine = Quarantine(settings.quarantine, vault)

    def take_in(self) -> Account:
        """Store, link or quarantine every claimed file. Repeating it changes nothing.

        One bad file never stops the others. A file whose opening killed the process
        ``MAX_CRASHES`` times is quarantined unopened (``FILE_CRASHES``).
        """
        note_counts(self._folder)
        state = self._manifest.replay()
        with self.in_hand():
            for channel, file_id, path in list(self._claimed()):
                if file_id not in state.records:
                    self._take(channel, file_id, path, state)
                _remove_plain(path)
        return self.account()

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """Work during which files are in hand; stopped by a person, none of them has crashed.

        A person who stops the work, or a defect of ours that ends it, says nothing about the
        files in hand. A process that ends without a word does, and so does any other error.
        """
        try:
            yield
        except (KeyboardInterrupt, SystemExit, DefectError):
            self._manifest.append(Event.STOPPED, at=_stamp())
            raise

    def _take(self, channel: Channel, file_id: str, path: Path, state: BatchState) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            # Swapped for a link, or not ours to read: nothing can be sealed, only accounted for.
            fallback = self._vault.surrogate("unopened", f"{self.batch_id}|{file_id}".encode())
            self._set_aside(channel, file_id, fallback, "FILE_MISSING", None)
            return
        with os.fdopen(descriptor, "rb") as source:
            if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                fallback = self._vault.surrogate("unopened", f"{self.batch_id}|{file_id}".encode())
                self._set_aside(channel, file_id, fallback, "FILE_MISSING", None)
                return
            scan_id = scan_id_of(self._vault, source)
            if state.openings[file_id] >= MAX_CRASHES:
                self._set_aside(channel, file_id, scan_id, "FILE_CRASHES", source)
                return
            name = self._sealed_name(file_id, path)
            self._manifest.append(Event.OPENING, file=file_id, scan=scan_id, name=name, by=self._by)
            source.seek(0)
            try:
                pages = inspect(
                    source,
                    max_pages=self._settings.max_pages,
                    max_megapixels=self._settings.max_megapixels,
                    max_file_mib=self._settings.max_file_mib,
                )
            except UketsukeError as error:
                self._set_aside(channel, file_id, scan_id, error.code, source)
                return
            self._store(channel, file_id, scan_id, pages, source)

    def _store(
        self, channel: Channel, file_id: str, scan_id: str, pages: int, source: io.BufferedReader
    ) -> None:
        mine = Owner(self.batch_id, file_id)
        self._manifest.append(Event.INTENT, file=file_id, scan=scan_id)
        owner = self._originals.own(scan_id, mine)
        facts: dict[str, str | int | None] = {
            "file": file_id,
            "scan": scan_id,
            "channel": channel,
            "pages": pages,
            "at": _stamp(),
        }
        if owner != mine:
            self._manifest.append(Event.DUPLICATE, **facts, of=owner.batch_id)
            return
        source.seek(0)
        self._originals.put(scan_id, source)
        self._manifest.append(Event.STORED, **facts)

    def _set_aside(
        self,
        channel: Channel,
        file_id: str,
        scan_id: str,
        code: str,
        source: io.BufferedReader | None,
    ) -> None:
        at = _stamp()
        if source is not None:
            source.seek(0)
        self._quarantine.put(Quarantined(scan_id, code, self.batch_id, at), source or io.BytesIO())
        self._manifest.append(
            Event.QUARANTINED, file=file_id, scan=scan_id, channel=channel, code=code, at=at
        )

    def quarantine_scan(self, scan_id: str, code: str) -> None:
        """Move a stored scan to quarantine: examination could not open or recognise it."""
        for record in self.records():
            if record.scan_id != scan_id or record.outcome != Event.STORED:
                continue
            content = io.BytesIO(self._originals.read(scan_id))
            at = _stamp()
            self._quarantine.put(Quarantined(scan_id, code, self.batch_id, at), content)
            self._manifest.append(
                Event.QUARANTINED,
                file=record.file_id,
                scan=scan_id,
                channel=record.channel,
                code=code,
                at=at,
            )

    def scans(self) -> tuple[FileRecord, ...]:
        """The scans to examine: stored, not yet examined, not crashing workers again and again.

        A scan that was being examined when a worker died ``MAX_CRASHES`` times is quarantined
        here (``FILE_CRASHES``).
        """
        state = self._manifest.replay()
        wanted = []
        for record in state.records.values():
            if record.outcome != Event.STORED or record.scan_id in state.examined:
                continue
            if state.examinings[record.scan_id] >= MAX_CRASHES:
                self.quarantine_scan(record.scan_id, "FILE_CRASHES")
                continue
            wanted.append(record)
        return tuple(wanted)

    def read(self, scan_id: str) -> bytes:
        """The bytes of a scan of this batch."""
        return self._originals.read(scan_id)

    def end_with_pins(self, scan_id: str) -> None:
        """Note that a scan shows PINs: its original is sealed, and ends, with them."""
        self._originals.end_with_pins(scan_id)

    def begin_examination(self, scan_id: str) -> None:
        """Note that a scan goes to a worker now, so that a crash is counted against it."""
        self._manifest.append(Event.EXAMINING, scan=scan_id, by=self._by)

    def end_examination(self, scan_id: str, tally: PageTally | None = None) -> None:
        """Note that a scan was examined, whatever was found, and what its pages came to."""
        facts = dataclasses.asdict(tally) if tally else {}
        self._manifest.append(Event.EXAMINED, scan=scan_id, **facts)

    def tallies(self) -> dict[str, PageTally]:
        """What the pages of each examined scan came to."""
        return self._manifest.replay().tallies

    def records(self) -> tuple[FileRecord, ...]:
        """What became of every file so far, in order."""
        return tuple(self._manifest.replay().records.values())

    def account(self) -> Account:
        """The reconciliation: files in, and what became of them."""
        state = self._manifest.replay()
        waiting = sum(1 for _, file_id, _ in self._claimed() if file_id not in state.records)
        outcomes = [r.outcome for r in state.records.values()]
        return Account(
            files_in=len(outcomes) + waiting,
            scans=outcomes.count(Event.STORED),
            duplicates=outcomes.count(Event.DUPLICATE),
            quarantined=outcomes.count(Event.QUARANTINED),
            waiting=waiting,
        )

    def finish(self) -> None:
        """Note that the batch was loaded: a restart leaves it alone.

        Raises:
            DefectError: ``BATCH_NOT_BALANCED`` where a file has no outcome yet.
        """
        account = self.account()
        if not account.balanced:
            raise DefectError(
                "BATCH_NOT_BALANCED",
                ja=f"バッチの件数が合いません（未処理 {account.waiting} 件）。",
                en=f"The batch does not reconcile ({account.waiting} files without an outcome).",
                remedy_ja="もう一度実行してください。",
                remedy_en="Run the batch again.",
            )
        self._manifest.append(Event.FINISHED, at=_stamp())

    def _claimed(self) -> Iterator[tuple[Channel, str, Path]]:
        for channel in Channel:
            folder = self._folder / _CLAIMED / channel
            if not folder.is_dir():
                continue
            for place in sorted(folder.iterdir()):
                for path in place.iterdir():
                    yield channel, place.name, path

    def _sealed_name(self, file_id: str, path: Path) -> str:
        context = f"name|{self.batch_id}|{file_id}"
        return b64encode(
            self._vault.seal(DataClass.PERSON, context, os.fsencode(path.name))
        ).decode()


def _remove_plain(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.rmdir()
    sync_folder(path.parent.parent)


def _stamp(moment: dt.datetime | None = None) -> str:
    return (moment or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
