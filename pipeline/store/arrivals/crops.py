"""Sealed pictures of zones, a file each: ``crops/<aa>/<document>/<field>.sealed``."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from pipeline.domain.documents import PIN_FIELDS, FieldName
from pipeline.domain.errors import InputError
from pipeline.vault import DataClass, Vault

PAGE = "page"  # the whole page, where no zone could be cut
_NAME = re.compile(r"[a-z_]{1,40}", re.ASCII)
_DOCUMENT = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MEDIA_TYPES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG", "image/png"), (b"RIFF", "image/webp"))


def path_of(folder: Path, document: str, name: str) -> Path:
    """Where a crop lies.

    Raises:
        InputError: ``CROP_UNKNOWN`` for a name that no crop can have (so no path escapes).
    """
    if not _DOCUMENT.fullmatch(document) or not _NAME.fullmatch(name):
        raise _unknown()
    return folder / document[:2] / document / f"{name}.sealed"


def write(folder: Path, vault: Vault, document: str, name: str, image: bytes) -> None:
    """Seal one encoded picture; writing again replaces it whole."""
    path = path_of(folder, document, name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{name}.{secrets.token_hex(4)}")
    temporary.write_bytes(vault.seal(_class_of(name), _context(document, name), image))
    temporary.chmod(0o600)
    temporary.replace(path)


def write_all(folder: Path, vault: Vault, document: str, crops: Mapping[FieldName, bytes]) -> None:
    """Seal the crops of a document."""
    for name, image in crops.items():
        write(folder, vault, document, name.value, image)


def read(folder: Path, vault: Vault, document: str, name: str) -> bytes:
    """The picture in the clear.

    Raises:
        InputError: ``CROP_UNKNOWN``.
        DefectError: ``SEAL_BROKEN`` where the file was altered or moved.
    """
    path = path_of(folder, document, name)
    try:
        blob = path.read_bytes()
    except FileNotFoundError:
        raise _unknown() from None
    return vault.unseal(_context(document, name), blob)


def exists(folder: Path, document: str, name: str) -> bool:
    """Whether there is such a crop."""
    return path_of(folder, document, name).is_file()


def media_type(image: bytes) -> str:
    """The picture's type, by its first bytes."""
    return next((kind for magic, kind in _MEDIA_TYPES if image.startswith(magic)), "image/png")


def _class_of(name: str) -> DataClass:
    # The picture of a PIN goes when the PINs' key goes, not with the other pictures.
    return DataClass.PIN if name in PIN_FIELDS else DataClass.IMAGE


def _context(document: str, name: str) -> str:
    return f"{document}|{name}|crop"


def _unknown() -> InputError:
    return InputError("CROP_UNKNOWN", ja="その画像はありません。", en="There is no such picture.")
