"""The pool keeps its promises: nothing lost, poison found, no process and no value left behind."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.domain.documents import Channel
from pipeline.domain.errors import DefectError, InputError
from pipeline.examine.pool import ExaminationPool, FileResult, FileToExamine
from pipeline.settings import Settings

SECRET = "123456789018"


def make_examiner(settings: Settings):
    """Runs in the worker: the bytes of a file say what happens to it.

    A pair stands for a document; the pool does not look into it.
    """

    def examine(source: Path | bytes, channel: Channel, name: str) -> Iterator[tuple[str, int]]:
        assert isinstance(source, bytes)
        what, _, rest = source.decode().partition(" ")
        if what == "die":
            os._exit(9)
        if what == "die-once" and not Path(rest).exists():
            Path(rest).touch()
            os._exit(9)
        if what == "hang":
            time.sleep(60)
        if what == "bad":
            raise InputError("FILE_ENCRYPTED", ja="暗号", en="encrypted")
        if what == "bug":
            raise ValueError(f"cannot parse {SECRET}")
        if what == "pid":
            yield str(os.getpid()), 1
            return
        for page in range(int(rest) if rest.isdigit() else 1):
            yield name, page + 1

    return examine


def broken_examiner(settings: Settings):
    raise DefectError("MODEL_MISSING", ja="なし", en="missing")


def dying_examiner(settings: Settings):
    os._exit(11)


@pytest.fixture(autouse=True)
def _workers_find_this_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)


def _run(
    files: list[str], *, workers: int = 2, examiner: str = "make_examiner", silence_s: float = 30
) -> dict[str, FileResult]:
    todo = [FileToExamine(f"s{i}", f.encode(), Channel.MAIL) for i, f in enumerate(files)]
    with ExaminationPool(
        Settings(),
        workers,
        examiner=f"test_examination_pool:{examiner}",
        silence_limit_s=silence_s,
    ) as pool:
        results = list(pool.examine(todo))
        pids = [w.process.pid for w in pool._workers]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert len(results) == len(files), "a file was lost or came twice"
    return {r.scan_id: r for r in results}


def test_every_file_comes_back_once_with_its_pages() -> None:
    results = _run([f"ok {n % 3 + 1}" for n in range(20)])
    assert [len(results[f"s{n}"].documents) for n in range(20)] == [n % 3 + 1 for n in range(20)]
    assert all(r.error is None for r in results.values())


def test_no_files_start_no_worker() -> None:
    assert _run([]) == {}


def test_a_file_that_ends_its_worker_twice_is_given_up_and_the_rest_goes_on() -> None:
    results = _run(["ok", "die", "ok", "ok", "ok"])
    assert results["s1"].error is not None
    assert results["s1"].error.code == "FILE_STOPS_EXAMINATION"
    assert all(results[f"s{i}"].error is None for i in (0, 2, 3, 4))


def test_a_worker_lost_once_costs_only_a_second_try(tmp_path: Path) -> None:
    results = _run([f"die-once {tmp_path / 'mark'}", "ok"])
    assert results["s0"].error is None
    assert results["s0"].documents == (("s0", 1),)


def test_a_hanging_file_is_given_up() -> None:
    results = _run(["hang", "ok"], silence_s=1.0)
    assert results["s0"].error is not None
    assert results["s0"].error.code == "FILE_STOPS_EXAMINATION"
    assert results["s1"].error is None


def test_an_error_of_the_file_keeps_its_code() -> None:
    error = _run(["bad"])["s0"].error
    assert isinstance(error, InputError)
    assert error.code == "FILE_ENCRYPTED"


def test_an_unexpected_error_never_carries_what_was_read() -> None:
    error = _run(["bug"])["s0"].error
    assert isinstance(error, DefectError)
    assert "ValueError" in error.en
    assert SECRET not in f"{error} {error.ja} {error.en}"


def test_workers_stay_warm_between_files() -> None:
    results = _run(["pid"] * 6, workers=1)
    assert len({r.documents[0] for r in results.values()}) == 1


def test_a_missing_model_stops_the_batch_with_its_own_error_and_blames_no_file() -> None:
    started: list[str] = []
    with (
        ExaminationPool(Settings(), 1, examiner="test_examination_pool:broken_examiner") as pool,
        pytest.raises(DefectError, match="MODEL_MISSING"),
    ):
        list(pool.examine([FileToExamine("s0", b"ok", Channel.MAIL)], started.append))
    assert started == []


def test_every_start_is_told() -> None:
    started: list[str] = []
    files = [FileToExamine("good", b"ok", Channel.MAIL), FileToExamine("bad", b"die", Channel.MAIL)]
    with ExaminationPool(Settings(), 1, examiner="test_examination_pool:make_examiner") as pool:
        list(pool.examine(files, started.append))
    assert sorted(started) == ["bad", "bad", "good"]


def test_workers_that_die_at_the_start_end_in_a_clear_error() -> None:
    with pytest.raises(DefectError, match="WORKERS_DO_NOT_START"):
        _run(["ok"], examiner="dying_examiner", workers=1)
