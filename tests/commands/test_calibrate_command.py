"""``uketsuke calibrate`` and ``uketsuke train`` as a supervisor meets them, on synthetic values."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent.parent / "store"))

import examination_fixtures as fixtures

from pipeline import settings
from pipeline.cli import app
from pipeline.commands.training import cells_of
from pipeline.domain.documents import FieldName, Route
from pipeline.domain.errors import InputError
from pipeline.examine.crops import CROP_MARGIN_MM, crops_of, field_box
from pipeline.forms.catalogue import Catalogue
from pipeline.model_store import ModelStore
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.boxes.character_thresholds import CharacterThresholds
from pipeline.readers.risk.acceptance import SITE_FILE
from pipeline.settings import REPOSITORY, Settings
from pipeline.store.arrivals import arrow_schema
from pipeline.store.auditing.audit import Actor
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.measuring.verified import form_finder
from pipeline.store.measuring.verified_cells import FIELDS, NUMBERS, VerifiedField
from pipeline.store.reviewing.decisions import Action, Decision
from pipeline.vault import Vault

MODELS = REPOSITORY / "models"
FORM = Catalogue.load().get("application_handwritten")
KEYER = Actor("anna", "reviewer")
SAMPLES = 12


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation whose accepted fields are all drawn as samples."""
    monkeypatch.setenv("UKETSUKE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UKETSUKE_BLIND_SAMPLE_RATE", "1")
    settings.current.cache_clear()
    yield settings.current()  # type: ignore[misc]
    settings.current.cache_clear()


def keyed_blind(site: Settings, wrong: int) -> list[str]:
    """Loads dates that the machine accepted and keys them all; returns the values."""
    vault = Vault.create(site.keys)
    store = DuckDBStore.of(site)
    lineage = f"net {CharacterThresholds.load(site.models).version} two views"
    values = [f"1990-05-{day + 1:02d}" for day in range(SAMPLES)]
    arrivals = []
    for n, value in enumerate(values):
        reading = fixtures.reading(FieldName.BIRTH_DATE, value, confidence=0.99 + n / 10_000)
        readings = [dataclasses.replace(reading, model_version=lineage)]
        one = fixtures.examination(readings, route=Route.ACCEPT, form_version=FORM.version)
        arrivals.append(fixtures.arrival(vault, f"doc{n}", one))
    store.load(arrow_schema.encode("b1", arrivals))
    keyed = 0
    for actor in (KEYER, Actor("ben", "reviewer")):
        while (task := store.queue.claim_next(actor, 10)) is not None:
            machine = store.documents.value(task.document_id, FieldName.BIRTH_DATE) or ""
            typed = machine.replace("1990", "1991") if keyed < wrong or actor != KEYER else machine
            keyed += 1
            store.decide(actor, task.task_id, Decision(Action.VALUE, task.ver, typed))
    store.close()
    return values


def run(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None, result.exception
    content: dict[str, object] = json.loads(result.stdout)
    return content


def test_few_values_without_error_are_said_to_prove_little(home: Settings) -> None:
    values = keyed_blind(home, wrong=0)
    found = run("calibrate", "--from", "decisions", "--json")
    (date,) = found["measured"]  # type: ignore[misc]
    assert (date["kind"], date["n"], date["errors"]) == ("date", SAMPLES, 0)
    assert date["verdict"] == "undecided"
    assert date["high"] == pytest.approx(3 / SAMPLES, rel=0.15)
    text = (home.home / SITE_FILE).read_text()
    assert not any(value in text or value in json.dumps(found) for value in values)
    shown = CliRunner().invoke(app, ["calibrate", "--from", "decisions", "--dry-run"]).stdout
    assert "件数不足" in shown
    assert f"no error in {SAMPLES} proves no better than" in shown


def test_values_proven_wrong_too_often_stop_acceptance(home: Settings) -> None:
    keyed_blind(home, wrong=SAMPLES)
    found = run("calibrate", "--from", "decisions", "--json", "--dry-run")
    assert found["written"] is False
    assert not (home.home / SITE_FILE).exists()
    (date,) = found["measured"]  # type: ignore[misc]
    assert (date["errors"], date["verdict"]) == (SAMPLES, "exceeded")
    thresholds = {t["kind"]: t for t in found["thresholds"]}  # type: ignore[attr-defined]
    assert thresholds["date"]["threshold"] is None
    assert thresholds["date"]["source"] == "decisions"


def test_a_stricter_target_is_obeyed_and_said(home: Settings) -> None:
    Vault.create(home.keys)
    found = run("calibrate", "--from", "decisions", "--json", "--dry-run", "--target", "1")
    assert all(t["threshold"] is None for t in found["thresholds"])  # type: ignore[attr-defined]
    shown = CliRunner().invoke(app, ["calibrate", "--from", "decisions", "--target", "1"]).stdout
    assert "受理しません" in shown


def test_an_evaluation_without_the_data_says_where_it_should_be(
    home: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UKETSUKE_DATA", str(tmp_path))
    result = CliRunner().invoke(app, ["calibrate", "--from", "evaluation"])
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "HANDWRITING_MISSING"
    assert "UKETSUKE_DATA" in result.exception.remedy_en


def test_training_on_too_little_is_refused(home: Settings) -> None:
    keyed_blind(home, wrong=0)
    result = CliRunner().invoke(app, ["train"])
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "TRAINING_TOO_LITTLE"


def written_number(value: str, person: str) -> VerifiedField:
    """A My Number drawn into the boxes of the form, as the store hands it over."""
    import cv2

    from pipeline.domain.examinations import RegistrationFigures
    from pipeline.domain.geometry import PX_PER_MM
    from pipeline.imaging.pages import RegisteredPage

    size = (round(FORM.page_h_mm * PX_PER_MM), round(FORM.page_w_mm * PX_PER_MM), 3)
    pixels = np.full(size, 250, np.uint8)
    zone = FORM.zones_of(FieldName.MY_NUMBER)[0]
    for digit, cell in zip(value, zone.cells, strict=True):
        box = cell.to_px()
        at = (box.x + box.w // 4, box.y + box.h * 4 // 5)
        cv2.putText(pixels, digit, at, cv2.FONT_HERSHEY_SIMPLEX, box.h / 45, (40, 30, 30), 5)
    page = RegisteredPage(
        FORM, pixels, np.eye(3), RegistrationFigures(0.5, 99), 1, 300.0, False, (250, 250, 250)
    )
    box = field_box(FORM, FieldName.MY_NUMBER)
    assert box is not None
    corner = box.inset(-CROP_MARGIN_MM).to_px()
    picture = crops_of(page, (FieldName.MY_NUMBER,))[FieldName.MY_NUMBER]
    return VerifiedField(
        FORM.name.value, FORM.version, FieldName.MY_NUMBER, value, picture,
        (corner.x, corner.y), person,
    )  # fmt: skip


def test_cells_are_cut_from_the_stored_picture_once_each_and_grouped_by_person(
    tmp_path: Path,
) -> None:
    from pipeline.readers.paddle_engine import PaddleRecogniser

    store = ModelStore(MODELS)
    thresholds = CharacterThresholds.load(MODELS)
    reader = BoxReader(store, PaddleRecogniser(store, tmp_path), thresholds)
    one = written_number("123456789018", "a")
    other = written_number("987654321098", "b")
    again = dataclasses.replace(other, person="c")
    finder = form_finder(Catalogue.load())
    cells = cells_of([one, other, again], finder, reader)
    assert len(set(cells.group.tolist())) == 2
    assert 20 <= len(cells.truth) <= 24
    # Plain type is read right: the cells lie where the boxes are.
    assert (cells.first.argmax(axis=1) == cells.truth).mean() > 0.9
    assert "123456789018" not in repr(one)


def test_pins_are_never_learnt_from() -> None:
    from pipeline.domain.documents import PIN_FIELDS

    # Neither PINs nor, unless the office says so, My Numbers: that is not what they were given for.
    assert not {*FIELDS, *NUMBERS} & PIN_FIELDS
    assert FieldName.MY_NUMBER not in FIELDS
    assert Settings().train_on_my_numbers is False
