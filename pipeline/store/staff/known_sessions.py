"""Sessions that were looked up already: every request asks for one, and few ever change."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.store.staff.people import Session


class KnownSessions:
    """Remembers sessions, in memory only, until anything about accounts or sessions changes.

    Whoever changes an account or a session calls ``forget`` once that is committed. What was read
    before and arrives after it is not kept, so nobody stays logged in by a late reader.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._changes = 0
        self._known: dict[str, Session] = {}

    @property
    def changes(self) -> int:
        """How often something changed: noted before reading, given back with what was read."""
        return self._changes

    def get(self, token_mark: str) -> Session | None:
        """A session that is known."""
        return self._known.get(token_mark)

    def keep(self, session: Session, changes: int) -> None:
        """Remember a session, unless something changed since it was read."""
        with self._guard:
            if changes == self._changes:
                self._known[session.token_mark] = session

    def forget(self) -> None:
        """Look everybody up again."""
        with self._guard:
            self._changes += 1
            self._known = {}
