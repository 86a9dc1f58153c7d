"""Examiners for a worker that loads no model: one that answers at once, one that breaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.domain.documents import Channel
from pipeline.domain.errors import InputError
from pipeline.domain.photos import PhotoCheckName
from pipeline.examine.pool_worker import Examiner
from pipeline.settings import Settings


def fake_examiner(settings: Settings) -> Examiner:
    """Runs in the worker: what it was given, said back for every check."""

    def examine(source: Path | bytes, channel: Channel, name: str) -> Iterator[object]:
        assert isinstance(source, bytes)
        form, version = name.split(" ")
        assert form and version
        yield {check: b"drawn " + check.value.encode() for check in PhotoCheckName}

    return examine  # type: ignore[return-value]


def broken_examiner(settings: Settings) -> Examiner:
    """Runs in the worker: refuses every picture."""

    def examine(source: Path | bytes, channel: Channel, name: str) -> Iterator[object]:
        raise InputError("FILE_BROKEN", ja="壊れています。", en="broken")
        yield

    return examine  # type: ignore[return-value]
