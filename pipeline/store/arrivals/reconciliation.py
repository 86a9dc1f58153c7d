"""What people counted against what came in: the same, or by how much not."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.domain.documents import Channel
from pipeline.intake.expectations import Expectation, Unit, expectations_of
from pipeline.settings import Settings
from pipeline.store.arrivals.summaries import BatchSummary


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One count of a person beside the machine's.

    Attributes:
        expected: None where the count could not be read.
        channel: The folder that was counted; None for all that came in.
    """

    unit: Unit
    channel: Channel | None
    expected: int | None
    found: int

    @property
    def difference(self) -> int | None:
        """Found less expected; None where the count could not be read."""
        return None if self.expected is None else self.found - self.expected

    @property
    def agrees(self) -> bool:
        """Whether as many came in as were counted."""
        return self.difference == 0


def reconcile(settings: Settings, summary: BatchSummary) -> tuple[Reconciled, ...]:
    """Every count that people gave for a batch, beside what came in."""
    return tuple(_beside(one, summary) for one in expectations_of(settings, summary.batch_id))


def _beside(one: Expectation, summary: BatchSummary) -> Reconciled:
    by_channel = summary.files_by_channel if one.unit == Unit.FILES else summary.items_by_channel
    if one.channel is None:
        found = sum(by_channel.values())
    else:
        found = by_channel.get(one.channel.value, 0)
    return Reconciled(one.unit, one.channel, one.number, found)
