"""Counts beside what came in; files that still grow; batches that are taken up again."""

import io
import os
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from assets.automation import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    RUNS_IN_A_ROUND,
    PastRun,
    next_run_key,
)
from pipeline.commands import inbox_filling
from pipeline.commands.batch_report import show
from pipeline.domain.documents import Channel
from pipeline.domain.errors import InputError
from pipeline.intake.expectations import Unit, expect_of_batch, expectations_of
from pipeline.intake.manifest import Event, Manifest
from pipeline.settings import Settings
from pipeline.store.arrivals.reconciliation import reconcile
from pipeline.store.arrivals.summaries import BatchSummary

BATCH = "b-20261120-0a1b2c"
SETTLE_S = 0.3


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "home")
    (made.work / BATCH).mkdir(parents=True)
    Manifest(made.work / BATCH).append(Event.CLAIMED, batch=BATCH, at="2026-11-20T00:00:00+00:00")
    return made


def _summary(**more: object) -> BatchSummary:
    return BatchSummary(
        batch_id=BATCH,
        files_in=5,
        loaded=4,
        duplicates=0,
        quarantined=1,
        documents=9,
        pages=14,
        seconds=1.0,
        files_by_channel={"mail": 3, "counter": 2},
        items_by_channel={"mail": 7, "counter": 3},
        **more,  # type: ignore[arg-type]
    )


def _shown(settings: Settings, summary: BatchSummary) -> str:
    sink = io.StringIO()
    show(Console(file=sink, width=120), summary, reconcile(settings, summary))
    return sink.getvalue()


@pytest.mark.parametrize(
    ("number", "unit", "channel", "difference"),
    [
        (10, Unit.DOCUMENTS, None, 0),
        (12, Unit.DOCUMENTS, None, -2),
        (7, Unit.DOCUMENTS, Channel.MAIL, 0),
        (2, Unit.FILES, Channel.COUNTER, 0),
        (4, Unit.FILES, None, 1),
    ],
)
def test_a_count_is_compared_with_what_came_in(
    settings: Settings, number: int, unit: Unit, channel: Channel | None, difference: int
) -> None:
    expect_of_batch(settings, BATCH, number, unit=unit, channel=channel)
    (one,) = reconcile(settings, _summary())
    assert (one.difference, one.agrees) == (difference, difference == 0)
    shown = _shown(settings, _summary())
    assert ("≠ 入った" in shown) == (difference != 0)
    assert not difference or f"{difference:+d}" in shown


def test_a_count_that_cannot_be_read_is_told_and_never_agrees(settings: Settings) -> None:
    Manifest(settings.work / BATCH).append(
        Event.EXPECTED, number=None, unit="documents", channel="mail"
    )
    (one,) = reconcile(settings, _summary())
    assert not one.agrees and "読めません" in _shown(settings, _summary())


def test_separators_and_backs_stand_in_the_table_where_there_are_any(settings: Settings) -> None:
    assert "仕切り紙" not in _shown(settings, _summary())
    shown = _shown(settings, _summary(separators=4, blank_backs=3, unreconciled=1))
    assert "仕切り紙" in shown and "白紙の裏面" in shown and "件数の合わない仕切り紙 1 枚" in shown


def test_a_count_beside_the_scans_goes_along(tmp_path: Path, settings: Settings) -> None:
    scans = tmp_path / "scans"
    for name in ("mail/a.pdf", "mail/COUNT.txt", "counter/b.pdf"):
        (scans / name).parent.mkdir(parents=True, exist_ok=True)
        (scans / name).write_text("12")
    assert inbox_filling.put(settings, [scans]) == 2, "a count is no scan"
    assert (settings.inbox / "mail" / "COUNT.txt").read_text() == "12"
    assert expectations_of(settings, BATCH) == ()


def test_a_file_that_is_still_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "growing.pdf"
    path.write_bytes(b"half")
    finished: list[float] = []

    def write() -> None:
        for _ in range(4):
            time.sleep(SETTLE_S / 3)
            with path.open("ab") as file:
                file.write(b"more")
        finished.append(time.monotonic())

    writer = threading.Thread(target=write)
    writer.start()
    inbox_filling.wait_until_whole([tmp_path], SETTLE_S)
    writer.join()
    assert time.monotonic() >= finished[0] + SETTLE_S - 0.05
    assert path.read_bytes() == b"half" + b"more" * 4


def test_a_file_that_never_ends_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pdf").write_bytes(b"x")
    monkeypatch.setattr(inbox_filling, "PATIENCE_SETTLES", 1)
    monkeypatch.setattr(inbox_filling, "_youngest_s", lambda paths: 0.0)
    with pytest.raises(InputError, match="FILE_STILL_GROWING"):
        inbox_filling.wait_until_whole([tmp_path], 0.05)


def test_old_files_cost_no_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.pdf"
    path.write_bytes(b"x")
    os.utime(path, (1, 1))
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waited"))
    now = time.time()
    monkeypatch.setattr(inbox_filling.time, "time", lambda: now + 3600)
    inbox_filling.wait_until_whole([path, tmp_path / "missing"], 60.0)


def test_a_batch_is_asked_for_once_while_its_run_is_under_way() -> None:
    assert next_run_key(BATCH, [], 0.0) == BATCH
    assert next_run_key(BATCH, [PastRun(None)], 1e9) is None
    assert next_run_key(BATCH, [PastRun(5.0), PastRun(None)], 1e9) is None


def test_a_batch_whose_retries_are_used_up_is_taken_up_again_after_a_while() -> None:
    failed = [PastRun(100.0 + n) for n in range(RUNS_IN_A_ROUND)]
    assert next_run_key(BATCH, failed, 103.0) is None, "the daemon's retries come first"
    later = 102.0 + 2 * FIRST_PAUSE_S
    key = next_run_key(BATCH, failed, later)
    assert key is not None and key != BATCH
    assert next_run_key(BATCH, [*failed, PastRun(later + 1)], later + 2 * LONGEST_PAUSE_S) != key


def test_the_pause_between_two_tries_has_an_end() -> None:
    many = [PastRun(0.0)] * 5000
    assert next_run_key(BATCH, many, LONGEST_PAUSE_S - 1) is None
    assert next_run_key(BATCH, many, LONGEST_PAUSE_S) is not None
