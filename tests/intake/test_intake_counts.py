"""What people counted: claimed with its files, read whatever its form, never taken for a scan."""

import io
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from PIL import Image

from pipeline.domain.documents import Channel
from pipeline.domain.errors import DefectError, InputError
from pipeline.domain.examinations import PageTally
from pipeline.intake import batches as batches_module
from pipeline.intake.batches import MAX_CRASHES, Batch, claim_batch, note_stop
from pipeline.intake.expectations import (
    MOST,
    Expectation,
    Unit,
    expect,
    expect_of_batch,
    expectations_of,
    parse,
)
from pipeline.settings import Settings
from pipeline.vault import Vault


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "var", settle_seconds=0)
    for channel in Channel:
        (made.inbox / channel).mkdir(parents=True)
    return made


def _drop(settings: Settings, name: str, level: int, folder: str = "mail") -> Path:
    sink = io.BytesIO()
    Image.new("L", (60, 80), level).save(sink, "PNG")
    path = settings.inbox / folder / name
    path.write_bytes(sink.getvalue())
    return path


def _batch(settings: Settings) -> Batch:
    batch_id = claim_batch(settings)
    assert batch_id is not None
    keys = settings.keys
    return Batch(batch_id, settings, Vault.open(keys) if keys.is_dir() else Vault.create(keys))


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("120", 120, Unit.DOCUMENTS),
        ("\ufeff１２０件\r\n", 120, Unit.DOCUMENTS),
        ("書類 1,204", 1204, Unit.DOCUMENTS),
        ("files 3", 3, Unit.FILES),
        ("ファイル：7", 7, Unit.FILES),
        ("ten", None, Unit.DOCUMENTS),
        ("", None, Unit.DOCUMENTS),
        ("99999999", None, Unit.DOCUMENTS),
    ],
)
def test_a_count_is_read_as_people_write_it(text: str, number: int | None, unit: Unit) -> None:
    assert parse(text) == Expectation(number, unit)


@settings_of(max_examples=25)
@given(st.binary(max_size=600))
def test_no_content_of_a_count_stops_a_claim(tmp_path_factory, content: bytes) -> None:
    settings = Settings(home=tmp_path_factory.mktemp("home"), settle_seconds=0)
    (settings.inbox / "mail").mkdir(parents=True)
    _drop(settings, "a.png", 1)
    (settings.inbox / "mail" / "COUNT.txt").write_bytes(content)
    batch_id = claim_batch(settings)
    assert batch_id is not None
    (one,) = expectations_of(settings, batch_id)
    assert one.channel == Channel.MAIL and (one.number is None or 0 <= one.number <= MOST)


def test_a_count_goes_with_its_files_and_is_no_scan(settings: Settings) -> None:
    expect(settings, 2, channel=Channel.MAIL)
    expect(settings, 1, unit=Unit.FILES, channel=Channel.COUNTER)
    assert claim_batch(settings) is None, "a count waits for its files"
    _drop(settings, "a.png", 1)
    _drop(settings, "b.png", 2)
    _drop(settings, "c.png", 3, "counter")
    batch = _batch(settings)
    assert batch.take_in().files_in == 3
    assert set(expectations_of(settings, batch.batch_id)) == {
        Expectation(2, Unit.DOCUMENTS, Channel.MAIL),
        Expectation(1, Unit.FILES, Channel.COUNTER),
    }
    assert not [p for p in settings.inbox.rglob("*") if p.is_file()]


def test_a_count_of_the_other_folder_stays_for_its_own_files(settings: Settings) -> None:
    expect(settings, 5, channel=Channel.COUNTER)
    _drop(settings, "a.png", 1)
    first = claim_batch(settings)
    assert first is not None and expectations_of(settings, first) == ()
    _drop(settings, "b.png", 2, "counter")
    second = claim_batch(settings)
    assert second is not None
    assert expectations_of(settings, second) == (Expectation(5, channel=Channel.COUNTER),)


def test_what_was_counted_is_claimed_whole_or_not_at_all(settings: Settings) -> None:
    waiting = settings.model_copy(update={"settle_seconds": 5.0, "batch_limit": 1})
    for name, level in (("a.png", 1), ("b.png", 2)):
        _drop(settings, name, level)
    late = _drop(settings, "late.png.part", 3)
    expect(settings, 3, channel=Channel.MAIL)
    soon = dt_after(6)
    assert claim_batch(waiting, now=soon) is None, "one of them is still on its way"
    late.rename(late.with_suffix(""))
    batch_id = claim_batch(waiting, now=dt_after(12))
    assert batch_id is not None
    vault = Vault.create(settings.keys)
    assert Batch(batch_id, settings, vault).account().files_in == 3, "more than the limit"


def dt_after(seconds: float):
    import datetime as dt

    return dt.datetime.fromtimestamp(time.time() + seconds, dt.UTC)


def test_a_count_that_is_a_link_is_not_followed(settings: Settings, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere.txt"
    secret.write_text("7")
    (settings.inbox / "mail" / "COUNT.txt").symlink_to(secret)
    _drop(settings, "a.png", 1)
    batch_id = claim_batch(settings)
    assert batch_id is not None and expectations_of(settings, batch_id) == ()


def test_a_kill_after_the_count_was_moved_loses_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect(settings, 1)
    _drop(settings, "a.png", 1)
    monkeypatch.setattr(batches_module, "note_counts", lambda folder: None)
    batch_id = claim_batch(settings)
    assert batch_id is not None and expectations_of(settings, batch_id) == ()
    monkeypatch.undo()
    Batch(batch_id, settings, Vault.create(settings.keys)).take_in()
    assert expectations_of(settings, batch_id) == (Expectation(1),)


def test_the_count_of_a_batch_can_be_given_and_corrected_later(settings: Settings) -> None:
    _drop(settings, "a.png", 1)
    batch = _batch(settings)
    expect_of_batch(settings, batch.batch_id, 4)
    expect_of_batch(settings, batch.batch_id, 5)
    assert expectations_of(settings, batch.batch_id) == (Expectation(5),)
    for wrong in ("b-20261120-ffffff", "../../etc"):
        with pytest.raises(InputError, match="BATCH_NOT_FOUND"):
            expect_of_batch(settings, wrong, 1)
    for number in (-1, MOST + 1):
        with pytest.raises(InputError, match="COUNT_INVALID"):
            expect(settings, number)


class Killed(BaseException):
    """Stands for a kill."""


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_stopping_by_hand_never_counts_against_the_file_that_was_open(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    _drop(settings, "slow.png", 1)
    batch = _batch(settings)

    def interrupted(source: object, **_: object) -> int:
        raise stop

    monkeypatch.setattr(batches_module, "inspect", interrupted)
    for _ in range(MAX_CRASHES + 2):
        with pytest.raises(stop):
            _again(batch, settings).take_in()
    monkeypatch.undo()
    account = _again(batch, settings).take_in()
    assert (account.scans, account.quarantined) == (1, 0)


def _again(batch: Batch, settings: Settings) -> Batch:
    return Batch(batch.batch_id, settings, Vault.open(settings.keys))


def test_a_stop_forgives_only_what_was_in_hand(settings: Settings) -> None:
    _drop(settings, "a.png", 1)
    _drop(settings, "b.png", 2)
    batch = _batch(settings)
    batch.take_in()
    bad, good = batch.scans()
    for _ in range(MAX_CRASHES - 1):  # processes that ended without a word
        _again(batch, settings).begin_examination(bad.scan_id)
    later = _again(batch, settings)
    for _ in range(MAX_CRASHES + 1):
        later.begin_examination(good.scan_id)
        note_stop(settings, batch.batch_id)
    last = _again(batch, settings)
    assert {r.scan_id for r in last.scans()} == {bad.scan_id, good.scan_id}
    last.begin_examination(bad.scan_id)
    assert {r.scan_id for r in _again(batch, settings).scans()} == {good.scan_id}


def test_an_error_of_ours_is_no_crash_of_a_file_but_an_unknown_one_is(settings: Settings) -> None:
    _drop(settings, "a.png", 1)
    batch = _batch(settings)
    batch.take_in()
    (record,) = batch.scans()
    for _ in range(MAX_CRASHES):
        mine = _again(batch, settings)
        with pytest.raises(DefectError), mine.in_hand():
            mine.begin_examination(record.scan_id)
            raise DefectError("MODEL_MISSING", ja="無", en="missing")
    assert _again(batch, settings).scans() != ()
    for _ in range(MAX_CRASHES):
        mine = _again(batch, settings)
        with pytest.raises(ValueError), mine.in_hand():
            mine.begin_examination(record.scan_id)
            raise ValueError
    assert _again(batch, settings).scans() == ()


def test_what_the_pages_came_to_stands_in_the_manifest(settings: Settings) -> None:
    _drop(settings, "a.png", 1)
    batch = _batch(settings)
    batch.take_in()
    (record,) = batch.scans()
    tally = PageTally(pages=5, documents=2, separators=1, blank_backs=2, unreconciled=1)
    batch.begin_examination(record.scan_id)
    batch.end_examination(record.scan_id, tally)
    assert _again(batch, settings).tallies() == {record.scan_id: tally}
    assert tally.balanced and not PageTally(pages=2, documents=1).balanced
