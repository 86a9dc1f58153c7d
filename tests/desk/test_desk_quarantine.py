"""Files in quarantine: examined again or discarded with a reason, and every one accounted for."""

from __future__ import annotations

import dataclasses
import io

import pytest
from desk_office import Office
from examination_fixtures import RECEIVED, accepted_application, arrival, unknown_page
from fastapi.testclient import TestClient
from reportlab.pdfgen.canvas import Canvas

from pipeline.domain.documents import Channel
from pipeline.domain.errors import InputError, PolicyError, UketsukeError
from pipeline.domain.roles import Role
from pipeline.intake.batches import Batch, claim_batch
from pipeline.intake.drops import Drops
from pipeline.intake.expectations import expect
from pipeline.intake.manifest import Event
from pipeline.intake.quarantine import Quarantine
from pipeline.settings import Settings
from pipeline.store.arrivals import arrow_schema
from pipeline.store.arrivals.records import Arrival, Outcome
from pipeline.store.arrivals.releases import DiscardReason, Releases
from pipeline.store.auditing.audit import Actor

SORA = Actor("sora", "supervisor")


def two_pages(mark: str = "SAMPLE") -> bytes:
    sink = io.BytesIO()
    canvas = Canvas(sink, invariant=True)
    for page in range(2):
        canvas.drawString(100, 700, f"{mark} {page}")
        canvas.showPage()
    canvas.save()
    return sink.getvalue()


def strict(office: Office, **other: object) -> Settings:
    return office.settings.model_copy(update={"settle_seconds": 0.0, **other})


def into_inbox(office: Office, *contents: bytes) -> None:
    folder = office.settings.inbox / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(contents):
        (folder / f"{number}.pdf").write_bytes(content)


def run_batch(
    office: Office, settings: Settings, *, failing: str | None = None
) -> tuple[str, Batch, list[Arrival]]:
    """Claim, take in and load what lies in the inbox; each scan is one accepted application."""
    batch_id = claim_batch(settings)
    assert batch_id is not None
    batch = Batch(batch_id, settings, office.vault)
    batch.take_in()
    if failing is not None:
        for record in batch.records():
            batch.quarantine_scan(record.scan_id, failing)
    arrivals = []
    for number, record in enumerate(batch.records()):
        if record.outcome == Event.STORED:
            made = arrival(office.vault, f"{batch_id}-{number}", accepted_application())
            arrivals.append(dataclasses.replace(made, scan_id=record.scan_id))
        else:
            outcome = (
                Outcome.QUARANTINED if record.outcome == Event.QUARANTINED else Outcome.DUPLICATE
            )
            arrivals.append(Arrival(record.scan_id, record.channel, outcome, RECEIVED, record.code))
    content = arrow_schema.encode(batch_id, arrivals)
    answer = office.client.post(f"/ingest/{batch_id}", content=content, headers=office.service)
    assert answer.status_code == 200, answer.text
    assert batch.account().balanced
    batch.finish()
    return batch_id, batch, arrivals


def set_aside(office: Office, **why: object) -> str:
    """A file of two pages that came in where one is the most; its name on the list."""
    into_inbox(office, two_pages())
    batch_id, _, (held,) = run_batch(office, strict(office, max_pages=1))
    assert held.outcome == Outcome.QUARANTINED
    return f"{batch_id}:0"


def releases(office: Office, **other: object) -> Releases:
    return office.store.releases(strict(office, **other))


def sealed(office: Office) -> list[str]:
    return [e.code for e in Quarantine(office.settings.quarantine, office.vault).entries()]


def audited(office: Office, action: str) -> list[tuple[str, str | None]]:
    rows = office.store.audit.rows()
    return [(r.subject, r.detail) for r in rows if r.action == action]


def refused(office: Office, target: str, **other: object) -> str:
    with pytest.raises(UketsukeError) as error:
        releases(office, **other).release(SORA, target)
    assert error.value.remedy_ja and error.value.remedy_en
    return error.value.code


def test_once_the_cause_is_gone_a_file_is_examined_and_takes_its_place(office: Office) -> None:
    target = set_aside(office)
    sora = office.log_in("sora", Role.SUPERVISOR)
    assert f'href="/quarantine/{target}"' in sora.get("/rescans").text
    page = sora.get(f"/quarantine/{target}").text
    assert "FILE_TOO_LARGE" in page and "もう一度読み取る" in page
    answer = sora.post(f"/quarantine/{target}/release", htmx=False)
    assert answer.headers["location"] == "/rescans"
    assert "処理待ち" in sora.get("/rescans").text and sealed(office) == []
    again, _, (loaded,) = run_batch(office, strict(office))
    assert loaded.outcome == Outcome.LOADED
    assert office.store.rescans.wanted() == [] == releases(office).waiting()
    links = office.store.rescans.links(loaded.documents[0].document_id)
    assert [(one.document_id, one.is_newer) for one in links] == [(None, False)]
    (before, after) = (office.store.figures.batch(b) for b in (target.split(":")[0], again))
    assert before is not None and (before.quarantined_files, before.reconciles) == (1, True)
    assert after is not None and (after.loaded, after.reconciles) == (1, True)
    assert audited(office, "quarantine.release") == [(f"file:{target}", "FILE_TOO_LARGE")]
    assert len(audited(office, "rescan.replaced")) == 1
    assert sora.get(f"/quarantine/{target}").status_code == 404


def test_set_aside_once_more_it_waits_once_under_its_new_batch(office: Office) -> None:
    target = set_aside(office)
    releases(office).release(SORA, target)
    again, _, (held,) = run_batch(office, strict(office, max_pages=1))
    assert held.outcome == Outcome.QUARANTINED
    assert [one.target for one in releases(office).waiting()] == [f"{again}:0"]
    assert [one.target for one in office.store.rescans.wanted()] == [f"{again}:0"]
    assert sealed(office) == ["FILE_TOO_LARGE"]
    releases(office).release(SORA, f"{again}:0")
    assert run_batch(office, strict(office))[2][0].outcome == Outcome.LOADED


def test_a_file_whose_examination_failed_is_no_duplicate_of_itself(office: Office) -> None:
    into_inbox(office, two_pages())
    first, _, _ = run_batch(office, strict(office), failing="EXAMINATION_FAILED")
    releases(office).release(SORA, f"{first}:0")
    _, batch, (loaded,) = run_batch(office, strict(office))
    assert loaded.outcome == Outcome.LOADED
    assert batch.read(loaded.scan_id) == two_pages()


@pytest.mark.parametrize("channel", Channel)
def test_a_file_keeps_its_channel_and_its_bytes(office: Office, channel: Channel) -> None:
    folder = office.settings.inbox / channel
    folder.mkdir(parents=True)
    (folder / "a.pdf").write_bytes(two_pages())
    batch_id, _, _ = run_batch(office, strict(office, max_pages=1))
    releases(office).release(SORA, f"{batch_id}:0")
    (path,) = folder.iterdir()
    assert path.read_bytes() == two_pages()


def test_what_the_inbox_refuses_stays_where_it_was(office: Office) -> None:
    into_inbox(office, b"neither a picture nor a PDF, SAMPLE")
    batch_id, _, _ = run_batch(office, strict(office))
    target = f"{batch_id}:0"
    with pytest.raises(InputError) as error:
        releases(office).release(SORA, target)
    assert error.value.code == "FILE_TYPE_UNKNOWN"
    assert sealed(office) == ["FILE_TYPE_UNKNOWN"]
    assert not releases(office).find(target).is_sent
    assert list((office.settings.inbox / "mail").iterdir()) == []
    assert Drops(office.settings).open() == ()
    sora = office.log_in("sora", Role.SUPERVISOR)
    answer = sora.post(f"/quarantine/{target}/release", htmx=False)
    assert answer.status_code == 409 and "FILE_TYPE_UNKNOWN" in answer.text


def test_a_counted_batch_that_waits_is_not_mixed_with_a_released_file(office: Office) -> None:
    target = set_aside(office)
    into_inbox(office, two_pages("another"))
    expect(office.settings, 1, channel=Channel.MAIL)
    assert refused(office, target) == "DROP_WAITS"
    assert not releases(office).find(target).is_sent
    assert audited(office, "quarantine.release") == [] and sealed(office) == ["FILE_TOO_LARGE"]
    assert Drops(office.settings).open() == ()


def test_a_file_that_came_in_otherwise_is_not_released_and_its_original_stays(
    office: Office,
) -> None:
    target = set_aside(office)
    into_inbox(office, two_pages())
    _, batch, (loaded,) = run_batch(office, strict(office))
    assert refused(office, target) == "QUARANTINE_LOADED"
    assert batch.read(loaded.scan_id) == two_pages()
    releases(office).discard(SORA, target, DiscardReason.CAME_OTHERWISE)
    assert releases(office).waiting() == []


def test_what_is_not_there_any_more_cannot_be_released(office: Office) -> None:
    target = set_aside(office)
    for path in office.settings.quarantine.glob("*.sealed"):
        path.unlink()
    assert refused(office, target) == "QUARANTINE_GONE"
    assert refused(office, "b-20000101-000000:0") == "NOT_FOUND"


def test_a_file_on_its_way_is_neither_released_nor_discarded(office: Office) -> None:
    target = set_aside(office)
    office.store.rescans.send(SORA, target, "0" * 32)
    assert refused(office, target) == "QUARANTINE_SENT"
    with pytest.raises(PolicyError) as error:
        releases(office).discard(SORA, target, DiscardReason.TEST_SCAN)
    assert error.value.code == "QUARANTINE_SENT"
    assert sealed(office) == ["FILE_TOO_LARGE"]


def test_a_discarded_file_has_a_reason_and_stays_sealed(office: Office) -> None:
    target = set_aside(office)
    sora = office.log_in("sora", Role.SUPERVISOR)
    for wrong in ({}, {"reason": ""}, {"reason": "because"}):
        assert sora.post(f"/quarantine/{target}/discard", htmx=False, **wrong).status_code == 422
    done = sora.post(f"/quarantine/{target}/discard", htmx=False, reason="test_scan")
    assert done.status_code == 303
    assert audited(office, "quarantine.discard") == [(f"file:{target}", "test_scan")]
    assert sealed(office) == ["FILE_TOO_LARGE"] and releases(office).waiting() == []
    batch = office.store.figures.batch(target.split(":")[0])
    assert batch is not None and (batch.arrivals, batch.quarantined_files) == (1, 1)
    assert batch.reconciles
    assert sora.post(f"/quarantine/{target}/release", htmx=False).status_code == 404


def test_only_a_supervisor_decides_and_only_from_their_own_form(office: Office) -> None:
    target = set_aside(office)
    for role in Role:
        if role == Role.SUPERVISOR:
            continue
        browser = office.log_in(f"a-{role}", role)
        assert browser.get(f"/quarantine/{target}").status_code == 403
        for what in ("release", "discard"):
            answer = browser.post(f"/quarantine/{target}/{what}", htmx=False, reason="test_scan")
            assert answer.status_code == 403
    maren = office.log_in("maren", Role.OPERATOR)
    assert f"/quarantine/{target}" not in maren.get("/rescans").text
    assert maren.post(f"/rescans/{target}/unneeded", htmx=False).status_code == 403
    sora = office.log_in("sora", Role.SUPERVISOR)
    forged = sora.client.post(f"/quarantine/{target}/release", data={"csrf": "x"})
    assert forged.status_code == 403
    assert sora.get("/quarantine/..%2Fetc").status_code == 404
    assert not releases(office).find(target).is_sent


def test_the_service_lists_releases_and_discards(office: Office) -> None:
    target = set_aside(office)
    listed = office.client.get("/service/quarantine", headers=office.service).json()["files"]
    assert [(f["file"], f["code"], f["state"]) for f in listed] == [
        (target, "FILE_TOO_LARGE", "wanted")
    ]
    anybody = TestClient(office.app)
    for what in ("release", "discard"):
        address, asked = f"/service/quarantine/{what}", {"file": target, "reason": "test_scan"}
        assert anybody.post(address, json=asked).status_code == 401
    bad = {"file": target, "reason": "because"}
    answer = office.client.post("/service/quarantine/discard", json=bad, headers=office.service)
    assert answer.status_code == 422
    done = office.client.post(
        "/service/quarantine/release", json={"file": target}, headers=office.service
    )
    assert done.json() == {"file": target, "done": "release"}


def test_documents_of_no_known_form_are_not_files_in_quarantine(office: Office) -> None:
    document = office.load("b", a=unknown_page())["a"]
    assert releases(office).waiting() == []
    assert refused(office, document) == "NOT_FOUND"
