"""What people counted before scanning, so that it can be compared with what came in.

A count is a small file beside the scans: ``COUNT.txt`` in ``inbox/mail/`` or ``inbox/counter/``
counts what lies in that folder; directly in ``inbox/`` it counts the whole inbox. Its first number
is the count, of documents unless it says files (``120``, ``書類 120``, ``files 3``). What is
counted is claimed whole or not at all, and a count waits for its files.

A count is the operator's word about paper: a difference is shown and warned of, it stops nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.domain.documents import Channel
from pipeline.domain.errors import InputError
from pipeline.intake.manifest import Event, Manifest
from pipeline.settings import Settings

COUNT_FILE = "COUNT.txt"
COUNT_NAMES = frozenset({"count.txt", "件数.txt"})
"""Names of a count, in lower case; such a file is never a scan."""

MOST = 1_000_000
_READ_BYTES = 512
_KEPT = "counts"
_FILES = re.compile(r"ファイル|files?\b")


class Unit(StrEnum):
    """What was counted."""

    DOCUMENTS = "documents"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a person counted.

    Attributes:
        number: None where the count could not be read.
        channel: The folder that was counted; None for all that came in.
    """

    number: int | None
    unit: Unit = Unit.DOCUMENTS
    channel: Channel | None = None


def expect(
    settings: Settings,
    number: int,
    *,
    unit: Unit = Unit.DOCUMENTS,
    channel: Channel | None = None,
) -> Path:
    """Note how many are about to be dropped into the inbox; a second call replaces the first.

    Call it before the files are shown: with the count there, the folder waits until every file in
    it has settled, and all of them make one batch.

    Args:
        settings: Of the installation.
        number: How many people counted.
        unit: Documents or files.
        channel: The folder counted; None for the whole inbox.

    Returns:
        The count's file.

    Raises:
        InputError: ``COUNT_INVALID``.
    """
    _check(number)
    folder = settings.inbox / (channel.value if channel else "")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    hidden = folder / f".{secrets.token_hex(8)}.part"
    hidden.write_text(f"{unit.value} {number}\n", encoding="ascii")
    shown = folder / COUNT_FILE
    hidden.replace(shown)
    return shown


def expect_of_batch(
    settings: Settings,
    batch_id: str,
    number: int,
    *,
    unit: Unit = Unit.DOCUMENTS,
    channel: Channel | None = None,
) -> None:
    """Note the count of a batch that was claimed already; the newest of its kind counts.

    Raises:
        InputError: ``COUNT_INVALID``; ``BATCH_NOT_FOUND``.
    """
    _check(number)
    folder = settings.work / batch_id
    if Path(batch_id).name != batch_id or not Manifest(folder).exists():
        raise InputError("BATCH_NOT_FOUND", ja="このバッチはありません。", en="No such batch.")
    _note(Manifest(folder), Expectation(number, unit, channel))


def expectations_of(settings: Settings, batch_id: str) -> tuple[Expectation, ...]:
    """What people counted for a batch, the newest of each unit and channel."""
    found: dict[tuple[str, str], Expectation] = {}
    for line in Manifest(settings.work / batch_id).lines():
        if line.get("event") != Event.EXPECTED:
            continue
        channel = Channel(line["channel"]) if line.get("channel") else None
        one = Expectation(line.get("number"), Unit(line["unit"]), channel)
        found[one.unit, str(one.channel)] = one
    return tuple(found.values())


def is_count(name: str) -> bool:
    """Whether a file of that name is a count and no scan."""
    return unicodedata.normalize("NFC", name).lower() in COUNT_NAMES


def count_in(folder: Path) -> Path | None:
    """The count that lies in a folder of the inbox, or None."""
    if folder.is_symlink() or not folder.is_dir():
        return None
    names = sorted(p for p in folder.iterdir() if is_count(p.name) and not p.is_symlink())
    return next((p for p in names if p.is_file()), None)


def take_count(path: Path, channel: Channel | None, batch_folder: Path) -> None:
    """Move a count out of the inbox into a batch; a kill leaves it in one or the other."""
    kept = batch_folder / _KEPT / (channel.value if channel else "all")
    kept.parent.mkdir(exist_ok=True, mode=0o700)
    with contextlib.suppress(FileNotFoundError):  # someone else won
        path.rename(kept)


def note_counts(batch_folder: Path) -> None:
    """Write the counts that were moved into a batch into its manifest; again changes nothing."""
    folder = batch_folder / _KEPT
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        channel = None if path.name == "all" else Channel(path.name)
        _note(Manifest(batch_folder), parse(_text(path), channel))
        path.unlink()
    folder.rmdir()


def parse(text: str, channel: Channel | None = None) -> Expectation:
    """A count from what its file says; ``number`` is None where there is no number in it."""
    plain = unicodedata.normalize("NFKC", text).replace(",", "")
    digits = re.search(r"[0-9]+", plain)
    unit = Unit.FILES if _FILES.search(plain.lower()) else Unit.DOCUMENTS
    number = int(digits[0]) if digits and len(digits[0]) <= 7 else None
    return Expectation(number if number is None or number <= MOST else None, unit, channel)


def _note(manifest: Manifest, one: Expectation) -> None:
    channel = one.channel.value if one.channel else None
    manifest.append(Event.EXPECTED, number=one.number, unit=one.unit.value, channel=channel)


def _check(number: int) -> None:
    if not 0 <= number <= MOST:
        raise InputError(
            "COUNT_INVALID",
            ja=f"件数は 0 から {MOST} までの数です。",
            en=f"A count is a number from 0 to {MOST}.",
        )


def _text(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            return ""
        content = source.read(_READ_BYTES)
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return content.decode("cp932", errors="replace")
