"""Passwords: argon2id hashes, one-time passwords, and what a new one must be."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pipeline.domain.errors import InputError

LEAST_LENGTH = 12
_MOST_LENGTH = 256
# Without what is mistaken for something else: these are typed from paper.
_CLEAR = "abcdefghjkmnpqrstuvwxyz23456789"
_hasher = PasswordHasher()


def one_time() -> str:
    """A random password of four groups of four (79 bit)."""
    return "-".join("".join(secrets.choice(_CLEAR) for _ in range(4)) for _ in range(4))


def hashed(password: str) -> str:
    """The argon2id hash."""
    return _hasher.hash(password)


def matches(password: str, stored: str) -> bool:
    """Whether a password is the one that was hashed. Takes the same time either way."""
    try:
        return _hasher.verify(stored, password[:_MOST_LENGTH])
    except (VerificationError, InvalidHashError):
        return False


NOBODY = hashed(secrets.token_hex(16))
"""A hash that nothing matches: an unknown name costs as much time as a wrong password."""


def require_good(password: str, name: str) -> None:
    """Refuse a new password that is too short or holds the user's name.

    Raises:
        InputError: ``PASSWORD_WEAK``.
    """
    if not LEAST_LENGTH <= len(password) <= _MOST_LENGTH or name.lower() in password.lower():
        raise InputError(
            "PASSWORD_WEAK",
            ja=f"パスワードは{LEAST_LENGTH}文字以上で、利用者名を含まないものにしてください。",
            en=f"A password has at least {LEAST_LENGTH} characters and not the user's name.",
        )
