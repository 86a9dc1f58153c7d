"""Asset checks: nothing lost, pages well registered, flags as usual, nothing personal in here."""

import math
from collections.abc import Mapping

import dagster as dg

from assets.batch import examined_documents, loaded_documents
from assets.quiet import counts, is_harmless, without_values
from assets.resources import BatchInHand, Office
from pipeline.imaging.gate import MAX_RESIDUAL_PX

WEEKS_COMPARED_RUNS = 200
"""Materialisations looked back on: at up to 200 batches a day this is a day; at ten, weeks."""

FEWEST_DOCUMENTS = 200
"""Below this many earlier documents a share says nothing yet."""

UNUSUAL_SIGMAS = 4.0

_METADATA_EVENTS = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_OBSERVATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}
Figures = Mapping[str, object]


@dg.asset_check(asset=loaded_documents, blocking=True)
@without_values
def every_scan_accounted_for(office: Office, batch: BatchInHand) -> dg.AssetCheckResult:
    """Files claimed = loaded + duplicate + quarantined, by the manifest and by the ledger."""
    account = office.steps(batch.batch_id).account()
    with office.desk() as desk:
        ledger = desk.batch(batch.batch_id)
    stored = {name: int(ledger[name]) for name in ("arrivals", "loaded", "duplicate")}
    quarantined = int(ledger["quarantined_files"])
    agree = (
        account.balanced
        and stored["arrivals"] == account.files_in
        and stored["loaded"] == account.scans
        and stored["duplicate"] == account.duplicates
        and quarantined == account.quarantined
    )
    return dg.AssetCheckResult(
        passed=agree,
        metadata=counts(
            {
                "batch": batch.batch_id,
                "files_claimed": account.files_in,
                "without_outcome": account.waiting,
                "in_ledger": stored["arrivals"],
                "loaded": stored["loaded"],
                "duplicates": stored["duplicate"],
                "quarantined": quarantined,
            }
        ),
    )


@dg.asset_check(asset=loaded_documents)
@without_values
def counts_reconcile(office: Office, batch: BatchInHand) -> dg.AssetCheckResult:
    """What people counted, on paper or on separator sheets, is what came in."""
    summary, counted = office.steps(batch.batch_id).counts()
    wrong = [one for one in counted if not one.agrees]
    return dg.AssetCheckResult(
        passed=not wrong and summary.unreconciled == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=counts(
            {
                "batch": batch.batch_id,
                "counts_given": len(counted),
                "counts_wrong": len(wrong),
                "expected": sum(one.expected or 0 for one in counted),
                "found": sum(one.found for one in counted),
                "separators_unreconciled": summary.unreconciled,
            }
        ),
    )


@dg.asset_check(asset=examined_documents)
def pages_are_well_registered(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """The typical residual is far below the gate; rising, it says that paper or scanner changed."""
    figures = _recent(context.instance, 1)
    median = _number(figures[0], "residual_px_median") if figures else 0.0
    limit = MAX_RESIDUAL_PX / 2
    return dg.AssetCheckResult(
        passed=median <= limit,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=counts({"residual_px_median": median, "limit_px": limit}),
    )


@dg.asset_check(asset=examined_documents)
def flags_are_as_usual(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """The share of documents with a finding, and of those accepted, is that of earlier batches."""
    figures = _recent(context.instance, WEEKS_COMPARED_RUNS)
    now, before = (figures[0], figures[1:]) if figures else ({}, [])
    deviations = {
        name: deviation_sigmas(now, before, name) for name in ("flagged_documents", "unrecognised")
    }
    return dg.AssetCheckResult(
        passed=all(abs(d) <= UNUSUAL_SIGMAS for d in deviations.values()),
        severity=dg.AssetCheckSeverity.WARN,
        metadata=counts({f"{name}_sigmas": round(d, 2) for name, d in deviations.items()}),
    )


@dg.asset_check(asset=loaded_documents)
def nothing_personal_in_metadata(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """What this run put into Dagster's storage is numbers and identifiers only."""
    seen, strange = 0, 0
    for entry in context.instance.all_logs(context.run.run_id, of_type=_METADATA_EVENTS):
        for value in _metadata_of(entry):
            seen += 1
            strange += not is_harmless(value)
    return dg.AssetCheckResult(
        passed=strange == 0, metadata=counts({"entries": seen, "not_harmless": strange})
    )


def deviation_sigmas(now: Figures, before: list[Figures], name: str) -> float:
    """How far a batch's share lies from the earlier share, in standard deviations of its size.

    Zero where there is too little to compare with.
    """
    documents = _number(now, "documents")
    earlier = sum(_number(f, "documents") for f in before)
    if not documents or earlier < FEWEST_DOCUMENTS:
        return 0.0
    # One imagined case each way keeps a share of 0 or 1 from making any deviation infinite.
    expected = (sum(_number(f, name) for f in before) + 1) / (earlier + 2)
    spread = math.sqrt(expected * (1 - expected) * (1 / documents + 1 / earlier))
    return (_number(now, name) / documents - expected) / spread


def _recent(instance: dg.DagsterInstance, limit: int) -> list[Figures]:
    """Figures of the newest examinations, newest first."""
    found = instance.fetch_materializations(examined_documents.key, limit=limit)
    return [
        {name: entry.value for name, entry in record.asset_materialization.metadata.items()}
        for record in found.records
        if record.asset_materialization is not None
    ]


def _metadata_of(entry: dg.EventLogEntry) -> list[object]:
    event = entry.dagster_event
    data = event.event_specific_data if event else None
    holder = getattr(data, "materialization", None) or getattr(data, "asset_observation", data)
    return [value.value for value in getattr(holder, "metadata", {}).values()]


def _number(figures: Figures, name: str) -> float:
    value = figures.get(name, 0)
    return float(value) if isinstance(value, int | float) else 0.0
