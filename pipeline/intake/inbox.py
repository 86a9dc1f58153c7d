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

UNFINISHED_SUFFIXES = (".part", ".partial", ".tmp", ".crdownload", ".filepart")


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file ready to be claimed; ``path`` may hold a person's name and is never logged."""

    path: Path
    channel: Channel
    size_bytes: int
    changed_at: float


def settled_files(
    inbox: Path, *, settle_s: float, default_channel: Channel, now: float | None = None
) -> tuple[InboxFile, ...]:
    """Files that may be claimed, oldest first.

    ``mail/`` and ``counter/`` say how a file came in; one that lies beside them came by the
    default channel. Dot files, unfinished transfers, links, folders and files that changed less
    than ``settle_s`` seconds ago are left alone.
    """
    moment = time.time() if now is None else now
    found = []
    for folder, channel in (
        (inbox, default_channel),
        (inbox / Channel.MAIL, Channel.MAIL),
        (inbox / Channel.COUNTER, Channel.COUNTER),
    ):
        found.extend(_in_folder(folder, channel, settle_s, moment))
    found.sort(key=lambda f: (f.changed_at, os.fsencode(f.path)))
    return tuple(found)


def _in_folder(folder: Path, channel: Channel, settle_s: float, now: float) -> list[InboxFile]:
    if not folder.is_dir() or folder.is_symlink():
        return []
    ready = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED_SUFFIXES):
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
    return ready
