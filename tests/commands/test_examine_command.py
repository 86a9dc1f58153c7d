"""``uketsuke examine`` as a person and a script meet it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLES = REPOSITORY / "sample_scans"
ORDER = ["mail/063_truncated.pdf", "mail/001_adult.tif", "mail/002_elder.pdf"]


def examine(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "examine", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "UKETSUKE_HOME": str(home)},
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    home = tmp_path_factory.mktemp("home")
    return examine(home, "--json", *(str(SAMPLES / name) for name in ORDER))


def test_one_object_a_document_in_the_order_of_the_files(
    shown: subprocess.CompletedProcess[str],
) -> None:
    objects = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [o["file"] for o in objects] == [Path(name).name for name in ORDER]


def test_a_bad_file_is_told_and_does_not_hide_the_others(
    shown: subprocess.CompletedProcess[str],
) -> None:
    first = json.loads(shown.stdout.splitlines()[0])
    assert first["route"] == "quarantine"
    assert first["error"]["code"] == "FILE_TRUNCATED"
    assert "FILE_TRUNCATED" in shown.stderr
    assert "Traceback" not in shown.stderr
    assert shown.returncode == 2


def test_a_page_of_no_form_is_told_with_what_it_seems_to_be_and_why(tmp_path: Path) -> None:
    Image.new("L", (1240, 1754), 0).save(tmp_path / "black.png")
    told = examine(tmp_path, str(tmp_path / "black.png")).stdout
    assert "FORM_UNKNOWN" in told
    assert "The image is almost all black." in told
    assert "check the scanner's lamp and lid" in told


def test_values_are_masked_unless_asked_for(shown: subprocess.CompletedProcess[str]) -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
    for entry in truth["files"]:
        if entry["file"] in ORDER[1:]:
            for document in entry["documents"]:
                for field in ("my_number", "name", "address", "phone"):
                    assert document["fields"][field] not in shown.stdout
    document = json.loads(shown.stdout.splitlines()[1])
    assert set(document["fields"]["my_number"]["value"]) == {"*"}


def test_revealed_the_number_is_the_one_written(tmp_path: Path) -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
    wanted = next(e for e in truth["files"] if e["file"] == ORDER[1])["documents"][0]["fields"]
    done = examine(tmp_path, "--json", "--reveal", str(SAMPLES / ORDER[1]))
    assert done.returncode == 0
    assert json.loads(done.stdout)["fields"]["my_number"]["value"] == wanted["my_number"]


def test_a_file_that_is_not_there_is_a_plain_message(tmp_path: Path) -> None:
    done = examine(tmp_path, str(tmp_path / "nothing.pdf"))
    assert done.returncode == 2
    assert "FILE_MISSING" in done.stderr
    assert "Traceback" not in done.stderr
