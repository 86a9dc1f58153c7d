"""What starts runs: the inbox sensor, one run a batch, and the daily snapshot."""

from collections.abc import Iterator

import dagster as dg

from assets.batch import published_statistics
from assets.quiet import without_values
from pipeline import settings as of_the_office
from pipeline.commands import sample_home
from pipeline.examine import batch_lock
from pipeline.intake.batches import claim_batch, pending_batches

KIND_TAG = "uketsuke/kind"
MOST_CLAIMS = 4
"""Batches claimed in one tick; a tick has a minute, and a full inbox is emptied in some."""

process_batch = dg.define_asset_job(
    "process_batch",
    selection=dg.AssetSelection.groups("batch", "published"),
    description="One batch from the inbox to the desk, then the statistics.",
    tags={KIND_TAG: "batch"},
    executor_def=dg.in_process_executor,
)
publish = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.assets(published_statistics),
    description="The masked snapshot for analysts.",
    tags={KIND_TAG: "publish"},
    executor_def=dg.in_process_executor,
)


def run_config(batch_id: str) -> dict[str, object]:
    """The configuration of a run about one batch."""
    return {"resources": {"batch": {"config": {"batch_id": batch_id}}}}


@dg.sensor(
    job=process_batch,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Claims settled files of the inbox into a batch; one run a batch.",
)
def inbox(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for a run for every batch that is claimed and not finished."""
    waiting = _waiting_batches()
    for batch_id in waiting:
        # The key makes a run of the same batch impossible to ask for twice.
        yield dg.RunRequest(
            run_key=batch_id, run_config=run_config(batch_id), tags={"uketsuke/batch": batch_id}
        )
    if not waiting:
        yield dg.SkipReason("nothing in the inbox")


@without_values
def _waiting_batches() -> list[str]:
    settings = of_the_office.current()
    for _ in range(MOST_CLAIMS):
        if claim_batch(settings) is None:
            break
        sample_home.no_longer(settings)
    return [b for b in pending_batches(settings) if not batch_lock.is_held(settings.work / b)]


@dg.schedule(
    job=publish,
    cron_schedule="0 5 * * *",
    execution_timezone="Asia/Tokyo",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every morning before the office opens.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ask for a snapshot, once a day."""
    day = context.scheduled_execution_time.date().isoformat()
    return dg.RunRequest(run_key=f"publish-{day}")
