"""Sealed originals, named by a keyed surrogate of their bytes.

Who stored a scan is written down (``.owner``, created exclusively) before its bytes are sealed.
After a kill between the two, the same file of the same batch goes on where it was; any other file
with the same bytes is a duplicate. Nobody without the vault's key can tell from a name whether a
given file was ever here.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.domain.errors import InputError
from pipeline.intake.sealed_files import read_sealed, sync_folder, write_sealed
from pipeline.vault import DataClass, Vault

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Owner:
    """The batch and the file in it that brought a scan first."""

    batch_id: str
    file_id: str


def scan_id_of(vault: Vault, source: BinaryIO) -> str:
    """The scan's identity: the vault's surrogate of the SHA-256 of its bytes (32 hex digits)."""
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
    return vault.surrogate("scan", digest.digest())


class Originals:
    """The store of sealed originals under one folder."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def path(self, scan_id: str) -> Path:
        """Where a scan's sealed bytes are."""
        return self._folder / scan_id[:2] / f"{scan_id}.sealed"

    def has(self, scan_id: str) -> bool:
        """Whether a scan's bytes are stored."""
        return self.path(scan_id).is_file()

    def own(self, scan_id: str, wanted: Owner) -> Owner:
        """Declare who stores a scan; the first to do so is the owner, for good.

        Returns:
            The owner: ``wanted`` itself, or whoever came before.
        """
        path = self._owner_path(scan_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = json.dumps({"batch": wanted.batch_id, "file": wanted.file_id}).encode()
        # Written aside and linked, so that an owner file is never seen half written.
        aside = path.with_name(f".{path.name}.{wanted.file_id}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
            sync_folder(path.parent)
            return wanted
        except FileExistsError:
            held = json.loads(path.read_bytes())
            return Owner(held["batch"], held["file"])
        finally:
            aside.unlink(missing_ok=True)

    def put(self, scan_id: str, source: BinaryIO) -> None:
        """Seal a scan's bytes; putting the same scan again changes nothing."""
        if not self.has(scan_id):
            write_sealed(self._vault, _context(scan_id), source, self.path(scan_id))

    def end_with_pins(self, scan_id: str) -> None:
        """Seal a scan anew with the key of the PINs: its picture shows some, and ends with them.

        Doing it again changes only the key of the day; a kill leaves the one file or the other.
        """
        content = io.BytesIO(self.read(scan_id))
        write_sealed(self._vault, _context(scan_id), content, self.path(scan_id), DataClass.PIN)

    def read(self, scan_id: str) -> bytes:
        """A scan's bytes.

        Raises:
            InputError: ``SCAN_NOT_FOUND`` (never stored, or destroyed by retention).
            DefectError: ``SEAL_BROKEN``, ``KEY_UNKNOWN``.
        """
        path = self.path(scan_id)
        if not path.is_file():
            raise InputError(
                "SCAN_NOT_FOUND",
                ja="このスキャンの原本は保管されていません。",
                en="The original of this scan is not stored.",
                remedy_ja="保存期限を過ぎて廃棄された可能性があります。",
                remedy_en="It may have been destroyed when its retention ended.",
            )
        return b"".join(read_sealed(self._vault, _context(scan_id), path))

    def forget(self, scan_id: str) -> bool:
        """Remove a scan's sealed bytes and its owner. Returns whether there was anything."""
        present = self.has(scan_id)
        self.path(scan_id).unlink(missing_ok=True)
        self._owner_path(scan_id).unlink(missing_ok=True)
        return present

    def disown(self, scan_id: str, batch_id: str) -> None:
        """Forget a scan if it was this batch that brought it; another's stays as it is."""
        try:
            held = json.loads(self._owner_path(scan_id).read_bytes())
        except FileNotFoundError:
            return
        if held["batch"] == batch_id:
            self.forget(scan_id)

    def _owner_path(self, scan_id: str) -> Path:
        return self._folder / scan_id[:2] / f"{scan_id}.owner"


def _context(scan_id: str) -> str:
    return f"original|{scan_id}"
