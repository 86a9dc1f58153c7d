"""Log-in through a real directory server: who gets in, as what, and what is never done."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import directory_server
import pytest
from desk_office import PASSWORD as PASSWORD_HERE
from desk_office import Browser, Office
from directory_server import GROUPS, PASSWORD, DirectoryServer
from examination_fixtures import flagged_number
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from pipeline.cli import app as cli
from pipeline.desk.application import create_app
from pipeline.desk.directory import Directory, DirectoryError, Entry
from pipeline.domain.errors import InputError, PolicyError
from pipeline.domain.roles import Role
from pipeline.settings import Settings, current
from pipeline.store.auditing.audit import SYSTEM
from pipeline.store.staff.people import Source
from pipeline.vault import Vault, create_service_token

OfficeOf = Callable[..., Office]


@pytest.fixture(scope="module")
def referral_listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, referral_listener: socket.socket
) -> Iterator[DirectoryServer]:
    port = referral_listener.getsockname()[1]
    running = directory_server.start(tmp_path_factory.mktemp("directory"), referral_port=port)
    yield running
    running.stop()


@pytest.fixture
def office_of(tmp_path: Path, server: DirectoryServer) -> Iterator[OfficeOf]:
    """A desk that asks the server, with other settings where a test wants them."""
    with ExitStack() as stack:

        def opened(**other: object) -> Office:
            given = {**server.settings(), **other}
            home = tmp_path / "home"
            settings = Settings(home=home, blind_sample_rate=0.0, **given)  # type: ignore[arg-type]
            vault = Vault.create(settings.keys)
            token = create_service_token(settings.keys)
            app = create_app(settings)
            client = stack.enter_context(TestClient(app, follow_redirects=False))
            return Office(app, settings, vault, token, client)

        yield opened


def log_in(office: Office, name: str, password: str = PASSWORD) -> tuple[int, Browser, str]:
    browser = Browser(TestClient(office.app, follow_redirects=False))
    answer = browser.client.post("/login", data={"name": name, "password": password})
    return answer.status_code, browser, answer.text


def audit_of(office: Office, action: str) -> list[str | None]:
    rows = office.store._database.rows(
        "select detail from audit where action = ? order by seq", [action]
    )
    return [row[0] for row in rows]


def names(office: Office) -> dict[str, tuple[str, str]]:
    return {p.name: (p.role.value, p.source.value) for p in office.store.people.all()}


def asked_of(server: DirectoryServer) -> int:
    return (server.folder / "slapd.log").read_text(errors="replace").count(" ACCEPT ")


# --- who gets in -----------------------------------------------------------------------------
@pytest.mark.parametrize("url", ["ldaps", "starttls"])
def test_a_member_of_a_group_gets_its_role(
    office_of: OfficeOf, server: DirectoryServer, url: str
) -> None:
    office = office_of(directory_url=getattr(server, url))
    status, maki, _ = log_in(office, "maki")
    assert status == 303
    assert maki.get("/").headers["location"] == "/queue"
    assert maki.get("/users").status_code == 403
    assert names(office) == {"maki": ("reviewer", "groups")}
    assert audit_of(office, "user.add") == ["reviewer:groups"]
    assert audit_of(office, "session.begin") == ["directory"]
    assert log_in(office, "MAKI")[0] == 303 and len(names(office)) == 1


def test_without_a_group_a_log_in_makes_no_account_and_asks_for_no_password(
    office_of: OfficeOf, server: DirectoryServer
) -> None:
    office = office_of()
    for password in (PASSWORD, "wrong"):
        status, _, page = log_in(office, "stranger", password)
        assert (status, "利用者名またはパスワードが違います" in page) == (401, True)
    assert log_in(office, "nobody")[0] == 401
    assert names(office) == {}
    log = (server.folder / "slapd.log").read_text(errors="replace")
    assert "uid=stranger" not in "".join(re.findall(r'BIND dn="[^"]*"', log))


def test_a_wrong_or_empty_password_or_a_name_that_is_a_filter_lets_nobody_in(
    office_of: OfficeOf, server: DirectoryServer
) -> None:
    office = office_of()
    assert log_in(office, "maki", "wrong")[0] == 401
    assert log_in(office, "maki", "")[0] in (401, 422)
    directory = Directory(office.settings)
    entry = directory.find("maki")
    assert entry is not None and not directory.confirms(entry, "")
    for name in ("*", "maki)(uid=*", "m*", "maki\x00", "*)(|(uid=*", "ma ki", "真紀"):
        assert log_in(office, name)[0] in (401, 422)
        assert directory.find(name) is None
    assert names(office) == {}


def test_somebody_in_groups_of_two_roles_is_told_and_gets_none(office_of: OfficeOf) -> None:
    office = office_of()
    status, _, page = log_in(office, "both")
    assert status == 403 and "DIRECTORY_ROLES" in page
    assert names(office) == {}


def test_groups_are_looked_up_at_each_log_in(office_of: OfficeOf, server: DirectoryServer) -> None:
    office = office_of()
    office.load("b", a=flagged_number())
    _, first, _ = log_in(office, "maki")
    assert first.get("/review").status_code == 200
    try:
        server.move("maki", "supervisor")
        _, second, _ = log_in(office, "maki")
        assert names(office)["maki"] == ("supervisor", "groups")
        assert first.get("/queue").headers["location"] == "/login"
        assert second.get("/assignments").status_code == 200
        assert audit_of(office, "user.role") == ["reviewer:supervisor"]
        server.move("maki")
        status, _, page = log_in(office, "maki")
        assert status == 403 and "DIRECTORY_NO_ROLE" in page
        assert second.get("/queue").headers["location"] == "/login"
        assert audit_of(office, "session.refused") == ["no_role"]
        leased = office.store._database.rows("select 1 from open_task where lease_user is not null")
        assert leased == []
    finally:
        server.move("maki", "reviewer")


def test_an_account_follows_its_person_and_not_a_user_name(
    office_of: OfficeOf, server: DirectoryServer
) -> None:
    office = office_of()
    server.put("aki")
    server.move("aki", "reviewer")
    assert log_in(office, "aki")[0] == 303
    server.rename("aki", "akiko")
    assert log_in(office, "akiko")[0] == 303
    assert names(office) == {"aki": ("reviewer", "groups")}
    server.put("aki")  # the name is given to somebody else
    server.move("aki", "reviewer")
    status, _, page = log_in(office, "aki")
    assert status == 403 and "DIRECTORY_NAME_TAKEN" in page
    for name in ("aki", "akiko"):
        server.move(name)
        server.take_out(name)


def test_a_role_given_here_stands_where_the_account_says_so(office_of: OfficeOf) -> None:
    office = office_of()
    new = {"name": "rin", "role": "auditor", "by_directory": True}
    added = office.client.post("/service/users", json=new, headers=office.service)
    assert added.json() == {"name": "rin", "role": "auditor", "source": "directory"}
    status, rin, _ = log_in(office, "rin")
    assert status == 303 and rin.get("/").headers["location"] == "/documents"
    assert names(office) == {"rin": ("auditor", "directory")}
    assert audit_of(office, "user.bind") == [None]
    office.store.accounts.change_role(SYSTEM, "rin", Role.ANALYST)
    assert log_in(office, "rin")[1].get("/").headers["location"] == "/throughput"
    assert audit_of(office, "user.bind") == [None]


def test_two_first_log_ins_at_once_make_one_account(office_of: OfficeOf) -> None:
    office = office_of()
    with ThreadPoolExecutor(4) as people:
        answers = list(people.map(lambda _: log_in(office, "sho")[0], range(4)))
    assert answers == [303] * 4
    assert names(office) == {"sho": ("supervisor", "groups")}
    assert audit_of(office, "user.add") == ["supervisor:groups"]


# --- accounts of the desk itself --------------------------------------------------------------
def test_a_local_account_is_never_asked_of_the_directory(
    office_of: OfficeOf, server: DirectoryServer
) -> None:
    office = office_of()
    office.person("root", Role.AUDITOR)  # the directory has an administrator of that name
    before = asked_of(server)
    assert log_in(office, "root", PASSWORD)[0] == 401
    assert log_in(office, "ROOT", PASSWORD)[0] == 401
    assert log_in(office, "root", PASSWORD_HERE)[0] == 303
    assert asked_of(server) == before
    assert names(office) == {"root": ("auditor", "local")}
    assert audit_of(office, "session.begin") == ["password"]


def test_wrong_passwords_lock_and_a_lock_or_a_stop_holds(
    office_of: OfficeOf, server: DirectoryServer
) -> None:
    office = office_of()
    assert log_in(office, "maki")[0] == 303
    for _ in range(5):
        assert log_in(office, "maki", "wrong")[0] == 401
    before = asked_of(server)
    assert log_in(office, "maki")[0] == 429
    assert asked_of(server) == before
    office.store.accounts.enable(SYSTEM, "maki")
    assert log_in(office, "maki")[0] == 303
    office.store.accounts.disable(SYSTEM, "maki")
    assert log_in(office, "maki")[0] == 401
    assert audit_of(office, "session.refused")[-1] == "disabled"


def test_password_and_role_of_the_directory_are_not_changed_here(office_of: OfficeOf) -> None:
    office = office_of()
    _, maki, _ = log_in(office, "maki")
    assert "ディレクトリ" in maki.get("/password").text
    refused = maki.post("/password", old=PASSWORD, new="another password", again="another password")
    assert refused.status_code == 403
    for change, code in (
        (
            lambda: office.store.accounts.reset_password(SYSTEM, "maki", "x"),
            "PASSWORD_IN_DIRECTORY",
        ),
        (lambda: office.store.accounts.change_role(SYSTEM, "maki", Role.AUDITOR), "ROLE_BY_GROUPS"),
    ):
        with pytest.raises(PolicyError) as error:
            change()
        assert error.value.code == code
    admin = office.log_in("chief", Role.ADMINISTRATOR)
    page = admin.get("/users").text
    assert "ディレクトリ(役割も)" in page
    assert admin.post("/users", name="rin", role="analyst", by_directory="true").status_code == 200
    assert names(office)["rin"] == ("analyst", "directory")


def test_without_its_directory_such_an_account_opens_to_no_password(office: Office) -> None:
    office.store.people.add_of_directory(SYSTEM, "rin", Role.ANALYST)
    for password in ("-", PASSWORD, ""):
        assert log_in(office, "rin", password)[0] in (401, 422)


# --- the directory away, or not what it says ---------------------------------------------------
def test_while_the_directory_is_away_local_accounts_work_and_nothing_is_counted(
    office_of: OfficeOf, server: DirectoryServer
) -> None:
    office = office_of()
    office.person("hana", Role.REVIEWER)
    assert log_in(office, "maki")[0] == 303
    away = office.settings.model_copy(update={"directory_url": "ldaps://localhost:1"})
    office.app.state.desk.directory = Directory(away)
    for _ in range(6):
        status, _, page = log_in(office, "maki")
        assert status == 503 and "DIRECTORY_UNREACHABLE" in page and "この窓口だけの" in page
    assert log_in(office, "hana", PASSWORD_HERE)[0] == 303
    assert set(audit_of(office, "session.refused")) == {"directory_unreachable"}
    both = office.settings.model_copy(
        update={"directory_url": f"ldaps://localhost:1 {server.ldaps}"}
    )
    office.app.state.desk.directory = Directory(both)
    assert log_in(office, "maki")[0] == 303


def test_a_server_that_does_not_answer_is_left_in_time(server: DirectoryServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for scheme in ("ldap", "ldaps"):
            url = f"{scheme}://127.0.0.1:{port}"
            directory = _directory(server, directory_url=url, directory_timeout_seconds=1)
            done = threading.Event()
            codes: list[str] = []

            def ask(
                directory: Directory = directory,
                codes: list[str] = codes,
                done: threading.Event = done,
            ) -> None:
                with pytest.raises(DirectoryError) as error:
                    directory.find("maki")
                codes.append(error.value.code)
                done.set()

            threading.Thread(target=ask, daemon=True).start()
            assert done.wait(15) and codes == ["DIRECTORY_UNREACHABLE"]


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"directory_url": "ldaps://127.0.0.1:{tls}"}, "DIRECTORY_CERTIFICATE"),  # another name
        ({"directory_url": "ldap://127.0.0.1:{plain}"}, "DIRECTORY_CERTIFICATE"),
        ({"directory_ca": None}, "DIRECTORY_CERTIFICATE"),  # an authority nobody knows
        ({"directory_bind_dn": directory_server.dn_of("maki")}, "DIRECTORY_ACCOUNT"),
        ({"directory_people": "ou=nowhere,dc=example,dc=test"}, "DIRECTORY_SEARCH"),
        ({"directory_person_filter": "(|(uid={name})(cn=sho))"}, "DIRECTORY_SEARCH"),  # two fit
        ({"directory_roles": {"auditor": "cn=none,dc=example,dc=test"}}, "DIRECTORY_SEARCH"),
    ],
)
def test_what_is_wrong_with_the_directory_is_told_without_a_name(
    server: DirectoryServer, other: dict[str, object], code: str
) -> None:
    ports = {"tls": server.tls_port, "plain": server.plain_port}
    given = {k: v.format(**ports) if k == "directory_url" else v for k, v in other.items()}  # type: ignore[attr-defined]
    with pytest.raises(DirectoryError) as error:
        _directory(server, **given).find("maki")
    assert error.value.code == code
    assert error.value.remedy_ja and error.value.remedy_en
    whole = f"{error.value!r} {error.value.remedy_ja} {error.value.remedy_en}"
    assert "maki" not in whole and "dc=" not in whole
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_nothing_is_said_to_a_server_without_encryption(
    tmp_path: Path, server: DirectoryServer
) -> None:
    (tmp_path / "plain").mkdir()
    plain = directory_server.start(tmp_path / "plain", has_tls=False)
    try:
        with pytest.raises(DirectoryError) as error:
            _directory(server, directory_url=plain.starttls).find("maki")
        assert error.value.code == "DIRECTORY_TLS"
        log = (plain.folder / "slapd.log").read_text(errors="replace")
        assert "BIND" not in log.replace("UNBIND", "") and "SRCH" not in log
    finally:
        plain.stop()


def test_a_referral_is_not_followed(
    office_of: OfficeOf, server: DirectoryServer, referral_listener: socket.socket
) -> None:
    assert log_in(office_of(), "maki")[0] == 303  # one stands among the people
    elsewhere = f"dc=elsewhere,{directory_server.PEOPLE}"
    directory = _directory(server, directory_people=elsewhere)
    with pytest.raises(DirectoryError) as error:
        directory.find("maki")
    assert error.value.code == "DIRECTORY_SEARCH"
    moved = Entry(f"uid=maki,{elsewhere}", "-", ())
    assert not directory.confirms(moved, PASSWORD)
    with pytest.raises(BlockingIOError):
        referral_listener.accept()


# --- settings ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"directory_url": "http://localhost"}, "UKETSUKE_DIRECTORY_URL"),
        ({"directory_url": "ldap:///dc=example"}, "UKETSUKE_DIRECTORY_URL"),
        ({"directory_people": None}, "UKETSUKE_DIRECTORY_PEOPLE"),
        ({"directory_ca": Path("nowhere.pem")}, "UKETSUKE_DIRECTORY_CA"),
        ({"directory_person_filter": "(uid=maki)"}, "UKETSUKE_DIRECTORY_PERSON_FILTER"),
        ({"directory_group_filter": "member={dn}"}, "UKETSUKE_DIRECTORY_GROUP_FILTER"),
        ({"directory_bind_password_file": None}, "UKETSUKE_DIRECTORY_BIND_PASSWORD_FILE"),
    ],
)
def test_a_wrong_setting_is_named_at_the_start(
    server: DirectoryServer, other: dict[str, object], named: str
) -> None:
    with pytest.raises(InputError) as error:
        _directory(server, **other)
    assert error.value.code == "DIRECTORY_SETTING"
    assert named in error.value.ja and named in error.value.en


def test_a_password_file_that_others_can_read_is_refused(
    server: DirectoryServer, tmp_path: Path
) -> None:
    loose = tmp_path / "password"
    loose.write_text("SAMPLE")
    loose.chmod(0o644)
    with pytest.raises(InputError) as error:
        _directory(server, directory_bind_password_file=loose)
    assert error.value.code == "KEY_PERMISSIONS"


def test_no_directory_is_asked_unless_one_is_configured(office: Office) -> None:
    assert office.app.state.desk.directory is None
    assert office.settings.directory_url is None and office.settings.directory_roles == {}


def test_the_command_tries_the_settings_without_a_password(
    server: DirectoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.settings().items():
        text = json.dumps(value) if isinstance(value, dict) else str(value)
        monkeypatch.setenv(f"UKETSUKE_{name.upper()}", text)
    current.cache_clear()
    try:
        for name, told in (
            ("maki", {"found": True, "roles": ["reviewer"]}),
            ("both", {"found": True, "roles": ["reviewer", "supervisor"]}),
            ("nobody", {"found": False, "roles": []}),
        ):
            done = CliRunner().invoke(cli, ["users", "directory", name])
            assert done.exit_code == 0, done.output
            assert json.loads(done.stdout) == told
    finally:
        current.cache_clear()


def test_neither_password_nor_tree_is_written_down(
    office_of: OfficeOf, server: DirectoryServer, capfd: pytest.CaptureFixture[str]
) -> None:
    office = office_of()
    log_in(office, "maki")
    log_in(office, "maki", "SAMPLE wrong one")
    rows = repr(office.store._database.rows("select * from audit"))
    rows += repr(office.store._database.rows("select * from person"))
    printed = "".join(capfd.readouterr())
    for secret in (PASSWORD, "SAMPLE wrong one", directory_server.DESK_PASSWORD, "dc=example"):
        assert secret not in rows and secret not in printed
    assert {p.source for p in office.store.people.all()} == {Source.GROUPS}
    assert set(GROUPS) == {"reviewer", "supervisor", "administrator"}


def _directory(server: DirectoryServer, **other: object) -> Directory:
    settings = Settings(home=server.folder / "home", **{**server.settings(), **other})  # type: ignore[arg-type]
    return Directory(settings)
