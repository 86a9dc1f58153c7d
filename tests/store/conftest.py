"""A vault and a store on a real encrypted file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.store.duckdb_store import DuckDBStore
from pipeline.vault import Vault


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault.create(tmp_path_factory.mktemp("home") / "keys")


@pytest.fixture
def store(tmp_path: Path, vault: Vault) -> Iterator[DuckDBStore]:
    store = DuckDBStore(tmp_path / "store" / "u.duckdb", vault)
    yield store
    store.close()
