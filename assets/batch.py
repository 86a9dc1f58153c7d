"""The assets of a batch: claimed, taken in, examined, loaded; then the statistics for analysts.

They hand each other nothing but the order of work: what was done stands with the batch, and what
Dagster keeps for ever is counts.
"""

import contextlib
import dataclasses
from collections.abc import Iterator

import dagster as dg

from assets.quiet import counts, without_values
from assets.resources import BatchInHand, Office
from pipeline.domain.documents import Route
from pipeline.store.arrivals.batch_steps import BatchSteps

GROUP = "batch"
# For transient trouble: the desk restarting, a full disk being emptied.
# A run that failed for longer is retried whole by the daemon.
RETRIES = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL)

Result = dg.MaterializeResult[None]


@contextlib.contextmanager
def _stoppable(steps: BatchSteps) -> Iterator[None]:
    """Work that a person may end on Dagster's pages without any file counting as crashed."""
    try:
        yield
    except dg.DagsterExecutionInterruptedError:
        steps.note_stop()
        raise


@dg.asset(group_name=GROUP, retry_policy=RETRIES)
@without_values
def claimed_batch(office: Office, batch: BatchInHand) -> Result:
    """Files claimed together from the inbox by atomic rename."""
    account = office.steps(batch.batch_id).account()
    return Result(metadata=counts({"batch": batch.batch_id, "files": account.files_in}))


@dg.asset(group_name=GROUP, deps=[claimed_batch], retry_policy=RETRIES)
@without_values
def pages(office: Office, batch: BatchInHand) -> Result:
    """Every file opened, counted and sealed, or linked as a duplicate, or quarantined."""
    steps = office.steps(batch.batch_id)
    with _stoppable(steps):
        account = steps.take_in()
    return Result(
        metadata=counts(
            {
                "batch": batch.batch_id,
                "files": account.files_in,
                "scans": account.scans,
                "duplicates": account.duplicates,
                "quarantined": account.quarantined,
                "pages": steps.pages(),
            }
        )
    )


@dg.asset(group_name=GROUP, deps=[pages], retry_policy=RETRIES)
@without_values
def examined_documents(office: Office, batch: BatchInHand) -> Result:
    """Every document read, checked and routed by warm workers; its record sealed."""
    steps = office.steps(batch.batch_id)
    with _stoppable(steps):
        figures = steps.examine(office.pool)
    return Result(
        metadata=counts(
            {
                "batch": batch.batch_id,
                **dataclasses.asdict(figures),
                "pages_per_second": figures.pages_per_second,
            }
        )
    )


@dg.asset(group_name=GROUP, deps=[examined_documents], retry_policy=RETRIES)
@without_values
def loaded_documents(office: Office, batch: BatchInHand) -> Result:
    """The batch in the desk's store: one transaction with its ledger row."""
    summary = office.steps(batch.batch_id).load(office.desk)
    return Result(
        metadata=counts(
            {
                "batch": batch.batch_id,
                "files": summary.files_in,
                "loaded": summary.loaded,
                "duplicates": summary.duplicates,
                "quarantined": summary.quarantined,
                "documents": summary.documents,
                **{f"route_{route.value}": summary.route(route) for route in Route},
            }
        )
    )


@dg.asset(group_name="published", deps=[loaded_documents], retry_policy=RETRIES)
@without_values
def published_statistics(office: Office) -> Result:
    """The masked snapshot for analysts, as DuckDB and Parquet."""
    with office.desk() as desk:
        rows = desk.publish()
    return Result(metadata=counts({f"rows_{name}": int(n) for name, n in rows.items()}))
