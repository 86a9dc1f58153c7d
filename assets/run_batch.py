"""``python -m assets.run_batch BATCH``: one batch in this process, recorded like any other run."""

from __future__ import annotations

import dataclasses
import sys

import dagster as dg

from assets.automation import run_config
from assets.definitions import defs
from assets.quiet import StepFailedError
from pipeline import settings as of_the_office
from pipeline.examine import progress
from pipeline.hardening import keep_memory_private

OURS = (StepFailedError.__name__, dg.Failure.__name__)


def main() -> None:
    """Run the batch that is named; the exit status says whether it succeeded."""
    keep_memory_private()
    batch_id = sys.argv[1]
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def("process_batch").execute_in_process(
            run_config=run_config(batch_id),
            tags={"uketsuke/batch": batch_id},
            instance=instance,
            raise_on_error=False,
        )
    if not result.success:
        folder = of_the_office.current().work / batch_id
        seen = progress.read(folder)
        progress.write(folder, dataclasses.replace(seen, failure=_reason(result)))
        sys.exit(1)


def _reason(result: dg.ExecuteInProcessResult) -> str:
    """The words of the step that failed; only our own, which hold no value."""
    for event in result.filter_events(lambda e: e.is_step_failure):
        error = event.step_failure_data.error
        while error is not None:
            if error.cls_name in OURS:
                return error.message.split(": ", 1)[-1].strip()
            error = error.cause
        return f"{event.step_key}"
    return ""


if __name__ == "__main__":
    main()
