"""Logging in through the office's directory, in a browser and by keyboard."""

from __future__ import annotations

from pathlib import Path

import directory_server
import pytest
from playwright.sync_api import Browser
from test_desk_browser import Desk, browser, serving
from test_desk_journeys_browser import log_out, menu

from pipeline.desk.directory import Directory
from pipeline.settings import Settings

__all__ = ["browser"]
pytestmark = pytest.mark.browser


def submit(desk: Desk, name: str, password: str) -> None:
    desk.page.goto(f"{desk.address}/login")
    desk.page.wait_for_function("() => document.activeElement?.id === 'name'")
    desk.press(*name, "Tab")
    desk.page.keyboard.insert_text(password)
    desk.press("Enter")


def test_a_member_of_a_group_works_and_is_told_when_the_directory_is_away(
    tmp_path: Path, browser: Browser
) -> None:
    (tmp_path / "directory").mkdir()
    server = directory_server.start(tmp_path / "directory")
    try:
        with serving(tmp_path / "home") as (office, address):
            settings = Settings(home=office.settings.home, **server.settings())  # type: ignore[arg-type]
            office.app.state.desk.directory = Directory(settings)
            desk = Desk(browser, address)
            submit(desk, "sho", directory_server.PASSWORD)
            desk.page.wait_for_url(lambda url: "/login" not in url)
            assert "/assignments" in menu(desk)
            desk.page.goto(f"{address}/password")
            assert "ディレクトリ" in desk.page.locator("main").inner_text()
            log_out(desk)

            server.stop()
            desk = Desk(browser, address)
            submit(desk, "sho", directory_server.PASSWORD)
            told = desk.page.wait_for_selector("[role=alert]").inner_text()
            assert "DIRECTORY_UNREACHABLE" in told
            assert desk.page.locator("#password").input_value() == ""
            assert all("503" in error for error in desk.errors)
            desk.errors.clear()
            desk.close()
    finally:
        server.stop()
