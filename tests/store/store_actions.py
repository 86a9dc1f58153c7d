"""What people and batches do to a store, in one word each."""

from __future__ import annotations

from examination_fixtures import ADDRESS, NAME, NUMBER, PIN

from pipeline.store.arrivals import arrow_schema
from pipeline.store.arrivals.records import Arrival
from pipeline.store.auditing.audit import Actor
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.decisions import Action, Decision
from pipeline.store.reviewing.queue import Task

ANNA, BEN, CHIYO = (Actor(name, "reviewer") for name in ("anna", "ben", "chiyo"))
SECRETS = (NUMBER, NAME, ADDRESS, PIN, "123456789011")


def load(store: DuckDBStore, batch_id: str, *arrivals: Arrival) -> None:
    store.load(arrow_schema.encode(batch_id, arrivals))


def next_task(store: DuckDBStore, actor: Actor) -> Task:
    task = store.queue.claim_next(actor, 10)
    assert task is not None
    return task


def decide(
    store: DuckDBStore, actor: Actor, task: Task, action: Action, value: str | None = None
) -> str:
    return store.decide(actor, task.task_id, Decision(action, task.ver, value))


def outcome_of(store: DuckDBStore, document: str) -> str | None:
    found = store.documents.document(document)
    assert found is not None
    return found.outcome
