"""The steps of one batch, from its claimed files to the desk. Each can run again at any time.

What a step did stands in the batch's own manifest and in sealed files beside it, so that a step
that was killed goes on where it was and a step that was done does nothing. Whoever orchestrates
the steps learns counts only.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.domain.documents import FormName, Route
from pipeline.domain.errors import DefectError
from pipeline.domain.findings import Severity
from pipeline.examine import progress
from pipeline.examine.pool import ExaminationPool, FileResult, FileToExamine
from pipeline.examine.pool_worker import UNEXPECTED
from pipeline.examine.progress import Progress
from pipeline.forms.catalogue import Catalogue
from pipeline.intake.batches import Account, Batch, note_stop
from pipeline.intake.manifest import Event, FileRecord
from pipeline.settings import Settings
from pipeline.store.arrivals import arrow_schema, staging, summaries
from pipeline.store.arrivals.reconciliation import Reconciled, reconcile
from pipeline.store.arrivals.records import Arrival, Outcome
from pipeline.store.arrivals.sealing import seal_document
from pipeline.store.arrivals.summaries import BatchSummary
from pipeline.store.client import DeskClient
from pipeline.vault import Vault


@dataclass(frozen=True, slots=True)
class ExaminationFigures:
    """What the examination of a batch came to; residuals in pixels at 300 dpi."""

    documents: int
    pages: int
    seconds: float
    registered: int
    residual_px_median: float
    residual_px_worst: float
    unrecognised: int
    flagged_documents: int
    machine_accepted: int

    @property
    def pages_per_second(self) -> float:
        """Pages examined in a second, decoding and all."""
        return round(self.pages / self.seconds, 3) if self.seconds else 0.0


class BatchSteps:
    """One batch and what is to be done with it.

    Raises:
        InputError: ``BATCH_NOT_FOUND``, ``KEY_MISSING``.
    """

    def __init__(self, settings: Settings, batch_id: str) -> None:
        self.batch_id = batch_id
        self._settings = settings
        self._vault = Vault.open(settings.keys)
        self._batch = Batch(batch_id, settings, self._vault)
        self._folder = settings.work / batch_id

    def account(self) -> Account:
        """What came in and what became of it so far."""
        return self._batch.account()

    def take_in(self) -> Account:
        """Open, count and seal every file; link duplicates, quarantine what cannot be opened."""
        progress.write(self._folder, Progress("pages", self.account().files_in))
        return self._batch.take_in()

    def pages(self) -> int:
        """Pages in the files that could be opened."""
        return sum(r.pages for r in self._batch.records() if r.outcome == Event.STORED)

    def examine(self, make_pool: Callable[[], ExaminationPool]) -> ExaminationFigures:
        """Examine every scan that is not examined yet; quarantine those that cannot be.

        Raises:
            DefectError: Where something of ours is missing, so that no file could be examined.
        """
        todo = self._batch.scans()
        by_scan = {record.scan_id: record for record in todo}
        catalogue = Catalogue.load(self._settings.site_forms)
        seen = Progress(
            "examined_documents", len(todo), seconds=progress.read(self._folder).seconds
        )
        progress.write(self._folder, seen)
        started = time.monotonic()
        with self._batch.in_hand(), make_pool() as pool:
            # A crash is counted against a file from the moment a ready worker gets it: a model
            # that is missing must not quarantine files.
            begin = self._batch.begin_examination
            for result in pool.examine(self._hand_out(todo), on_start=begin):
                self._keep(by_scan[result.scan_id], result, catalogue)
                seen = dataclasses.replace(
                    seen,
                    files_done=seen.files_done + 1,
                    documents=seen.documents + len(result.documents),
                )
                progress.write(self._folder, seen)
        seconds = seen.seconds + time.monotonic() - started
        progress.write(self._folder, dataclasses.replace(seen, seconds=seconds))
        return self._figures(seconds)

    def load(self, connect: Callable[[], DeskClient]) -> BatchSummary:
        """Send everything to the desk in one batch and note what became of it.

        Raises:
            InputError: ``DESK_NOT_RUNNING``, or what the desk found wrong.
            DefectError: ``RECORDS_MISSING``, ``DESK_FAILED``.
        """
        seen = progress.read(self._folder)
        progress.write(self._folder, dataclasses.replace(seen, stage="loaded_documents"))
        summary = summaries.read(self._settings.batches, self.batch_id)
        if summary is None:
            files_in = self.account().files_in
            arrivals = self._arrivals()
            with connect() as desk:
                desk.post_batch(self.batch_id, arrow_schema.encode(self.batch_id, arrivals))
            tallies = self._batch.tallies()
            summary = summaries.summarise(self.batch_id, files_in, arrivals, seen.seconds, tallies)
            summaries.write(self._settings.batches, summary)
        self._batch.finish()
        staging.clear(self._folder)
        return summary

    def counts(self) -> tuple[BatchSummary, tuple[Reconciled, ...]]:
        """The summary of a loaded batch, and what people counted beside what came in.

        Raises:
            DefectError: ``RECORDS_MISSING`` where it was not loaded yet.
        """
        summary = summaries.read(self._settings.batches, self.batch_id)
        if summary is None:
            raise _records_missing()
        return summary, reconcile(self._settings, summary)

    def note_stop(self) -> None:
        """Note that a person ended the work: nothing in hand has crashed."""
        note_stop(self._settings, self.batch_id)

    def _hand_out(self, records: tuple[FileRecord, ...]) -> Iterator[FileToExamine]:
        """Each file opened only when a worker is free for it."""
        for record in records:
            source = self._batch.read(record.scan_id)
            yield FileToExamine(record.scan_id, source, record.channel)

    def _keep(self, record: FileRecord, result: FileResult, catalogue: Catalogue) -> None:
        error = result.error
        if isinstance(error, DefectError) and error.code != UNEXPECTED:
            raise error  # ours, and the same for every file: no reason to quarantine them all
        if error is not None:
            self._batch.quarantine_scan(record.scan_id, error.code)
            return
        documents = []
        for document in result.documents:
            form, version = document.examination.form, document.examination.form_version
            documents.append(
                seal_document(
                    document,
                    vault=self._vault,
                    scan_id=record.scan_id,
                    crops_dir=self._settings.crops,
                    form=catalogue.get(form, version) if form and version else None,
                )
            )
        arrival = Arrival(
            scan_id=record.scan_id,
            channel=record.channel,
            outcome=Outcome.LOADED,
            received_at=_utc(record.at),
            pages=record.pages,
            documents=tuple(documents),
        )
        if any(d.form == FormName.REPLY_FORM for d in documents):
            self._batch.end_with_pins(record.scan_id)
        staging.put(self._folder, self.batch_id, arrival)
        self._batch.end_examination(record.scan_id, result.tally)

    def _arrivals(self) -> list[Arrival]:
        """What became of every file, in the order of the manifest: the same on every run."""
        return [
            self._staged(record) if record.outcome == Event.STORED else _not_loaded(record)
            for record in self._batch.records()
        ]

    def _staged(self, record: FileRecord) -> Arrival:
        arrival = staging.get(self._folder, record.scan_id)
        if arrival is None:
            raise _records_missing()
        return arrival

    def _figures(self, seconds: float) -> ExaminationFigures:
        """Counts of everything examined so far, whichever run examined it."""
        arrivals = [
            arrival
            for record in self._batch.records()
            if record.outcome == Event.STORED
            and (arrival := staging.get(self._folder, record.scan_id)) is not None
        ]
        documents = [d for a in arrivals for d in a.documents]
        residuals = [d.residual_px for d in documents if d.residual_px is not None]
        return ExaminationFigures(
            documents=len(documents),
            pages=sum(a.pages for a in arrivals),
            seconds=round(seconds, 1),
            registered=len(residuals),
            residual_px_median=round(statistics.median(residuals), 3) if residuals else 0.0,
            residual_px_worst=round(max(residuals), 3) if residuals else 0.0,
            unrecognised=sum(d.form is None for d in documents),
            flagged_documents=sum(
                any(f.severity != Severity.INFO for f in d.findings) for d in documents
            ),
            machine_accepted=sum(d.route == Route.ACCEPT for d in documents),
        )


def _records_missing() -> DefectError:
    return DefectError(
        "RECORDS_MISSING",
        ja="読み取り結果が見つかりません。",
        en="The records of an examined file are missing.",
        remedy_ja="管理者に知らせてください。原本は保管されています。",
        remedy_en="Tell your administrator. The original is kept.",
    )


def _not_loaded(record: FileRecord) -> Arrival:
    quarantined = record.outcome == Event.QUARANTINED
    return Arrival(
        scan_id=record.scan_id,
        channel=record.channel,
        outcome=Outcome.QUARANTINED if quarantined else Outcome.DUPLICATE,
        received_at=_utc(record.at),
        reason=record.code,
        pages=record.pages,
    )


def _utc(stamp: str) -> dt.datetime:
    """A manifest's time as the store keeps it: UTC without a zone."""
    return dt.datetime.fromisoformat(stamp).astimezone(dt.UTC).replace(tzinfo=None)
