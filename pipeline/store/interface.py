"""What any store can do. DuckDB is one; a store for many machines would be another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pipeline.settings import Settings
from pipeline.store.arrivals.loading import LoadResult
from pipeline.store.arrivals.rescans import Rescans
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.auditing.audit_reports import AuditReport
from pipeline.store.auditing.audit_seals import AuditSeals
from pipeline.store.auditing.incidents import Reach
from pipeline.store.ending.handover import Handovers
from pipeline.store.ending.holds import Holds
from pipeline.store.ending.purging import Purging
from pipeline.store.measuring.figures import Figures
from pipeline.store.measuring.verified import FormOf, Verified
from pipeline.store.reviewing.assignments import Assignments
from pipeline.store.reviewing.carpets import Carpets
from pipeline.store.reviewing.decisions import Decision
from pipeline.store.reviewing.documents import Documents
from pipeline.store.reviewing.notes import Notes
from pipeline.store.reviewing.queue import Queue, Task
from pipeline.store.reviewing.reopening import Reopening
from pipeline.store.reviewing.undoing import Undoing
from pipeline.store.staff.accounts import Accounts
from pipeline.store.staff.people import People


class Store(Protocol):
    """Everything the desk asks of its store."""

    @property
    def queue(self) -> Queue:
        """Tasks and their leases."""

    @property
    def carpets(self) -> Carpets:
        """Uncertain characters side by side."""

    @property
    def undoing(self) -> Undoing:
        """Taking back one's last decision."""

    @property
    def reopening(self) -> Reopening:
        """Opening decided documents again."""

    @property
    def documents(self) -> Documents:
        """Documents, masked and opened."""

    @property
    def people(self) -> People:
        """Accounts and sessions."""

    @property
    def accounts(self) -> Accounts:
        """Changes to accounts."""

    @property
    def assignments(self) -> Assignments:
        """Who works on what."""

    @property
    def notes(self) -> Notes:
        """Notes on documents."""

    @property
    def figures(self) -> Figures:
        """Counts and times."""

    @property
    def rescans(self) -> Rescans:
        """What is to be scanned again."""

    @property
    def audit(self) -> Audit:
        """The chained record."""

    def load(self, content: bytes) -> LoadResult:
        """Load an Arrow batch, once."""

    def decide(self, actor: Actor, task_id: str, decision: Decision) -> str:
        """Take a decision on a task."""

    def decide_and_claim(
        self,
        actor: Actor,
        task_id: str,
        decision: Decision,
        lease_minutes: int,
        on_claim: Callable[[Task], None],
    ) -> Task | None:
        """Take a decision and lease the next task."""

    def verified_readings(self, form_of: FormOf) -> list[Verified]:
        """Readings keyed blind, right or wrong."""

    def publish(self, folder: Path) -> dict[str, int]:
        """Write the masked snapshot."""

    @property
    def audit_seals(self) -> AuditSeals:
        """Seals on the record."""

    @property
    def holds(self) -> Holds:
        """Legal holds."""

    def purging(self, settings: Settings) -> Purging:
        """What destroys data whose clock has run out."""

    def handovers(self, settings: Settings) -> Handovers:
        """What makes packages for the card-issuing system."""

    def affected(self, actor: Actor, reach: Reach) -> dict[str, Any]:
        """What an incident touched."""

    def audit_report(self, days: int) -> AuditReport:
        """Access by person, unusual days, exports and deletions."""

    def close(self) -> None:
        """Put everything on disk and let go."""
