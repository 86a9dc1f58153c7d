"""Takes the pictures of the desk that the manuals show, in both languages, of synthetic papers.

    .venv/bin/python tools/screenshots.py [--home var] [--out docs/images/desk]

``make screenshots`` first processes ``sample_scans`` in a home folder of its own, then starts the
real desk there and walks through it as a person of each role, in Debian's chromium. Nothing on
the pictures is of a real person.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.desk_process import Served, add_people, chromium, log_in, serving
from pipeline.settings import Settings
from pipeline.store.staff.people import Role

LANGUAGES = ("ja", "en")
VIEW: Any = {"width": 1280, "height": 800}
QUALITY = 78
MOSTLY_PASSED = 8  # checks of a photo, so that there is something to see


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: who sees it, where, and what is done there before it is taken."""

    name: str
    role: Role
    address: str
    prepare: Callable[[Page], None] = lambda _: None


def _first_document(page: Page) -> None:
    """Opens a document with a graded photo."""
    links = page.locator("main a[href^='/documents/']")
    for address in [str(links.nth(n).get_attribute("href")) for n in range(links.count())]:
        page.goto(page.url.split("/documents")[0] + address)
        if page.locator(".grade .verdict.pass").count() >= MOSTLY_PASSED:
            return


def _first_batch(page: Page) -> None:
    page.locator("main a[href^='/batches/']").first.click()
    page.wait_for_load_state("networkidle")


def _first_in_quarantine(page: Page) -> None:
    page.locator("main a[href^='/quarantine/']").first.click()
    page.wait_for_load_state("networkidle")


def _help(page: Page) -> None:
    page.keyboard.press("?")
    page.wait_for_timeout(200)


SHOTS = (
    Shot("batches", Role.OPERATOR, "/batches"),
    Shot("batch", Role.OPERATOR, "/batches", _first_batch),
    Shot("rescans", Role.OPERATOR, "/rescans"),
    Shot("queue", Role.REVIEWER, "/queue"),
    Shot("review", Role.REVIEWER, "/review"),
    Shot("help", Role.REVIEWER, "/review", _help),
    Shot("carpet", Role.REVIEWER, "/carpet"),
    Shot("document", Role.REVIEWER, "/documents", _first_document),
    Shot("work", Role.SUPERVISOR, "/assignments"),
    Shot("quarantine", Role.SUPERVISOR, "/rescans", _first_in_quarantine),
    Shot("quality", Role.SUPERVISOR, "/quality"),
    Shot("forms", Role.SUPERVISOR, "/forms"),
    Shot("throughput", Role.ANALYST, "/throughput"),
    Shot("audit", Role.AUDITOR, "/audit"),
    Shot("users", Role.ADMINISTRATOR, "/users"),
)


def take(browser: Browser, desk: Served, folder: Path) -> list[Path]:
    """Take every picture in every language."""
    taken = []
    for role in dict.fromkeys(shot.role for shot in SHOTS):
        page = browser.new_page(viewport=VIEW, color_scheme="light", reduced_motion="reduce")
        log_in(page, desk.url, _person(role))
        for language in LANGUAGES:
            page.goto(f"{desk.url}/language/{language}")
            for shot in SHOTS:
                if shot.role == role:
                    taken.append(_take(page, desk, shot, folder / f"{shot.name}.{language}.jpg"))
        page.close()
    return taken


def _take(page: Page, desk: Served, shot: Shot, path: Path) -> Path:
    page.goto(f"{desk.url}{shot.address}")
    shot.prepare(page)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=path, type="jpeg", quality=QUALITY)
    return path


def _person(role: Role) -> str:
    return f"sample-{role.value}"


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--home", type=Path, help="of an installation with processed samples")
    parser.add_argument("--out", type=Path, default=Path("docs/images/desk"))
    chosen = parser.parse_args()
    settings = Settings(home=chosen.home) if chosen.home else Settings()
    chosen.out.mkdir(parents=True, exist_ok=True)
    roles = {_person(shot.role): shot.role for shot in SHOTS}
    add_people(settings, roles)
    with serving(settings) as desk, chromium() as browser:
        for path in take(browser, desk, chosen.out):
            print(path)


if __name__ == "__main__":
    main()
