"""The layers hold: nothing imports upwards, nor sideways across stages."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
RANKS = {
    "pipeline.domain": 0,
    "pipeline.hardening": 1,
    "pipeline.settings": 1,
    "pipeline.model_store": 2,
    "pipeline.model_fetching": 3,
    "pipeline.forms": 2,
    "pipeline.imaging": 2,
    "pipeline.vault": 2,
    "pipeline.readers": 3,
    "pipeline.photo": 3,
    "pipeline.letters": 3,
    "pipeline.intake": 3,
    "pipeline.samples": 3,
    "pipeline.examine": 4,
    "pipeline.learning": 4,
    "pipeline.store": 5,
    "pipeline.desk": 6,
    "pipeline.commands": 7,
    "pipeline.cli": 7,
    "assets": 8,
}
# Inside a room that holds rooms: what all of them may know, and who stands above whom.
INNER_GROUND = {
    "pipeline.store.clock",
    "pipeline.store.database",
    "pipeline.store.client",
    "pipeline.readers.resolved",
    "pipeline.readers.boxed",
}
INNER_ROOMS = {
    "pipeline.store.auditing": 1,
    "pipeline.store.staff": 2,
    "pipeline.store.arrivals": 2,
    "pipeline.store.reviewing": 3,
    "pipeline.store.ending": 4,
    "pipeline.store.measuring": 4,
    "pipeline.readers.risk": 1,
    "pipeline.readers.ink": 1,
    "pipeline.readers.marks": 2,
    "pipeline.readers.boxes": 2,
    "pipeline.readers.text": 2,
    "pipeline.readers.dates": 3,
    "pipeline.readers.calibrating": 4,
}
# An image is registered to a form, so imaging knows definitions; the command line is one room.
SIDEWAYS_ALLOWED = {
    ("pipeline.imaging", "pipeline.forms"),
    ("pipeline.cli", "pipeline.commands"),
}
SAMPLES_MAY_USE = {"pipeline.domain", "pipeline.settings", "pipeline.forms", "pipeline.imaging"}
HTTP_CLIENTS = {"httpx", "requests", "urllib.request", "http.client", "aiohttp", "urllib3"}
# The desk is another process on the same machine; these two speak to it and to nobody else.
MAY_SPEAK_HTTP = ("pipeline/store/", "pipeline/commands/")
# The office's own directory is asked by one room, and only where it is configured.
MAY_SPEAK_LDAP = "pipeline/desk/directory/"
MODULES = sorted(
    path for room in ("pipeline", "assets") for path in (REPOSITORY / room).rglob("*.py")
)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name}: imports are absolute here"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(module: str) -> str | None:
    fitting = [r for r in RANKS if module == r or module.startswith(r + ".")]
    return max(fitting, key=len, default=None)


def _name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_imports_only_from_below(path: Path) -> None:
    room = _room(_name(path))
    if _name(path) == "pipeline":
        assert not [i for i in _imports(path) if _room(i)]
        return
    assert room is not None, f"{_name(path)} stands in no known room"
    for imported in _imports(path):
        other = _room(imported)
        if other is None or other == room or (room, other) in SIDEWAYS_ALLOWED:
            continue
        assert RANKS[other] < RANKS[room], f"{_name(path)} imports {imported}"
        if room == "pipeline.samples":
            assert other in SAMPLES_MAY_USE, f"{_name(path)} imports {imported}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if _name(p).startswith(tuple(INNER_ROOMS))], ids=_name
)
def test_a_room_inside_a_room_imports_only_from_below(path: Path) -> None:
    own = ".".join(_name(path).split(".")[:3])
    around = own.rpartition(".")[0] + "."
    for imported in _imports(path):
        other = ".".join(imported.split(".")[:3])
        if not other.startswith(around) or other == own or other in INNER_GROUND:
            continue
        assert INNER_ROOMS[other] < INNER_ROOMS[own], f"{_name(path)} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_only_assets_know_dagster(path: Path) -> None:
    if _name(path).startswith("assets"):
        return
    assert not [i for i in _imports(path) if i.split(".")[0] in ("dagster", "assets")]


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_only_the_clients_of_the_desk_speak_http(path: Path) -> None:
    if path.relative_to(REPOSITORY).as_posix().startswith(MAY_SPEAK_HTTP):
        return
    assert not set(_imports(path)) & HTTP_CLIENTS


def test_one_room_speaks_ldap_and_is_loaded_only_where_a_directory_is_configured() -> None:
    speakers = [
        path.relative_to(REPOSITORY).as_posix()
        for path in MODULES
        if any(i.split(".")[0] == "ldap3" for i in _imports(path))
    ]
    assert speakers and all(s.startswith(MAY_SPEAK_LDAP) for s in speakers)
    loaded = "import sys, pipeline.desk.application as a; sys.exit('ldap3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], cwd=REPOSITORY).returncode == 0


@pytest.mark.parametrize(
    "path", [p for p in MODULES if _name(p).startswith("pipeline.domain")], ids=_name
)
def test_the_domain_needs_only_the_standard_library(path: Path) -> None:
    for imported in _imports(path):
        top = imported.split(".")[0]
        assert top in sys.stdlib_module_names or imported.startswith("pipeline.domain")


def test_the_check_sees_an_import_upwards(tmp_path: Path) -> None:
    module = tmp_path / "bad.py"
    module.write_text("def f():\n    from pipeline.desk import app\n")
    assert any(_room(i) == "pipeline.desk" for i in _imports(module))
