"""Which role may open which page, and where each begins its day."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.domain.roles import Role

REVIEW = (Role.REVIEWER, Role.SUPERVISOR)
DOCUMENTS = (Role.OPERATOR, Role.REVIEWER, Role.SUPERVISOR, Role.AUDITOR)
REVEAL = (Role.REVIEWER, Role.SUPERVISOR)
THROUGHPUT = (Role.OPERATOR, Role.SUPERVISOR, Role.ANALYST, Role.AUDITOR, Role.ADMINISTRATOR)
BATCHES = (Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR)
DROP = (Role.OPERATOR, Role.SUPERVISOR)
RELEASE = (Role.SUPERVISOR,)
QUALITY = (Role.SUPERVISOR, Role.AUDITOR)
FORMS = (Role.SUPERVISOR,)
AUDIT = (Role.AUDITOR, Role.SUPERVISOR)
WORK = (Role.SUPERVISOR,)
USERS = (Role.ADMINISTRATOR,)


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A page in the menu; its label is the message ``menu.<name>``."""

    name: str
    address: str
    roles: tuple[Role, ...]


MENU = (
    MenuItem("queue", "/queue", REVIEW),
    MenuItem("work", "/assignments", WORK),
    MenuItem("documents", "/documents", DOCUMENTS),
    MenuItem("batches", "/batches", BATCHES),
    MenuItem("rescans", "/rescans", BATCHES),
    MenuItem("throughput", "/throughput", THROUGHPUT),
    MenuItem("quality", "/quality", QUALITY),
    MenuItem("forms", "/forms", FORMS),
    MenuItem("audit", "/audit", AUDIT),
    MenuItem("users", "/users", USERS),
)


def menu_for(role: Role) -> list[MenuItem]:
    """The pages that a role may open."""
    return [item for item in MENU if role in item.roles]


def first_page(role: Role) -> str:
    """Where a role begins after log-in."""
    return menu_for(role)[0].address
