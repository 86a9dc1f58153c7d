"""Processes that a command starts and that end with it, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from pipeline.domain.errors import DefectError

GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class Child:
    """A started process, its name for people and the file its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None


class Children:
    """A group of processes. Use as a context manager: leaving it ends them all.

    Every child leads a process group of its own, so that what it starts itself ends with it and
    Ctrl-C reaches only this process, which then ends the children in order.
    """

    def __init__(self, logs: Path, environment: Mapping[str, str] | None = None) -> None:
        """Take the folder of the logs and variables to add to the environment."""
        self._logs = logs
        self._environment = dict(environment or {})
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        """The group itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every child."""
        self.stop()

    def start(
        self,
        name: str,
        module: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
    ) -> Child:
        """Start ``python -m module arguments``; its output is appended to ``logs/name.log``."""
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment, **(environment or {})},
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def ended(self) -> Child | None:
        """A child that has ended by itself, or None."""
        return next((c for c in self._children if not c.running), None)

    def stop(self) -> None:
        """End every child, last started first: asked, and after a while made to."""
        for child in reversed(self._children):
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        for child in reversed(self._children):
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.1, deadline - time.monotonic()))
            # The group may outlive its leader: what the child started ends here as well.
            _signal_group(child, signal.SIGKILL)
            child.process.wait()
        self._children.clear()


def wait_until(ready: Callable[[], bool], child: Child, limit_s: float) -> None:
    """Wait for a child to be ready.

    Raises:
        DefectError: ``PROCESS_DID_NOT_START`` where it ends or stays silent instead.
    """
    deadline = time.monotonic() + limit_s
    while not ready():
        if not child.running or time.monotonic() > deadline:
            raise DefectError(
                "PROCESS_DID_NOT_START",
                ja=f"{child.name} が起動しませんでした。",
                en=f"{child.name} did not start.",
                remedy_ja=f"記録を見てください: {child.log}",
                remedy_en=f"See its log: {child.log}",
            )
        time.sleep(0.1)


class Stopped(SystemExit):
    """A signal asked us to end; unwinds like Ctrl-C."""


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind like Ctrl-C, so that no child is left behind."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(128 + number)

    before = {n: signal.signal(n, stop) for n in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _signal_group(child: Child, number: signal.Signals) -> None:
    try:
        os.killpg(child.process.pid, number)
    except (ProcessLookupError, PermissionError):
        return
