"""Running the whole: files into the inbox, the home of samples, children that end, the table."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.commands import inbox_filling, sample_home
from pipeline.commands.batch_report import show
from pipeline.commands.children import Children, wait_until
from pipeline.domain.errors import DefectError, InputError
from pipeline.examine import batch_lock, progress
from pipeline.settings import Settings
from pipeline.store.arrivals.summaries import BatchSummary, FindingExample, read, write


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def _inbox(settings: Settings) -> dict[str, list[str]]:
    return {
        folder: sorted(p.name for p in (settings.inbox / folder).glob("*") if p.is_file())
        for folder in ("", "mail", "counter")
    }


def test_folders_give_the_channel_and_descriptions_stay_out(
    tmp_path: Path, settings: Settings
) -> None:
    scans = tmp_path / "scans"
    for name in ("mail/a.pdf", "counter/b.png", "c.tif", "truth.json", ".hidden", "counter/x.doc"):
        (scans / name).parent.mkdir(parents=True, exist_ok=True)
        (scans / name).write_bytes(name.encode())
    assert inbox_filling.put(settings, [scans]) == 4
    assert _inbox(settings) == {"": ["c.tif"], "mail": ["a.pdf"], "counter": ["b.png", "x.doc"]}


def test_a_file_and_a_folder_named_by_channel(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "counter").mkdir()
    (tmp_path / "counter" / "a.pdf").write_bytes(b"1")
    assert inbox_filling.put(settings, [tmp_path / "counter"]) == 1
    assert inbox_filling.put(settings, [tmp_path / "counter" / "a.pdf"]) == 1
    found = _inbox(settings)["counter"]
    assert len(found) == 2, "one of two files of one name was overwritten"


def test_a_missing_path_stops_before_anything_is_copied(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "a.pdf").write_bytes(b"1")
    with pytest.raises(InputError, match="PATH_NOT_FOUND"):
        inbox_filling.put(settings, [tmp_path / "a.pdf", tmp_path / "none"])
    assert inbox_filling.is_empty(settings)


def test_a_folder_without_files_is_told(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(InputError, match="NO_FILES"):
        inbox_filling.put(settings, [tmp_path])


def _fill(settings: Settings) -> list[Path]:
    files = [settings.originals / "aa" / "x.sealed", settings.database, settings.keys / "master"]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return files


def test_samples_start_afresh_and_keep_the_keys(settings: Settings) -> None:
    samples = [sample_home.SAMPLES]
    assert not sample_home.prepare(settings, samples, desk_runs=False)
    original, database, key = _fill(settings)
    assert sample_home.prepare(settings, samples, desk_runs=False)
    assert (original.exists(), database.exists(), key.exists()) == (False, False, True)


@pytest.mark.parametrize(
    "seen", ["other files", "the sensor", "a file waiting", "a desk", "before"]
)
def test_a_home_that_saw_other_files_is_never_wiped(settings: Settings, seen: str) -> None:
    samples = [sample_home.SAMPLES]
    if seen != "before":
        sample_home.prepare(settings, samples, desk_runs=False)
    files = _fill(settings)
    if seen == "other files":
        sample_home.prepare(settings, [settings.home.parent], desk_runs=False)
    elif seen == "the sensor":
        sample_home.no_longer(settings)
    elif seen == "a file waiting":
        settings.inbox.mkdir()
        (settings.inbox / "real.pdf").write_bytes(b"x")
    assert not sample_home.prepare(settings, samples, desk_runs=seen == "a desk")
    assert all(f.exists() for f in files)


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return state == "Z"


_FAMILY = """
import subprocess, sys, signal, pathlib, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(60)
"""


def test_children_end_with_their_own_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "family.py").write_text(_FAMILY)
    monkeypatch.setattr("pipeline.commands.children.GRACE_S", 0.5)
    note = tmp_path / "pid"
    with Children(tmp_path / "logs", {"PYTHONPATH": str(tmp_path)}) as children:
        child = children.start("family", "family", str(note))
        wait_until(lambda: note.exists() and bool(note.read_text()), child, 20)
        grandchild = int(note.read_text())
        assert not _gone(grandchild)
    deadline = time.monotonic() + 5
    while not _gone(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _gone(child.process.pid)
    assert _gone(grandchild)


def test_a_child_that_ends_early_is_named_with_its_log(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        child = children.start("broken", "no_such_module_here")
        with pytest.raises(DefectError, match="PROCESS_DID_NOT_START") as caught:
            wait_until(lambda: False, child, 20)
    assert "broken.log" in caught.value.remedy_en
    assert "no_such_module_here" in (tmp_path / "broken.log").read_text()


_ENDING = """
import sys, time, pathlib
from pipeline.commands.children import Children, ending_on_signals
with ending_on_signals(), Children(pathlib.Path(sys.argv[1])) as children:
    child = children.start("sleeper", "http.server", "0")
    print(child.process.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_child_behind(tmp_path: Path, number: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _ENDING, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(number)
    assert parent.wait(20) != 0
    assert _gone(pid)
    parent.stdout.close()


def _summary(**changes: object) -> BatchSummary:
    example = FindingExample(
        "ab" * 16, 1, "reply_form", "refuse", "PIN_AMBIGUOUS", "review", "pin_signature", 3
    )
    facts: dict[str, object] = {
        "batch_id": "b-20261123-a1b2c3",
        "files_in": 5,
        "loaded": 3,
        "duplicates": 1,
        "quarantined": 1,
        "documents": 4,
        "pages": 4,
        "seconds": 2.0,
        "routes": {"accept": 1, "refuse": 3},
        "reasons": {"FILE_ENCRYPTED": 1},
        "examples": (example,),
    }
    return BatchSummary(**{**facts, **changes})  # type: ignore[arg-type]


def _shown(summary: BatchSummary) -> str:
    console = Console(file=io.StringIO(), width=120, record=True)
    show(console, summary)
    return console.export_text()


def test_the_table_shows_that_in_is_out() -> None:
    text = _shown(_summary())
    assert "入 5 ＝ 出 5" in text
    assert "In 5 = out 5: nothing was lost" in text
    assert "FILE_ENCRYPTED" in text
    assert "pin_signature #4" in text


def test_the_table_says_when_a_file_is_lost() -> None:
    text = _shown(_summary(loaded=2))
    assert "入 5 ≠ 出 4" in text
    assert "nothing was lost" not in text


def test_a_summary_is_kept_and_read_back(tmp_path: Path) -> None:
    assert read(tmp_path, "b-20261123-a1b2c3") is None
    write(tmp_path, _summary())
    assert read(tmp_path, "b-20261123-a1b2c3") == _summary()


def test_a_batch_is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    assert not batch_lock.is_held(tmp_path)
    with batch_lock.hold(tmp_path):
        assert batch_lock.is_held(tmp_path)
    assert not batch_lock.is_held(tmp_path)


def test_progress_is_zero_before_it_is_written(tmp_path: Path) -> None:
    assert progress.read(tmp_path) == progress.Progress()
    seen = progress.Progress("pages", 3, 1, 2, 0.5)
    progress.write(tmp_path, seen)
    assert progress.read(tmp_path) == seen
