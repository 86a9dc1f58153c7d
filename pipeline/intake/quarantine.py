"""Files that could not be opened or recognised: sealed, with a reason, never thrown away."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.domain.errors import InputError
from pipeline.intake.sealed_files import read_sealed, write_sealed
from pipeline.vault import Vault
from pipeline.vault.private_files import write_private

_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,47}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Why a scan lies in quarantine: a code of ours, the batch, the time (UTC, ISO 8601)."""

    scan_id: str
    code: str
    batch_id: str
    at: str


class Quarantine:
    """The sealed quarantine under one folder."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def put(self, entry: Quarantined, source: BinaryIO) -> None:
        """Seal a file with its reason; again is harmless, the first reason stays.

        Raises:
            ValueError: If the reason is no code; it must never be a text from a document.
        """
        if _CODE.fullmatch(entry.code) is None:
            raise ValueError("a quarantine's reason is a code in capitals")
        sealed, reason = self._paths(entry.scan_id)
        if not sealed.is_file():
            write_sealed(self._vault, _context(entry.scan_id), source, sealed)
        if not reason.is_file():
            line = {"code": entry.code, "batch": entry.batch_id, "at": entry.at}
            write_private(reason, json.dumps(line).encode())

    def entries(self) -> tuple[Quarantined, ...]:
        """All that lies in quarantine, oldest first."""
        if not self._folder.is_dir():
            return ()
        found = []
        for path in self._folder.glob("*.reason"):
            held = json.loads(path.read_bytes())
            found.append(Quarantined(path.stem, held["code"], held["batch"], held["at"]))
        return tuple(sorted(found, key=lambda e: (e.at, e.scan_id)))

    def read(self, scan_id: str) -> bytes:
        """A quarantined file's bytes, for a person who may look.

        Raises:
            InputError: ``SCAN_NOT_FOUND``.
            DefectError: ``SEAL_BROKEN``, ``KEY_UNKNOWN``.
        """
        sealed, _ = self._paths(scan_id)
        if not sealed.is_file():
            raise InputError(
                "SCAN_NOT_FOUND",
                ja="このファイルは隔離されていません。",
                en="This file is not in quarantine.",
            )
        return b"".join(read_sealed(self._vault, _context(scan_id), sealed))

    def take_out(self, scan_id: str) -> None:
        """Let go of a file that went back to the inbox: set aside again, its reason is anew."""
        for path in self._paths(scan_id):
            path.unlink(missing_ok=True)

    def _paths(self, scan_id: str) -> tuple[Path, Path]:
        return self._folder / f"{scan_id}.sealed", self._folder / f"{scan_id}.reason"


def _context(scan_id: str) -> str:
    return f"quarantine|{scan_id}"
