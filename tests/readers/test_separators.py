"""Separator sheets: printed here, scanned badly, found again, and nothing else taken for one."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf2image import convert_from_bytes
from typer.testing import CliRunner

from pipeline.commands.forms import forms_app
from pipeline.domain.documents import Channel, FormName
from pipeline.domain.errors import InputError
from pipeline.domain.separators import MOST, Counted, Separator, parse
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.forms.separator_sheet import draw_separator, new_separator
from pipeline.imaging.decoding import decode
from pipeline.imaging.pages import PageImage
from pipeline.readers.marks.separators import find_separator
from pipeline.samples.paper import Mode, PaperSpec, Preset, scan

SHEET = Separator("00ff" * 4, Channel.MAIL, 25, operator="A12")
HARSH_SCANS = 12
_legal = st.builds(
    Separator,
    st.text("0123456789abcdef", min_size=16, max_size=16),
    st.sampled_from([None, *Channel]),
    st.none() | st.integers(0, MOST),
    st.sampled_from(list(Counted)),
    st.text("ABCXYZ0189", max_size=12),
)


@pytest.fixture(scope="module")
def sheet() -> np.ndarray:
    (page,) = convert_from_bytes(draw_separator(SHEET), dpi=300)
    return np.ascontiguousarray(np.asarray(page.convert("RGB"))[:, :, ::-1])


@given(_legal)
def test_what_a_separator_says_comes_back(separator: Separator) -> None:
    assert parse(separator.payload()) == separator


@given(st.text(max_size=80))
def test_no_other_text_is_a_separator(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("field", range(7))
def test_a_code_with_a_part_that_is_not_legal_is_no_separator(field: int) -> None:
    parts = SHEET.payload().split(":")
    parts[field] = "山田太郎"
    assert parse(":".join(parts)) is None


@pytest.mark.parametrize("number", range(HARSH_SCANS))
def test_a_badly_scanned_sheet_is_found_at_any_angle(sheet: np.ndarray, number: int) -> None:
    rng = np.random.default_rng([4101, number])
    spec = dataclasses.replace(
        PaperSpec.drawn(Preset.HARD, rng, list(Mode)[number % 3]),
        quarter_turns=number % 4,
        skew_deg=float(rng.uniform(-15, 15)),
        dpi=(100, 200, 300)[number % 3],
    )
    scanned = scan(sheet, spec, rng)
    assert find_separator(PageImage(scanned.pixels, 1, scanned.dpi, scanned.bilevel)) == SHEET


def test_half_a_sheet_still_tells(sheet: np.ndarray) -> None:
    for part in (sheet[: len(sheet) // 2], sheet[len(sheet) // 2 :]):
        assert find_separator(PageImage(part, 1, 300.0)) == SHEET


@pytest.mark.parametrize("form", list(FormName))
def test_no_form_is_a_separator(form: FormName) -> None:
    page = blank_raster(Catalogue.load().get(form))
    assert find_separator(PageImage(page, 1, 300.0)) is None


@pytest.mark.parametrize("shape", [(1, 20_000, 3), (20_000, 1, 3), (1, 1, 3)])
def test_a_page_of_an_odd_shape_is_no_separator(shape: tuple[int, int, int]) -> None:
    assert find_separator(PageImage(np.full(shape, 128, np.uint8), 1, None)) is None


def test_the_command_prints_a_sheet_that_is_found(tmp_path: Path) -> None:
    out = tmp_path / "sheet.pdf"
    told = ["--channel", "counter", "--count", "7", "--unit", "pages", "--operator-code", "B2"]
    result = CliRunner().invoke(forms_app, ["print", "separator", "--out", str(out), *told])
    assert result.exit_code == 0, result.output
    (page,) = decode(out, max_pages=2)
    found = find_separator(page)
    assert found is not None
    assert dataclasses.replace(found, identifier="0" * 16) == Separator(
        "0" * 16, Channel.COUNTER, 7, Counted.PAGES, "B2"
    )


def test_two_sheets_never_share_an_identifier() -> None:
    assert len({new_separator().identifier for _ in range(50)}) == 50


@pytest.mark.parametrize("told", [["--count", "-1"], ["--operator-code", "山田"]])
def test_a_sheet_that_could_not_be_read_back_is_not_printed(
    tmp_path: Path, told: list[str]
) -> None:
    out = tmp_path / "sheet.pdf"
    result = CliRunner().invoke(forms_app, ["print", "separator", "--out", str(out), *told])
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "SEPARATOR_INVALID" and not out.exists()
