"""What every process of ours does before it touches anything personal."""

from __future__ import annotations

import resource


def keep_memory_private() -> None:
    """Write no core dump: a crash must not put the memory of a worker on disk.

    Processes started from here inherit it, and cannot take it back (the hard limit is 0 too).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
