"""The store over one encrypted DuckDB file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.settings import Settings
from pipeline.store import migrations
from pipeline.store.arrivals.loading import Loading, LoadResult
from pipeline.store.arrivals.releases import Releases
from pipeline.store.arrivals.repeats.applicants import BlindMarks
from pipeline.store.arrivals.rescans import Rescans
from pipeline.store.auditing import audit_reports, incidents
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.auditing.audit_reports import AuditReport
from pipeline.store.auditing.audit_seals import AuditSeals
from pipeline.store.auditing.incidents import Reach
from pipeline.store.database import Database
from pipeline.store.ending.handover import Handovers
from pipeline.store.ending.holds import Holds
from pipeline.store.ending.personal_files import PersonalFiles
from pipeline.store.ending.purging import Purging, rules_of
from pipeline.store.measuring import snapshot
from pipeline.store.measuring.figures import Figures
from pipeline.store.measuring.verified import FormOf, Verified, verified_readings
from pipeline.store.measuring.verified_cells import VerifiedField, verified_fields
from pipeline.store.reviewing.assignments import Assignments
from pipeline.store.reviewing.carpets import Carpets
from pipeline.store.reviewing.decisions import Decision, Decisions
from pipeline.store.reviewing.documents import Documents
from pipeline.store.reviewing.notes import Notes
from pipeline.store.reviewing.queue import Queue, Task
from pipeline.store.reviewing.reopening import Reopening
from pipeline.store.reviewing.undoing import Undoing
from pipeline.store.staff.accounts import Accounts
from pipeline.store.staff.directory_people import DirectoryPeople
from pipeline.store.staff.known_sessions import KnownSessions
from pipeline.store.staff.people import People
from pipeline.vault import Vault


class DuckDBStore:
    """Opens the file, brings it to the newest version, and owns it until ``close``."""

    def __init__(
        self,
        path: Path,
        vault: Vault,
        sample_rate: float = 0.0,
        *,
        seals: Path | None = None,
    ) -> None:
        """Open or make the store.

        Args:
            path: The DuckDB file.
            vault: Keys that are open.
            sample_rate: Share of accepted fields that are keyed blind.
            seals: Folder of the seals on the audit; beside the file where none is named.

        Raises:
            InputError: ``STORE_IN_USE``.
            DefectError: ``STORE_UNREADABLE``, ``STORE_TOO_NEW``, ``EXTENSION_MISSING``.
        """
        self._database = Database(path, vault.database_key())
        migrations.migrate(self._database)
        self.vault = vault
        self.audit = Audit(self._database, vault)
        self.audit_seals = AuditSeals(seals or path.parent / "seals", self.audit, vault)
        self._database.on_commit(self.audit_seals.keep_up)
        self.queue = Queue(self._database, self.audit)
        self.assignments = Assignments(self._database, self.audit, self.queue)
        self.documents = Documents(self._database, vault)
        self.notes = Notes(self._database, vault, self.audit)
        known = KnownSessions()
        self.people = People(self._database, self.audit, known)
        self.accounts = Accounts(self._database, self.audit, known)
        self.directory_people = DirectoryPeople(self._database, self.audit, known, self.people)
        self.figures = Figures(self._database)
        self.holds = Holds(self._database, self.audit)
        self.rescans = Rescans(self._database, self.audit)
        marks = BlindMarks(self._database)
        self._loading = Loading(self._database, self.audit, self.rescans, marks, sample_rate)
        self._decisions = Decisions(
            self._database, vault, self.audit, self.queue, self.documents, marks
        )
        self.reopening = Reopening(self._database, self.audit)
        self.undoing = Undoing(self._database, self.audit, self._decisions)
        self.carpets = Carpets(self._database, vault, self.audit, self.queue, self._decisions)

    @classmethod
    def of(cls, settings: Settings) -> DuckDBStore:
        """The store of an installation."""
        vault = Vault.open(settings.keys)
        rate = settings.blind_sample_rate
        return cls(settings.database, vault, rate, seals=settings.audit_seals)

    def load(self, content: bytes) -> LoadResult:
        """Load an Arrow batch, once; see ``Loading.load``."""
        return self._loading.load(content)

    def decide(self, actor: Actor, task_id: str, decision: Decision) -> str:
        """Take a decision on a task; see ``Decisions.decide``."""
        return self._decisions.decide(actor, task_id, decision)

    def decide_and_claim(
        self,
        actor: Actor,
        task_id: str,
        decision: Decision,
        lease_minutes: int,
        on_claim: Callable[[Task], None],
    ) -> Task | None:
        """Take a decision and lease the next task; None where none is left.

        All of it is one transaction, and so is what ``on_claim`` writes about the next task.
        """
        with self._database.writing():
            self._decisions.decide(actor, task_id, decision)
            task = self.queue.claim_next(actor, lease_minutes)
            if task is not None:
                on_claim(task)
            return task

    def verified_readings(self, form_of: FormOf) -> list[Verified]:
        """Readings keyed blind, right or wrong; see ``verified.verified_readings``."""
        return verified_readings(self._database, form_of)

    def verified_fields(self, settings: Settings) -> Iterator[VerifiedField]:
        """Boxed digits that people verified, in the clear; see ``verified_cells``."""
        numbers = settings.train_on_my_numbers
        return verified_fields(self._database, self.vault, settings.crops, with_numbers=numbers)

    def publish(self, folder: Path) -> dict[str, int]:
        """Write the masked snapshot; see ``snapshot.publish``."""
        return snapshot.publish(self._database, folder)

    def purging(self, settings: Settings) -> Purging:
        """What destroys data whose clock has run out, by the office's rules."""
        files = PersonalFiles.of(settings, self.vault)
        return Purging(self._database, self.audit, self.vault, files, rules_of(settings))

    def releases(self, settings: Settings) -> Releases:
        """What may be done with files in quarantine."""
        return Releases(self._database, self.audit, self.vault, settings)

    def handovers(self, settings: Settings) -> Handovers:
        """What makes packages for the card-issuing system."""
        return Handovers(self._database, self.vault, self.audit, self.documents, settings.crops)

    def affected(self, actor: Actor, reach: Reach) -> dict[str, Any]:
        """What an incident touched; see ``incidents.affected``."""
        return incidents.affected(self._database, self.audit, actor, reach)

    def audit_report(self, days: int) -> AuditReport:
        """Access by person, unusual days, exports and deletions; see ``audit_reports``."""
        return audit_reports.report(self._database, days)

    def close(self) -> None:
        """Put everything on disk, seal the audit as it stands, and let go."""
        self.audit_seals.renew()
        self._database.close()
