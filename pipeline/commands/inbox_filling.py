"""Putting files into the inbox: copied under a hidden name first, then shown whole."""

from __future__ import annotations

import math
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.domain.documents import Channel
from pipeline.domain.errors import InputError
from pipeline.intake.expectations import COUNT_FILE, is_count
from pipeline.settings import Settings

# What lies beside scans to describe them; everything else is taken, known type or not, because
# a file of an unknown kind has to be accounted for as well.
NOT_SCANS = {"truth.json", "README.md"}
PATIENCE_SETTLES = 12
"""How many times the settling time a file may go on growing before we give up."""


def is_empty(settings: Settings) -> bool:
    """Whether no file waits in the inbox, nor is on its way into it."""
    return not any(p.is_file() and not is_count(p.name) for p in settings.inbox.rglob("*"))


def wait_until_whole(paths: Sequence[Path], settle_s: float) -> None:
    """Wait until nobody writes to these files any more, so that no half of one is copied.

    Args:
        paths: Files, or folders with files; missing ones are told by ``put``.
        settle_s: How long a file must not have changed. Old files cost no time.

    Raises:
        InputError: ``FILE_STILL_GROWING`` where one goes on changing.
    """
    deadline = time.monotonic() + PATIENCE_SETTLES * settle_s
    while (youngest_s := _youngest_s(paths)) < settle_s:
        if time.monotonic() > deadline:
            raise InputError(
                "FILE_STILL_GROWING",
                ja="まだ書き込まれているファイルがあります。",
                en="A file is still being written.",
                remedy_ja="コピーが終わってから、もう一度実行してください。",
                remedy_en="Run it again when the copying has finished.",
            )
        time.sleep(min(settle_s - youngest_s, 0.5) + 0.01)


def _youngest_s(paths: Sequence[Path]) -> float:
    """Seconds since any of the files changed."""
    youngest = math.inf
    now = time.time()
    for path in paths:
        for file, _ in _files(path) if path.exists() else ():
            try:
                status = file.stat()
            except FileNotFoundError:  # renamed by whoever brings it
                return 0.0
            # A copy that keeps times has an old mtime while it still grows; ctime does not lie.
            changed = max(status.st_ctime, status.st_mtime if status.st_mtime <= now else 0.0)
            youngest = min(youngest, max(0.0, now - changed))
    return youngest


def put(settings: Settings, paths: Sequence[Path]) -> int:
    """Copy files, and the files in folders, into the inbox; how many.

    A folder ``mail`` or ``counter`` on a file's way gives its channel; other files take the
    office's default. A count (``COUNT.txt``) beside them goes along.

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
    for file, channel in (one for path in paths for one in _counts(path)):
        folder = settings.inbox / (channel.value if channel else "")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(file, hidden := folder / f".{secrets.token_hex(8)}.part")
        hidden.replace(folder / COUNT_FILE)
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
        if is_count(file.name) and not hidden:
            continue
        if file.is_file() and not hidden and file.name not in NOT_SCANS:
            yield file, _channel((path.resolve().name, *inside.parts[:-1]))


def _counts(path: Path) -> Iterator[tuple[Path, Channel | None]]:
    """Counts that lie in a folder beside its scans, with the channel that they count."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if is_count(file.name) and file.is_file():
                folders = file.relative_to(path).parts[:-1]
                yield file, _channel((path.resolve().name, *folders))


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
