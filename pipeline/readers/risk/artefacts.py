"""Reading an artefact of thresholds or limits, and what is said where it is missing or broken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.domain.errors import DefectError

MISSING, BROKEN = "THRESHOLDS_MISSING", "THRESHOLDS_BROKEN"


@dataclass(frozen=True, slots=True)
class Artefact:
    """The content of a file of thresholds.

    Attributes:
        content: As decoded from JSON.
        version: As the file states it.
        fingerprint: The version and the beginning of the file's SHA-256, for lineage.
    """

    content: dict[str, Any]
    version: str
    fingerprint: str


@contextmanager
def artefact(path: Path, what_ja: str, what_en: str) -> Iterator[Artefact]:
    """An artefact to be read in the block; whatever is wrong with it there is one clear error.

    Args:
        path: Of the file.
        what_ja: What it holds, Japanese, before 「のファイルが」.
        what_en: The same in English, before "are missing".

    Raises:
        DefectError: ``THRESHOLDS_MISSING`` or ``THRESHOLDS_BROKEN``.
    """
    try:
        text = path.read_bytes()
        content = json.loads(text)
        version = str(content["version"])
        yield Artefact(content, version, f"{version}+{hashlib.sha256(text).hexdigest()[:8]}")
    except FileNotFoundError:
        raise _error(MISSING, what_ja, what_en) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise _error(BROKEN, what_ja, what_en) from None


def _error(code: str, what_ja: str, what_en: str) -> DefectError:
    missing = code == MISSING
    return DefectError(
        code,
        ja=f"{what_ja}のファイルが" + ("ありません。" if missing else "壊れています。"),
        en=f"{what_en} " + ("are missing." if missing else "cannot be used."),
        remedy_ja="models/ を配布物から入れ直してください。",
        remedy_en="Put models/ back from the distribution.",
    )
