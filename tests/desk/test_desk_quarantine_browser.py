"""A supervisor and the files in quarantine, by keyboard alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from test_desk_browser import Desk, browser, serving
from test_desk_journeys_browser import follow, log_in, log_out, tab_to
from test_desk_quarantine import audited, into_inbox, run_batch, strict, two_pages

from pipeline.desk.language import LANGUAGES
from pipeline.domain.roles import Role
from pipeline.store.arrivals.records import Outcome

__all__ = ["browser"]
pytestmark = pytest.mark.browser


def test_a_supervisor_releases_one_file_and_discards_another(
    tmp_path: Path, browser: Browser
) -> None:
    with serving(tmp_path / "home") as (office, address):
        into_inbox(office, two_pages("first"), two_pages("second"))
        batch_id, _, _ = run_batch(office, strict(office, max_pages=1))
        office.person("sora", Role.SUPERVISOR)
        desk = Desk(browser, address)
        log_in(desk, "sora")

        follow(desk, "header nav a[href='/rescans']")
        follow(desk, f"[id='quarantine-{batch_id}:0']")
        for language in LANGUAGES:
            desk.page.goto(f"{address}/language/{language}")
            desk.page.goto(f"{address}/quarantine/{batch_id}:0")
            assert "FILE_TOO_LARGE" in desk.page.locator("dl").inner_text()
            desk.page.screenshot(path=str(tmp_path / f"quarantine.{language}.png"))
        follow(desk, "#release")
        assert desk.page.url.endswith("/rescans")
        assert run_batch(office, strict(office))[2][0].outcome == Outcome.LOADED

        follow(desk, "header nav a[href='/batches']")
        follow(desk, f"a[href='/batches/{batch_id}']")
        assert desk.page.locator(f"[id='quarantine-{batch_id}:0']").count() == 0
        follow(desk, f"[id='quarantine-{batch_id}:1']")
        tab_to(desk, "#discard")
        desk.press("Enter")  # without a reason nothing happens
        assert desk.page.url.endswith(f"/quarantine/{batch_id}:1")
        tab_to(desk, "#reason", back=True)
        while desk.page.locator("#reason").input_value() != "paper_returned":
            desk.press("ArrowDown")
        follow(desk, "#discard")
        assert desk.page.url.endswith("/rescans")
        assert audited(office, "quarantine.discard") == [(f"file:{batch_id}:1", "paper_returned")]
        assert desk.page.locator("[id^='quarantine-']").count() == 0
        log_out(desk)
