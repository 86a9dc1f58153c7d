"""The end of data: what is due goes, is proven unreadable, and everything else stays."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from examination_fixtures import (
    ADDRESS,
    NAME,
    NUMBER,
    PIN,
    accepted_application,
    arrival,
    examination,
    flagged_number,
    reading,
    reply_form_with_pin,
)
from store_actions import ANNA, decide, load, next_task, outcome_of

from pipeline.domain.documents import FieldName, FormName, Route
from pipeline.domain.errors import DefectError, InputError, PolicyError, UketsukeError
from pipeline.domain.examinations import Examination
from pipeline.domain.retention import RetentionRule
from pipeline.intake.originals import Originals, Owner
from pipeline.intake.quarantine import Quarantine, Quarantined
from pipeline.store.arrivals import crops
from pipeline.store.auditing.audit import SYSTEM
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.ending.personal_files import PersonalFiles
from pipeline.store.ending.purging import DESTROYED, PurgeReport, Purging
from pipeline.store.reviewing.decisions import Action
from pipeline.vault import DataClass, Vault

OTHER_NUMBER = "200000000018"
RULES = {
    DataClass.PIN: "14 days after received",
    DataClass.IMAGE: "3 months after decided",
    DataClass.TEXT: "3 months after decided",
    DataClass.NUMBER: "1 fiscal_years after decided",
    DataClass.PERSON: "1 fiscal_years after decided",
}


class Clock:
    """The wall clock of a test: sealing, storing and destroying all go by it."""

    def __init__(self) -> None:
        self.moment = dt.datetime.fromisoformat("2026-11-20T10:00+09:00")

    def __call__(self) -> dt.datetime:
        return self.moment

    def utc(self) -> dt.datetime:
        return self.moment.astimezone(dt.UTC).replace(tzinfo=None)

    def go_to(self, day: str) -> None:
        self.moment = dt.datetime.fromisoformat(f"{day}T10:00+09:00")


class Office:
    """A store with its sealed files, on a clock that a test sets."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self.clock = clock
        self.vault = Vault.create(home / "keys", clock)
        self.store = DuckDBStore(home / "store" / "u.duckdb", self.vault)
        self.files = PersonalFiles(
            home / "crops", home / "originals", home / "quarantine", home / "work", self.vault
        )

    def load(self, **documents: Examination) -> list[str]:
        arrivals = [arrival(self.vault, name, examined) for name, examined in documents.items()]
        load(self.store, f"b-{'-'.join(documents)}", *arrivals)
        for one in arrivals:
            document = one.documents[0]
            names = [f.field for f in document.fields]
            crops.write_all(
                self.files.crops, self.vault, document.document_id, dict.fromkeys(names, b"\xff")
            )
            originals = Originals(self.files.originals, self.vault)
            originals.own(one.scan_id, Owner("b", "f"))
            originals.put(one.scan_id, io.BytesIO(b"scan"))
            if document.form == FormName.REPLY_FORM:
                originals.end_with_pins(one.scan_id)
        return [a.documents[0].document_id for a in arrivals]

    def purge(self, *, dry_run: bool = False, confirmed: bool = True) -> PurgeReport:
        rules = {c: RetentionRule.parse(text) for c, text in RULES.items()}
        purging = Purging(self.store._database, self.store.audit, self.vault, self.files, rules)
        day = self.clock.moment.date() if confirmed else None
        return purging.run(SYSTEM, dry_run=dry_run, confirmed_day=day)

    def counts(self, report: PurgeReport) -> dict[str, int]:
        return {str(end.data_class): end.documents for end in report.classes if end.documents}

    def everything_readable(self) -> str:
        """All that anybody with today's keys can still open: every blob, crop and original."""
        found = []
        database = self.store._database
        for table in ("field", "decision", "blind_mark", "document", "finding", "note"):
            found += [str(row) for row in database.rows(f"select * from {table}")]
        for document in (row[0] for row in database.rows("select document_id from document")):
            for field in FieldName:
                for final in (False, True):
                    try:
                        value = self.store.documents.value(document, field, final=final)
                        found.append(str(value))
                        opened = self.store.documents.opened(document, field)
                        found.append(opened.editable_text if opened else "")
                        found += self.store.documents.keyed_values(document, field)
                    except DefectError as error:
                        assert error.code == "KEY_UNKNOWN"
                if crops.exists(self.files.crops, document, field):
                    found.append(f"crop of {field}")
        found += [str(p.name) for p in self.files.originals.rglob("*.sealed")]
        return "\n".join(found)


def other_applicant() -> Examination:
    return examination([reading(FieldName.MY_NUMBER, OTHER_NUMBER)], route=Route.ACCEPT)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (
        "auditing.audit",
        "arrivals.loading",
        "reviewing.decisions",
        "reviewing.queue",
        "ending.purging",
        "ending.holds",
    ):
        monkeypatch.setattr(f"pipeline.store.{module}.utc_now", clock.utc)
    return clock


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    office = Office(tmp_path, clock)
    yield office
    office.store.close()


def test_pins_end_after_their_days_whether_decided_or_not(office: Office) -> None:
    reply, other = office.load(reply=reply_form_with_pin(), other=accepted_application())
    office.clock.go_to("2026-12-04")
    assert office.counts(office.purge()) == {}
    assert PIN in office.everything_readable()
    office.clock.go_to("2026-12-05")
    report = office.purge()
    assert office.counts(report) == {"pin": 1}
    assert (DataClass.PIN, "2026-11-20") in report.keys
    left = office.everything_readable()
    assert PIN not in left
    assert f"crop of {FieldName.PIN_SIGNATURE}" not in left
    # The original of a reply form shows its PINs, so it went with them; the other one stayed.
    assert len([line for line in left.splitlines() if line.endswith(".sealed")]) == 1
    assert NUMBER in left and f"crop of {FieldName.PHONE}" in left
    # Nobody is asked for a PIN that is gone.
    assert outcome_of(office.store, reply) == DESTROYED
    assert office.store.queue.claim_next(ANNA, 10) is None
    assert outcome_of(office.store, other) == "accept"


def test_a_copy_of_a_reply_forms_scan_does_not_open_once_its_pins_ended(office: Office) -> None:
    (document,) = office.load(reply=reply_form_with_pin())
    facts = office.store.documents.document(document)
    assert facts is not None
    originals = Originals(office.files.originals, office.vault)
    assert originals.read(facts.scan_id) == b"scan"
    copy = originals.path(facts.scan_id).read_bytes()
    office.clock.go_to("2026-12-05")
    office.purge()
    originals.path(facts.scan_id).write_bytes(copy)  # from a backup, say
    with pytest.raises(DefectError) as error:
        originals.read(facts.scan_id)
    assert error.value.code == "KEY_UNKNOWN"


def test_each_class_ends_by_its_own_clock_and_the_figures_stay(office: Office) -> None:
    office.load(one=accepted_application())
    office.clock.go_to("2027-02-21")
    assert office.counts(office.purge()) == {"image": 1, "text": 1}
    assert "crop of" not in office.everything_readable()
    assert NUMBER in office.everything_readable()
    office.clock.go_to("2028-04-01")
    report = office.purge()
    assert office.counts(report) == {"number": 1, "person": 1}
    left = office.everything_readable()
    for secret in (NUMBER, NAME, ADDRESS, "1990-05-10", NUMBER[-4:]):
        assert secret not in left
    assert office.store.figures.totals()["arrivals"] == {"loaded": 1}
    # Every key of that month has gone, so a copy of a blob opens nowhere.
    assert {k.month for k in office.vault.data_keys().values()} <= {"2027-02", "2028-04"}
    # And once more finds nothing to do.
    assert office.counts(office.purge()) == {}


def test_a_copy_kept_outside_does_not_open_after_the_purge(office: Office) -> None:
    (document,) = office.load(one=accepted_application())
    row = office.store._database.row(
        "select value_sealed from field where document_id = ? and field = 'my_number'", [document]
    )
    assert row is not None
    copy = bytes(row[0])
    assert office.vault.unseal(f"{document}|my_number", copy).decode() == NUMBER
    office.clock.go_to("2028-04-01")
    office.purge()
    for vault in (office.vault, Vault.open(office.vault._keys_dir, office.clock)):
        with pytest.raises(DefectError) as error:
            vault.unseal(f"{document}|my_number", copy)
        assert error.value.code == "KEY_UNKNOWN"


def test_a_key_stays_while_one_document_of_its_month_needs_it(office: Office) -> None:
    early, waiting = office.load(early=accepted_application(), waiting=flagged_number())
    office.clock.go_to("2028-04-01")
    report = office.purge()
    assert office.counts(report)["number"] == 1
    assert DataClass.NUMBER not in {c for c, _ in report.keys}
    numbers = next(e for e in report.classes if e.data_class == DataClass.NUMBER)
    assert numbers.undecided == 1
    assert office.store.documents.value(waiting, FieldName.MY_NUMBER) == "123456789011"
    assert office.store.documents.value(early, FieldName.MY_NUMBER) is None


def test_what_people_keyed_and_decided_ends_too(office: Office) -> None:
    (document,) = office.load(one=flagged_number())
    decide(office.store, ANNA, next_task(office.store, ANNA), Action.VALUE, NUMBER)
    assert office.store.documents.keyed_values(document, FieldName.MY_NUMBER) == [NUMBER]
    office.clock.go_to("2028-04-01")
    office.purge()
    assert NUMBER not in office.everything_readable()
    assert office.store.documents.keyed_values(document, FieldName.MY_NUMBER) == []


def test_a_hold_stops_the_clock_until_it_is_lifted(office: Office) -> None:
    held, free = office.load(held=accepted_application(), free=other_applicant())
    office.store.holds.set(SYSTEM, held, "CASE-7")
    office.clock.go_to("2028-04-01")
    report = office.purge()
    assert {end.held for end in report.classes if end.data_class != DataClass.PIN} == {1}
    assert {end.documents for end in report.classes if end.data_class != DataClass.PIN} == {1}
    assert office.store.documents.value(held, FieldName.MY_NUMBER) == NUMBER
    assert office.store.documents.value(free, FieldName.MY_NUMBER) is None
    assert office.store.holds.lift(SYSTEM, held)
    assert office.counts(office.purge())["number"] == 1
    assert office.store.documents.value(held, FieldName.MY_NUMBER) is None


@pytest.mark.parametrize("reason", ["", "山田さんの件", "a b", "x" * 41])
def test_a_hold_has_a_code_for_a_reason_and_no_story(office: Office, reason: str) -> None:
    (document,) = office.load(one=accepted_application())
    with pytest.raises(InputError) as error:
        office.store.holds.set(SYSTEM, document, reason)
    assert error.value.code == "HOLD_REASON"
    with pytest.raises(InputError) as unknown:
        office.store.holds.set(SYSTEM, "0" * 32, "CASE-7")
    assert unknown.value.code == "DOCUMENT_UNKNOWN"


def test_a_dry_run_counts_and_changes_nothing(office: Office) -> None:
    office.load(one=accepted_application(), reply=reply_form_with_pin())
    office.clock.go_to("2028-04-01")
    before = office.everything_readable()
    planned = office.purge(dry_run=True)
    assert planned.run_id is None and planned.keys == ()
    assert office.everything_readable() == before
    done = office.purge()
    assert office.counts(planned) == office.counts(done)
    stored = {e.data_class: e.stored_values for e in planned.classes}
    assert stored == {e.data_class: e.stored_values for e in done.classes}
    assert stored[DataClass.NUMBER] == 1 and stored[DataClass.PERSON] >= 3


def test_the_destruction_is_on_record_without_a_value(office: Office) -> None:
    office.load(one=accepted_application())
    office.clock.go_to("2028-04-01")
    report = office.purge()
    database = office.store._database
    rows = database.rows("select run_id, data_class, rule, documents, files from destruction")
    assert {r[1] for r in rows} == {"image", "text", "number", "person"}
    assert {r[0] for r in rows} == {report.run_id}
    assert {r[3] for r in rows} == {1}
    actions = [r.action for r in office.store.audit.rows()]
    assert actions.count("purge") == 4 and actions.count("key.destroy") == len(report.keys)
    assert office.store.audit.first_broken() is None


def test_quarantined_files_end_with_the_pictures_and_their_reason_stays(office: Office) -> None:
    quarantine = Quarantine(office.files.quarantine, office.vault)
    entry = Quarantined("ab" * 16, "FILE_TRUNCATED", "b", "2026-11-20T01:00:00+00:00")
    quarantine.put(entry, io.BytesIO(b"half a scan"))
    office.load(one=accepted_application())
    office.clock.go_to("2027-03-01")
    office.purge()
    with pytest.raises(InputError):
        quarantine.read("ab" * 16)
    assert [e.code for e in quarantine.entries()] == ["FILE_TRUNCATED"]


def test_a_clock_that_cannot_be_right_destroys_nothing(office: Office) -> None:
    office.load(one=accepted_application())

    def refused(day: str, kind: type[UketsukeError]) -> str:
        office.clock.go_to(day)
        with pytest.raises(kind) as error:
            office.purge(confirmed=False)
        return error.value.code

    assert refused("2026-11-19", DefectError) == "CLOCK_SET_BACK"
    assert refused("2036-11-20", PolicyError) == "CLOCK_NOT_CONFIRMED"
    assert NUMBER in office.everything_readable()


def test_an_unfinished_batch_keeps_the_keys_of_its_month(office: Office) -> None:
    office.load(one=accepted_application())
    (office.files.work / "b-20261120-abc123").mkdir(parents=True)
    office.clock.go_to("2028-04-01")
    assert office.purge().keys == ()
    (office.files.work / "b-20261120-abc123").rmdir()
    assert (DataClass.NUMBER, "2026-11") in office.purge().keys


def test_a_damaged_file_stops_the_end_of_keys(office: Office) -> None:
    office.load(one=accepted_application(), two=flagged_number())
    damaged = next(office.files.crops.rglob("my_number.sealed"))
    office.clock.go_to("2028-04-01")
    stays = [p for p in office.files.crops.rglob("*.sealed") if p != damaged]
    (office.files.crops / "zz").mkdir()
    (office.files.crops / "zz" / "broken.sealed").write_bytes(b"?")
    keys = office.vault.data_keys()
    with pytest.raises(DefectError) as error:
        office.purge()
    assert error.value.code == "SEAL_BROKEN"
    assert office.vault.data_keys() == keys
    assert stays


def test_a_note_ends_with_the_texts_and_none_can_follow(office: Office) -> None:
    (document,) = office.load(a=accepted_application())
    office.store.notes.add(ANNA, document, "左目の手術中")
    assert office.store.notes.of_document(document)[0].text == "左目の手術中"
    before = office.purge(dry_run=True)
    office.clock.go_to("2027-02-25")
    (counted,) = [e for e in office.purge(dry_run=True).classes if e.data_class == DataClass.TEXT]
    (ended,) = [e for e in office.purge().classes if e.data_class == DataClass.TEXT]
    assert office.counts(before) == {}
    assert counted.stored_values == ended.stored_values > 0
    (note,) = office.store.notes.of_document(document)
    assert note.text is None and note.who == ANNA.user_id
    with pytest.raises(InputError) as refused:
        office.store.notes.add(ANNA, document, "また")
    assert refused.value.code == "NOTE_TOO_LATE"
