"""What somebody at the desk may see and do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """One role a person: what it may open stands in ``pipeline/desk/access.py``."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
