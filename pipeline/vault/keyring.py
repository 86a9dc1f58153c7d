"""The keyring: every key but the master key, wrapped by it after RFC 3394.

``keyring.json`` names the master key that wraps it. The wrap has an integrity check, so a wrong
master key is noticed at once.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from pipeline.vault import private_files
from pipeline.vault.data_classes import DataClass
from pipeline.vault.key_errors import missing_key, wrong_key
from pipeline.vault.master_keys import KEY_BYTES, MasterKeys

KEYRING_FILE = "keyring.json"
ROOTS = ("index", "surrogate", "database")


@dataclass(frozen=True, slots=True)
class DataKey:
    """A wrapped key of one data class and period.

    Attributes:
        month: The period, ``2026-11``, or ``2026-11-23`` for a key that serves one day.
    """

    data_class: DataClass
    month: str
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Every key but the master key, wrapped.

    Attributes:
        master: Name of the master key that wraps all of them.
        roots: Keys without a month: blind index, surrogate identifiers, database file.
        data: Data keys by number; the number stands in every sealed blob.
        next_id: The next number, never used again after a key was destroyed.
    """

    master: str
    roots: dict[str, bytes] = field(repr=False)
    data: dict[int, DataKey] = field(repr=False)
    next_id: int = 1

    @classmethod
    def fresh(cls, master: MasterKeys) -> Keyring:
        """A keyring with new roots and no data key yet."""
        kek = master.keys[master.current]
        roots = {name: aes_key_wrap(kek, secrets.token_bytes(KEY_BYTES)) for name in ROOTS}
        return cls(master.current, roots, {})

    @classmethod
    def read(cls, keys_dir: Path) -> Keyring:
        """Read ``keyring.json``.

        Raises:
            InputError: ``KEY_MISSING`` or ``KEY_PERMISSIONS``.
            DefectError: ``KEY_WRONG`` where the file is damaged.
        """
        path = keys_dir / KEYRING_FILE
        if not path.is_file():
            raise missing_key(KEYRING_FILE)
        private_files.require_private(path)
        try:
            content = json.loads(path.read_bytes())
            return cls(
                master=content["master"],
                roots={name: base64.b64decode(content["roots"][name]) for name in ROOTS},
                data={
                    int(number): DataKey(
                        DataClass(entry["class"]), entry["month"], base64.b64decode(entry["key"])
                    )
                    for number, entry in content["data"].items()
                },
                next_id=int(content["next_id"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise wrong_key("鍵束のファイルが壊れています。", "The keyring is damaged.") from None

    def write(self, keys_dir: Path) -> None:
        """Replace ``keyring.json``."""
        content = {
            "master": self.master,
            "roots": {name: base64.b64encode(key).decode() for name, key in self.roots.items()},
            "data": {
                str(number): {
                    "class": key.data_class,
                    "month": key.month,
                    "key": base64.b64encode(key.wrapped).decode(),
                }
                for number, key in self.data.items()
            },
            "next_id": self.next_id,
        }
        private_files.write_private(keys_dir / KEYRING_FILE, json.dumps(content, indent=1).encode())

    def unwrap(self, wrapped: bytes, master: MasterKeys) -> bytes:
        """A key in the clear.

        Raises:
            DefectError: ``KEY_WRONG``.
        """
        kek = master.keys.get(self.master)
        if kek is None:
            raise wrong_key(
                "鍵束は別のマスター鍵で封印されています。",
                "The keyring is wrapped by another master key.",
            )
        try:
            return aes_key_unwrap(kek, wrapped)
        except InvalidUnwrap:
            raise wrong_key(
                "マスター鍵で鍵束を開けません。", "The master key does not open the keyring."
            ) from None

    def key_for(self, data_class: DataClass, month: str) -> int | None:
        """Number of the key of that class and period, or None."""
        return next(
            (n for n, k in self.data.items() if (k.data_class, k.month) == (data_class, month)),
            None,
        )

    def with_data_key(self, data_class: DataClass, month: str, master: MasterKeys) -> Keyring:
        """The keyring with one more random data key."""
        if self.master not in master.keys:
            raise wrong_key(
                "鍵束は別のマスター鍵で封印されています。",
                "The keyring is wrapped by another master key.",
            )
        wrapped = aes_key_wrap(master.keys[self.master], secrets.token_bytes(KEY_BYTES))
        data = {**self.data, self.next_id: DataKey(data_class, month, wrapped)}
        return replace(self, data=data, next_id=self.next_id + 1)

    def without(self, numbers: Collection[int]) -> Keyring:
        """The keyring without some data keys; their numbers stay used."""
        return replace(self, data={n: k for n, k in self.data.items() if n not in numbers})

    def rewrapped(self, master: MasterKeys) -> Keyring:
        """The same keys wrapped by the current master key; what they sealed stays as it is."""
        kek = master.keys[master.current]

        def again(wrapped: bytes) -> bytes:
            return aes_key_wrap(kek, self.unwrap(wrapped, master))

        return replace(
            self,
            master=master.current,
            roots={name: again(key) for name, key in self.roots.items()},
            data={n: replace(k, wrapped=again(k.wrapped)) for n, k in self.data.items()},
        )
