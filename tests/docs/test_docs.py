"""The documents say what the code does: commands, settings, findings, links, queries, tables."""

from __future__ import annotations

import itertools
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import unquote

import duckdb
import pytest
import typer.main
from annotated_types import Ge, Le
from typer.core import TyperCommand, TyperGroup, TyperOption

from pipeline.cli import app
from pipeline.commands.showing import TRACEBACK_VARIABLE
from pipeline.desk.access import MENU
from pipeline.domain.errors import DefectError, InputError, PolicyError
from pipeline.domain.finding_messages import MESSAGES
from pipeline.domain.findings import FindingCode, Severity
from pipeline.domain.photos import PhotoCheckName
from pipeline.imaging.faults import FILE_CODES
from pipeline.samples.real_ink import DATA_VARIABLE
from pipeline.settings import REPOSITORY, Settings
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.staff.people import Role
from pipeline.vault import Vault

DOCS = REPOSITORY / "docs"
NOT_PRODUCED = "—"
CELL = re.compile(r"(?<!\\)\|")


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def table(markdown: str, first_heading: str) -> list[list[str]]:
    """The rows of the first table whose first column has that heading."""
    rows: list[list[str]] = []
    inside = False
    for line in markdown.splitlines():
        cells = [c.strip() for c in CELL.split(line)[1:-1]] if line.startswith("|") else []
        if not cells:
            if inside:
                break
        elif inside and not set(cells[0]) <= set("-:"):
            rows.append(cells)
        elif cells[0] == first_heading:
            inside = True
    assert rows, f"no table that begins with {first_heading!r}"
    return rows


# --- commands --------------------------------------------------------------------------------


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))
    else:
        assert isinstance(command, TyperCommand)
        yield " ".join(path), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def synopsis(name: str) -> str:
    """The code span that shows how a command is called."""
    spans = re.findall(rf"`(uketsuke {name}(?: [^`]*)?)`", text("cli.md"))
    return max(spans, key=len, default="")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented_with_its_options(name: str) -> None:
    shown = synopsis(name)
    assert shown, f"docs/cli.md does not show `uketsuke {name}`"
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, TyperOption) and "--help" not in parameter.opts:
            assert set(parameter.opts) & set(re.findall(r"--[a-z-]+", shown)), parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_is_documented_that_the_command_does_not_have(name: str) -> None:
    real = {opt for p in COMMANDS[name].params for opt in (*p.opts, *p.secondary_opts)}
    assert set(re.findall(r"--[a-z-]+", synopsis(name))) <= real


def test_every_command_that_a_document_names_exists() -> None:
    groups = {name.split()[0] for name in COMMANDS if " " in name}
    wrong = []
    for path in markdown_files():
        for words in re.findall(r"uketsuke ([a-z]+(?: [a-z]+)?)", path.read_text("utf-8")):
            first, _, second = words.partition(" ")
            known = first in COMMANDS or (first in groups and (not second or words in COMMANDS))
            if not known and re.search(rf"`[^`\n]*uketsuke {first}\b", path.read_text("utf-8")):
                wrong.append(f"{path.name}: uketsuke {words}")
    assert wrong == []


def test_every_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.M))
    for path in markdown_files():
        named = set(re.findall(r"`make ([a-z]+)", path.read_text(encoding="utf-8")))
        assert named <= targets, path.name


def test_the_exit_codes_are_those_of_the_errors() -> None:
    listed = {row[0] for row in table(text("cli.md"), "code")}
    assert {"0", "1", "130"} | {
        str(kind.exit_code) for kind in (InputError, DefectError, PolicyError)
    } == listed


# --- settings --------------------------------------------------------------------------------


def as_written(value: object) -> str:
    """A default as the table has it: folders from the repository's root, nothing for none."""
    if value is None:
        return ""
    if isinstance(value, PurePath):
        return f"`{value.relative_to(REPOSITORY).as_posix()}`"
    return f"`{value}`"


def limits_of(field: Any) -> str:
    signs: list[tuple[str, object]] = [(">=", m.ge) for m in field.metadata if isinstance(m, Ge)]
    signs += [("<=", m.le) for m in field.metadata if isinstance(m, Le)]
    choices = list(field.annotation) if isinstance(field.annotation, type(Severity)) else []
    return ", ".join([f"{s} {v}" for s, v in signs] + [f"`{c.value}`" for c in choices])


def test_the_settings_table_is_that_of_the_code() -> None:
    wanted = [
        [f"`UKETSUKE_{name.upper()}`", as_written(field.default), limits_of(field)]
        for name, field in Settings.model_fields.items()
    ]
    assert [row[:3] for row in table(text("cli.md"), "variable")] == wanted


def test_every_setting_that_a_document_names_exists() -> None:
    known = {f"UKETSUKE_{name.upper()}" for name in Settings.model_fields}
    known |= {DATA_VARIABLE, TRACEBACK_VARIABLE}
    for path in markdown_files():
        assert set(re.findall(r"UKETSUKE_[A-Z_]*[A-Z]", path.read_text("utf-8"))) <= known, path


# --- findings --------------------------------------------------------------------------------


def finding_rows() -> dict[str, list[str]]:
    rows = table(text("findings.md"), "code")
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0].strip("`"): row for row in rows}


def test_every_finding_is_documented_in_its_own_words() -> None:
    shown = {code: (row[1], row[2]) for code, row in finding_rows().items()}
    assert shown == {code.value: (words.ja, words.en) for code, words in MESSAGES.items()}


@pytest.mark.parametrize("code", list(FindingCode))
def test_every_finding_says_how_heavy_it_is_and_what_to_do(code: FindingCode) -> None:
    severities, todo = finding_rows()[code.value][3:5]
    assert set(severities.split(", ")) <= {s.value for s in Severity} | {NOT_PRODUCED}
    japanese, slash, english = todo.partition(" / ")
    assert slash and any(ord(c) > 0x3000 for c in japanese)
    assert english.replace("▲", "").isascii()


def test_a_finding_is_said_not_to_be_produced_only_where_no_code_makes_it() -> None:
    rooms = ("examine", "imaging", "photo", "readers", "store")
    sources = [p for room in rooms for p in (REPOSITORY / "pipeline" / room).rglob("*.py")]
    made = {f"PHOTO_{name.value.upper()}" for name in PhotoCheckName}
    for path in sources:
        made |= set(re.findall(r"FindingCode\.([A-Z_]+)\b", path.read_text(encoding="utf-8")))
    unmade = {code for code, row in finding_rows().items() if row[3] == NOT_PRODUCED}
    assert unmade == set(FindingCode.__members__) - made


# --- links -----------------------------------------------------------------------------------


def markdown_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [p for name in listed.split("\0") if name and (p := REPOSITORY / name).is_file()]


def broken_links(path: Path) -> list[str]:
    content = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    targets = re.findall(r"\]\(\s*<?([^)>\s]+)>?[^)]*\)", content)
    targets += re.findall(r"(?:src|href)=\"([^\"]+)\"", content)
    local = [t for t in targets if not re.match(r"[a-z][a-z0-9+.-]*:|#", t)]
    return [t for t in local if not (path.parent / unquote(t.split("#")[0])).exists()]


@pytest.mark.parametrize("path", markdown_files(), ids=lambda p: p.name)
def test_no_link_leads_nowhere(path: Path) -> None:
    assert broken_links(path) == []


def test_the_check_sees_a_broken_link(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[a](page.md#x) [b](gone.md) ![c](no.png) [d](https://example.invalid/) `[e]`")
    assert broken_links(page) == ["gone.md", "no.png"]


def test_every_place_of_the_repository_that_a_document_names_exists() -> None:
    places = r"`((?:pipeline|assets|models|tests|tools|benchmarks|sample_scans)/[\w./-]*)`"
    made_later = ("models/fetched/", "benchmarks/results/")
    wrong = [
        f"{path.name}: {place}"
        for path in markdown_files()
        for place in re.findall(places, path.read_text(encoding="utf-8"))
        if not place.startswith(made_later) and not (REPOSITORY / place).exists()
    ]
    assert wrong == []


# --- the manuals against the desk ------------------------------------------------------------


def test_the_operators_manual_explains_every_reason_of_a_quarantine() -> None:
    explained = {row[0].strip("`") for row in table(text("operators.ja.md"), "記号")}
    assert explained >= FILE_CODES | {"FILE_CRASHES", "FILE_STOPS_EXAMINATION"}


def test_the_table_of_roles_is_that_of_the_desk() -> None:
    words = tomllib.loads((REPOSITORY / "pipeline/desk/locale/ja.toml").read_text("utf-8"))
    shown = {
        row[1].strip("`"): (row[0], row[2]) for row in table(text("supervisors.ja.md"), "役割")
    }
    assert shown == {
        role.value: (
            words["role"][role],
            "、".join(words["menu"][item.name] for item in MENU if role in item.roles),
        )
        for role in Role
    }


def test_every_key_of_the_review_page_is_in_the_reviewers_manual() -> None:
    desk = REPOSITORY / "pipeline" / "desk"
    keys: set[str] = set()
    pages = [*(desk / "templates").glob("_task*.html"), desk / "templates/_carpet.html"]
    for template in pages:
        content = template.read_text(encoding="utf-8")
        keys |= {k.upper() for k in re.findall(r'data-key="(\w+)"', content)}
        keys |= set(re.findall(r'data-function="(\w+)"', content))
    scripts = [(desk / "static" / f"{n}.js").read_text() for n in ("desk", "carpet", "overlays")]
    spoken = {"e": "E", "-": "−", "Escape": "Esc"}
    spoken |= {"ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓"}
    heard = [k for s in scripts for k in re.findall(r'event\.key === "([^"]+)"', s)]
    heard += [k for s in scripts for k in re.findall(r"\b(Arrow\w+): \[", s)]
    keys |= {spoken.get(k, k) for k in heard} - {"Tab"}
    manual = text("reviewers.ja.md")
    rows = table(manual, "キー") + table(manual, "並べるときのキー")
    explained = " ".join(row[0] for row in rows)
    assert {"Enter", "B", "F2", "V", "Q", "U", "↓", "?"} <= keys
    assert [k for k in sorted(keys) if f"`{k}`" not in explained] == []


# --- the snapshot ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A snapshot of a store with one synthetic batch."""
    home = tmp_path_factory.mktemp("home")
    vault = Vault.create(home / "keys")
    store = DuckDBStore(home / "store" / "u.duckdb", vault, sample_rate=1.0)
    try:
        store.load(_batch(vault))
        store.publish(home / "published")
    finally:
        store.close()
    file = home / "published" / "uketsuke_statistics.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection


def _batch(vault: Vault) -> bytes:
    import datetime as dt

    from pipeline.domain.documents import Channel, FieldName, FormName, Route
    from pipeline.store.arrivals import arrow_schema
    from pipeline.store.arrivals.records import (
        Arrival,
        LoadedDocument,
        LoadedField,
        LoadedFinding,
        Outcome,
        document_id,
    )

    def document(name: str, route: Route, accepted: bool) -> LoadedDocument:
        field = LoadedField(
            field=FieldName.ADDRESS,
            value_sealed=None,
            characters_sealed=None,
            masked=None,
            confidence=0.9,
            accepted=accepted,
            flagged=0,
            length=None,
            reader="text",
            model_version="1",
            has_crop=True,
        )
        finding = LoadedFinding(
            FindingCode.ADDRESS_UNKNOWN, Severity.REVIEW, FieldName.ADDRESS, None, "{}"
        )
        return LoadedDocument(
            document_id=document_id(vault, name, 1),
            page=1,
            form=FormName.APPLICATION_HANDWRITTEN,
            form_version="2026.1",
            route=route,
            residual_px=0.8,
            inliers=400,
            rotation_quarters=0,
            photo_verdict=None,
            fields=(field,),
            findings=() if accepted else (finding,),
            stage_ms=(("read", 300.0),),
        )

    at = dt.datetime(2026, 11, 20, 1, 0)
    routes = {"a": (Route.ACCEPT, True), "b": (Route.CONFIRM, False)}
    arrivals = [
        Arrival(name, Channel.MAIL, Outcome.LOADED, at, pages=1, documents=(document(name, *how),))
        for name, how in routes.items()
    ]
    arrivals.append(Arrival("c", Channel.COUNTER, Outcome.QUARANTINED, at, reason="FILE_EMPTY"))
    return arrow_schema.encode("b-20261120-000001", arrivals)


QUERIES = re.findall(r"```sql\n(.*?)```", text("analysts.md"), re.S)


def test_there_are_five_queries() -> None:
    assert len(QUERIES) == 5


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_every_query_runs_on_the_snapshot(snapshot: duckdb.DuckDBPyConnection, number: int) -> None:
    answer = snapshot.execute(QUERIES[number])
    rows = answer.fetchall()
    assert rows and answer.description
    assert len(rows[0]) == len(answer.description) > 1


def test_the_tables_of_the_snapshot_are_documented_column_by_column(
    snapshot: duckdb.DuckDBPyConnection,
) -> None:
    found = snapshot.execute(
        "select table_name, column_name from duckdb_columns() "
        "where not internal order by table_name, column_index"
    ).fetchall()
    real = {
        name: [column for _, column in rows]
        for name, rows in itertools.groupby(found, key=lambda row: str(row[0]))
    }
    shown = {
        row[0].strip("`"): re.findall(r"`(\w+)`", row[2])
        for row in table(text("analysts.md"), "table")
    }
    assert shown == real


def test_the_tests_that_the_guideline_map_names_exist() -> None:
    named = set(re.findall(r"`(tests/[a-z_/]+\.py)`", text("guideline-map.ja.md")))
    assert len(named) >= 10
    assert [name for name in sorted(named) if not (REPOSITORY / name).is_file()] == []
