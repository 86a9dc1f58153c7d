"""Message catalogues: every word on a page has a key, in Japanese and in English."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

LANGUAGES = ("ja", "en")
DEFAULT = "ja"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    language: str
    messages: dict[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The message of a key with its values filled in.

        Raises:
            KeyError: For a key that no catalogue has; a test looks for these.
        """
        message = self.messages[key]
        return message.format(**values) if values else message

    def of(self, group: str, name: str | None) -> str:
        """The word for a code in a group; the code itself where there is none."""
        return self.messages.get(f"{group}.{name}", name or "—")

    @property
    def other(self) -> str:
        """The language to switch to."""
        return next(one for one in LANGUAGES if one != self.language)


@lru_cache(maxsize=len(LANGUAGES))
def words(language: str) -> Words:
    """The catalogue of a language; Japanese for one that is unknown."""
    chosen = language if language in LANGUAGES else DEFAULT
    source = files("pipeline.desk").joinpath("locale", f"{chosen}.toml")
    return Words(chosen, _flat(tomllib.loads(source.read_text(encoding="utf-8")), ""))


def _flat(table: dict[str, object], prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = str(value)
    return found
