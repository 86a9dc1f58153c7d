"""One verified, encrypted connection to a directory server, bound as somebody.

TLS is Python's own, with the server's name checked by it: LDAPS, or StartTLS before anything else
is said. Referrals are not followed: they would carry a password to a server nobody named.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPStartTLSError

from pipeline.desk.directory import faults

SUCCESS = 0
_BUSY_OR_AWAY = {51, 52}
Found = tuple[str, dict[str, list[bytes]]]


class _VerifiedTls(ldap3.Tls):  # type: ignore[misc]
    """``ldap3``'s own check of the name is a copy of a retired one; this leaves it to ``ssl``."""

    def __init__(self, authority: Path | None) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = ssl.create_default_context(cafile=authority)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        try:
            connection.socket = self._context.wrap_socket(
                connection.socket, server_hostname=connection.server.host
            )
        except ssl.SSLCertVerificationError:
            connection.is_untrusted = True  # the library may tell of another address's fault
            raise


class Server:
    """A directory server: ``ldaps://host[:port]``, or ``ldap://`` with StartTLS always."""

    def __init__(self, url: str, authority: Path | None, timeout_s: int) -> None:
        self._starts_tls = not url.startswith("ldaps://")
        self._timeout_s = timeout_s
        self._server = ldap3.Server(
            url, get_info=ldap3.NONE, tls=_VerifiedTls(authority), connect_timeout=timeout_s
        )

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """A connection that is encrypted and not bound yet; closed at the end.

        Raises:
            DirectoryError: ``DIRECTORY_UNREACHABLE``, ``DIRECTORY_CERTIFICATE``,
                ``DIRECTORY_TLS``.
        """
        raw = ldap3.Connection(
            self._server,
            auto_referrals=False,
            check_names=False,
            read_only=True,
            receive_timeout=self._timeout_s,
        )
        try:
            self._open(raw)
            yield Connection(raw)
        finally:
            # Never `unbind`, which would ask a server that has just failed to answer.
            raw.strategy.close()

    def _open(self, raw: Any) -> None:
        raw.is_untrusted = False
        try:
            raw.open(read_server_info=False)
            if self._starts_tls:
                raw.start_tls(read_server_info=False)
        except (LDAPException, OSError) as error:
            if raw.is_untrusted:
                raise faults.untrusted() from None
            # Where the socket failed while TLS began, that is one of the error's bases.
            if isinstance(error, LDAPStartTLSError) and not isinstance(error, OSError):
                raise faults.unencrypted() from None
            raise faults.unreachable() from None


class Connection:
    """What the desk asks over a connection. No error of the library leaves: they hold names."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def binds(self, dn: str, password: str) -> bool:
        """Whether the directory takes a password for an entry.

        An empty password is refused here: to a directory it means "nobody", and it agrees.

        Raises:
            DirectoryError: ``DIRECTORY_UNREACHABLE``.
        """
        if not dn or not password:
            return False
        self._raw.user, self._raw.password = dn, password.encode()
        self._raw.authentication = ldap3.SIMPLE
        return self._ask(lambda: self._raw.bind(read_server_info=False)) == SUCCESS

    def search(
        self, base: str, filter_text: str, attributes: Sequence[str], *, one_entry: bool = False
    ) -> list[Found]:
        """Entries below a base, or the base itself: name in the tree, and attributes as bytes.

        Raises:
            DirectoryError: ``DIRECTORY_UNREACHABLE``, ``DIRECTORY_SEARCH``.
        """
        code = self._ask(
            lambda: self._raw.search(
                base,
                filter_text,
                search_scope=ldap3.BASE if one_entry else ldap3.SUBTREE,
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=list(attributes),
                size_limit=2,
            )
        )
        found = [
            (entry["dn"], {n.lower(): v for n, v in entry["raw_attributes"].items()})
            for entry in self._raw.response or []
            if entry["type"] == "searchResEntry"
        ]
        # More than the limit is more than one, whatever the code.
        if code != SUCCESS and len(found) < 2:
            raise faults.unsearchable()
        return found

    def _ask(self, question: Any) -> int:
        try:
            question()
            code = int(self._raw.result["result"])
        except (LDAPException, OSError):
            raise faults.unreachable() from None
        if code in _BUSY_OR_AWAY:
            raise faults.unreachable()
        return code
