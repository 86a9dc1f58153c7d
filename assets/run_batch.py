"""``python -m assets.run_batch BATCH``: one batch in this process, recorded like any other run."""

from __future__ import annotations

import sys

import dagster as dg

from assets.automation import run_config
from assets.definitions import defs


def main() -> None:
    """Run the batch that is named; the exit status says whether it succeeded."""
    batch_id = sys.argv[1]
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def("process_batch").execute_in_process(
            run_config=run_config(batch_id),
            tags={"uketsuke/batch": batch_id},
            instance=instance,
            raise_on_error=False,
        )
    sys.exit(0 if result.success else 1)


if __name__ == "__main__":
    main()
