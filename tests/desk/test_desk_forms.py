"""Forms at the desk over HTTP: who may, what is asked back, what goes live, what is tried."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from desk_fake_examiner import KEY, NUMBER, PIN
from desk_office import Browser, Office
from fastapi.testclient import TestClient

from pipeline.desk import learn_blank, trying
from pipeline.desk.application import create_app
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.site import SiteForms, zone_content
from pipeline.settings import Settings
from pipeline.store.staff.people import Role
from pipeline.vault import Vault, create_service_token


@pytest.fixture
def sora(office: Office) -> Browser:
    return office.log_in("sora", Role.SUPERVISOR)


def draft_of(sora: Browser) -> str:
    answer = sora.post(f"/forms/live/{KEY}/draft", htmx=False)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def put(browser: Browser, path: str, **more: object):  # type: ignore[no-untyped-def]
    headers = {"X-CSRF-Token": browser.csrf()}
    return browser.client.put(path, headers=headers, **more)  # type: ignore[arg-type]


def content_of(office: Office, draft: str, by_mm: float = 0.5) -> dict[str, object]:
    found = SiteForms(office.settings).draft(draft.rsplit("/", 1)[-1])
    zones = zone_content(found.form)
    zones[0]["box"][0] = round(zones[0]["box"][0] + by_mm, 3)
    return {"ver": found.ver, "version": "2027.1", "title": found.form.title, "zones": zones}


def test_only_a_supervisor_draws_forms(office: Office, sora: Browser) -> None:
    draft = draft_of(sora)
    paths = [draft, f"{draft}/blank", f"/forms/live/{KEY}", f"/forms/live/{KEY}/blank"]
    for path in paths:
        assert sora.get(path).status_code == 200, path
    ben = office.log_in("ben", Role.OPERATOR)
    for path in paths:
        assert ben.get(path).status_code == 403, path
    assert put(ben, draft, json=content_of(office, draft)).status_code == 403
    assert put(ben, f"{draft}/try", content=b"x").status_code == 403
    assert sora.client.put(draft, json=content_of(office, draft)).status_code == 403  # no token


def test_a_change_is_saved_checked_and_goes_live_on_the_record(
    office: Office, sora: Browser
) -> None:
    draft = draft_of(sora)
    bad = put(sora, draft, json=content_of(office, draft, 300.0)).json()
    assert any("用紙の外" in p["ja"] for p in bad["problems"])
    refused = sora.post(f"{draft}/live", htmx=False, ver=bad["ver"])
    assert refused.status_code == 422
    stale = {**content_of(office, draft, -299.5), "ver": 1}
    assert put(sora, draft, json=stale).status_code == 409
    good = put(sora, draft, json=content_of(office, draft, -299.5)).json()
    assert good["problems"] == []
    assert sora.post(f"{draft}/live", htmx=False, ver=1).status_code == 409  # not what was seen
    answer = sora.post(f"{draft}/live", htmx=False, ver=good["ver"])
    assert answer.headers["location"] == "/forms/live/expiry_notice@2027.1"
    assert "このサイトの定義" in sora.get("/forms").text
    live = Catalogue.load(office.settings.site_forms).get("expiry_notice@2027.1")
    assert live.zones[0].box.x == Catalogue.load().get(KEY).zones[0].box.x + 0.5
    (row,) = [r for r in office.store.audit.rows() if r.action == "form.live"]
    assert row.subject == "form:expiry_notice@2027.1" and row.role == "supervisor"
    sora.post("/forms/live/expiry_notice@2027.1/withdraw", htmx=False)
    assert sora.get("/forms/live/expiry_notice@2027.1").status_code == 404


def test_malformed_changes_get_words_not_traces(office: Office, sora: Browser) -> None:
    draft = draft_of(sora)
    wrong = {**content_of(office, draft), "zones": [{"field": "<script>"}]}
    answer = put(sora, draft, json=wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "FORM_FILE_INVALID")
    for body in (b"", b"[1]", b"{", b'{"ver": "x"}'):
        assert put(sora, draft, content=body).status_code == 422
    assert put(sora, "/forms/drafts/unknown00000", json={}).status_code == 404
    huge = sora.client.put(
        draft, headers={"Content-Length": str((trying.MOST_MIB << 20) + 1)}, content=b"{"
    )
    assert huge.status_code == 413


def test_a_try_shows_figures_and_masked_readings_and_stores_nothing(
    office: Office, sora: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    monkeypatch.setattr(trying, "EXAMINER", "desk_fake_examiner:fake_examiner")
    draft = draft_of(sora)
    before = {p for p in office.settings.home.rglob("*") if p.is_file()}
    shown = put(sora, f"{draft}/try?channel=counter", content=b"%PDF").text
    assert "0.80 px" in shown and "412" in shown
    assert NUMBER not in shown and PIN not in shown
    revealed = put(sora, f"{draft}/try?channel=counter&reveal=true", content=b"%PDF").text
    assert NUMBER in revealed and PIN not in revealed
    locked = put(sora, f"{draft}/try", content=b"locked")
    assert (locked.status_code, locked.json()["code"]) == (422, "FILE_ENCRYPTED")
    assert put(sora, f"{draft}/try", content=b"").json()["code"] == "FILE_EMPTY"
    added = {p for p in office.settings.home.rglob("*") if p.is_file()} - before
    assert not [p for p in added if office.settings.database.parent not in p.parents]
    actions = [r.action for r in office.store.audit.rows() if r.action.startswith("form.try")]
    assert actions == ["form.try_values", "form.try"]


def test_a_blank_that_cannot_be_learned_says_why(office: Office, sora: Browser) -> None:
    answer = put(sora, "/forms/learn", content=b"this is no sheet of paper")
    assert (answer.status_code, answer.json()["code"]) == (422, "FILE_TYPE_UNKNOWN")
    assert answer.json()["remedy_ja"]
    assert not list(office.settings.home.glob(".learning-*"))
    assert SiteForms(office.settings).drafts() == ()


def test_a_learned_proposal_becomes_a_draft_with_its_doubts(
    office: Office, sora: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2

    from pipeline.desk.pages import forms as forms_page
    from pipeline.forms.drawing import blank_raster

    form = Catalogue.load().get(KEY)
    png = cv2.imencode(".png", blank_raster(form, 300, office.settings.cache))[1].tobytes()
    doubts = ({"ja": "QRの位置を確かめる", "en": "check the QR", "box": [20, 30, 10, 10]},)
    given: list[object] = []

    def fake(settings: Settings, content: bytes, name: object, version: object):  # type: ignore[no-untyped-def]
        given.extend([content, name, version])
        return learn_blank.Learned(form, png, doubts)

    monkeypatch.setattr(forms_page, "learn_blank", fake)
    answer = put(sora, "/forms/learn?version=2028.1&name=expiry_notice", content=b"%PDF blank")
    assert given == [b"%PDF blank", "expiry_notice", "2028.1"]
    page = sora.get(answer.json()["address"]).text
    assert "QRの位置を確かめる" in page and 'data-look="20,30,10,10"' in page
    assert sora.get(f"{answer.json()['address']}/blank").content[:4] == b"\x89PNG"


def test_a_broken_form_of_the_site_does_not_keep_the_desk_from_starting(tmp_path: Path) -> None:
    """Forms are read as the desk starts; people with other forms go on working."""
    settings = Settings(home=tmp_path / "home")
    Vault.create(settings.keys)
    create_service_token(settings.keys)
    (settings.home / "forms").mkdir()
    (settings.home / "forms" / "broken.yaml").write_text("name: [", encoding="utf-8")
    with TestClient(create_app(settings)) as client:
        assert client.get("/health").json() == {"status": "ok"}
