"""What the assets need from the office, and the batch in hand."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import dagster as dg

from pipeline import settings as of_the_office
from pipeline.examine import batch_lock
from pipeline.examine.pool import ExaminationPool
from pipeline.settings import Settings
from pipeline.store.arrivals.batch_steps import BatchSteps
from pipeline.store.client import DeskClient


class Office(dg.ConfigurableResource[None]):
    """Doors to the installation. It holds no state, so that nothing of it is ever stored."""

    @property
    def settings(self) -> Settings:
        """The settings of this installation."""
        return of_the_office.current()

    def desk(self) -> DeskClient:
        """A connection to the desk."""
        return DeskClient.of(self.settings)

    def pool(self) -> ExaminationPool:
        """Workers for the examination, to be closed by whoever asked."""
        return ExaminationPool(self.settings)

    def steps(self, batch_id: str) -> BatchSteps:
        """What can be done with a claimed batch."""
        return BatchSteps(self.settings, batch_id)


class BatchInHand(dg.ConfigurableResource["BatchInHand"]):
    """The batch that this run is about; nobody else works on it meanwhile."""

    batch_id: str

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[BatchInHand]:
        """Hold the batch's lock for the run."""
        folder = of_the_office.current().work / self.batch_id
        if not folder.is_dir():  # the first asset says so in words
            yield self
            return
        with batch_lock.hold(folder):
            yield self


class NothingIsStored(dg.IOManager):
    """Assets pass identifiers through the batch's own files, never values through Dagster."""

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Refuse.

        Raises:
            TypeError: Always.
        """
        raise TypeError("an asset returned a value; values are not stored by Dagster")

    def load_input(self, context: dg.InputContext) -> None:
        """Refuse.

        Raises:
            TypeError: Always.
        """
        raise TypeError("an asset asked for a value; values are not stored by Dagster")
