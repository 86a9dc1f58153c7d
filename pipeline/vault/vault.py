"""The vault: seals what is personal, finds equal numbers without showing them, names scans.

A sealed blob is ``version (1 byte) | key number (4) | nonce (12) | AES-256-GCM text and tag``.
The header and the caller's context (``document|field``) are authenticated, so that a blob put
in another row does not open. Nonces are random: one key serves one class for one month, PINs for
one day, far below the 2**32 blobs that NIST SP 800-38D allows for random nonces.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import os
import struct
import threading
import unicodedata
from collections.abc import Callable, Collection
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline.domain.documents import PIN_FIELDS, FieldName
from pipeline.domain.errors import DefectError, InputError, PolicyError
from pipeline.vault import master_keys, private_files
from pipeline.vault.data_classes import DataClass
from pipeline.vault.keyring import KEYRING_FILE, DataKey, Keyring
from pipeline.vault.master_keys import KEY_BYTES, MasterKeys

BLIND_INDEX_BYTES = 16
SURROGATE_BYTES = 16
_HEADER = struct.Struct(">BI")
_VERSION = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16
_JAPAN = dt.timezone(dt.timedelta(hours=9))


def _now() -> dt.datetime:
    return dt.datetime.now(_JAPAN)


def period_of(data_class: DataClass, moment: dt.datetime) -> str:
    """The period whose key seals now: a day for PINs, which end by the day, else a month."""
    return f"{moment:%Y-%m-%d}" if data_class == DataClass.PIN else f"{moment:%Y-%m}"


def key_number(blob: bytes) -> int:
    """The number of the key that a blob was sealed with.

    Raises:
        DefectError: ``SEAL_BROKEN`` where it is no sealed blob.
    """
    if len(blob) < _HEADER.size:
        raise _broken()
    version, number = _HEADER.unpack_from(blob)
    if version != _VERSION:
        raise _broken()
    return int(number)


class Vault:
    """Keys of one installation, opened. Safe to share between threads; open one per process."""

    def __init__(
        self,
        keys_dir: Path,
        keyring: Keyring,
        master: MasterKeys,
        clock: Callable[[], dt.datetime] = _now,
    ) -> None:
        self._keys_dir = keys_dir
        self._clock = clock
        self._guard = threading.Lock()
        self._roots = {name: keyring.unwrap(key, master) for name, key in keyring.roots.items()}
        self._derived: dict[str, bytes] = {}
        self._ciphers: dict[int, AESGCM] = {}
        self._current: dict[tuple[DataClass, str], int] = {}
        self._take(keyring, master)

    @classmethod
    def create(cls, keys_dir: Path, clock: Callable[[], dt.datetime] = _now) -> Vault:
        """Make the keys of a new installation and open them.

        Raises:
            InputError: ``KEY_EXISTS`` where any key is there already; ``KEY_PERMISSIONS``.
        """
        private_files.make_folder(keys_dir)
        private_files.require_private(keys_dir)
        with private_files.locked(keys_dir):
            if master_keys.exists(keys_dir) or (keys_dir / KEYRING_FILE).exists():
                raise InputError(
                    "KEY_EXISTS",
                    ja="鍵はすでにあります。上書きすると、封印したデータは二度と開けません。",
                    en="The keys exist already. Overwriting them would lose all sealed data.",
                    remedy_ja="マスター鍵の交換は `uketsuke keys rotate` です。",
                    remedy_en="To change the master key, run `uketsuke keys rotate`.",
                )
            master = MasterKeys.fresh()
            keyring = Keyring.fresh(master)
            master.write(keys_dir)
            keyring.write(keys_dir)
        return cls(keys_dir, keyring, master, clock)

    @classmethod
    def open(cls, keys_dir: Path, clock: Callable[[], dt.datetime] = _now) -> Vault:
        """Open the keys of an installation.

        Raises:
            InputError: ``KEY_MISSING``, ``KEY_PERMISSIONS``.
            DefectError: ``KEY_WRONG``.
        """
        if not keys_dir.is_dir():
            raise InputError(
                "KEY_MISSING",
                ja="鍵のフォルダーがありません。",
                en="There is no key folder.",
                remedy_ja="新しい設置環境なら `uketsuke keys init` を実行してください。",
                remedy_en="Run `uketsuke keys init` on a new installation.",
            )
        private_files.require_private(keys_dir)
        with private_files.locked(keys_dir):
            master, keyring = MasterKeys.read(keys_dir), Keyring.read(keys_dir)
        return cls(keys_dir, keyring, master, clock)

    def seal(self, data_class: DataClass, context: str, plaintext: bytes) -> bytes:
        """Encrypt with this month's key of the class, bound to the context."""
        number, cipher = self._cipher_for(data_class)
        header = _HEADER.pack(_VERSION, number)
        nonce = os.urandom(_NONCE_BYTES)
        return header + nonce + cipher.encrypt(nonce, plaintext, header + context.encode())

    def unseal(self, context: str, blob: bytes) -> bytes:
        """Decrypt what ``seal`` made for the same context.

        Raises:
            DefectError: ``SEAL_BROKEN`` where the blob was altered, cut short or belongs to
                another context; ``KEY_UNKNOWN`` where its key was destroyed or never was here.
        """
        if len(blob) < _HEADER.size + _NONCE_BYTES + _TAG_BYTES:
            raise _broken()
        version, number = _HEADER.unpack_from(blob)
        if version != _VERSION:
            raise _broken()
        cipher = self._ciphers.get(number) or self._reload(number)
        header, rest = blob[: _HEADER.size], blob[_HEADER.size :]
        try:
            return cipher.decrypt(
                rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + context.encode()
            )
        except InvalidTag:
            raise _broken() from None

    def blind_index(self, field: FieldName, value: str) -> bytes:
        """A keyed mark (16 bytes) that is equal for equal values of one field.

        Width, case, spaces and punctuation do not count. There is none for PINs: with four
        digits, equality alone would give them away.

        Raises:
            PolicyError: ``PIN_NOT_INDEXED``.
        """
        if field in PIN_FIELDS:
            raise PolicyError(
                "PIN_NOT_INDEXED",
                ja="暗証番号には検索用の索引を作りません。",
                en="A PIN never gets an index for look-up.",
            )
        plain = "".join(c for c in unicodedata.normalize("NFKC", value).upper() if c.isalnum())
        key = self._derive("index", field)
        return hmac.digest(key, plain.encode(), "sha256")[:BLIND_INDEX_BYTES]

    def surrogate(self, kind: str, data: bytes) -> str:
        """A keyed identifier (32 hex digits): the same data, the same name; nothing to guess."""
        return self.marker(kind)(data)

    def marker(self, kind: str) -> Callable[[bytes], str]:
        """``surrogate`` of one kind, ready to be called very often."""
        key = self._derive("surrogate", kind)
        return lambda data: hmac.digest(key, data, "sha256")[:SURROGATE_BYTES].hex()

    def signing_key(self) -> Ed25519PrivateKey:
        """What this installation signs packages with; the same as long as its keys are."""
        return Ed25519PrivateKey.from_private_bytes(self._derive("surrogate", "package-signature"))

    def database_key(self) -> str:
        """The key of the DuckDB file, base64."""
        return base64.b64encode(self._roots["database"]).decode()

    def rotate_master(self) -> None:
        """Change the master key. Data keys are wrapped again; what they sealed stays as it is.

        A kill at any point leaves keys that open: the new master key is written beside the old
        one before the keyring needs it, and the old one goes only afterwards.
        """
        with private_files.locked(self._keys_dir):
            old, keyring = MasterKeys.read(self._keys_dir), Keyring.read(self._keys_dir)
            fresh = MasterKeys.fresh()
            both = MasterKeys(fresh.current, {**old.keys, **fresh.keys})
            rewrapped = keyring.rewrapped(both)
            both.write(self._keys_dir)
            rewrapped.write(self._keys_dir)
            fresh.write(self._keys_dir)

    def data_keys(self) -> dict[int, DataKey]:
        """The wrapped data keys by number, as they stand on disk now."""
        with private_files.locked(self._keys_dir):
            return Keyring.read(self._keys_dir).data

    def now(self) -> dt.datetime:
        """This vault's clock, Japan time: what sealing and destruction go by."""
        return self._clock()

    def destroy_keys(self, numbers: Collection[int]) -> tuple[DataKey, ...]:
        """Take data keys out of the keyring for good; what they sealed opens never again.

        A number is not used a second time. Other processes that hold the key in memory keep it
        until they end: the workers of a batch do with the batch.

        Raises:
            PolicyError: ``KEY_IN_USE`` for a key of a period that has not ended.
        """
        with self._guard, private_files.locked(self._keys_dir):
            keyring = Keyring.read(self._keys_dir)
            doomed = {n: k for n, k in keyring.data.items() if n in numbers}
            moment = self._clock()
            if any(k.month >= period_of(k.data_class, moment) for k in doomed.values()):
                raise PolicyError(
                    "KEY_IN_USE",
                    ja="まだ使っている期間の鍵は廃棄できません。",
                    en="The key of a period that has not ended cannot be destroyed.",
                )
            keyring.without(doomed).write(self._keys_dir)
            for number, key in doomed.items():
                self._ciphers.pop(number, None)
                self._current.pop((key.data_class, key.month), None)
        return tuple(doomed.values())

    def _cipher_for(self, data_class: DataClass) -> tuple[int, AESGCM]:
        wanted = (data_class, period_of(data_class, self._clock()))
        number = self._current.get(wanted)
        if number is None:
            with self._guard, private_files.locked(self._keys_dir):
                # Another process may have made this period's key since we last looked.
                master, keyring = MasterKeys.read(self._keys_dir), Keyring.read(self._keys_dir)
                if keyring.key_for(*wanted) is None:
                    _require_clock(keyring, *wanted)
                    keyring = keyring.with_data_key(*wanted, master)
                    keyring.write(self._keys_dir)
                self._take(keyring, master)
            number = self._current[wanted]
        return number, self._ciphers[number]

    def _reload(self, number: int) -> AESGCM:
        with self._guard, private_files.locked(self._keys_dir):
            self._take(Keyring.read(self._keys_dir), MasterKeys.read(self._keys_dir))
        if number not in self._ciphers:
            raise DefectError(
                "KEY_UNKNOWN",
                ja="このデータの鍵はありません。廃棄されたか、別の設置環境の鍵です。",
                en="There is no key for this data: destroyed, or of another installation.",
            )
        return self._ciphers[number]

    def _take(self, keyring: Keyring, master: MasterKeys) -> None:
        for number, key in keyring.data.items():
            if number not in self._ciphers:
                self._ciphers[number] = AESGCM(keyring.unwrap(key.wrapped, master))
            self._current[(key.data_class, key.month)] = number

    def _derive(self, root: str, purpose: str) -> bytes:
        name = f"{root}|{purpose}"
        key = self._derived.get(name)
        if key is None:
            key = HKDF(SHA256(), KEY_BYTES, salt=None, info=name.encode()).derive(self._roots[root])
            self._derived[name] = key
        return key


def _require_clock(keyring: Keyring, data_class: DataClass, period: str) -> None:
    """Refuse a new key for a period before one that has a key: the clock went back.

    What is sealed under an earlier period would be destroyed too soon.
    """
    newest = max((k.month for k in keyring.data.values() if k.data_class == data_class), default="")
    if period < newest:
        raise DefectError(
            "CLOCK_SET_BACK",
            ja=f"時計が戻っています。{newest} の鍵がすでにあるのに、時計は {period} です。",
            en=f"The clock was set back: there is a key of {newest}, and it says {period}.",
            remedy_ja="この機械の日付と時刻を正してから、やり直してください。",
            remedy_en="Put this machine's date and time right and try again.",
        )


def _broken() -> DefectError:
    return DefectError(
        "SEAL_BROKEN",
        ja="封印されたデータが改変されているか、別の場所のデータです。",
        en="The sealed data was altered or belongs to another place.",
        remedy_ja="監督者に連絡し、バックアップと照合してください。",
        remedy_en="Tell the supervisor and compare with the backup.",
    )
