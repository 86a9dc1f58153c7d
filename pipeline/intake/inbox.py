"""What lies in the inbox and is ready to be taken.

Threat model: whoever can write to the inbox may drop links, odd names and files that still grow.
Links are never followed, here (``lstat``) or later (``O_NOFOLLOW``); a file counts as ready only
when neither its content nor its place has changed for a while.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.documents import Channel
from pipeline.intake.expectations import count_in, is_count

UNFINISHED_SUFFIXES = (".part", ".partial", ".tmp", ".crdownload", ".filepart")


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file ready to be claimed; ``path`` may hold a person's name and is never logged."""

    path: Path
    channel: Channel
    size_bytes: int
    changed_at: float


@dataclass(frozen=True, slots=True)
class Ready:
    """What may be claimed now: files, oldest first, and the counts that go with them."""

    files: tuple[InboxFile, ...]
    counts: tuple[tuple[Path, Channel | None], ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A folder: files that are ready, and whether others are still on their way."""

    files: list[InboxFile]
    growing: bool


def settled_files(
    inbox: Path, *, settle_s: float, default_channel: Channel, now: float | None = None
) -> tuple[InboxFile, ...]:
    """Files that may be claimed, oldest first.

    ``mail/`` and ``counter/`` say how a file came in; one that lies beside them came by the
    default channel. Dot files, unfinished transfers, links, folders, counts and files that changed
    less than ``settle_s`` seconds ago are left alone. A folder that holds a count
    (``expectations``) is ready whole or not at all.
    """
    return ready_files(inbox, settle_s=settle_s, default_channel=default_channel, now=now).files


def ready_files(
    inbox: Path, *, settle_s: float, default_channel: Channel, now: float | None = None
) -> Ready:
    """As ``settled_files``, with the counts that go with them."""
    moment = time.time() if now is None else now
    places = (
        (inbox, default_channel),
        (inbox / Channel.MAIL, Channel.MAIL),
        (inbox / Channel.COUNTER, Channel.COUNTER),
    )
    seen = [_in_folder(folder, channel, settle_s, moment) for folder, channel in places]
    if count_in(inbox) is not None and any(one.growing for one in seen):
        return Ready((), ())
    found: list[InboxFile] = []
    for (folder, _), one in zip(places, seen, strict=True):
        if not (one.growing and count_in(folder) is not None):
            found.extend(one.files)
    found.sort(key=lambda f: (f.changed_at, os.fsencode(f.path)))
    return Ready(tuple(found), _counts(inbox, found))


def _counts(inbox: Path, files: list[InboxFile]) -> tuple[tuple[Path, Channel | None], ...]:
    """The counts whose files are ready."""
    filled = {file.path.parent for file in files}
    named: list[tuple[Path, Channel | None]] = [(inbox, None)]
    named += [(inbox / channel, channel) for channel in Channel]
    return tuple(
        (path, channel)
        for folder, channel in named
        if (folder in filled or (channel is None and filled))
        and (path := count_in(folder)) is not None
    )


def _in_folder(folder: Path, channel: Channel, settle_s: float, now: float) -> _Seen:
    ready: list[InboxFile] = []
    growing = False
    if not folder.is_dir() or folder.is_symlink():
        return _Seen([], growing)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.lower().endswith(UNFINISHED_SUFFIXES):
                growing = True
                continue
            if entry.name.startswith(".") or is_count(entry.name):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # taken by someone else since the folder was read
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            # A copy that keeps times has an old mtime while it still grows; ctime does not lie.
            # A scanner's clock may run ahead: an mtime in the future says nothing.
            changed = max(status.st_ctime, status.st_mtime if status.st_mtime <= now else 0.0)
            if now - changed >= settle_s:
                ready.append(InboxFile(Path(entry.path), channel, status.st_size, changed))
            else:
                growing = True
    return _Seen(ready, growing)
