"""The operator's day over HTTP: what arrives, what is dropped, what is scanned again."""

from __future__ import annotations

import dataclasses
import io
import re
from pathlib import Path

import pytest
from desk_office import Browser, Office
from examination_fixtures import (
    ADDRESS,
    NAME,
    NUMBER,
    RECEIVED,
    accepted_application,
    arrival,
    flagged_number,
    unknown_page,
)

from pipeline.desk import reasons
from pipeline.desk.language import LANGUAGES, words
from pipeline.domain.documents import Channel
from pipeline.examine import batch_lock, progress
from pipeline.imaging.faults import FILE_CODES
from pipeline.intake.batches import Batch, claim_batch
from pipeline.intake.inbox import settled_files
from pipeline.intake.originals import scan_id_of
from pipeline.store.arrivals import arrow_schema, rescans, summaries
from pipeline.store.arrivals.records import Arrival, Outcome
from pipeline.store.staff.people import Role

PDF = b"%PDF-1.7 sample "
SECRETS = (NUMBER, NAME, ADDRESS)


def load(office: Office, batch_id: str, *arrivals: Arrival) -> None:
    content = arrow_schema.encode(batch_id, list(arrivals))
    answer = office.client.post(f"/ingest/{batch_id}", content=content, headers=office.service)
    assert answer.status_code == 200, answer.text


def set_aside(office: Office, name: str, code: str) -> Arrival:
    scan_id = office.vault.surrogate("scan", name.encode())
    return Arrival(scan_id, Channel.MAIL, Outcome.QUARANTINED, RECEIVED, code)


def put(browser: Browser, drop: str, content: bytes, csrf: str | None = None):  # type: ignore[no-untyped-def]
    headers = {"X-CSRF-Token": browser.csrf() if csrf is None else csrf}
    return browser.client.put(f"/drops/{drop}/files", content=content, headers=headers)


def dropped(browser: Browser, *contents: bytes, **fields: object) -> dict[str, int]:
    drop = browser.post("/drops", htmx=False, **{"channel": "mail", **fields}).json()["drop"]
    for content in contents:
        assert put(browser, drop, content).status_code == 200
    answer = browser.post(f"/drops/{drop}/finish", htmx=False)
    assert answer.status_code == 200, answer.text
    found: dict[str, int] = answer.json()
    return found


def in_inbox(office: Office) -> list[Path]:
    inbox = office.settings.inbox
    return [f.path for f in settled_files(inbox, settle_s=0, default_channel=Channel.MAIL)]


def test_files_dropped_in_the_browser_lie_in_the_inbox(office: Office) -> None:
    maren = office.log_in("maren", Role.OPERATOR)
    assert dropped(maren, PDF + b"1", PDF + b"2", channel="counter") == {"files": 2}
    assert [p.read_bytes() for p in in_inbox(office)] == [PDF + b"1", PDF + b"2"]
    assert all(p.parent.name == "counter" for p in in_inbox(office))
    (row,) = [r for r in office.store.audit.rows() if r.action == "inbox.drop"]
    assert (row.subject, row.detail) == ("channel:counter", "files:2")


def test_a_bad_file_is_refused_in_words_and_the_others_go_on(office: Office) -> None:
    maren = office.log_in("maren", Role.OPERATOR)
    drop = maren.post("/drops", htmx=False, channel="mail").json()["drop"]
    for content, code in ((b"", "FILE_EMPTY"), (b"MZ program", "FILE_TYPE_UNKNOWN")):
        answer = put(maren, drop, content)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["ja"] and answer.json()["remedy_en"]
    too_large = maren.client.put(
        f"/drops/{drop}/files",
        content=b"x",
        headers={"Content-Length": str((office.settings.max_file_mib << 20) + 1)},
    )
    assert too_large.status_code == 413
    assert put(maren, drop, PDF).json() == {"files": 1}
    assert in_inbox(office) == []


def test_a_drop_needs_the_role_the_form_and_its_owner(office: Office) -> None:
    maren, noor = office.log_in("maren", Role.OPERATOR), office.log_in("noor", Role.OPERATOR)
    for role in (Role.REVIEWER, Role.AUDITOR, Role.ANALYST, Role.ADMINISTRATOR):
        other = office.log_in(f"a-{role}", role)
        assert other.post("/drops", htmx=False, channel="mail").status_code == 403
    drop = maren.post("/drops", htmx=False, channel="mail").json()["drop"]
    assert put(maren, drop, PDF, csrf="guessed").status_code == 403
    assert put(noor, drop, PDF).json()["code"] == "DROP_NOT_YOURS"
    assert noor.post(f"/drops/{drop}/discard", htmx=False).status_code == 403
    boss = office.log_in("sora", Role.SUPERVISOR)
    assert boss.post(f"/drops/{drop}/discard", htmx=False).status_code == 200
    assert put(maren, drop, PDF).status_code == 404
    assert office.client.put(f"/drops/{drop}/files", content=PDF).status_code in (303, 403)
    assert maren.post("/drops", htmx=False, channel="pigeon").status_code == 422


def test_a_batch_is_watched_from_the_inbox_to_its_account(office: Office) -> None:
    settings = office.settings.model_copy(update={"settle_seconds": 0.0})
    maren = office.log_in("maren", Role.OPERATOR)
    dropped(maren, *(PDF + bytes([48 + n]) for n in range(3)), expected=3)
    page = maren.get("/batches").text
    assert re.search(r"受信箱（郵送）</span><strong>3</strong>", page)
    batch_id = claim_batch(settings)
    assert batch_id is not None
    assert "順番待ち" in maren.get("/batches").text
    Batch(batch_id, settings, office.vault).take_in()  # these PDFs end too early
    folder = settings.work / batch_id
    progress.write(folder, progress.Progress("examined_documents", 3))
    with batch_lock.hold(folder):
        live = maren.get("/batches/live?seen=old")
        assert "読み取り中" in live.text and "書類 3 件のはず" in live.text
    seen = re.search(r"seen=([0-9a-f]{16})", maren.get("/batches").text)
    assert seen is not None
    assert maren.get(f"/batches/live?seen={seen[1]}").status_code == 204
    arrivals = [
        Arrival(r.scan_id, r.channel, Outcome.QUARANTINED, RECEIVED, r.code)
        for r in Batch(batch_id, settings, office.vault).records()
    ]
    load(office, batch_id, *arrivals)
    summaries.write(settings.batches, summaries.summarise(batch_id, 3, arrivals, 1.0))
    Batch(batch_id, settings, office.vault).finish()
    after = maren.get(f"/batches/live?seen={seen[1]}")
    assert after.status_code == 200
    page = maren.get(f"/batches/{batch_id}").text
    assert "書類 3 件のはず・3 件" in page and "一致" in page
    assert page.count("新しいスキャン</a>") == 3
    assert maren.get("/batches/b-20000101-000000").status_code == 404


def test_the_order_of_the_stack_is_kept(office: Office) -> None:
    settings = office.settings.model_copy(update={"settle_seconds": 0.0})
    maren = office.log_in("maren", Role.OPERATOR)
    contents = [PDF + bytes([48 + n]) for n in range(8)]
    dropped(maren, *contents)
    batch_id = claim_batch(settings)
    assert batch_id is not None
    batch = Batch(batch_id, settings, office.vault)
    batch.take_in()
    wanted = [scan_id_of(office.vault, io.BytesIO(c)) for c in contents]
    assert [r.scan_id for r in batch.records()] == wanted


def test_a_new_scan_given_at_the_desk_replaces_the_bad_page(office: Office) -> None:
    bad = arrival(office.vault, "bad", unknown_page())
    load(office, "b1", bad, set_aside(office, "x", "FILE_TRUNCATED"))
    target = bad.documents[0].document_id
    maren = office.log_in("maren", Role.OPERATOR)
    page = maren.get("/rescans").text
    assert f"/rescans/{target}" in page and "/rescans/b1:1" in page
    assert "途中で切れています" in page
    assert maren.get(f"/rescans/{target}").status_code == 200
    dropped(maren, PDF + b"better", target=target)
    assert "処理待ち" in maren.get("/rescans").text
    (path,) = in_inbox(office)
    with path.open("rb") as source:
        scan_id = scan_id_of(office.vault, source)
    new = dataclasses.replace(arrival(office.vault, "new", flagged_number()), scan_id=scan_id)
    load(office, "b2", new)
    page = maren.get(f"/documents/{target}").text
    assert "新しいスキャンに置き換え" in page
    assert f"/documents/{new.documents[0].document_id}" in page
    page = maren.get(f"/documents/{new.documents[0].document_id}").text
    assert f"/documents/{target}" in page
    assert maren.get(f"/rescans/{target}").status_code == 404
    assert maren.post("/rescans/b1:1/unneeded", htmx=False).status_code == 403
    assert "/rescans/b1:1" in maren.get("/rescans").text
    actions = {r.action for r in office.store.audit.rows()}
    assert {"rescan.send", "rescan.replaced"} <= actions


@pytest.mark.parametrize(
    ("seems", "said"),
    [
        ({"kind": "envelope", "why": "size_of_envelope"}, "封筒のようです。"),
        ({"kind": "photo", "why": "face_alone"}, "はがれた写真かもしれません。"),
        (
            {"kind": "unknown", "why": "little_agrees", "nearest_form": "reply_form"},
            "最も似ている様式: 照会書兼回答書。",
        ),
    ],
)
def test_the_operator_reads_what_a_page_of_no_known_form_seems_to_be(
    office: Office, seems: dict[str, str], said: str
) -> None:
    unknown = unknown_page()
    (finding,) = unknown.findings
    unknown = dataclasses.replace(
        unknown, findings=(dataclasses.replace(finding, evidence=tuple(seems.items())),)
    )
    bad = arrival(office.vault, "bad", unknown)
    load(office, "b1", bad, set_aside(office, "x", "FILE_TRUNCATED"))
    maren = office.log_in("maren", Role.OPERATOR)
    for path in ("/rescans", "/batches/b1", f"/rescans/{bad.documents[0].document_id}"):
        assert said in maren.get(path).text, path
    assert said not in maren.get("/rescans/b1:1").text, "a file that could not be opened"


def test_a_page_that_loads_itself_keeps_nobody_logged_in(office: Office) -> None:
    maren = office.log_in("maren", Role.OPERATOR)
    maren.get("/batches")
    office.pass_minutes(20)
    assert maren.get("/batches/live").status_code == 200
    office.pass_minutes(11)
    away = maren.get("/batches/live", headers={"HX-Request": "true"})
    assert (away.status_code, away.headers["HX-Redirect"]) == (401, "/login")


def test_no_value_stands_on_an_operators_pages(office: Office) -> None:
    load(office, "b1", arrival(office.vault, "a", accepted_application(), unknown_page()))
    maren = office.log_in("maren", Role.OPERATOR)
    for path in ("/batches", "/batches/b1", "/rescans"):
        text = maren.get(path).text
        assert not [s for s in SECRETS if s in text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words_and_something_to_do(language: str) -> None:
    t = words(language)
    codes = [*FILE_CODES, *rescans.UNUSABLE, *rescans.STACK, rescans.DECIDED, "FILE_CRASHES",
             "FILE_STOPS_EXAMINATION", "EXAMINATION_FAILED"]  # fmt: skip
    for code in codes:
        assert reasons.why(t, code) != t("why.other"), code
        assert reasons.todo(t, code) != t("todo.other"), code
    assert reasons.why(t, "NEVER_HEARD_OF") == t("why.other")
    assert reasons.why(t, rescans.OTHER_FORM) != t("why.other")
