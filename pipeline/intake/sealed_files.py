"""Files of any size, sealed part by part, so that memory stays bounded and nothing is cut off.

A file is a run of parts, each a length (8 bytes, big endian) and a blob sealed by the vault. The
context of a part holds its number and whether it is the last, so that parts cannot be moved,
dropped or cut off without the vault noticing.
"""

from __future__ import annotations

import os
import secrets
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.domain.errors import DefectError
from pipeline.vault import DataClass, Vault

PART_BYTES = 32 << 20
_LENGTH = struct.Struct(">Q")


def write_sealed(
    vault: Vault,
    context: str,
    source: BinaryIO,
    target: Path,
    data_class: DataClass = DataClass.IMAGE,
) -> None:
    """Seal a stream into a file that appears whole or not at all; on return it is on disk.

    Args:
        vault: Keys that are open.
        context: What binds the file to its place.
        source: The bytes, read part by part.
        target: The file; one that is there is replaced.
        data_class: With whose key, and so with what it ends.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as sink:
            part, number = source.read(PART_BYTES), 0
            while True:
                following = source.read(PART_BYTES) if len(part) == PART_BYTES else b""
                last = not following
                blob = vault.seal(data_class, _context(context, number, last), part)
                sink.write(_LENGTH.pack(len(blob)) + blob)
                if last:
                    break
                part, number = following, number + 1
            sink.flush()
            os.fsync(sink.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def read_sealed(vault: Vault, context: str, path: Path) -> Iterator[bytes]:
    """The parts of a sealed file, opened one by one.

    Raises:
        DefectError: ``SEAL_BROKEN`` (altered, cut off, another file's); ``KEY_UNKNOWN``.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        number = 0
        while True:
            head = file.read(_LENGTH.size)
            if len(head) != _LENGTH.size:
                raise _cut_off()
            (length,) = _LENGTH.unpack(head)
            if length > size - file.tell():
                raise _cut_off()
            last = file.tell() + length == size
            yield vault.unseal(_context(context, number, last), file.read(length))
            if last:
                return
            number += 1


def sync_folder(folder: Path) -> None:
    """Make a rename or a new name in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _context(context: str, number: int, last: bool) -> str:
    return f"{context}|{number}|{'last' if last else 'more'}"


def _cut_off() -> DefectError:
    return DefectError(
        "SEAL_BROKEN",
        ja="封印されたファイルが途中で切れています。",
        en="A sealed file has been cut off.",
        remedy_ja="監督者に連絡し、バックアップと照合してください。",
        remedy_en="Tell the supervisor and compare with the backup.",
    )
