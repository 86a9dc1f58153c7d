"""What the orchestrator and the commands ask of the desk, with the service token."""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from pipeline.desk import accounts
from pipeline.desk.context import Desk, desk_of
from pipeline.domain.errors import InputError, PolicyError
from pipeline.domain.roles import Role
from pipeline.forms.catalogue import Catalogue
from pipeline.store.arrivals import arrow_schema
from pipeline.store.arrivals.releases import DiscardReason
from pipeline.store.auditing.audit import SYSTEM
from pipeline.store.auditing.audit_seals import AuditSeal
from pipeline.store.auditing.incidents import Reach
from pipeline.store.measuring.verified import form_finder
from pipeline.vault import read_service_token
from pipeline.vault.packages import recipient_key

router = APIRouter()
DeskNow = Annotated[Desk, Depends(desk_of)]


def checked_token(request: Request, desk: DeskNow) -> None:
    """Let only the holder of the service token in.

    The file is read each time, so that a rotated token counts at once.

    Raises:
        PolicyError: ``TOKEN_WRONG`` (HTTP 401).
    """
    given = request.headers.get("authorization", "")
    wanted = f"Bearer {read_service_token(desk.settings.keys)}"
    if not secrets.compare_digest(given.encode(), wanted.encode()):
        raise PolicyError(
            "TOKEN_WRONG",
            ja="サービストークンが正しくありません。",
            en="The service token is missing or wrong.",
        )


class NewUser(BaseModel):
    """An account to add."""

    name: str
    role: Role
    by_directory: bool = False


@router.get("/health")
def health(desk: DeskNow) -> dict[str, str]:
    """Whether the desk answers."""
    return {"status": "ok" if desk.store else "starting"}


@router.post("/ingest/{batch_id}", dependencies=[Depends(checked_token)])
async def ingest(request: Request, batch_id: str, desk: DeskNow) -> dict[str, Any]:
    """Load an Arrow batch, once."""
    content = await request.body()
    return await run_in_threadpool(_load, desk, batch_id, content)


def _load(desk: Desk, batch_id: str, content: bytes) -> dict[str, Any]:
    named, _ = arrow_schema.decode(content)
    if named != batch_id:
        raise InputError(
            "BATCH_MALFORMED",
            ja="アドレスとデータのバッチ識別子が異なります。",
            en="The address names another batch than the data.",
        )
    return dataclasses.asdict(desk.store.load(content))


@router.post("/service/publish", dependencies=[Depends(checked_token)])
def publish(desk: DeskNow) -> dict[str, int]:
    """Write the masked snapshot."""
    return desk.store.publish(desk.settings.published)


class PurgeRequest(BaseModel):
    """What a purge is asked to do."""

    dry_run: bool = False
    confirmed_day: dt.date | None = None


class HoldRequest(BaseModel):
    """A legal hold to set, or to lift where there is no reason."""

    document_id: str
    reason: str | None = None


@router.post("/service/purge", dependencies=[Depends(checked_token)])
def purge(asked: PurgeRequest, desk: DeskNow) -> dict[str, Any]:
    """Destroy what is due, or count it."""
    report = desk.store.purging(desk.settings).run(
        SYSTEM, dry_run=asked.dry_run, confirmed_day=asked.confirmed_day
    )
    return report.as_dict()


@router.get("/service/holds", dependencies=[Depends(checked_token)])
def holds(desk: DeskNow) -> dict[str, list[dict[str, Any]]]:
    """Every hold there ever was."""
    return {"holds": [hold.as_dict() for hold in desk.store.holds.all()]}


@router.post("/service/holds", dependencies=[Depends(checked_token)])
def change_hold(asked: HoldRequest, desk: DeskNow) -> dict[str, bool]:
    """Set a hold, or lift it."""
    if asked.reason is None:
        return {"changed": desk.store.holds.lift(SYSTEM, asked.document_id)}
    return {"changed": desk.store.holds.set(SYSTEM, asked.document_id, asked.reason)}


class SealFacts(BaseModel):
    """A seal of the audit that was exported earlier."""

    day: str
    sealed_at: str
    seq: int
    mark: str
    previous: str
    seal: str


class DiscardRequest(BaseModel):
    """A file in quarantine that nothing more is to be done with, and why."""

    file: str
    reason: DiscardReason


class ReleaseRequest(BaseModel):
    """A file in quarantine that is to be examined again."""

    file: str


@router.get("/service/quarantine", dependencies=[Depends(checked_token)])
def quarantined(desk: DeskNow) -> dict[str, list[dict[str, Any]]]:
    """Every file in quarantine that waits."""
    waiting = desk.store.releases(desk.settings).waiting()
    return {"files": [held.as_dict() for held in waiting]}


@router.post("/service/quarantine/release", dependencies=[Depends(checked_token)])
def release(asked: ReleaseRequest, desk: DeskNow) -> dict[str, str]:
    """Give a file in quarantine to the inbox again."""
    desk.store.releases(desk.settings).release(SYSTEM, asked.file)
    return {"file": asked.file, "done": "release"}


@router.post("/service/quarantine/discard", dependencies=[Depends(checked_token)])
def discard(asked: DiscardRequest, desk: DeskNow) -> dict[str, str]:
    """Let go of a file in quarantine, with a reason."""
    desk.store.releases(desk.settings).discard(SYSTEM, asked.file, asked.reason)
    return {"file": asked.file, "done": "discard"}


@router.post("/service/audit/verify", dependencies=[Depends(checked_token)])
def verify_audit(exported: list[SealFacts], desk: DeskNow) -> dict[str, Any]:
    """Check the audit against its seals."""
    seals = tuple(AuditSeal(**facts.model_dump()) for facts in exported)
    found = desk.store.audit_seals.verify(seals)
    return {
        "rows": found.rows,
        "seals": found.seals,
        "faults": [{"fault": str(kind), "where": where} for kind, where in found.faults],
    }


@router.post("/service/audit/seal", dependencies=[Depends(checked_token)])
def audit_seal(desk: DeskNow) -> dict[str, Any]:
    """Seal the audit as it stands."""
    return dataclasses.asdict(desk.store.audit_seals.renew())


@router.get("/service/audit/report", dependencies=[Depends(checked_token)])
def audit_report(desk: DeskNow, days: Annotated[int, Query(ge=1, le=3660)]) -> dict[str, Any]:
    """The reports over so many days."""
    return desk.store.audit_report(days).as_dict()


class HandoverRequest(BaseModel):
    """For whom a package is, and how much may be in it."""

    recipient_pem: str
    limit: int = Field(default=1000, ge=1, le=10_000)
    again: str | None = None


class IncidentRequest(BaseModel):
    """What an incident is about; times in UTC."""

    since: dt.datetime
    until: dt.datetime
    person: str | None = None
    batch_id: str | None = None


@router.post("/service/handover", dependencies=[Depends(checked_token)])
def hand_over(asked: HandoverRequest, desk: DeskNow) -> dict[str, Any]:
    """Pack what is ready for the card-issuing system."""
    recipient = recipient_key(asked.recipient_pem.encode())
    handovers = desk.store.handovers(desk.settings)
    made = handovers.make(SYSTEM, recipient, limit=asked.limit, again=asked.again)
    return made.as_dict() if made else {"documents": 0}


@router.post("/service/incident", dependencies=[Depends(checked_token)])
def incident(asked: IncidentRequest, desk: DeskNow) -> dict[str, Any]:
    """What an incident touched: identifiers and kinds, no value."""
    return desk.store.affected(
        SYSTEM, Reach(_naive(asked.since), _naive(asked.until), asked.person, asked.batch_id)
    )


def _naive(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment


@router.get("/service/totals", dependencies=[Depends(checked_token)])
def totals(desk: DeskNow) -> dict[str, dict[str, int]]:
    """Counts over everything."""
    return desk.store.figures.totals()


@router.get("/service/batches/{batch_id}", dependencies=[Depends(checked_token)])
def batch(batch_id: str, desk: DeskNow) -> dict[str, Any]:
    """One batch's figures."""
    found = next((b for b in desk.store.figures.batches(10_000) if b.batch_id == batch_id), None)
    if found is None:
        raise InputError("NOT_FOUND", ja="そのバッチはありません。", en="There is no such batch.")
    figures = dataclasses.asdict(found)
    figures["loaded_at"] = f"{found.loaded_at.isoformat(timespec='seconds')}Z"
    return {**figures, "reconciles": found.reconciles}


@router.get("/service/verified-readings", dependencies=[Depends(checked_token)])
def verified_readings(desk: DeskNow) -> dict[str, list[dict[str, Any]]]:
    """Confidence and right or wrong of readings keyed blind: numbers, no value, no document."""
    found = desk.store.verified_readings(form_finder(Catalogue.load(desk.settings.site_forms)))
    return {"verified": [one.as_dict() for one in found]}


@router.get("/service/users", dependencies=[Depends(checked_token)])
def users(desk: DeskNow) -> dict[str, list[dict[str, Any]]]:
    """All accounts."""
    return {"users": accounts.listed(desk.store)}


@router.post("/service/users", dependencies=[Depends(checked_token)])
def add_user(new: NewUser, desk: DeskNow) -> dict[str, str]:
    """Add an account, with a one-time password unless the directory proves it."""
    return accounts.add(desk.store, SYSTEM, new.name, new.role, by_directory=new.by_directory)


class AccountChange(BaseModel):
    """Whose account, and its new role where it gets one."""

    name: str
    role: Role | None = None


@router.post("/service/users/{change}", dependencies=[Depends(checked_token)])
def change_user(change: accounts.Change, whose: AccountChange, desk: DeskNow) -> dict[str, str]:
    """Change an account; a reset answers with the new one-time password."""
    return accounts.change(desk.store, SYSTEM, change, whose.name, whose.role)
