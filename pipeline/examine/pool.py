"""A pool of warm workers that examines the files of a batch.

Each worker is a process of its own with the models loaded once. It gets one file at a time and
sends back a document as soon as it is done, so that the parent knows exactly which file a worker
held when it died: that worker alone is replaced and the file tried once more. A file that ends
its worker twice, or keeps it silent too long, is given back with an error for quarantine; the
rest of the batch goes on.

The workers are started with ``subprocess`` and not with ``multiprocessing``: the latter imports
the parent's main module into every child, which under the orchestrator costs a second and 100 MiB
per worker. Their standard streams are closed, because whatever a library prints there would end
in the orchestrator's plain-text logs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.domain.documents import Channel
from pipeline.domain.errors import DefectError, InputError, UketsukeError
from pipeline.domain.examinations import PageTally
from pipeline.examine.pool_messages import Document, Done, Failed, Ready, Task
from pipeline.settings import Settings

if TYPE_CHECKING:  # the parent never examines: it does not load the readers
    from pipeline.examine.document import ExaminedDocument

EXAMINER = "pipeline.examine.pool_worker:warm_examiner"
MOST_DEATHS = 2
"""A file may end its worker once by bad luck (memory); the second time it is the file."""

SILENCE_LIMIT_S = 180.0
"""A page takes about a second; a worker silent for this long hangs."""

START_LIMIT_S = 300.0
RETIRE_RSS_MIB = 1500
"""A worker that has grown past this is replaced between two files."""


@dataclass(frozen=True, slots=True)
class FileToExamine:
    """One file of a batch.

    Attributes:
        scan_id: The identifier under which the result is known; nothing personal.
        source: Where it is, or its bytes.
    """

    scan_id: str
    source: Path | bytes
    channel: Channel


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came of one file: its documents, or the error that stopped it.

    ``documents`` may hold some even when ``error`` is set: those finished before it. ``tally``
    says what the pages came to, where all of them were looked at.
    """

    scan_id: str
    channel: Channel
    documents: tuple[ExaminedDocument, ...]
    error: UketsukeError | None
    seconds: float
    tally: PageTally | None = None


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    pipe: Connection
    ready: bool = False
    task: _Held | None = None
    heard_at_s: float = field(default_factory=time.monotonic)

    def silence_s(self) -> float:
        return time.monotonic() - self.heard_at_s

    def end(self) -> None:
        """Stop the process, at once if it does not go by itself."""
        self.pipe.close()
        self.process.kill()
        self.process.wait()


@dataclass(slots=True)
class _Held:
    """A file in a worker's hands."""

    file: FileToExamine
    started_at_s: float
    documents: list[ExaminedDocument] = field(default_factory=list)


class ExaminationPool:
    """Warm workers, one thread each. Use as a context manager, so that none is left behind."""

    def __init__(
        self,
        settings: Settings,
        workers: int | None = None,
        *,
        examiner: str = EXAMINER,
        silence_limit_s: float = SILENCE_LIMIT_S,
    ) -> None:
        """Take the settings; workers start with the first file.

        Args:
            settings: Handed to every worker.
            workers: How many; the settings' number when None.
            examiner: ``module:function`` that makes a worker's examiner from the settings.
            silence_limit_s: How long a worker may work without finishing a page.
        """
        self._settings = settings
        self._count = workers or settings.worker_count
        self._examiner = examiner
        self._silence_limit_s = silence_limit_s
        self._workers: list[_Worker] = []
        self._deaths: dict[str, int] = {}
        self._failed_starts = 0

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every worker."""
        self.close()

    def close(self) -> None:
        """End every worker."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def examine(
        self,
        files: Iterable[FileToExamine],
        on_start: Callable[[str], None] = lambda scan_id: None,
    ) -> Iterator[FileResult]:
        """Examine files as workers come free; results in the order in which they finish.

        Args:
            files: Taken one by one, so that a generator may read each file when its turn comes.
            on_start: Called with a file's identifier each time it goes to a worker that is ready.

        Raises:
            DefectError: If workers cannot start (a model is missing, for example).
        """
        source = iter(files)
        again: deque[FileToExamine] = deque()
        first = next(source, None)
        if first is None:
            return
        again.append(first)
        more = True
        try:
            while True:
                more = self._hand_out(source, again, more, on_start)
                busy = [w for w in self._workers if w.task is not None or not w.ready]
                if not more and not again and all(w.task is None for w in self._workers):
                    return
                for pipe in wait([w.pipe for w in busy], timeout=1.0):
                    worker = next(w for w in busy if w.pipe is pipe)
                    result = self._hear(worker, again)
                    if result is not None:
                        yield result
                for worker in [w for w in busy if w in self._workers]:
                    limit_s = self._silence_limit_s if worker.ready else START_LIMIT_S
                    if worker.silence_s() > limit_s:
                        result = self._bury(worker, again)
                        if result is not None:
                            yield result
        except BaseException:
            self.close()
            raise

    def _hand_out(
        self,
        source: Iterator[FileToExamine],
        again: deque[FileToExamine],
        more: bool,
        on_start: Callable[[str], None],
    ) -> bool:
        """Give every free worker a file and start missing workers; whether files are left."""
        for worker in [w for w in self._workers if w.ready and w.task is None]:
            file = again.popleft() if again else next(source, None)
            if file is None:
                return False
            on_start(file.scan_id)
            try:
                worker.pipe.send(Task(file.scan_id, file.source, file.channel))
            except OSError:  # it died while idle; the file was never in its hands
                again.appendleft(file)
                self._remove(worker)
                continue
            worker.task = _Held(file, time.monotonic())
            worker.heard_at_s = time.monotonic()
        while len(self._workers) < self._count and (more or again):
            self._workers.append(self._start())
        return more

    def _hear(self, worker: _Worker, again: deque[FileToExamine]) -> FileResult | None:
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            return self._bury(worker, again)
        worker.heard_at_s = time.monotonic()
        held = worker.task
        if isinstance(message, Ready):
            worker.ready = True
            self._failed_starts = 0
        elif isinstance(message, Document) and held is not None:
            held.documents.append(message.document)
        elif isinstance(message, Done) and held is not None:
            worker.task = None
            if message.rss_mib > RETIRE_RSS_MIB:
                self._remove(worker)
            return _result(held, message.error, message.tally)
        elif isinstance(message, Failed):
            self._remove(worker)
            raise message.error
        return None

    def _bury(self, worker: _Worker, again: deque[FileToExamine]) -> FileResult | None:
        """Replace a worker that died or hangs; its file is tried again or given up."""
        self._remove(worker)
        held = worker.task
        if held is None:
            self._failed_starts += 0 if worker.ready else 1
            if self._failed_starts > MOST_DEATHS:
                raise DefectError(
                    "WORKERS_DO_NOT_START",
                    ja="読み取りの作業プロセスが起動しません。",
                    en="The examination's worker processes do not start.",
                    remedy_ja="空きメモリーと `uketsuke models check` の結果を確かめてください。",
                    remedy_en="Check the free memory and run `uketsuke models check`.",
                )
            return None
        deaths = self._deaths.get(held.file.scan_id, 0) + 1
        self._deaths[held.file.scan_id] = deaths
        if deaths < MOST_DEATHS:
            again.append(held.file)
            return None
        return _result(
            held,
            InputError(
                "FILE_STOPS_EXAMINATION",
                ja="このファイルの読み取り中に、作業プロセスが二度止まりました。",
                en="Examining this file stopped its worker process twice.",
                remedy_ja="原紙をもう一度スキャンしてください。",
                remedy_en="Scan the paper again.",
            ),
        )

    def _remove(self, worker: _Worker) -> None:
        worker.end()
        if worker in self._workers:
            self._workers.remove(worker)

    def _start(self) -> _Worker:
        ours, theirs = Pipe()
        fd = theirs.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.examine.pool_worker", str(fd), self._examiner],
            pass_fds=(fd,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        theirs.close()
        ours.send(self._settings)
        return _Worker(process, ours)


def _result(held: _Held, error: UketsukeError | None, tally: PageTally | None = None) -> FileResult:
    return FileResult(
        scan_id=held.file.scan_id,
        channel=held.file.channel,
        documents=tuple(held.documents),
        error=error,
        seconds=time.monotonic() - held.started_at_s,
        tally=tally,
    )
