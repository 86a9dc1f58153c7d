"""Small files that only their owner may read, replaced whole or not at all."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.domain.errors import InputError

FILE_MODE = 0o600
FOLDER_MODE = 0o700
_OTHERS = 0o077


def make_folder(folder: Path) -> None:
    """Make a folder with mode 0700; one that exists keeps its mode and is checked on use."""
    if not folder.exists():
        folder.mkdir(parents=True, mode=FOLDER_MODE)
        folder.chmod(FOLDER_MODE)  # the umask may have taken more away, never less


def require_private(path: Path) -> None:
    """Refuse a file or folder that others can reach.

    Raises:
        InputError: ``KEY_PERMISSIONS``.
    """
    if path.stat().st_mode & _OTHERS:
        raise InputError(
            "KEY_PERMISSIONS",
            ja=f"鍵のファイルまたはフォルダー「{path.name}」に他の利用者がアクセスできます。",
            en=f"Others can reach the key file or folder '{path.name}'.",
            remedy_ja="フォルダーは 0700、ファイルは 0600 にしてください (chmod)。",
            remedy_en="Set mode 0700 on the folder and 0600 on its files (chmod).",
        )


def write_private(path: Path, content: bytes) -> None:
    """Replace a file atomically with mode 0600; on return it is on disk.

    A process that is killed leaves either the old file or the new one.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock against other processes and threads; a kill releases it."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
