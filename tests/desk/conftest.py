"""A desk for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_office import Office
from fastapi.testclient import TestClient

from pipeline.desk.application import create_app
from pipeline.settings import Settings
from pipeline.vault import Vault, create_service_token


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    settings = Settings(home=tmp_path / "home", blind_sample_rate=0.0)
    vault = Vault.create(settings.keys)
    token = create_service_token(settings.keys)
    app = create_app(settings)
    with TestClient(app, follow_redirects=False) as client:
        yield Office(app, settings, vault, token, client)
