"""``uketsuke forms`` as a person or a script meets it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.commands.forms import forms_app
from pipeline.domain.errors import InputError
from pipeline.forms.catalogue import DEFINITIONS, Catalogue

RUNNER = CliRunner()


def run(*arguments: str):
    return RUNNER.invoke(forms_app, list(arguments), catch_exceptions=True)


def test_list_names_every_form() -> None:
    result = run("list")
    assert result.exit_code == 0
    for name in (
        "application_handwritten",
        "application_preprinted",
        "reply_form",
        "expiry_notice",
    ):
        assert name in result.stdout
    listed = json.loads(run("list", "--json").stdout)
    keys = [f"{form['form']}@{form['version']}" for form in listed]
    assert keys == [form.key for form in Catalogue.load().forms]


def test_show_json_is_the_contract() -> None:
    shown = json.loads(run("show", "application_handwritten", "--json").stdout)
    assert (shown["form"], shown["version"]) == ("application_handwritten", "2026.1")
    assert shown["page_mm"] == [210, 297]
    for zone in shown["zones"]:
        assert {"field", "reader", "alphabet", "box_mm", "cells_mm"} <= set(zone)
        assert len(zone["box_mm"]) == 4 and all(len(c) == 4 for c in zone["cells_mm"])
    number = next(z for z in shown["zones"] if z["field"] == "my_number")
    assert number["cells_mm"][0] == [50, 29.5, 9, 10] and len(number["cells_mm"]) == 12


def test_show_for_people_and_versions() -> None:
    result = run("show", "reply_form", "--version", "2026.1")
    assert result.exit_code == 0
    assert "pin_signature" in result.stdout
    missing = run("show", "reply_form", "--version", "1999.1")
    assert isinstance(missing.exception, InputError)
    assert missing.exception.code == "FORM_NOT_FOUND"


def test_print_writes_a_pdf(tmp_path: Path) -> None:
    out = tmp_path / "f.pdf"
    result = run("print", "expiry_notice", "--out", str(out))
    assert result.exit_code == 0
    assert out.read_bytes().startswith(b"%PDF-")
    refused = run("print", "expiry_notice", "--out", str(tmp_path / "no" / "f.pdf"))
    assert isinstance(refused.exception, InputError)
    assert refused.exception.code == "OUTPUT_NOT_WRITABLE"


def test_check_ours_a_file_and_a_site_folder(tmp_path: Path) -> None:
    assert run("check").exit_code == 0
    assert run("check", "reply_form").exit_code == 0
    text = (DEFINITIONS / "reply_form.yaml").read_text(encoding="utf-8")
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        text.replace("count: 16", "count: 12").replace('"2026.1"', '"2027.1"'), encoding="utf-8"
    )
    result = run("check", str(bad))
    assert result.exit_code == 2
    assert "CELL_COUNT" in result.stdout
    grey = tmp_path / "grey" / "grey.yaml"
    grey.parent.mkdir()
    grey.write_text(text.replace('line: "#f6b48f"', 'line: "#777777"'), encoding="utf-8")
    result = run("check", str(grey))
    assert (result.exit_code, "LINE_NOT_DROPOUT" in result.stdout) == (0, True)
    report = json.loads(run("check", "--forms", str(tmp_path), "--json").stdout)
    faulty = [r["form"] for r in report if r["problems"]]
    assert faulty == ["reply_form@2027.1"]


@pytest.mark.parametrize("content", ["form: [", "form: nothing\n"])
def test_check_of_a_broken_file_is_an_input_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(content, encoding="utf-8")
    result = run("check", str(path))
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "FORM_FILE_INVALID"
