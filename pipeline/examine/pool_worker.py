"""A worker process of the examination pool: ``python -m pipeline.examine.pool_worker FD NAME``.

It speaks over the pipe whose file descriptor it was given, and ends when the other side does.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline.domain.documents import Channel
from pipeline.domain.errors import DefectError, UketsukeError
from pipeline.domain.examinations import PageTally
from pipeline.examine.pool_messages import Document, Done, Failed, Ready, Task
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.examine.document import ExaminedDocument

UNEXPECTED = "EXAMINATION_FAILED"
"""Code of an error that the examination of one file did not foresee."""

Examiner = Callable[[Path | bytes, Channel, str], "Iterator[ExaminedDocument]"]


def warm_examiner(settings: Settings) -> Examiner:
    """The real examiner, its models loaded and used once."""
    from pipeline.examine.document import examine_file
    from pipeline.examine.engine import Engine

    engine = Engine(settings)
    # Naming the parts loads them: the first page of a batch should not pay for it.
    _ = (engine.catalogue, engine.registrar, engine.readers, engine.photos)

    def examine(source: Path | bytes, channel: Channel, name: str) -> Iterator[ExaminedDocument]:
        return examine_file(engine, source, channel, name=name)

    return examine


def serve(pipe: Connection, make: Callable[[Settings], Examiner]) -> None:
    """Answer tasks until the other side closes the pipe."""
    try:
        examiner = make(cast(Settings, pipe.recv()))
    except UketsukeError as error:
        pipe.send(Failed(error))
        return
    except Exception as error:
        pipe.send(Failed(_defect(error)))
        return
    pipe.send(Ready())
    while True:
        task = cast(Task, pipe.recv())
        error_found: UketsukeError | None = None
        tally: PageTally | None = None
        try:
            documents = examiner(task.source, task.channel, task.scan_id)
            while True:
                try:
                    pipe.send(Document(next(documents)))
                except StopIteration as end:
                    tally = end.value
                    break
        except UketsukeError as error:
            error_found = error
        except (BrokenPipeError, EOFError):
            return
        except Exception as error:
            error_found = _defect(error)
        pipe.send(Done(error_found, _rss_mib(), tally))


def _defect(error: Exception) -> DefectError:
    """An unexpected exception as an error without its message, which might hold what was read."""
    place = "?"
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "pipeline" in Path(code.co_filename).parts:
            place = f"{Path(code.co_filename).stem}.{code.co_name}:{trace.tb_lineno}"
        trace = trace.tb_next
    what = f"{type(error).__name__} at {place}"
    return DefectError(
        UNEXPECTED,
        ja=f"読み取りの途中で予期しない誤りが起きました（{what}）。",
        en=f"Something unexpected happened during the examination ({what}).",
        remedy_ja="この表示を添えて管理者に知らせてください。原本は保管されています。",
        remedy_en="Tell your administrator, with this message. The original is kept.",
    )


def _rss_mib() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Entry point of the process."""
    # Ctrl-C reaches the whole terminal group; the parent decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fd, name = sys.argv[1:3]
    module, function = name.split(":")
    make = cast(Callable[[Settings], Examiner], getattr(importlib.import_module(module), function))
    pipe = Connection(int(fd))
    try:
        serve(pipe, make)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


if __name__ == "__main__":
    main()
