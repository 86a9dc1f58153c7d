"""Rules of the repository itself: what must stand in no file, and what must."""

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
MOST_LINES = 500
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ".lock", ".in", ".txt", ".json", ".html"}
TEXT |= {".css", ".js", ".sql", ".cfg", ".ini", ".svg", ""}


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [REPOSITORY / name for name in listed.split("\0") if name]
    return [p for p in paths if p.is_file()]


FILES = _files()


def _texts() -> list[tuple[str, str]]:
    own = Path(__file__).resolve()
    return [
        (p.relative_to(REPOSITORY).as_posix(), p.read_text(encoding="utf-8", errors="replace"))
        for p in FILES
        if p.suffix in TEXT and p != own
    ]


TEXTS = _texts()


def _hits(pattern: str, only: tuple[str, ...] = ("",), flags: int = 0) -> list[str]:
    wanted = re.compile(pattern, flags)
    return [
        f"{name}: {match.group(0)!r}"
        for name, text in TEXTS
        if name.startswith(only)
        for match in [wanted.search(text)]
        if match
    ]


@pytest.mark.parametrize(
    "host",
    [
        r"pypi\.(org|python\.org)",
        r"pythonhosted\.org",
        r"huggingface\.co\b",
        r"hf-mirror\.com",
        r"bcebos\.com",
        r"deb\.debian\.org",
        r"npmjs\.(org|com)",
        r"--(extra-)?index-url[ =]\S*://",
    ],
)
def test_no_file_names_a_registry(host: str) -> None:
    assert _hits(host) == []


def test_no_file_names_a_place_on_one_machine() -> None:
    assert _hits(r"(?<![\w.])/(work|root|home|Users)/\w+") == []


def test_no_module_is_longer_than_a_room_should_be() -> None:
    long = {
        p.relative_to(REPOSITORY).as_posix(): lines
        for p in FILES
        if p.suffix == ".py" and (lines := len(p.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}


def test_nothing_is_left_unfinished() -> None:
    code = ("pipeline/", "assets/", "tests/", "benchmarks/", "models/", "tools/", "Makefile")
    assert _hits(r"\b(TODO|FIXME|XXX|NotImplementedError)\b", code) == []


def test_no_test_is_switched_off() -> None:
    switched_off = r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b|unittest\.skip"
    assert _hits(switched_off, ("tests/",)) == []


def test_nothing_that_the_system_writes_is_kept_in_the_repository() -> None:
    writes = [
        p.relative_to(REPOSITORY).as_posix()
        for p in FILES
        if p.suffix in {".duckdb", ".key", ".pem", ".pyc", ".log", ".db", ".wal"}
        or p.name.endswith((".token", ".sqlite"))
    ]
    assert writes == []


def test_files_stay_small_enough_to_clone_quickly() -> None:
    sizes = {p.relative_to(REPOSITORY).as_posix(): p.stat().st_size for p in FILES}
    assert {n: s for n, s in sizes.items() if s > 12 * 2**20} == {}
    assert sum(sizes.values()) < 80 * 2**20


def test_test_files_have_names_of_their_own() -> None:
    names = [p.name for p in FILES if p.name.startswith("test_") and p.suffix == ".py"]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("command", ["make run", "make test", "make serve", "make bench"])
def test_the_readme_names_the_commands(command: str) -> None:
    assert command in (REPOSITORY / "README.md").read_text()


def test_every_make_target_is_listed_by_help() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)
    assert phony is not None
    listed = re.findall(r"^([a-z]+):.*## .+/ .+$", makefile, re.M)
    assert set(listed) == set(phony.group(1).split())
