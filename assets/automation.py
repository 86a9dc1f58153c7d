"""What starts runs: the inbox sensor, one run a batch, the daily snapshot and the nightly purge."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.batch import published_statistics
from assets.quiet import without_values
from pipeline import settings as of_the_office
from pipeline.commands import sample_home
from pipeline.examine import batch_lock
from pipeline.intake.batches import claim_batch, pending_batches
from pipeline.store.client import DeskClient

KIND_TAG = "uketsuke/kind"
MOST_CLAIMS = 4
"""Batches claimed in one tick; a tick has a minute, and a full inbox is emptied in some."""

FIRST_PAUSE_S = 120.0
LONGEST_PAUSE_S = 3600.0
RUNS_IN_A_ROUND = 3
"""A run and the daemon's two retries (dagster.yaml)."""

BATCH_TAG = "uketsuke/batch"


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of a batch; ``ended_at_s`` is None while it is under way."""

    ended_at_s: float | None


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
    asked = 0
    for batch_id in _waiting_batches():
        run_key = next_run_key(batch_id, _runs_of(context.instance, batch_id), time.time())
        if run_key is None:
            continue
        asked += 1
        # The key makes the same run of a batch impossible to ask for twice.
        yield dg.RunRequest(
            run_key=run_key, run_config=run_config(batch_id), tags={BATCH_TAG: batch_id}
        )
    if not asked:
        yield dg.SkipReason("nothing in the inbox")


def next_run_key(batch_id: str, runs: Sequence[PastRun], now_s: float) -> str | None:
    """The key of the run to ask for, or None while one is under way or was just tried.

    The daemon tries a failed run again by itself, at once and a few times. A batch that failed
    all of these (the desk was down for an hour, the disk was full) is taken up again after a
    while, longer each time, and for ever: its files came in and must come out.
    """
    if not runs:
        return batch_id
    if any(run.ended_at_s is None for run in runs):
        return None
    rounds = min(len(runs) // RUNS_IN_A_ROUND, 10)  # the longest pause is reached by then
    pause_s = min(FIRST_PAUSE_S * 2**rounds, LONGEST_PAUSE_S)
    if now_s - max(run.ended_at_s or 0.0 for run in runs) < pause_s:
        return None
    return f"{batch_id}:{len(runs)}"


def _runs_of(instance: dg.DagsterInstance, batch_id: str) -> list[PastRun]:
    records = instance.get_run_records(dg.RunsFilter(tags={BATCH_TAG: batch_id}))
    return [
        PastRun(
            (r.end_time or r.update_timestamp.timestamp()) if r.dagster_run.is_finished else None
        )
        for r in records
    ]


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


@dg.op(description="Destroys what its retention has ended for, through the desk.")
def purge_what_is_due(context: dg.OpExecutionContext) -> None:
    """Ask the desk to purge; counts by class go to the log, and nothing else could."""
    for end in _purge()["classes"]:
        context.log.info(f"{end['data_class']}: {end['documents']} documents")


@without_values
def _purge() -> dict[str, Any]:
    with DeskClient.of(of_the_office.current()) as desk:
        return desk.purge(dry_run=False, confirmed_day=None)


@dg.job(
    description="The end of data whose retention has run out.",
    tags={KIND_TAG: "purge"},
    executor_def=dg.in_process_executor,
)
def purge() -> None:
    """One purge."""
    purge_what_is_due()


@dg.schedule(
    job=purge,
    cron_schedule="30 4 * * *",
    execution_timezone="Asia/Tokyo",
    # What is destroyed is gone: it begins by itself only where the office has said so.
    default_status=(
        dg.DefaultScheduleStatus.RUNNING
        if of_the_office.current().purge_daily
        else dg.DefaultScheduleStatus.STOPPED
    ),
    description="Every night, where UKETSUKE_PURGE_DAILY says so.",
)
def every_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ask for a purge, once a day."""
    day = context.scheduled_execution_time.date().isoformat()
    return dg.RunRequest(run_key=f"purge-{day}")
