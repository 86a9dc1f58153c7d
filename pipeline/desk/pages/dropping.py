"""Scans from the browser to the inbox: received aside, file by file, then handed over together.

A file comes as the plain body of a request and goes to the inbox's own disk as it comes; nothing
of it is spooled elsewhere. The sender's file names stay in the browser.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool

from pipeline.desk import access
from pipeline.desk.context import Desk, checked_csrf, checked_csrf_header, desk_of, with_role
from pipeline.domain.documents import Channel
from pipeline.domain.errors import PolicyError
from pipeline.domain.roles import Role
from pipeline.intake.drops import Drop, Drops
from pipeline.intake.originals import scan_id_of
from pipeline.store.staff.people import Session

router = APIRouter(prefix="/drops")
FILE_ADDRESS = re.compile(r"/drops/[0-9a-f]{16}/files", re.ASCII)
DeskNow = Annotated[Desk, Depends(desk_of)]
Dropper = Annotated[Session, Depends(with_role(*access.DROP))]
WRITE_BYTES = 1 << 20


@router.post("", dependencies=[Depends(checked_csrf)])
def begin(
    desk: DeskNow,
    session: Dropper,
    channel: Annotated[Channel, Form()],
    expected: Annotated[int | None, Form(ge=0, le=1_000_000)] = None,
    target: Annotated[str, Form(max_length=120)] = "",
) -> dict[str, Any]:
    """Open a drop; ``target`` names what its one file is a new scan of."""
    if target:
        channel = Channel(desk.store.rescans.find(target).channel)
    drop = Drops(desk.settings).begin(session.person.user_id, channel, expected, target)
    return {"drop": drop.drop_id}


@router.put("/{drop_id}/files", dependencies=[Depends(checked_csrf_header)])
async def receive(
    request: Request, desk: DeskNow, session: Dropper, drop_id: str
) -> dict[str, int]:
    """Take one file in; returns how many whole files the drop has now."""
    drops = Drops(desk.settings)
    drop = await run_in_threadpool(_own, drops, session, drop_id)
    receiver = await run_in_threadpool(drops.receive, drop)
    try:
        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= WRITE_BYTES:
                await run_in_threadpool(receiver.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(receiver.write, bytes(waiting))
        await run_in_threadpool(receiver.finish)
    finally:
        receiver.close()
    return {"files": drop.files + 1}


@router.post("/{drop_id}/finish", dependencies=[Depends(checked_csrf)])
def finish(desk: DeskNow, session: Dropper, drop_id: str) -> dict[str, int]:
    """Hand everything over to the inbox."""
    drops = Drops(desk.settings)
    drop = _own(drops, session, drop_id)
    if drop.target:
        for path in drops.files(drop):
            with path.open("rb") as source:
                scan_id = scan_id_of(desk.store.vault, source)
            desk.store.rescans.send(session.person.actor, drop.target, scan_id)
    files = drops.hand_over(drop)
    desk.store.audit.note(
        session.person.actor, "inbox.drop", f"channel:{drop.channel}", detail=f"files:{files}"
    )
    return {"files": files}


@router.post("/{drop_id}/discard", dependencies=[Depends(checked_csrf)])
def discard(desk: DeskNow, session: Dropper, drop_id: str) -> dict[str, int]:
    """Throw away what was received and not handed over."""
    drops = Drops(desk.settings)
    drop = _own(drops, session, drop_id)
    drops.discard(drop)
    desk.store.audit.note(
        session.person.actor, "inbox.discard", f"channel:{drop.channel}",
        detail=f"files:{drop.files}",
    )  # fmt: skip
    return {"files": drop.files}


def _own(drops: Drops, session: Session, drop_id: str) -> Drop:
    """The drop, where it is this person's; a supervisor may finish what another left.

    Raises:
        PolicyError: ``DROP_NOT_YOURS``.
    """
    drop = drops.get(drop_id)
    person = session.person
    if drop.user_id != person.user_id and person.role != Role.SUPERVISOR:
        raise PolicyError(
            "DROP_NOT_YOURS",
            ja="ほかの人が入れているファイルです。",
            en="These files are being dropped by somebody else.",
        )
    return drop
