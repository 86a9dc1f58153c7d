"""What is written is what is read back, for any definition; and a blank stays with its form."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.errors import InputError
from pipeline.domain.geometry import BoxMm
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition, Label, ReaderKind, Ruling, Zone
from pipeline.forms.drawing import blank_raster
from pipeline.forms.loading import load_definition, parse_definition
from pipeline.forms.writing import definition_yaml, write_definition

PLACE = st.floats(-500, 500, allow_nan=False)
LENGTH = st.floats(0, 500, allow_nan=False)
SIZE = st.floats(0.01, 500, allow_nan=False)
BOX = st.builds(BoxMm, PLACE, PLACE, LENGTH, LENGTH)
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
HEX = st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True)
ZONE = st.builds(
    Zone,
    field=st.sampled_from(FieldName),
    reader=st.sampled_from(ReaderKind),
    box=BOX,
    cells=st.lists(BOX, max_size=4).map(tuple),
    alphabet=TEXT,
    part=TEXT,
    printed=st.booleans(),
    optional=st.booleans(),
    mark_style=st.sampled_from(["", "circle", "tick", "black"]),
    lines=st.integers(1, 9),
    rule_mm=LENGTH,
)
LABEL = st.builds(
    Label,
    text=TEXT,
    box=BOX,
    size_pt=SIZE,
    align=st.sampled_from(["left", "centre", "right"]),
    font=st.sampled_from(["gothic", "mincho"]),
    colour=TEXT,
)
FORM = st.builds(
    FormDefinition,
    name=st.sampled_from(FormName),
    version=st.from_regex(r"[0-9A-Za-z._-]{1,12}", fullmatch=True),
    title=TEXT,
    page_w_mm=SIZE,
    page_h_mm=SIZE,
    zones=st.lists(ZONE, max_size=3).map(tuple),
    labels=st.lists(LABEL, max_size=3).map(tuple),
    rulings=st.lists(st.builds(Ruling, BOX, LENGTH, TEXT), max_size=3).map(tuple),
    colours=st.dictionaries(TEXT, HEX, max_size=3),
    blank=st.sampled_from([None, Path("here") / "a-1.png"]),
)


@given(FORM)
@settings(max_examples=60, deadline=None)
def test_any_definition_comes_back_as_it_was(form: FormDefinition) -> None:
    assert parse_definition(definition_yaml(form), Path("here") / "a.yaml") == form


@pytest.mark.parametrize("odd", ["\x85", "a\u2028b", "\u2029", "\r", "\r\n", "\n", " a ", "\t"])
def test_line_breaks_of_every_kind_come_back(odd: str) -> None:
    form = FormDefinition(FormName.REPLY_FORM, "1", odd, 60.0, 40.0, (), colours={odd: "#000000"})
    assert parse_definition(definition_yaml(form), Path("a.yaml")) == form


@pytest.mark.parametrize("form", Catalogue.load().forms, ids=lambda f: f.key)
def test_our_own_definitions_come_back_and_stay_readable(form: FormDefinition) -> None:
    text = definition_yaml(form)
    assert parse_definition(text) == form
    assert max(len(line) for line in text.splitlines()) < 140 or "labels" in text
    assert text.count("field:") == len(form.zones)


def small_form(version: str = "9.1") -> tuple[FormDefinition, np.ndarray]:
    form = FormDefinition(FormName.REPLY_FORM, version, "t", 60.0, 40.0, ())
    size = (math.floor(40 * 300 / 25.4 + 0.5), math.floor(60 * 300 / 25.4 + 0.5), 3)
    return form, np.random.default_rng(4).integers(0, 255, size, dtype=np.uint8)


def test_a_learned_form_is_written_with_its_blank_and_gives_that_blank(tmp_path: Path) -> None:
    form, blank = small_form()
    written = write_definition(form, tmp_path / "x.yaml", blank)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["reply_form-9.1.png", "x.yaml"]
    loaded = Catalogue.load(tmp_path).get(FormName.REPLY_FORM, "9.1")
    assert loaded == written
    assert np.array_equal(blank_raster(loaded, cache_dir=tmp_path / "cache"), blank)
    assert not (tmp_path / "cache").exists()
    assert blank_raster(loaded, 150).shape == (236, 354, 3)


def test_a_form_whose_blank_is_gone_or_another_is_refused(tmp_path: Path) -> None:
    form, blank = small_form()
    written = write_definition(form, tmp_path / "x.yaml", blank)
    assert written.blank is not None
    cv2.imwrite(str(written.blank), blank[:-4])
    with pytest.raises(InputError) as unusable:
        blank_raster(load_definition(tmp_path / "x.yaml"))
    assert unusable.value.code == "FORM_BLANK_UNUSABLE"
    written.blank.unlink()
    with pytest.raises(InputError) as missing:
        load_definition(tmp_path / "x.yaml")
    assert missing.value.code == "FORM_BLANK_MISSING"


@pytest.mark.parametrize("name", ["../secret.png", "/etc/a.png", "a.jpg", ".a.png", ""])
def test_a_blank_lies_in_the_folder_of_its_definition(tmp_path: Path, name: str) -> None:
    form, _ = small_form()
    text = definition_yaml(form) + f'blank: "{name}"\n'
    with pytest.raises(InputError) as refused:
        parse_definition(text, tmp_path / "x.yaml")
    assert refused.value.code == "FORM_FILE_INVALID"


def test_writing_into_a_missing_folder_is_an_input_error(tmp_path: Path) -> None:
    form, blank = small_form()
    with pytest.raises(InputError) as refused:
        write_definition(form, tmp_path / "no" / "x.yaml", blank)
    assert refused.value.code == "OUTPUT_NOT_WRITABLE"
