"""A real OpenLDAP server for the tests: its own port, tree and certificate authority."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import ldap3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TREE = "dc=example,dc=test"
PEOPLE = f"ou=people,{TREE}"
DESK_DN = f"cn=desk,{TREE}"
DESK_PASSWORD = "SAMPLE desk looks up"
PASSWORD = "SAMPLE directory ぱすわーど"
_ROOT = f"cn=root,{TREE}"
_ROOT_PASSWORD = "SAMPLE-root"
GROUPS = {
    "reviewer": f"cn=reviewers,ou=groups,{TREE}",
    "supervisor": f"cn=supervisors,ou=groups,{TREE}",
    "administrator": f"cn=administrators,ou=groups,{TREE}",
}
_MEMBERS = {
    "reviewer": ("maki", "both"),
    "supervisor": ("sho", "both"),
    "administrator": ("root",),
}
NAMES = ("maki", "sho", "both", "root", "stranger", "rin")


@dataclass
class DirectoryServer:
    """A server that runs; ``localhost`` is the only name in its certificate."""

    folder: Path
    plain_port: int
    tls_port: int
    process: subprocess.Popen[bytes]

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def ldaps(self) -> str:
        return f"ldaps://localhost:{self.tls_port}"

    @property
    def starttls(self) -> str:
        return f"ldap://localhost:{self.plain_port}"

    def settings(self) -> dict[str, object]:
        """Of a desk that asks this server."""
        secret = self.folder / "desk.password"
        return {
            "directory_url": self.ldaps,
            "directory_ca": self.authority,
            "directory_bind_dn": DESK_DN,
            "directory_bind_password_file": secret,
            "directory_people": PEOPLE,
            "directory_person_filter": "(&(objectClass=inetOrgPerson)(uid={name}))",
            "directory_roles": GROUPS,
            "directory_timeout_seconds": 2,
        }

    def move(self, name: str, *roles: str) -> None:
        """Put somebody into the groups of these roles and no others."""
        member = dn_of(name)
        with self._as_root() as root:
            for role, group in GROUPS.items():
                change = ldap3.MODIFY_ADD if role in roles else ldap3.MODIFY_DELETE
                root.modify(group, {"member": [(change, [member])]})

    def put(self, name: str) -> None:
        """A new entry, with a lasting name of its own."""
        with self._as_root() as root:
            facts = {"cn": name, "sn": name, "uid": name, "userPassword": PASSWORD}
            assert root.add(dn_of(name), "inetOrgPerson", facts), root.result

    def take_out(self, name: str) -> None:
        with self._as_root() as root:
            assert root.delete(dn_of(name)), root.result

    def rename(self, name: str, new: str) -> None:
        with self._as_root() as root:
            assert root.modify_dn(dn_of(name), f"uid={new}"), root.result
            for group in GROUPS.values():
                if root.modify(group, {"member": [(ldap3.MODIFY_DELETE, [dn_of(name)])]}):
                    root.modify(group, {"member": [(ldap3.MODIFY_ADD, [dn_of(new)])]})

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def _as_root(self) -> ldap3.Connection:
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(self.authority))
        server = ldap3.Server(self.ldaps, tls=tls, get_info=ldap3.NONE)
        return ldap3.Connection(server, _ROOT, _ROOT_PASSWORD, auto_bind=True)


def dn_of(name: str) -> str:
    return f"uid={name},{PEOPLE}"


def start(folder: Path, *, referral_port: int = 1, has_tls: bool = True) -> DirectoryServer:
    """Start a server; what it prints stands in ``slapd.log`` of its folder."""
    program = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program is not None, (
        "OpenLDAP のサーバー slapd がありません。`make test` が入れます / the tests of the log-in "
        "through a directory need OpenLDAP's server: apt-get install slapd (`make test` does it)"
    )
    # Ubuntu confines the program where it is installed to the machine's own directory.
    own = folder / "slapd"
    shutil.copy(program, own)
    if has_tls:
        _write_certificates(folder)
    (folder / "data").mkdir()
    secret = folder / "desk.password"
    secret.write_text(DESK_PASSWORD + "\n")
    secret.chmod(0o600)
    configuration = folder / "slapd.conf"
    configuration.write_text(_configuration(folder, has_tls))
    tree = folder / "tree.ldif"
    tree.write_text(_tree(referral_port))
    subprocess.run(
        [str(own), "-T", "add", "-f", str(configuration), "-l", str(tree)],
        check=True,
        capture_output=True,
    )
    plain, tls = _free_port(), _free_port()
    listens = f"ldap://127.0.0.1:{plain}/" + (f" ldaps://127.0.0.1:{tls}/" if has_tls else "")
    with (folder / "slapd.log").open("wb") as log:
        process = subprocess.Popen(
            [str(own), "-d", "stats", "-f", str(configuration), "-h", listens],
            stdout=log,
            stderr=log,
        )
    _wait_for(plain, process, folder)
    return DirectoryServer(folder, plain, tls, process)


def _configuration(folder: Path, has_tls: bool) -> str:
    tls = f"""
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
security simple_bind=128
"""
    return f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
{tls if has_tls else ""}
database mdb
suffix "{TREE}"
rootdn "{_ROOT}"
rootpw "{_ROOT_PASSWORD}"
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{DESK_DN}" read by * auth
"""


def _tree(referral_port: int) -> str:
    people = "".join(
        f"\ndn: {dn_of(name)}\nobjectClass: inetOrgPerson\ncn: {name}\nsn: {name}\n"
        f"uid: {name}\nuserPassword: {PASSWORD}\n"
        for name in NAMES
    )
    groups = "".join(
        f"\ndn: {GROUPS[role]}\nobjectClass: groupOfNames\ncn: {role}s\nmember: {DESK_DN}\n"
        + "".join(f"member: {dn_of(name)}\n" for name in names)
        for role, names in _MEMBERS.items()
    )
    return f"""dn: {TREE}
objectClass: dcObject
objectClass: organization
dc: example
o: SAMPLE

dn: {DESK_DN}
objectClass: person
objectClass: simpleSecurityObject
cn: desk
sn: desk
userPassword: {DESK_PASSWORD}

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{TREE}
objectClass: organizationalUnit
ou: groups

dn: dc=elsewhere,{PEOPLE}
objectClass: referral
objectClass: extensibleObject
dc: elsewhere
ref: ldap://127.0.0.1:{referral_port}/{PEOPLE}
{people}{groups}"""


def _write_certificates(folder: Path) -> None:
    now = dt.datetime.now(dt.UTC)

    def certificate(
        name: str,
        key: ec.EllipticCurvePrivateKey,
        issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None,
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        by, signer = issuer or (subject, key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True)
        )
        if issuer is not None:
            names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
            builder = builder.add_extension(names, False)
        return builder.sign(signer, hashes.SHA256())

    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = certificate("SAMPLE authority", ca_key, None)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    of_server = certificate("localhost", key, (ca.subject, ca_key))
    (folder / "server.pem").write_bytes(of_server.public_bytes(pem))
    (folder / "server.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    process.kill()
    raise RuntimeError(f"slapd does not start: {(folder / 'slapd.log').read_text()[-2000:]}")
