"""Who somebody is, and what the directory's groups let them do.

Somebody is looked up first, by the desk's own account (or by nobody, where the directory lets
anybody look), and only somebody who may work here is asked for a password: so the desk is no way
to try passwords of everybody else, and the name that is bound is one that the directory gave.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.desk.directory import faults
from pipeline.domain.roles import Role
from pipeline.settings import Settings
from pipeline.vault import private_files

if TYPE_CHECKING:
    from pipeline.desk.directory.connection import Connection

# What directories call the name that an entry keeps for ever: OpenLDAP, Active Directory, 389
# Directory Server, FreeIPA. An account here belongs to it, for user names are given out again.
IDENTIFIERS = ("entryUUID", "objectGUID", "nsUniqueId", "ipaUniqueID")
_SPECIAL = re.compile(r"[\\*()\x00]|[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody in the directory."""

    dn: str
    identifier: str
    roles: tuple[Role, ...]


class Directory:
    """The directory of the settings; asks nothing before it is asked."""

    def __init__(self, settings: Settings) -> None:
        from pipeline.desk.directory.connection import Server

        self._settings = settings
        self._people = _required(settings.directory_people, "DIRECTORY_PEOPLE")
        self._roles = settings.directory_roles
        authority = _authority(settings.directory_ca)
        self._servers = [
            Server(url, authority, settings.directory_timeout_seconds)
            for url in _urls(settings.directory_url or "")
        ]
        _require_place(settings.directory_person_filter, "DIRECTORY_PERSON_FILTER", "{name}")
        _require_place(settings.directory_group_filter, "DIRECTORY_GROUP_FILTER", "{dn}", "{name}")
        self._bind_password()

    @staticmethod
    def of(settings: Settings) -> Directory | None:
        """The directory that is configured, or None.

        Raises:
            InputError: ``DIRECTORY_SETTING``, ``KEY_PERMISSIONS`` of the password's file.
        """
        return Directory(settings) if settings.directory_url else None

    def find(self, name: str) -> Entry | None:
        """Somebody by the name that they log in with.

        Raises:
            DirectoryError: The directory cannot be asked.
        """
        with self._opened() as connection:
            self._bind_desk(connection)
            wanted = self._settings.directory_person_filter.replace("{name}", escaped(name))
            found = connection.search(self._people, wanted, IDENTIFIERS)
            if not found:
                return None
            if len(found) > 1:
                raise faults.unsearchable()
            dn, attributes = found[0]
            return Entry(dn, _identifier(attributes), self._roles_of(connection, dn, name))

    def confirms(self, entry: Entry, password: str) -> bool:
        """Whether the directory takes this password for somebody.

        Raises:
            DirectoryError: The directory cannot be asked.
        """
        if not password:
            return False
        with self._opened() as connection:
            return connection.binds(entry.dn, password)

    def _roles_of(self, connection: Connection, dn: str, name: str) -> tuple[Role, ...]:
        wanted = self._settings.directory_group_filter
        wanted = wanted.replace("{dn}", escaped(dn)).replace("{name}", escaped(name))
        return tuple(
            role
            for role, group in self._roles.items()
            if connection.search(group, wanted, ["1.1"], one_entry=True)
        )

    def _bind_desk(self, connection: Connection) -> None:
        dn = self._settings.directory_bind_dn
        if dn and not connection.binds(dn, self._bind_password()):
            raise faults.refused_desk()

    def _bind_password(self) -> str:
        """Read anew each time, so that a changed password counts at once."""
        path = self._settings.directory_bind_password_file
        if not self._settings.directory_bind_dn:
            return ""
        if path is None or not path.is_file():
            raise faults.wrong_setting(
                "UKETSUKE_DIRECTORY_BIND_PASSWORD_FILE",
                "のファイルがありません。",
                "names no file.",
            )
        private_files.require_private(path)
        return path.read_text(encoding="utf-8").rstrip("\r\n")

    @contextmanager
    def _opened(self) -> Iterator[Connection]:
        """A connection to the first server that answers."""
        with ExitStack() as stack:
            yield self._first_answering(stack)

    def _first_answering(self, stack: ExitStack) -> Connection:
        for server in self._servers[:-1]:
            try:
                return stack.enter_context(server.opened())
            except faults.DirectoryError as error:
                if error.code != faults.UNREACHABLE:
                    raise
        return stack.enter_context(self._servers[-1].opened())


def escaped(text: str) -> str:
    """A text as part of a filter that it cannot change (RFC 4515)."""
    return _SPECIAL.sub(lambda m: "".join(f"\\{byte:02x}" for byte in m[0].encode()), text)


def _identifier(attributes: dict[str, list[bytes]]) -> str:
    for name in IDENTIFIERS:
        values = attributes.get(name.lower()) or []
        if values:
            is_binary = name == "objectGUID"
            return str(uuid.UUID(bytes_le=values[0])) if is_binary else values[0].decode()
    raise faults.unsearchable()


def _urls(text: str) -> list[str]:
    urls = text.split()
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in ("ldap", "ldaps") or not parts.hostname or parts.path.strip("/"):
            raise faults.wrong_setting(
                "UKETSUKE_DIRECTORY_URL",
                "は ldaps://サーバー名 または ldap://サーバー名 です。",
                "is ldaps://server or ldap://server.",
            )
    return urls


def _authority(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise faults.wrong_setting(
            "UKETSUKE_DIRECTORY_CA", "のファイルがありません。", "names no file."
        )
    return path


def _required(text: str | None, name: str) -> str:
    if not text:
        raise faults.wrong_setting(f"UKETSUKE_{name}", "がありません。", "is missing.")
    return text


def _require_place(filter_text: str, name: str, *places: str) -> None:
    fits = filter_text.startswith("(") and filter_text.endswith(")")
    if not fits or not any(place in filter_text for place in places):
        wanted = " / ".join(places)
        raise faults.wrong_setting(
            f"UKETSUKE_{name}",
            f"は {wanted} を含む ( ) の形です。",
            f"is a filter in ( ) that holds {wanted}.",
        )
