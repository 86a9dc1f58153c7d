"""The token by which the orchestrator shows itself to the desk; a file in the key folder."""

from __future__ import annotations

import secrets
from pathlib import Path

from pipeline.vault import private_files
from pipeline.vault.key_errors import missing_key

TOKEN_FILE = "service.token"


def create_service_token(keys_dir: Path) -> str:
    """Make a new random token (256 bit), replacing the old one."""
    token = secrets.token_urlsafe(32)
    private_files.write_private(keys_dir / TOKEN_FILE, token.encode())
    return token


def read_service_token(keys_dir: Path) -> str:
    """The token of this installation.

    Raises:
        InputError: ``KEY_MISSING`` or ``KEY_PERMISSIONS``.
    """
    path = keys_dir / TOKEN_FILE
    if not path.is_file():
        raise missing_key(TOKEN_FILE)
    private_files.require_private(path)
    return path.read_text().strip()
