"""Scans that are sent to the inbox from a browser: received aside, handed over together.

A drop is a hidden folder inside the inbox, on the same disk. Each file is written there under a
name of ours (the sender's names stay in the browser), and handed over by renaming: whoever claims
sees whole files only. A drop that was counted becomes a batch of its own. What an interrupted
browser left behind stays, is shown, and is handed over or thrown away by a person.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.documents import Channel
from pipeline.domain.errors import DefectError, InputError, PolicyError, UketsukeError
from pipeline.imaging.decoding import kind_of
from pipeline.imaging.faults import file_fault
from pipeline.intake.expectations import count_in, expect
from pipeline.intake.sealed_files import sync_folder
from pipeline.settings import Settings
from pipeline.vault.private_files import write_private

MOST_FILES = 2000
"""Files of a drop: the most that one batch can hold."""

_FOLDER = ".drops"
_FACTS = "drop.json"
_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_HEAD_BYTES = 4096
_SUFFIXES = {"pdf": "pdf", "tiff": "tif", "jpeg": "jpg", "png": "png"}
_turn = threading.Lock()  # one hand-over at a time, so that no two counts meet in a folder


@dataclass(frozen=True, slots=True)
class Drop:
    """What is being sent.

    Attributes:
        drop_id: Random.
        user_id: Who sends it.
        expected: Documents that the sender counted, or None.
        target: What the one file in it is a new scan of (see the store), or empty.
        files: Whole files received so far.
        changed_at: When the last of them came, UTC.
    """

    drop_id: str
    user_id: str
    channel: Channel
    expected: int | None
    target: str
    files: int
    changed_at: dt.datetime


class Drops:
    """The drops of an installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.inbox / _FOLDER

    def begin(
        self, user_id: str, channel: Channel, expected: int | None = None, target: str = ""
    ) -> Drop:
        """Open a drop."""
        drop_id = secrets.token_hex(8)
        folder = self._folder / drop_id
        folder.mkdir(parents=True, mode=0o700)
        facts = {"user": user_id, "channel": channel, "expected": expected, "target": target}
        write_private(folder / _FACTS, json.dumps(facts).encode())
        return self.get(drop_id)

    def get(self, drop_id: str) -> Drop:
        """A drop that is open.

        Raises:
            InputError: ``NOT_FOUND``.
        """
        folder = self._place(drop_id)
        facts = json.loads((folder / _FACTS).read_bytes())
        changed = dt.datetime.fromtimestamp(folder.stat().st_mtime, dt.UTC).replace(tzinfo=None)
        return Drop(
            drop_id,
            str(facts["user"]),
            Channel(facts["channel"]),
            facts["expected"],
            str(facts["target"]),
            len(self._received(folder)),
            changed,
        )

    def open(self) -> tuple[Drop, ...]:
        """All drops that were not handed over yet, oldest first."""
        if not self._folder.is_dir():
            return ()
        found = []
        for path in self._folder.iterdir():
            with contextlib.suppress(InputError, FileNotFoundError):  # handed over meanwhile
                found.append(self.get(path.name))
        return tuple(sorted(found, key=lambda d: (d.changed_at, d.drop_id)))

    def receive(self, drop: Drop) -> Receiver:
        """Begin to take one file in; close what is returned, whatever happens.

        Raises:
            InputError: ``DROP_FULL``.
        """
        folder = self._place(drop.drop_id)
        if drop.files >= (1 if drop.target else MOST_FILES):
            raise InputError(
                "DROP_FULL",
                ja="一度に入れられる件数を超えています。",
                en="That is more files than can be dropped at once.",
                remedy_ja="残りは、次の回に入れてください。",
                remedy_en="Drop the rest afterwards.",
            )
        return Receiver(folder, f"{drop.files:04d}", self._settings.max_file_mib)

    def files(self, drop: Drop) -> tuple[Path, ...]:
        """The whole files of a drop, in the order in which they came."""
        return self._received(self._place(drop.drop_id))

    def hand_over(self, drop: Drop) -> int:
        """Put everything of a drop into the inbox at once; returns how many files.

        Raises:
            PolicyError: ``DROP_WAITS`` while a batch that somebody counted, or, where this drop
                is counted, any other file, still waits in that folder of the inbox.
            InputError: ``DROP_EMPTY``.
        """
        source = self._place(drop.drop_id)
        target = self._settings.inbox / drop.channel
        with _turn:
            received = self._received(source)
            if not received:
                raise InputError(
                    "DROP_EMPTY",
                    ja="受け取ったファイルがありません。",
                    en="No file has been received.",
                )
            target.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._require_room(target, counted=drop.expected is not None)
            if drop.expected is not None:
                expect(self._settings, drop.expected, channel=drop.channel)
            stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H%M%S")
            for path in received:
                path.rename(target / f"desk-{stamp}-{path.name}")
            sync_folder(target)
            shutil.rmtree(source)
        return len(received)

    def discard(self, drop: Drop) -> None:
        """Throw a drop away; nothing of it was in the inbox."""
        shutil.rmtree(self._place(drop.drop_id))

    def clear_partial(self) -> None:
        """Remove files that were being received when the desk was killed."""
        for path in self._folder.glob("*/.*.part"):
            path.unlink(missing_ok=True)

    def _place(self, drop_id: str) -> Path:
        folder = self._folder / drop_id
        if _ID.fullmatch(drop_id) is None or not (folder / _FACTS).is_file():
            raise InputError(
                "NOT_FOUND",
                ja="この投入はもう終わっています。",
                en="These files were handed over or thrown away already.",
            )
        return folder

    def _received(self, folder: Path) -> tuple[Path, ...]:
        names = (p for p in folder.iterdir() if not p.name.startswith(".") and p.name != _FACTS)
        return tuple(sorted(names))

    def _require_room(self, folder: Path, *, counted: bool) -> None:
        pending = count_in(folder) is not None or count_in(self._settings.inbox) is not None
        if counted and not pending:
            pending = any(
                p.is_file() and not p.name.startswith(".")
                for p in (*folder.iterdir(), *self._settings.inbox.iterdir())
            )
        if pending:
            raise PolicyError(
                "DROP_WAITS",
                ja="前に入れたファイルが受け取られるのを待っています。",
                en="Waiting until the files dropped before have been claimed.",
                remedy_ja="件数を確かめるバッチは、ほかのファイルと混ぜません。",
                remedy_en="A counted batch is not mixed with other files.",
            )


class Receiver:
    """Takes the bytes of one file, and refuses what can be no scan."""

    def __init__(self, folder: Path, number: str, max_file_mib: int) -> None:
        self._hidden = folder / f".{secrets.token_hex(8)}.part"
        self._shown = folder / f"{number}-{secrets.token_hex(4)}"
        self._most_bytes = max_file_mib << 20
        self._head = b""
        self._size = 0
        self._fault: UketsukeError | None = None
        descriptor = os.open(self._hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._sink = os.fdopen(descriptor, "wb")

    def write(self, chunk: bytes) -> None:
        """Take more bytes; after a fault they are read and let go, so that an answer gets back.

        Raises:
            DefectError: ``DISK_FULL``.
        """
        self._size += len(chunk)
        if len(self._head) < _HEAD_BYTES:
            self._head += chunk[: _HEAD_BYTES - len(self._head)]
            if len(self._head) == _HEAD_BYTES and kind_of(self._head) is None:
                self._fault = file_fault("FILE_TYPE_UNKNOWN")
        if self._size > self._most_bytes:
            self._fault = file_fault("FILE_TOO_LARGE", f"> {self._most_bytes >> 20} MiB")
        if self._fault is None:
            with _room_on_disk():
                self._sink.write(chunk)

    def finish(self) -> None:
        """The file is whole: on return it is on disk and counts.

        Raises:
            InputError: ``FILE_EMPTY``, ``FILE_TOO_LARGE``, ``FILE_TYPE_UNKNOWN``.
            DefectError: ``DISK_FULL``.
        """
        if self._fault is not None:
            raise self._fault
        kind = kind_of(self._head)
        if kind is None:
            raise file_fault("FILE_TYPE_UNKNOWN" if self._size else "FILE_EMPTY")
        with _room_on_disk():
            self._sink.flush()
            os.fsync(self._sink.fileno())
            self._hidden.rename(self._shown.with_suffix(f".{_SUFFIXES[kind]}"))
            sync_folder(self._hidden.parent)

    def close(self) -> None:
        """Let go; of a file that did not become whole nothing is left."""
        with contextlib.suppress(OSError):  # a full disk cannot take what was left to write
            self._sink.close()
        self._hidden.unlink(missing_ok=True)


@contextlib.contextmanager
def _room_on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DefectError(
            "DISK_FULL",
            ja="ディスクがいっぱいで、受け取れません。",
            en="The disk is full; the file cannot be taken.",
            remedy_ja="管理者に知らせてください。紙とファイルは捨てないでください。",
            remedy_en="Tell your administrator. Keep the paper and the file.",
        ) from None
