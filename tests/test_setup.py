"""Set-up can be trusted: every package by hash, no address, one cv2, clear words on failure."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
LOCKS = ["requirements.lock", "tools/bootstrap.lock"]
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(\[[^\]]+\])?==(?P<version>\S+)", re.M)
CV2_PROVIDERS = {
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
}


def _entries(lock: str) -> dict[str, str]:
    """The text of every entry of a lock file by package."""
    text = (REPOSITORY / lock).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {PIN.match(line).group("name"): line for line in lines}  # type: ignore[union-attr]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_a_hash(lock: str) -> None:
    entries = _entries(lock)
    assert entries
    without = [
        n for n, line in entries.items() if not re.search(r"--hash=sha256:[0-9a-f]{64}", line)
    ]
    assert without == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    text = (REPOSITORY / lock).read_text()
    assert "://" not in text
    assert "index-url" not in text
    assert " @ " not in text


def test_what_is_asked_for_is_locked_in_that_version() -> None:
    entries = _entries("requirements.lock")
    for line in (REPOSITORY / "requirements.in").read_text().splitlines():
        if line.startswith("#"):
            continue
        name, _, version = line.partition("==")
        key = re.sub(r"\[.*\]", "", re.split(r"[<>=!~;]", name)[0]).lower().replace("_", "-")
        assert key in entries, f"{key} is not locked: run `make lock`"
        if version:
            assert entries[key].split()[0].endswith(f"=={version}")


def test_one_package_provides_cv2() -> None:
    assert len(CV2_PROVIDERS & set(_entries("requirements.lock"))) == 1


def test_setup_names_what_to_do_without_python_311(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(REPOSITORY / "tools" / "setup.sh", tmp_path / "tools")
    for tool in ("bash", "cat", "dirname", "mkdir", "id"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    done = subprocess.run(
        [str(tmp_path / "bin" / "bash"), "tools/setup.sh"],
        cwd=tmp_path,
        env={"PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "Python 3.11 が見つかりません" in done.stderr
    assert "Python 3.11 was not found" in done.stderr
    assert "apt-get install python3.11" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_setup_leaves_the_environment_of_another_checkout_alone(tmp_path: Path) -> None:
    other, here = tmp_path / "other", tmp_path / "here"
    (other / ".venv").mkdir(parents=True)
    (other / ".venv" / "kept").write_text("")
    (here / "tools").mkdir(parents=True)
    (here / ".venv").symlink_to(other / ".venv")
    # Its functions alone: the last line starts the whole set-up.
    script = (REPOSITORY / "tools" / "setup.sh").read_text()
    functions = script[: script.index("\nensure_venv\n")]
    (here / "tools" / "setup.sh").write_text(functions + "\nensure_venv\n")
    subprocess.run(["bash", "tools/setup.sh"], cwd=here, check=True, capture_output=True)
    assert (other / ".venv" / "kept").is_file()
    assert (here / ".venv" / "bin" / "python").is_file()
    assert not (here / ".venv").is_symlink()
