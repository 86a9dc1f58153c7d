"""Putting files into the inbox: copied under a hidden name first, then shown whole."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.domain.documents import Channel
from pipeline.domain.errors import InputError
from pipeline.settings import Settings

# What lies beside scans to describe them; everything else is taken, known type or not, because
# a file of an unknown kind has to be accounted for as well.
NOT_SCANS = {"truth.json", "README.md"}


def is_empty(settings: Settings) -> bool:
    """Whether no file waits in the inbox, nor is on its way into it."""
    return not any(p.is_file() for p in settings.inbox.rglob("*"))


def put(settings: Settings, paths: Sequence[Path]) -> int:
    """Copy files, and the files in folders, into the inbox; how many.

    A folder ``mail`` or ``counter`` on a file's way gives its channel; other files take the
    office's default.

    Raises:
        InputError: ``PATH_NOT_FOUND`` before anything is copied, or ``NO_FILES``.
    """
    for path in paths:
        if not path.exists():
            raise InputError(
                "PATH_NOT_FOUND",
                ja=f"見つかりません: {path}",
                en=f"Not found: {path}",
                remedy_ja="ファイルかフォルダーの場所を確かめてください。",
                remedy_en="Check where the file or folder is.",
            )
    found = [one for path in paths for one in _files(path)]
    if not found:
        raise InputError(
            "NO_FILES",
            ja="そこには処理するファイルがありません。",
            en="There are no files to process there.",
            remedy_ja="スキャンしたファイルのある場所を指定してください。",
            remedy_en="Name a place where scans are.",
        )
    for file, channel in found:
        _copy(file, settings.inbox / (channel.value if channel else ""))
    return len(found)


def _files(path: Path) -> Iterator[tuple[Path, Channel | None]]:
    if path.is_file():
        yield path, _channel(path.resolve().parts[:-1])
        return
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        hidden = any(part.startswith(".") for part in inside.parts)
        if file.is_file() and not hidden and file.name not in NOT_SCANS:
            yield file, _channel((path.resolve().name, *inside.parts[:-1]))


def _channel(folders: Sequence[str]) -> Channel | None:
    """The channel that the nearest telling folder gives."""
    known = {c.value: c for c in Channel}
    return next((known[f] for f in reversed(folders) if f in known), None)


def _copy(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    hidden = folder / f".{secrets.token_hex(8)}.part"
    shutil.copyfile(file, hidden)
    shown = folder / file.name
    while shown.exists():
        shown = folder / f"{file.stem}-{secrets.token_hex(3)}{file.suffix}"
    hidden.replace(shown)
