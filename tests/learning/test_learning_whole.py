"""A blank is learned, put into a site's folder, and a filled scan is read by it: end to end."""

import dataclasses
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.commands.forms import forms_app
from pipeline.domain.documents import Channel, FieldName, FormName
from pipeline.domain.errors import InputError
from pipeline.domain.geometry import BoxMm
from pipeline.examine.document import examine_file
from pipeline.examine.engine import Engine
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.checking import check
from pipeline.forms.definition import FormDefinition
from pipeline.forms.drawing import blank_raster, draw_pdf
from pipeline.forms.variants import variant
from pipeline.forms.writing import write_definition
from pipeline.learning.learning import learn
from pipeline.learning.proposal import Proposal
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.samples.composing import compose, draw_style
from pipeline.samples.paper import Mode, PaperSpec, Preset, scan
from pipeline.samples.people import Kind, make_applicant

GOOD_IOU = 0.8
RIGHT_SHARE = 0.95
HANDWRITTEN = FormName.APPLICATION_HANDWRITTEN


@pytest.fixture(scope="module")
def recogniser(engine: Engine) -> PaddleRecogniser:
    return PaddleRecogniser(engine.models, engine.settings.cache)


@pytest.fixture(scope="module")
def next_year() -> FormDefinition:
    return dataclasses.replace(variant(Catalogue.load().get(HANDWRITTEN), 8), version="2027.1")


@pytest.fixture(scope="module")
def learned(next_year: FormDefinition, recogniser: PaddleRecogniser) -> Proposal:
    return learn(draw_pdf(next_year), version="2027.1", recogniser=recogniser)


def overlap(one: BoxMm, other: BoxMm) -> float:
    width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    both = max(0.0, width) * max(0.0, height)
    return both / (one.w * one.h + other.w * other.h - both)


def test_nearly_all_zones_of_an_unseen_layout_are_right(
    learned: Proposal, next_year: FormDefinition
) -> None:
    assert learned.definition.name == HANDWRITTEN
    right = 0
    for zone in next_year.zones:
        found = learned.definition.zone(zone.field, zone.part)
        right += (
            found is not None
            and found.reader == zone.reader
            and len(found.cells) == len(zone.cells)
            and overlap(found.box, zone.box) >= GOOD_IOU
        )
    assert right >= RIGHT_SHARE * len(next_year.zones)
    assert check(learned.definition) == []


def test_everything_proposed_says_why_and_how_surely(learned: Proposal) -> None:
    assert len(learned.zones) == len(learned.definition.zones)
    for proposed, zone in zip(learned.zones, learned.definition.zones, strict=True):
        assert proposed.zone == zone
        assert 0.0 < proposed.confidence <= 1.0
        assert proposed.why_ja and proposed.why_en
    assert learned.blank.shape == (3508, 2480, 3)
    assert learned.overlay.shape == (1754, 1240, 3)
    assert float(np.abs(learned.overlay.astype(int)).std()) > 0


def test_a_filled_scan_is_recognised_and_read_by_what_was_learned(
    learned: Proposal, next_year: FormDefinition, engine: Engine, tmp_path: Path
) -> None:
    write_definition(learned.definition, tmp_path / "next-year.yaml", learned.blank)
    site = Engine(engine.settings.model_copy(update={"forms": tmp_path}))
    # Only this year's and next year's: references of the others would only cost time here.
    known = tuple(f for f in Catalogue.load(tmp_path).forms if f.name == HANDWRITTEN)
    site.__dict__["catalogue"] = Catalogue(known)
    site.__dict__["readers"] = engine.readers
    rng = np.random.default_rng(77)
    person = make_applicant(rng, Kind.ADULT)
    style = draw_style(rng, mess=0.0)
    page = compose(next_year, person, style, rng)
    seen = scan(page.pixels, PaperSpec.drawn(Preset.MILD, rng, Mode.COLOUR), rng)
    buffer = io.BytesIO()
    Image.fromarray(seen.pixels[:, :, ::-1]).save(buffer, "PNG", dpi=(seen.dpi, seen.dpi))
    (examined,) = examine_file(site, buffer.getvalue(), Channel.MAIL, name="a.png")
    examination = examined.examination
    assert (examination.form, examination.form_version) == (HANDWRITTEN, "2027.1")
    assert examination.registration is not None
    assert examination.registration.residual_px < 2.0
    values = {r.field: r.value for r in examination.readings}
    assert values[FieldName.MY_NUMBER] == page.truth.fields[FieldName.MY_NUMBER]
    assert values[FieldName.SEX] == page.truth.fields[FieldName.SEX]
    assert values[FieldName.SIGNATURE] == "1"


def test_a_sheet_that_was_written_on_is_refused_and_says_where(
    next_year: FormDefinition, recogniser: PaddleRecogniser
) -> None:
    rng = np.random.default_rng(5)
    page = compose(next_year, make_applicant(rng, Kind.ADULT), draw_style(rng), rng)
    png = cv2.imencode(".png", page.pixels)[1].tobytes()
    with pytest.raises(InputError) as refused:
        learn(png, recogniser=recogniser)
    assert refused.value.code == "LEARN_NOT_BLANK"
    assert "氏名" in refused.value.ja or "住所" in refused.value.ja
    assert "mm" in refused.value.en
    # What was written is nobody's business, not even in an error.
    for value in page.truth.fields.values():
        assert not value or len(str(value)) < 4 or str(value) not in str(refused.value)


def test_the_command_refuses_a_version_that_no_file_can_have(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        forms_app, ["learn", str(tmp_path / "x.pdf"), "--version", "a/b"], catch_exceptions=True
    )
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "FORM_VERSION_INVALID"


def test_the_command_writes_definition_blank_and_overlay(
    learned: Proposal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pipeline.learning.learning as learning

    # What learning gives is tested above; here only what the command does with it.
    monkeypatch.setattr(learning, "learn", lambda *_, **__: learned)
    out, overlay = tmp_path / "f.yaml", tmp_path / "f.png"
    arguments = ["learn", "blank.pdf", "--out", str(out), "--overlay", str(overlay), "--json"]
    result = CliRunner().invoke(forms_app, arguments)
    assert result.exit_code == 0
    shown = json.loads(result.stdout)
    assert shown["problems"] == [] and len(shown["zones"]) == len(learned.zones)
    assert all({"confidence", "why_ja", "box_mm"} <= set(zone) for zone in shown["zones"])
    assert {p.name for p in tmp_path.iterdir()} == {
        "f.yaml",
        "f.png",
        "application_handwritten-2027.1.png",
    }
    loaded = Catalogue.load(tmp_path).get(HANDWRITTEN, "2027.1")
    assert dataclasses.replace(loaded, blank=None) == learned.definition
    assert np.array_equal(blank_raster(loaded), learned.blank)


def test_a_bilevel_scan_of_a_filled_form_is_refused_and_its_number_not_told(
    recogniser: PaddleRecogniser,
) -> None:
    """The pale boxes are lost in it, so nothing is seen to stand in a box."""
    samples = Path(__file__).resolve().parents[2] / "sample_scans"
    truth = json.loads((samples / "truth.json").read_text(encoding="utf-8"))
    (file,) = (f for f in truth["files"] if f["file"].endswith("001_adult.tif"))
    number = file["documents"][0]["fields"]["my_number"]
    with pytest.raises(InputError) as refused:
        learn(samples / "mail" / "001_adult.tif", recogniser=recogniser)
    assert refused.value.code == "LEARN_NOT_BLANK"
    assert number not in refused.value.ja + refused.value.en
