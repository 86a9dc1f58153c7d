"""Pages from templates, with what every template needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.desk import access
from pipeline.desk.context import desk_behind, words_of
from pipeline.desk.keys import keys_of
from pipeline.desk.language import Words
from pipeline.desk.reasons import told
from pipeline.domain.finding_messages import message
from pipeline.domain.finding_rules import rule
from pipeline.domain.photos import figure_text
from pipeline.store.clock import in_japan, utc_now
from pipeline.store.reviewing.documents import StoredFinding
from pipeline.store.staff.people import Session

HERE = Path(__file__).parent
_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,  # templates are part of the program: looking for new ones costs every page
)


def _clock(moment: dt.datetime | None) -> str:
    return in_japan(moment).strftime("%Y-%m-%d %H:%M") if moment else "—"


def _age(t: Words, moment: dt.datetime | None) -> str:
    if moment is None:
        return "—"
    minutes = max(0, int((utc_now() - moment).total_seconds() // 60))
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    if days:
        return t("age.days", days=days, hours=hours)
    return t("age.hours", hours=hours, minutes=minutes) if hours else t("age.minutes", n=minutes)


def _grouped(findings: Sequence[StoredFinding]) -> list[tuple[StoredFinding, list[int]]]:
    """Each finding once, with the positions (from 1) of all that say the same."""
    groups: dict[tuple[str, str | None], tuple[StoredFinding, list[int]]] = {}
    for one in findings:
        _, positions = groups.setdefault((one.code, one.field), (one, []))
        if one.position is not None:
            positions.append(one.position + 1)
    return list(groups.values())


_environment.globals |= {"message": message, "told": told, "rule": rule, "age": _age}
_environment.globals |= {"keys_of": keys_of}
_environment.filters |= {"clock": _clock, "grouped": _grouped, "figure": figure_text}


def page(
    request: Request,
    template: str,
    session: Session | None = None,
    status: int = 200,
    **context: Any,
) -> HTMLResponse:
    """A rendered page or part of one."""
    t = words_of(request)
    content = _environment.get_template(template).render(
        t=t,
        session=session,
        menu=access.menu_for(session.person.role)
        if session and not session.person.must_change
        else [],
        here=request.url.path,
        idle_s=60 * desk_behind(request).settings.idle_minutes,
        **context,
    )
    return HTMLResponse(content, status_code=status)


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request") == "true"
