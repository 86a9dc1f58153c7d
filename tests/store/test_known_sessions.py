"""Sessions are remembered between requests, and forgotten at once when one of them changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.domain.errors import InputError
from pipeline.store.auditing.audit import SYSTEM
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.staff.people import Role, Session, mark_of

IDLE_MINUTES = 30


def log_in(store: DuckDBStore, name: str = "anna") -> str:
    person = store.people.add(SYSTEM, name, Role.REVIEWER, "hash")
    store.people.set_password(person, "hash")
    return store.people.log_in(person)[0]


def session(store: DuckDBStore, token: str) -> Session | None:
    return store.people.session(token, IDLE_MINUTES)


CHANGES: dict[str, Callable[[DuckDBStore], None]] = {
    "disabled": lambda store: store.accounts.disable(SYSTEM, "anna"),
    "password reset": lambda store: store.accounts.reset_password(SYSTEM, "anna", "new"),
    "another role": lambda store: store.accounts.change_role(SYSTEM, "anna", Role.ANALYST),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_account_ends_a_remembered_session_at_once(
    store: DuckDBStore, change: str
) -> None:
    token = log_in(store)
    assert session(store, token) is not None
    CHANGES[change](store)
    assert session(store, token) is None


def test_an_own_new_password_or_a_log_out_ends_it_too(store: DuckDBStore) -> None:
    token = log_in(store)
    known = session(store, token)
    assert known is not None
    store.people.set_password(known.person, "new")
    assert session(store, token) is None
    token, _ = store.people.log_in(known.person)
    assert session(store, token) is not None
    store.people.end(mark_of(token))
    assert session(store, token) is None


def test_wrong_passwords_are_counted_on_the_remembered_person(store: DuckDBStore) -> None:
    token = log_in(store)
    for failures in range(3):
        known = session(store, token)
        assert known is not None and known.person.failures == failures
        store.people.note_failure(known.person)


def test_what_was_read_before_a_change_is_not_kept_after_it(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = log_in(store)
    looked_up = store.people._looked_up

    def slowly(token_mark: str) -> Session | None:
        found = looked_up(token_mark)
        store.accounts.disable(SYSTEM, "anna")  # between the reading and the keeping
        return found

    monkeypatch.setattr(store.people, "_looked_up", slowly)
    session(store, token)
    monkeypatch.undo()
    assert session(store, token) is None


def test_a_transaction_inside_another_is_part_of_it(store: DuckDBStore) -> None:
    before = store.audit.head()
    with pytest.raises(InputError), store._database.writing():
        store.audit.note(SYSTEM, "batch.load", "batch:a")
        store.people.add(SYSTEM, "not a name", Role.REVIEWER, "hash")
    assert store.audit.head() == before
    store.audit.note(SYSTEM, "batch.load", "batch:b")
    assert store.audit.first_broken() is None
    assert [row.subject for row in store.audit.rows(limit=1)] == ["batch:b"]
