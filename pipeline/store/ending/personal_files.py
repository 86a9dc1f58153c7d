"""The sealed files of documents: which there are, which go with a class, which key each needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.documents import PIN_FIELDS
from pipeline.domain.errors import DefectError
from pipeline.intake.originals import Originals
from pipeline.intake.quarantine import Quarantine
from pipeline.settings import Settings
from pipeline.vault import Vault, key_number

_SEALED = "*.sealed"
# A sealed file of intake begins with the length of its first part; a crop with the blob itself.
_LENGTH_BYTES = 8
_HEADER_BYTES = 5
_PINS = frozenset(f"{name}.sealed" for name in PIN_FIELDS)


@dataclass(frozen=True, slots=True)
class PersonalFiles:
    """Every place where sealed files of documents lie."""

    crops: Path
    originals: Path
    quarantine: Path
    work: Path
    vault: Vault

    @classmethod
    def of(cls, settings: Settings, vault: Vault) -> PersonalFiles:
        """The places of an installation."""
        return cls(settings.crops, settings.originals, settings.quarantine, settings.work, vault)

    def remove_crops(self, document_id: str, *, pins: bool, others: bool) -> int:
        """Unlink the crops of PIN fields, or of all other fields, or both; returns how many."""
        folder = self.crops / document_id[:2] / document_id
        try:
            paths = list(folder.iterdir())
        except FileNotFoundError:
            return 0
        doomed = [
            path
            for path in paths
            if (pins if path.name in _PINS else others) or path.name.startswith(".")
        ]
        for path in doomed:
            path.unlink(missing_ok=True)
        if len(doomed) == len(paths):
            folder.rmdir()
        return len(doomed)

    def remove_original(self, scan_id: str) -> int:
        """Unlink the original of a scan; who brought it stays known, so it stays a duplicate."""
        originals = Originals(self.originals, self.vault)
        if not originals.has(scan_id):
            return 0
        originals.path(scan_id).unlink(missing_ok=True)
        return 1

    def expired_quarantine(self, before: str) -> list[str]:
        """Scans whose file lies in quarantine since before a moment (UTC, ISO 8601)."""
        entries = Quarantine(self.quarantine, self.vault).entries()
        held = [e.scan_id for e in entries if e.at < before]
        return [s for s in held if (self.quarantine / f"{s}.sealed").is_file()]

    def remove_quarantined(self, scan_id: str) -> int:
        """Unlink a quarantined file; its reason stays for the account."""
        path = self.quarantine / f"{scan_id}.sealed"
        present = path.is_file()
        path.unlink(missing_ok=True)
        return int(present)

    def keys_in_use(self) -> set[int]:
        """Numbers of the keys that the files left on disk were sealed with.

        Raises:
            DefectError: ``SEAL_BROKEN`` for a file that is no sealed file: better to stop than
                to destroy a key that it may need.
        """
        used: set[int] = set()
        for path in _files(self.crops):
            used.add(_number(path, 0))
        for folder in (self.originals, self.quarantine):
            for path in _files(folder):
                used.add(_number(path, _LENGTH_BYTES))
        return used


def _files(folder: Path) -> Iterator[Path]:
    return folder.rglob(_SEALED) if folder.is_dir() else iter(())


def _number(path: Path, offset: int) -> int:
    with path.open("rb") as file:
        file.seek(offset)
        head = file.read(_HEADER_BYTES)
    try:
        return key_number(head)
    except DefectError as error:
        raise DefectError(
            error.code,
            ja="封印されたファイルが壊れているため、鍵の廃棄を中止しました。",
            en="A sealed file is damaged, so no key was destroyed.",
            remedy_ja="バックアップと照合してから、やり直してください。",
            remedy_en="Compare with the backup and try again.",
        ) from None
