"""The master key and where it lies: a private file, or a program that keeps it elsewhere.

A program (``provider.json`` in the key folder names it) is called without a shell, with ``get``
or ``put`` as its last argument, and prints or reads the key as JSON: a few lines in front of a
PKCS#11 token, a TPM or a secret store of the office. Then no key lies beside the data.
"""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.domain.errors import DefectError, InputError
from pipeline.vault import private_files
from pipeline.vault.key_errors import missing_key, wrong_key

KEY_BYTES = 32
MASTER_FILE = "master.key"
PROVIDER_FILE = "provider.json"
_PROVIDER_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The master key, by name, and during a rotation its successor as well."""

    current: str
    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def fresh(cls) -> MasterKeys:
        """One new random master key."""
        name = secrets.token_hex(4)
        return cls(name, {name: secrets.token_bytes(KEY_BYTES)})

    @classmethod
    def read(cls, keys_dir: Path) -> MasterKeys:
        """Read the master key from its file, or ask the program that keeps it.

        Raises:
            InputError: ``KEY_MISSING`` or ``KEY_PERMISSIONS``.
            DefectError: ``KEY_WRONG`` where what was read is damaged; ``KEY_PROVIDER_FAILED``.
        """
        private_files.require_private(keys_dir)
        command = provider(keys_dir)
        if command is not None:
            return cls._parsed(_ask(command, "get"))
        path = keys_dir / MASTER_FILE
        if not path.is_file():
            raise missing_key(MASTER_FILE)
        private_files.require_private(path)
        return cls._parsed(path.read_bytes())

    @classmethod
    def _parsed(cls, text: bytes) -> MasterKeys:
        try:
            content = json.loads(text)
            keys = {name: base64.b64decode(key) for name, key in content["keys"].items()}
            current = content["current"]
            if any(len(key) != KEY_BYTES for key in keys.values()) or current not in keys:
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError):
            raise wrong_key("マスター鍵が壊れています。", "The master key is damaged.") from None
        return cls(current, keys)

    def write(self, keys_dir: Path) -> None:
        """Replace the master key where it lies.

        Raises:
            DefectError: ``KEY_PROVIDER_FAILED``.
        """
        content = json.dumps(
            {
                "current": self.current,
                "keys": {name: base64.b64encode(key).decode() for name, key in self.keys.items()},
            }
        ).encode()
        command = provider(keys_dir)
        if command is None:
            private_files.write_private(keys_dir / MASTER_FILE, content)
        else:
            _ask(command, "put", content)


def exists(keys_dir: Path) -> bool:
    """Whether this folder has a master key, or a program that keeps it."""
    return (keys_dir / MASTER_FILE).exists() or (keys_dir / PROVIDER_FILE).exists()


def provider(keys_dir: Path) -> list[str] | None:
    """The program that keeps the master key, or None where it lies in its file.

    Raises:
        InputError: ``KEY_PERMISSIONS``.
        DefectError: ``KEY_PROVIDER_FAILED`` where the file names no program.
    """
    path = keys_dir / PROVIDER_FILE
    if not path.is_file():
        return None
    private_files.require_private(path)
    try:
        command = json.loads(path.read_bytes())["command"]
    except (ValueError, KeyError, TypeError):
        command = None
    if not isinstance(command, list) or not command or not all(isinstance(c, str) for c in command):
        raise _provider_failed()
    return command


def hand_over(keys_dir: Path, command: list[str]) -> None:
    """Give the master key to a program to keep, and remove its file once it came back whole.

    Raises:
        InputError: ``KEY_MISSING``, ``KEY_PERMISSIONS``.
        DefectError: ``KEY_PROVIDER_FAILED``; the file is still there then.
    """
    with private_files.locked(keys_dir):
        held = MasterKeys.read(keys_dir)
        before = (keys_dir / PROVIDER_FILE).read_bytes() if provider(keys_dir) else None
        content = json.dumps({"command": command}).encode()
        private_files.write_private(keys_dir / PROVIDER_FILE, content)
        try:
            held.write(keys_dir)
            if MasterKeys.read(keys_dir).keys != held.keys:
                raise _provider_failed()
        except (DefectError, InputError):
            if before is None:
                (keys_dir / PROVIDER_FILE).unlink()
            else:
                private_files.write_private(keys_dir / PROVIDER_FILE, before)
            raise
        (keys_dir / MASTER_FILE).unlink(missing_ok=True)


def _ask(command: list[str], what: str, given: bytes = b"") -> bytes:
    try:
        # The program of the office, named in its private folder.
        done = subprocess.run(
            [*command, what],
            input=given,
            capture_output=True,
            timeout=_PROVIDER_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        # What it printed may hold a key: it goes nowhere.
        raise _provider_failed() from None
    return done.stdout


def _provider_failed() -> DefectError:
    return DefectError(
        "KEY_PROVIDER_FAILED",
        ja="マスター鍵を保管するプログラムから鍵を受け取れません。",
        en="The program that keeps the master key did not give it.",
        remedy_ja="鍵フォルダーの provider.json と、そのプログラムを確かめてください。",
        remedy_en="Check provider.json in the key folder and the program that it names.",
    )
