"""Packages that leave the office: encrypted for one recipient, signed by this installation.

A package is a ZIP of three members: ``manifest.json`` in the clear (counts and fingerprints,
nothing personal), ``payload`` encrypted with HPKE (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM)
for the recipient's public key, and ``signature``, Ed25519 (RFC 8032) over the manifest, which
holds the SHA-256 of the payload and the version of the format.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

from pipeline.domain.errors import DefectError, InputError

FORMAT = "uketsuke-package/1"
_INFO = FORMAT.encode()
_MANIFEST, _PAYLOAD, _SIGNATURE = "manifest.json", "payload", "signature"
_MOST_BYTES = 4 << 30
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package: its manifest, and the payload in the clear."""

    manifest: dict[str, Any]
    payload: bytes


def fingerprint(public: X25519PublicKey | Ed25519PublicKey) -> str:
    """The first 16 bytes of the SHA-256 of a raw public key, hex: for people to compare."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:32]


def recipient_key(pem: bytes) -> X25519PublicKey:
    """A recipient's public key.

    Raises:
        InputError: ``RECIPIENT_KEY``.
    """
    try:
        key = load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, X25519PublicKey):
        raise _no_key("公開鍵", "public")
    return key


def private_key(pem: bytes) -> X25519PrivateKey:
    """A recipient's private key, as an unencrypted PEM.

    Raises:
        InputError: ``RECIPIENT_KEY``.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise _no_key("秘密鍵", "private")
    return key


def pack(
    facts: dict[str, Any],
    payload: bytes,
    recipient: X25519PublicKey,
    signer: Ed25519PrivateKey,
) -> bytes:
    """A package.

    Args:
        facts: What the manifest says beside format, fingerprints and hash: counts, never values.
        payload: What only the recipient may read.
        recipient: Whom it is for.
        signer: This installation's key.
    """
    sealed = _SUITE.encrypt(payload, recipient, info=_INFO)
    public = signer.public_key()
    manifest = json.dumps(
        {
            **facts,
            "format": FORMAT,
            "recipient": fingerprint(recipient),
            "signer": base64.b64encode(public.public_bytes_raw()).decode(),
            "payload_sha256": hashlib.sha256(sealed).hexdigest(),
        },
        ensure_ascii=False,
        sort_keys=True,
    ).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as package:
        package.writestr(_MANIFEST, manifest)
        package.writestr(_SIGNATURE, signer.sign(manifest))
        package.writestr(_PAYLOAD, sealed)
    return target.getvalue()


def manifest_of(package: bytes, signer: Ed25519PublicKey | None = None) -> dict[str, Any]:
    """The manifest of a package whose signature and payload hash hold.

    Args:
        package: The file's bytes.
        signer: Who must have signed; without it only the package's own key is checked.

    Raises:
        InputError: ``PACKAGE_UNREADABLE``.
        DefectError: ``PACKAGE_ALTERED``, ``PACKAGE_SIGNER``.
    """
    return _checked(package, signer)[0]


def unpack(
    package: bytes, key: X25519PrivateKey, signer: Ed25519PublicKey | None = None
) -> Package:
    """Open a package with the recipient's key.

    Raises:
        InputError: ``PACKAGE_UNREADABLE``, ``RECIPIENT_KEY`` where it is for somebody else.
        DefectError: ``PACKAGE_ALTERED``, ``PACKAGE_SIGNER``.
    """
    manifest, sealed = _checked(package, signer)
    if manifest.get("recipient") != fingerprint(key.public_key()):
        raise _no_key("秘密鍵", "private")
    try:
        return Package(manifest, _SUITE.decrypt(sealed, key, info=_INFO))
    except (InvalidTag, ValueError):
        raise _altered() from None


def _checked(package: bytes, signer: Ed25519PublicKey | None) -> tuple[dict[str, Any], bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as members:
            if sum(i.file_size for i in members.infolist()) > _MOST_BYTES:
                raise ValueError
            text, signature, sealed = (
                members.read(name) for name in (_MANIFEST, _SIGNATURE, _PAYLOAD)
            )
        manifest = json.loads(text)
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(manifest["signer"]))
        named = str(manifest["payload_sha256"])
        if manifest["format"] != FORMAT:
            raise ValueError
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, binascii.Error):
        raise InputError(
            "PACKAGE_UNREADABLE",
            ja="引き渡しパッケージとして読めません。",
            en="This cannot be read as a package.",
            remedy_ja="ファイルが途中で切れていないか確かめてください。",
            remedy_en="Check that the file is whole.",
        ) from None
    if signer is not None and public.public_bytes_raw() != signer.public_bytes_raw():
        raise DefectError(
            "PACKAGE_SIGNER",
            ja="別の設置環境が署名したパッケージです。",
            en="The package was signed by another installation.",
            remedy_ja="送り主に確かめてください。",
            remedy_en="Ask the sender.",
        )
    try:
        public.verify(signature, text)
    except InvalidSignature:
        raise _altered() from None
    if hashlib.sha256(sealed).hexdigest() != named:
        raise _altered()
    return manifest, sealed


def _altered() -> DefectError:
    return DefectError(
        "PACKAGE_ALTERED",
        ja="パッケージが改変されています。",
        en="The package was altered.",
        remedy_ja="使わずに、もう一度受け取ってください。",
        remedy_en="Do not use it; have it sent again.",
    )


def _no_key(ja: str, en: str) -> InputError:
    return InputError(
        "RECIPIENT_KEY",
        ja=f"このパッケージの宛先の{ja}（X25519、PEM）ではありません。",
        en=f"This is not the recipient's {en} key (X25519, PEM).",
        remedy_ja="`uketsuke handover keygen` で作った鍵を指定してください。",
        remedy_en="Name a key made by `uketsuke handover keygen`.",
    )
