"""Times as the store keeps them: UTC, without a zone."""

from __future__ import annotations

import datetime as dt

JAPAN = dt.timezone(dt.timedelta(hours=9))


def utc_now() -> dt.datetime:
    """Now, in UTC, without a zone."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def in_japan(moment: dt.datetime) -> dt.datetime:
    """A stored time as the clock on the wall showed it."""
    return moment.replace(tzinfo=dt.UTC).astimezone(JAPAN)
