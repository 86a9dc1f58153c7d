"""The mailroom and the form designer in a real browser, by keyboard and by mouse."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from desk_office import PASSWORD, Office
from examination_fixtures import arrival, unknown_page
from playwright.sync_api import Browser
from test_desk_browser import Desk, browser, focused, served

from pipeline.domain.documents import Channel
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition
from pipeline.forms.site import Draft, SiteForms
from pipeline.intake.inbox import settled_files
from pipeline.store.arrivals import arrow_schema
from pipeline.store.staff.people import Role

__all__ = ["browser", "served"]
pytestmark = pytest.mark.browser
PDF = b"%PDF-1.7 sample "
KEY = "expiry_notice@2026.1"


def enter(desk: Desk, name: str, path: str) -> None:
    """Log in by keyboard and open a page."""
    desk.page.goto(f"{desk.address}/login")
    desk.page.wait_for_function("() => document.activeElement?.id === 'name'")
    desk.press(*name, "Tab", *PASSWORD, "Enter")
    desk.page.wait_for_url(lambda url: "/login" not in url)
    desk.page.goto(f"{desk.address}{path}")


def scans(tmp_path: Path, *names: str) -> list[Path]:
    made = []
    for n, name in enumerate(names):
        made.append(tmp_path / name)
        made[-1].write_bytes(PDF + bytes([48 + n]) if name.endswith(".pdf") else b"no scan")
    return made


def in_inbox(office: Office) -> list[Path]:
    inbox = office.settings.inbox
    return [f.path for f in settled_files(inbox, settle_s=0, default_channel=Channel.MAIL)]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_files_dropped_in_the_browser_appear_in_the_inbox(
    served: tuple[Office, str], browser: Browser, tmp_path: Path, language: str
) -> None:
    office, address = served
    office.person("maren", Role.OPERATOR)
    desk = Desk(browser, address, language)
    enter(desk, "maren", "/batches")
    page = desk.page
    page.set_input_files("#drop-files", scans(tmp_path, "見本花子.pdf", "b.pdf", "notes.txt"))
    page.wait_for_function("() => document.activeElement?.id === 'drop-go'")
    desk.press("Enter")  # without a channel nothing is sent
    page.wait_for_function("() => document.activeElement?.name === 'channel'")
    desk.press("ArrowDown", "Space")
    assert page.locator("[name=channel]:checked").input_value() == "counter"
    page.focus("#drop-go")
    desk.press("Enter")
    page.wait_for_selector("#drop-skip:not([hidden])")
    assert page.locator(".file-said.good").count() == 2
    assert in_inbox(office) == []  # nothing goes on while something is wrong
    page.focus("#drop-skip")
    desk.press("Enter")
    page.wait_for_selector("[data-done]", state="attached")
    assert [p.read_bytes() for p in in_inbox(office)] == [PDF + b"0", PDF + b"1"]
    assert {p.parent.name for p in in_inbox(office)} == {"counter"}
    # The page shows them without being loaded again.
    page.wait_for_function(
        "() => document.querySelectorAll('#room .tile strong')[1].textContent === '2'"
    )
    assert not [url for url in desk.requests if "hanako" in url or "%E8" in url]
    desk.errors = [e for e in desk.errors if "422" not in e]  # the browser notes the status itself
    desk.close()


def test_a_new_scan_is_given_for_a_page_that_could_not_be_read(
    served: tuple[Office, str], browser: Browser, tmp_path: Path
) -> None:
    office, address = served
    bad = arrival(office.vault, "bad", unknown_page())
    content = arrow_schema.encode("b1", [bad])
    assert office.client.post("/ingest/b1", content=content, headers=office.service).is_success
    office.person("maren", Role.OPERATOR)
    desk = Desk(browser, address)
    enter(desk, "maren", "/rescans")
    target = bad.documents[0].document_id
    desk.page.focus(f"#again-{target}")
    desk.press("Enter")
    desk.page.wait_for_url(f"**/rescans/{target}")
    desk.page.wait_for_selector("#drop-files")
    desk.page.set_input_files("#drop-files", scans(tmp_path, "new.pdf"))
    desk.page.wait_for_function("() => document.activeElement?.id === 'drop-go'")
    desk.press("Enter")
    desk.page.wait_for_url("**/rescans")
    assert office.store.rescans.find(target).sent
    assert len(in_inbox(office)) == 1
    desk.close()


def at_a_draft(
    served: tuple[Office, str], browser: Browser, form: FormDefinition, *, origin: str
) -> tuple[Desk, Draft]:
    """A supervisor before a draft of a form."""
    office, address = served
    office.person("sora", Role.SUPERVISOR)
    draft = SiteForms(office.settings).begin(form, "sora", origin=origin)
    desk = Desk(browser, address, "en")
    enter(desk, "sora", f"/forms/drafts/{draft.draft_id}")
    return desk, draft


def test_a_long_problem_leaves_the_fields_beside_the_sheet_whole(
    served: tuple[Office, str], browser: Browser
) -> None:
    shipped = Catalogue.load().get(KEY)
    grey = dataclasses.replace(
        shipped, version="2027.1", colours={**shipped.colours, "line": "#777777"}
    )
    desk, _ = at_a_draft(served, browser, grey, origin="learned")
    desk.page.wait_for_function(
        "() => document.getElementById('problems').textContent.includes('#777777')"
    )
    panel = desk.page.locator(".panel")
    assert panel.evaluate("p => p.scrollWidth - p.clientWidth") == 0
    assert desk.page.locator("#go-live").is_enabled(), "a line's colour bars nothing"
    desk.close()


def test_a_zone_is_moved_by_keys_and_mouse_and_the_form_goes_live(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    office.person("sora", Role.SUPERVISOR)
    desk = Desk(browser, address)
    enter(desk, "sora", f"/forms/live/{KEY}")
    page = desk.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.focus("#make-draft")
    desk.press("Enter")
    page.wait_for_url("**/forms/drafts/*")
    page.wait_for_selector("#saved[data-state=saved]")
    draft_id = page.url.rsplit("/", 1)[-1]
    before = Catalogue.load().get(KEY).zones[0].box

    def saved(ver: int) -> None:
        page.wait_for_function(
            "v => Number(document.getElementById('live-ver').value) >= v"
            " && document.getElementById('saved').dataset.state === 'saved'",
            arg=ver,
        )

    page.focus("#zone-0")
    desk.press("ArrowRight", "ArrowDown", "Shift+ArrowLeft")
    assert focused(page) == "zone-0"
    saved(2)
    box = SiteForms(office.settings).draft(draft_id).form.zones[0].box
    assert (box.x, box.y) == pytest.approx((before.x + 0.5, before.y + 0.5))
    assert (box.w, box.h) == pytest.approx((before.w - 0.5, before.h))

    desk.press("z")  # takes the last step back
    saved(3)
    assert SiteForms(office.settings).draft(draft_id).form.zones[0].box.w == pytest.approx(before.w)

    outline = page.locator("#zone-0 .outline").bounding_box()
    assert outline is not None
    middle = (outline["x"] + outline["width"] / 2, outline["y"] + outline["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 4000, middle[1], steps=3)  # stops at the edge of the page
    page.mouse.up()
    saved(4)
    box = SiteForms(office.settings).draft(draft_id).form.zones[0].box
    assert box.x + box.w == pytest.approx(210, abs=0.01)

    desk.press("z")
    page.focus("#f-version")
    page.keyboard.press("Control+A")
    desk.press(*"2027.1", "Tab")
    page.wait_for_function(
        "() => document.getElementById('shown-version').textContent === '2027.1'"
    )
    page.wait_for_function("() => !document.getElementById('go-live').disabled")
    page.focus("#go-live")
    desk.press("Enter")
    page.wait_for_url("**/forms/live/*")
    live = Catalogue.load(office.settings.site_forms).get("expiry_notice@2027.1")
    assert (live.zones[0].box.x, live.zones[0].box.y) == pytest.approx(
        (before.x + 0.5, before.y + 0.5)
    )
    desk.close()


def test_a_zone_is_added_split_named_and_checked(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, _ = served
    form = Catalogue.load().get(KEY)
    desk, draft = at_a_draft(served, browser, form, origin=KEY)
    page = desk.page
    page.wait_for_selector("#saved[data-state=saved]")
    n = len(form.zones)
    page.focus("#add")
    desk.press("n")
    page.wait_for_function("id => document.activeElement?.id === id", arg=f"zone-{n}")
    desk.press("Enter")
    page.wait_for_function("() => document.activeElement?.id === 'z-field'")
    page.select_option("#z-field", "application_id")
    page.select_option("#z-reader", "boxes")
    page.fill("#z-alphabet", "0123456789")
    page.fill("#z-count", "8")
    page.focus("#split")
    desk.press("Enter")
    page.wait_for_function(
        "() => document.getElementById('problems').textContent.includes('23 cells are wanted')"
    )
    assert page.locator("#go-live").is_disabled()
    saved = SiteForms(office.settings).draft(draft.draft_id).form.zones[n]
    assert (saved.field, len(saved.cells)) == ("application_id", 8)
    assert saved.cells[-1].x + saved.cells[-1].w == pytest.approx(saved.box.x + saved.box.w)
    page.focus(f"#zone-{n}")
    desk.press("Delete")
    page.wait_for_function("() => !document.getElementById('go-live').disabled")
    assert len(SiteForms(office.settings).draft(draft.draft_id).form.zones) == n
    desk.close()
