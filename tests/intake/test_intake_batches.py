from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest
from PIL import Image

from pipeline.domain.documents import Channel
from pipeline.domain.errors import DefectError, InputError
from pipeline.intake import batches as batches_module
from pipeline.intake.batches import MAX_CRASHES, Batch, claim_batch, pending_batches
from pipeline.intake.inbox import settled_files
from pipeline.intake.manifest import Event, Manifest
from pipeline.intake.originals import Originals
from pipeline.intake.quarantine import Quarantine
from pipeline.intake.sealed_files import read_sealed, write_sealed
from pipeline.settings import Settings
from pipeline.vault import Vault

PERSON = "見本太郎"


class Killed(BaseException):
    """Stands for a kill: nothing in the code under test may catch it."""


def png(level: int) -> bytes:
    sink = io.BytesIO()
    Image.new("L", (60, 80), level).save(sink, "PNG")
    return sink.getvalue()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "var", settle_seconds=0)
    for channel in Channel:
        (made.inbox / channel).mkdir(parents=True)
    return made


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return Vault.create(settings.keys)


def drop(settings: Settings, name: str, data: bytes, folder: str = "mail") -> Path:
    path = settings.inbox / folder / name
    path.write_bytes(data)
    return path


def everything_under(folder: Path) -> bytes:
    found = b""
    for path in sorted(folder.rglob("*")):
        found += os.fsencode(str(path.relative_to(folder)))
        if path.is_file():
            found += path.read_bytes()
    return found


def test_only_settled_plain_files_are_claimed(settings, tmp_path):
    drop(settings, "a.png", png(1))
    drop(settings, "b.png", png(2), "counter")
    drop(settings, "loose.png", png(3), "")
    drop(settings, ".hidden.png", png(4))
    drop(settings, "c.pdf.part", png(5))
    (settings.inbox / "mail" / "folder").mkdir()
    (settings.inbox / "elsewhere").mkdir()
    drop(settings, "d.png", png(6), "elsewhere")
    outside = tmp_path / "outside.png"
    outside.write_bytes(png(7))
    (settings.inbox / "mail" / "link.png").symlink_to(outside)
    now = time.time() + 10
    found = settled_files(settings.inbox, settle_s=5, default_channel=Channel.COUNTER, now=now)
    assert {(f.path.name, f.channel) for f in found} == {
        ("a.png", Channel.MAIL),
        ("b.png", Channel.COUNTER),
        ("loose.png", Channel.COUNTER),
    }
    soon = settled_files(settings.inbox, settle_s=60, default_channel=Channel.MAIL, now=now)
    assert soon == ()


def test_a_copy_that_keeps_its_old_time_must_settle_too(settings):
    path = drop(settings, "a.png", png(1))
    os.utime(path, (0, 0))
    assert not settled_files(
        settings.inbox, settle_s=5, default_channel=Channel.MAIL, now=time.time()
    )


def test_a_scanner_clock_that_runs_ahead_does_not_hold_a_file_for_ever(settings):
    path = drop(settings, "a.png", png(1))
    os.utime(path, (time.time() + 86400, time.time() + 86400))
    later = time.time() + 10
    assert settled_files(settings.inbox, settle_s=5, default_channel=Channel.MAIL, now=later + 10)


def test_every_file_is_accounted_for_and_nothing_plain_remains(settings, vault):
    drop(settings, f"{PERSON}.png", png(1))
    drop(settings, "twin.png", png(1), "counter")
    drop(settings, "other.png", png(2), "counter")
    drop(settings, "broken.pdf", b"%PDF-1.7 nothing")
    drop(settings, "empty.pdf", b"")
    drop(settings, "disguised.pdf", b"MZ" + bytes(100))
    batch_id = claim_batch(settings)
    assert batch_id is not None and "png" not in batch_id
    batch = Batch(batch_id, settings, vault)
    account = batch.take_in()
    assert (account.files_in, account.scans, account.duplicates, account.quarantined) == (
        6,
        2,
        1,
        3,
    )
    assert account.balanced
    codes = sorted(r.code for r in batch.records() if r.outcome == Event.QUARANTINED)
    assert codes == ["FILE_EMPTY", "FILE_TRUNCATED", "FILE_TYPE_UNKNOWN"]
    kept = everything_under(settings.home / "work")
    assert PERSON.encode() not in kept and png(1) not in kept
    assert png(1) not in everything_under(settings.originals)
    for record in batch.scans():
        assert batch.read(record.scan_id) in (png(1), png(2))
    entries = Quarantine(settings.quarantine, vault).entries()
    assert sorted(e.code for e in entries) == codes
    disguised = next(e for e in entries if e.code == "FILE_TYPE_UNKNOWN")
    assert Quarantine(settings.quarantine, vault).read(disguised.scan_id) == b"MZ" + bytes(100)
    assert sum(1 for p in (settings.work / batch_id / "claimed").rglob("*") if p.is_file()) == 0


def test_the_same_file_in_a_later_batch_is_a_duplicate(settings, vault):
    drop(settings, "a.png", png(1))
    first = Batch(claim_batch(settings), settings, vault)
    first.take_in()
    drop(settings, "again.png", png(1))
    second = Batch(claim_batch(settings), settings, vault)
    account = second.take_in()
    assert (account.scans, account.duplicates) == (0, 1)
    assert second.records()[0].scan_id == first.records()[0].scan_id


def test_two_files_of_one_name_do_not_overwrite_each_other(settings, vault):
    drop(settings, "scan.png", png(1))
    drop(settings, "scan.png", png(2), "")
    batch = Batch(claim_batch(settings), settings, vault)
    assert batch.take_in().scans == 2


def test_taking_in_twice_changes_nothing(settings, vault):
    for level in range(4):
        drop(settings, f"{level}.png", png(level))
    batch = Batch(claim_batch(settings), settings, vault)
    once = batch.take_in()
    records = batch.records()
    assert batch.take_in() == once and batch.records() == records


STEPS = [
    ("own", Originals, "own"),
    ("put", Originals, "put"),
    ("append", Manifest, "append"),
]


@pytest.mark.parametrize("name, owner, method", STEPS, ids=[s[0] for s in STEPS])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_between_any_two_steps_loses_and_doubles_nothing(
    settings, vault, monkeypatch, name, owner, method, when
):
    contents = [png(1), png(2), png(2), b"MZ" + bytes(50), png(3)]
    for n, data in enumerate(contents):
        drop(settings, f"{n}.png", data)
    batch_id = claim_batch(settings)
    real = getattr(owner, method)
    expected = None
    for kill_at in range(40):
        calls = {"n": 0}

        def dying(self, *args, _calls=calls, _at=kill_at, **kwargs):
            _calls["n"] += 1
            if when == "before" and _calls["n"] == 1 and _at % 3 != 2:
                raise Killed
            result = real(self, *args, **kwargs)
            if when == "after" and _calls["n"] == 1 and _at % 3 != 2:
                raise Killed
            return result

        monkeypatch.setattr(owner, method, dying)
        try:
            expected = Batch(batch_id, settings, vault).take_in()
            break
        except Killed:
            continue
        finally:
            monkeypatch.setattr(owner, method, real)
    assert expected is not None and expected.balanced
    assert expected.files_in == len(contents)
    # A kill before the outcome may turn a harmless file into a suspect, never lose it.
    crashed = [r for r in Batch(batch_id, settings, vault).records() if r.code == "FILE_CRASHES"]
    assert expected.scans + expected.duplicates + expected.quarantined == 5
    if not crashed:
        assert (expected.scans, expected.duplicates, expected.quarantined) == (3, 1, 1)


@pytest.mark.parametrize("call", range(1, 8))
def test_one_kill_at_each_manifest_line(settings, vault, monkeypatch, call):
    for n, data in enumerate([png(1), png(1), b"MZ" + bytes(50)]):
        drop(settings, f"{n}.png", data)
    batch_id = claim_batch(settings)
    real, calls = Manifest.append, {"n": 0}

    def dying(self, *args, **kwargs):
        real(self, *args, **kwargs)
        calls["n"] += 1
        if calls["n"] == call:
            raise Killed

    monkeypatch.setattr(Manifest, "append", dying)
    with pytest.raises(Killed):
        Batch(batch_id, settings, vault).take_in()
    monkeypatch.setattr(Manifest, "append", real)
    assert pending_batches(settings) == (batch_id,)
    account = Batch(batch_id, settings, vault).take_in()
    assert (account.scans, account.duplicates, account.quarantined) == (1, 1, 1)


def test_a_file_that_kills_the_process_again_and_again_is_quarantined(settings, vault, monkeypatch):
    drop(settings, "poison.png", png(1))
    drop(settings, "good.png", png(2))
    batch_id = claim_batch(settings)
    poison = png(1)

    def deadly(source, **_):
        if source.read() == poison:
            raise Killed
        return 1

    monkeypatch.setattr(batches_module, "inspect", deadly)
    deaths = 0
    for _ in range(MAX_CRASHES + 2):
        try:
            account = Batch(batch_id, settings, vault).take_in()
            break
        except Killed:
            deaths += 1
    assert deaths == MAX_CRASHES
    assert (account.scans, account.quarantined) == (1, 1)
    codes = [r.code for r in Batch(batch_id, settings, vault).records() if r.code]
    assert codes == ["FILE_CRASHES"]


def test_a_scan_that_kills_workers_is_quarantined_and_the_rest_examined(settings, vault):
    drop(settings, "a.png", png(1))
    drop(settings, "b.png", png(2))
    batch = Batch(claim_batch(settings), settings, vault)
    batch.take_in()
    bad, good = batch.scans()
    for _ in range(MAX_CRASHES):
        batch.begin_examination(bad.scan_id)
    batch.begin_examination(good.scan_id)
    assert [r.scan_id for r in batch.scans()] == [good.scan_id]
    batch.end_examination(good.scan_id)
    assert batch.scans() == ()
    account = batch.account()
    assert (account.files_in, account.scans, account.quarantined) == (2, 1, 1)
    batch.finish()
    assert pending_batches(settings) == ()


def test_an_unexamined_scan_can_be_quarantined_later(settings, vault):
    drop(settings, "a.png", png(1))
    batch = Batch(claim_batch(settings), settings, vault)
    batch.take_in()
    (record,) = batch.scans()
    batch.quarantine_scan(record.scan_id, "FILE_UNREADABLE")
    assert batch.account().quarantined == 1 and batch.account().balanced
    assert Quarantine(settings.quarantine, vault).read(record.scan_id) == png(1)


def test_a_batch_with_open_files_cannot_be_finished(settings, vault):
    drop(settings, "a.png", png(1))
    batch = Batch(claim_batch(settings), settings, vault)
    with pytest.raises(DefectError) as caught:
        batch.finish()
    assert caught.value.code == "BATCH_NOT_BALANCED"


def test_a_link_put_in_place_of_a_claimed_file_is_not_followed(settings, vault, tmp_path):
    drop(settings, "a.png", png(1))
    batch_id = claim_batch(settings)
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(9))
    (claimed,) = list((settings.work / batch_id / "claimed").rglob("*.png"))
    claimed.unlink()
    claimed.symlink_to(secret)
    account = Batch(batch_id, settings, vault).take_in()
    assert account.quarantined == 1 and account.scans == 0
    assert secret.read_bytes() == png(9)


def test_an_empty_inbox_makes_no_batch(settings):
    assert claim_batch(settings) is None
    assert not settings.work.exists()


def test_the_batch_limit_leaves_the_rest(settings, tmp_path):
    small = settings.model_copy(update={"batch_limit": 3})
    for level in range(5):
        drop(small, f"{level}.png", png(level))
    assert claim_batch(small) != claim_batch(small)
    assert len(pending_batches(small)) == 2 and claim_batch(small) is None


@pytest.mark.parametrize("name", ["b-20260101-zzzzzz", "../../etc", "b-20260101-000000"])
def test_an_unknown_batch_is_an_input_error(settings, vault, name):
    with pytest.raises(InputError) as caught:
        Batch(name, settings, vault)
    assert caught.value.code == "BATCH_NOT_FOUND"


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 250])
def test_sealed_parts_come_back_and_cannot_be_cut(vault, tmp_path, monkeypatch, size):
    monkeypatch.setattr("pipeline.intake.sealed_files.PART_BYTES", 50)
    data = os.urandom(size)
    path = tmp_path / "x.sealed"
    write_sealed(vault, "c", io.BytesIO(data), path)
    assert b"".join(read_sealed(vault, "c", path)) == data
    whole = path.read_bytes()
    for cut in {len(whole) - 1, len(whole) // 2, 3}:
        path.write_bytes(whole[:cut])
        with pytest.raises(DefectError):
            list(read_sealed(vault, "c", path))
    first = 8 + int.from_bytes(whole[:8], "big")
    if first < len(whole):
        path.write_bytes(whole[:first])  # cut exactly between two parts
        with pytest.raises(DefectError):
            list(read_sealed(vault, "c", path))


def test_an_oversized_file_is_kept_but_not_opened(settings, vault):
    small = settings.model_copy(update={"max_file_mib": 1})
    drop(small, "big.pdf", b"%PDF-1.7" + bytes(2 << 20))
    batch = Batch(claim_batch(small), small, vault)
    batch.take_in()
    (record,) = batch.records()
    assert record.code == "FILE_TOO_LARGE"
    assert len(Quarantine(small.quarantine, vault).read(record.scan_id)) == 8 + (2 << 20)


def test_a_torn_last_line_is_left_out(settings, vault):
    drop(settings, "a.png", png(1))
    batch_id = claim_batch(settings)
    batch = Batch(batch_id, settings, vault)
    manifest = settings.work / batch_id / "manifest.jsonl"
    with manifest.open("ab") as file:
        file.write(b'{"event": "sto')
    assert batch.take_in().scans == 1
    assert batch.account().balanced
