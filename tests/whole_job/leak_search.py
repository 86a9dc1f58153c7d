"""Finds known secrets in bytes, however they may have been written there."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

_WIDE = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)} | {" ": "\u3000"})


def ways(secret: str) -> dict[str, bytes]:
    """Every way to write a secret that we look for, by a name."""
    plain = secret.encode()
    texts = {
        "plain": secret,
        "spaced": " ".join(secret),
        "hyphened": "-".join(secret),
        "in fours": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "in fours with hyphens": "-".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "without spaces": secret.replace(" ", ""),
        "full width": secret.translate(_WIDE),
        "url": quote(secret, safe=""),
        "url with plus": quote_plus(secret),
        "json": secret.encode("ascii", "backslashreplace").decode(),
        "reversed": secret[::-1],
        "hex": plain.hex(),
        "HEX": plain.hex().upper(),
    }
    found = {name: text.encode() for name, text in texts.items()}
    found["utf-16"] = secret.encode("utf-16-le")
    if not secret.isascii():
        found["shift-jis"] = secret.encode("cp932", "ignore")
        found["euc-jp"] = secret.encode("euc-jp", "ignore")
    for shift in range(3):
        # What of the encoding depends on the secret alone, wherever it begins in the text.
        encoded = base64.b64encode(bytes(shift) + plain)
        first = (shift * 8 + 5) // 6
        whole = (shift + len(plain)) * 8 // 6
        found[f"base64+{shift}"] = encoded[first:whole]
        found[f"base64url+{shift}"] = encoded[first:whole].translate(bytes.maketrans(b"+/", b"-_"))
    return {name: text for name, text in found.items() if len(text) >= 6}


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret that was found; ``which`` is its number, so that a report repeats nothing."""

    where: str
    which: int
    how: str


class Searcher:
    """Looks for many secrets at once."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._wanted = [
            (number, how, text)
            for number, secret in enumerate(dict.fromkeys(secrets))
            for how, text in ways(secret).items()
        ]

    def in_bytes(self, where: str, content: bytes) -> list[Leak]:
        """Every secret in some bytes."""
        return [Leak(where, number, how) for number, how, text in self._wanted if text in content]

    def in_files(self, folder: Path) -> list[Leak]:
        """Every secret in the names and contents of all files of a folder."""
        leaks: list[Leak] = []
        for path in files(folder):
            leaks += self.in_bytes(f"name of {path.name}", str(path).encode())
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue  # ended between the listing and the look
            leaks += self.in_bytes(str(path.relative_to(folder)), content)
        return leaks


def files(folder: Path) -> Iterator[Path]:
    """Every plain file of a folder, links not followed."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path
